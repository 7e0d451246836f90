/* json_scan.h - the lexical half of JSON, shared by the tree reader and the pull reader.
 *
 * Each function checks one token of the input and says where it ends; none allocates.  Both readers
 * refuse the same tokens because they call the same code.
 * Internal to codec/. */
#pragma once

#include "base/attr.h"
#include "base/wide.h"

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

/* Zero when all eight bytes may stand in a string as they are and are ASCII; else the first that may not
 * is marked as wide.h says. */
static inline uint64_t json_not_plain(uint64_t word)
{
    /* What the subtractions make of bytes above 127 does not matter: those are marked anyway. */
    const uint64_t quote = word ^ (WIDE_EVERY * '"');
    const uint64_t backslash = word ^ (WIDE_EVERY * '\\');
    return (word | (word - WIDE_EVERY * ' ') | (quote - WIDE_EVERY) | (backslash - WIDE_EVERY)) &
           WIDE_HIGH_BITS;
}

/* The first byte of a string's content that is not plain (a quote, a backslash, a control character,
 * no ASCII), or `end`. */
static inline const char *json_skip_plain(const char *p, const char *end)
{
    for (; end - p >= (ptrdiff_t)sizeof(uint64_t); p += sizeof(uint64_t)) {
        const uint64_t found = json_not_plain(wide_load(p));
        if (found != 0) {
            return p + wide_first(found);
        }
    }
    while (p < end && *p >= ' ' && *p != '"' && *p != '\\' && (unsigned char)*p < 0x80) {
        p++;
    }
    return p;
}

/* `p` is behind the opening quote.  Returns the closing quote, or NULL and fills `fault`. */
const char *
json_scan_string(const char *p, const char *end, bool *escaped, struct json_fault *fault);

/* The end of a count as it usually is, digits without sign, fraction and exponent, or NULL where the
 * number at `p` is something else, or nothing: ask json_scan_number. */
static inline const char *json_skip_count(const char *p, const char *end)
{
    const char *digits = p;
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    const ptrdiff_t n = p - digits;
    const bool usual = n == 1 || (n > 1 && n < JSON_INTEGER_DIGITS_MAX && *digits != '0');
    return usual && p < end && (*p == ',' || *p == '}' || *p == ']') ? p : NULL;
}

/* `p` is at a digit or '-'.  Returns the end of the literal, or NULL and fills `fault`. */
const char *
json_scan_number(const char *p, const char *end, bool *is_float, struct json_fault *fault);

/* Returns the end of `word` when the input goes on with it, else NULL. */
static inline const char *json_scan_word(const char *p, const char *end, const char *word)
{
    const size_t len = strlen(word);
    return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

/* Reads a checked integer literal.  False when it has a fraction or an exponent or does not fit. */
bool json_scan_i64(const char *literal, size_t len, int64_t *out);
