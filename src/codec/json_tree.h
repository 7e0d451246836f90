/* json_tree.h - what the readers and writers of the JSON tree share.  Internal to codec/. */
#pragma once

#include "codec/json.h"

/* Appends without looking for the same key: the caller has looked, or will. */
void json_tree_append(struct json *parent, struct json *child);

/* The first child, in order of writing, whose key an earlier one has; NULL when all differ.
 * Time n log n whatever the keys are. */
const struct json *json_tree_repeated_key(const struct json *object);

/* A heap array of the children of an object, sorted by code point of their keys; the caller's to
 * free.  Equal keys stay in order of writing. */
const struct json **json_tree_sorted(const struct json *object);

enum json_form {
    JSON_COMPACT,
    JSON_PRETTY,
    JSON_CANONICAL,
};

/* Writes the tree; `skip_key` (may be NULL) names a child of the outermost object to leave out. */
void json_tree_write(
    const struct json *self, enum json_form form, const char *skip_key, struct bytes *out);
