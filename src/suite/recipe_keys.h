/* recipe_keys.h - what follows a file in a recipe: FILE?key=value,key=value. */
#pragma once

#include "base/error.h"
#include "codec/json.h"

#include <stddef.h>

enum {
    RECIPE_VALUE_SIZE = 128
};

/* Fields of a line that may have another name in a file: key "prompt-field" stands for "prompt". */
enum recipe_field {
    FIELD_PROMPT,
    FIELD_MESSAGES,
    FIELD_MAX_TOKENS,
    FIELD_ANSWER,
    FIELD_ID,
    FIELD_CATEGORY,
    FIELD_COUNT
};

/* "" stands for what is not given. */
struct recipe_keys {
    char fields[FIELD_COUNT]
               [RECIPE_VALUE_SIZE]; /* a key of the line, or a path "a.b" into its objects */
    char format[RECIPE_VALUE_SIZE]; /* "jsonl" or "sharegpt" */
};

/* Splits "FILE?key=value": *out_len is the length of FILE.  A '?' that no "word=" follows is part of FILE.
 * Errors: ERROR_USAGE, names key and value. */
MUST_CHECK int
recipe_keys_parse(const char *text, size_t *out_len, struct recipe_keys *out, struct error *err);

/* True when another name is given for some field. */
bool recipe_keys_rename(const struct recipe_keys *self);

/* Puts the chosen fields of a line under their usual names, where what was there is dropped; with a chosen prompt
 * there are no messages, and the other way round.  Returns NULL, or the chosen name that the line lacks: that of a
 * prompt or of messages is needed, others are optional. */
const char *
recipe_keys_apply(const struct recipe_keys *self, struct arena *arena, struct json *line);
