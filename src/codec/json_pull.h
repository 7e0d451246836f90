/* json_pull.h - reads a JSON text token by token: no tree, no memory, each byte once.
 *
 * For stream events on the measured path.  The text is checked as strictly as json.h does, but for
 * repeated keys.  Strings are handed out raw (still escaped), as slices of the input. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum json_token {
    JSON_TOKEN_END,   /* the text ended after one whole value */
    JSON_TOKEN_ERROR, /* malformed: `error` and `at` say what and where */
    JSON_TOKEN_OBJECT_BEGIN,
    JSON_TOKEN_OBJECT_END,
    JSON_TOKEN_ARRAY_BEGIN,
    JSON_TOKEN_ARRAY_END,
    JSON_TOKEN_KEY,
    JSON_TOKEN_STRING,
    JSON_TOKEN_NUMBER,
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
};

/* Deeper texts are an error: stream events nest less than ten deep. */
enum {
    JSON_PULL_DEPTH_MAX = 64
};

/* A key as it lies in the text: raw, without quotes. */
struct json_key {
    const char *text;
    size_t len;
    bool escaped;
};

struct json_pull {
    const char *begin;
    const char *at;
    const char *end;
    const char *text; /* of the last KEY, STRING (raw, without quotes) or NUMBER; borrowed */
    size_t len;
    bool escaped;      /* the last KEY or STRING holds a backslash */
    unsigned depth;    /* open objects and arrays */
    uint64_t is_array; /* bit d: the container at depth d is an array */
    unsigned state;
    const char *error; /* static text, set with JSON_TOKEN_ERROR */
};

void json_pull_init(struct json_pull *self, const char *text, size_t len);

/* Next token.  After END or ERROR it keeps returning the same. */
enum json_token json_pull_next(struct json_pull *self);

/* Inside an object, in front of a key or the end: takes a key together with the first token of its
 * value, which is returned; JSON_TOKEN_OBJECT_END at the end. */
enum json_token json_pull_member(struct json_pull *self, struct json_key *key);

/* After a KEY: skips its whole value.  After *_BEGIN: skips to the matching end.  False on error. */
bool json_pull_skip(struct json_pull *self);

/* True when the last KEY or STRING is exactly `text` (which must need no escapes). */
bool json_pull_is(const struct json_pull *self, const char *text);

/* Value of the last NUMBER as an integer; false when it has a fraction or does not fit. */
bool json_pull_i64(const struct json_pull *self, int64_t *out);

/* Decodes a raw string into `out` (room for `len` bytes suffices); returns the decoded length. */
size_t json_unescape(const char *raw, size_t len, char *out);
