/* json_scan.h - the lexical half of JSON, shared by the tree reader and the pull reader.
 *
 * Each function checks one token of the input and says where it ends; none allocates.  Both readers
 * refuse the same tokens because they call the same code.
 * Internal to codec/. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Integers longer than this are refused, as Python refuses to convert them.
 * Source: https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation */
enum {
    JSON_INTEGER_DIGITS_MAX = 4300
};

/* What is wrong (static text) and at which byte. */
struct json_fault {
    const char *at;
    const char *what;
};

/* `p` is behind the opening quote.  Returns the closing quote, or NULL and fills `fault`. */
const char *
json_scan_string(const char *p, const char *end, bool *escaped, struct json_fault *fault);

/* `p` is at a digit or '-'.  Returns the end of the literal, or NULL and fills `fault`. */
const char *
json_scan_number(const char *p, const char *end, bool *is_float, struct json_fault *fault);

/* Returns the end of `word` when the input goes on with it, else NULL. */
const char *json_scan_word(const char *p, const char *end, const char *word);

/* Reads a checked integer literal.  False when it has a fraction or an exponent or does not fit. */
bool json_scan_i64(const char *literal, size_t len, int64_t *out);
