/* text.h - strict numbers from text, comparison, and "did you mean". */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads the whole of `text` as a decimal integer in [min, max].
 * Errors: ERROR_USAGE "'abc' is not a whole number" / "'7' is not between 1 and 5". */
MUST_CHECK int
text_parse_i64(const char *text, int64_t min, int64_t max, int64_t *out, struct error *err);

/* Reads the whole of `text` as a finite decimal number in [min, max]; no hex, no inf, no nan, no
 * white space, no locale. */
MUST_CHECK int
text_parse_f64(const char *text, double min, double max, double *out, struct error *err);

/* The double nearest to a decimal number that has been checked for form: strtod without the locale.
 * Infinite when it is out of range. */
double text_to_f64(const char *number);

/* 0-terminated equality, and prefix/suffix tests. */
bool text_equal(const char *a, const char *b);
bool text_starts_with(const char *text, const char *prefix);
bool text_ends_with(const char *text, const char *suffix);

/* Edit distance with insertions, deletions, substitutions and swaps of neighbours, capped at
 * `limit` + 1.  Texts longer than 63 bytes have the distance limit + 1. */
unsigned text_distance(const char *a, const char *b, unsigned limit);

/* The name of `names[0..n)` nearest to `word`, when it is near enough to be a typing error
 * (distance at most 1 + length/4); else NULL. */
const char *text_nearest(const char *word, const char *const *names, size_t n);

/* Length of the well-formed UTF-8 sequence that starts at `bytes` (`left` > 0 bytes are there), or 0
 * when it is malformed or cut. */
size_t text_utf8_length(const char *bytes, size_t left);

/* True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates, <= U+10FFFF).
 * Source: RFC 3629. */
bool text_is_utf8(const char *bytes, size_t len);
