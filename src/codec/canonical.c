/* Floats: any decimal of up to 15 digits survives the way through a double, so when the nearest
 * 15-digit decimal reads back to the value, it without its trailing zeros is the shortest; else 16
 * and 17 digits are tried.  Below a power of two the doubles lie twice as close as above it: there
 * the nearest 16-digit decimal may read back to the neighbour while the next one up does not. */
#include "codec/canonical.h"

#include "codec/digest.h"
#include "codec/json_tree.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS_MAX = 17,
    DIGITS_SURE = 15, /* DBL_DIG */
    POINT_FIRST = -4, /* exponents of 10 that are written without 'e' */
    POINT_LAST = 15,
    DECIMAL_TEXT_SIZE = 32
};

/* 0.d1d2d3... would be usual; here the value is d1.d2d3... * 10^exponent. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int n;
    int exponent;
};

/* Reads a row of digits and an exponent back.  Without a decimal point no locale matters. */
static double decimal_value(const struct decimal *self)
{
    char text[DECIMAL_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "%se%d", self->digits, self->exponent - (self->n - 1));
    return strtod(text, NULL);
}

/* The decimal of `n` digits that is nearest to `value`. */
static void decimal_nearest(double value, int n, struct decimal *out)
{
    char text[DECIMAL_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "%.*e", n - 1, value);
    out->n = 0;
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') {
            out->digits[out->n++] = *p;
        }
    }
    assert(out->n == n);
    out->digits[n] = '\0';
    out->exponent = (int)strtol(p + 1, NULL, 10);
}

/* Adds one unit in the last place. */
static void decimal_step_up(struct decimal *self)
{
    int i = self->n - 1;
    while (i >= 0 && self->digits[i] == '9') {
        self->digits[i] = '0';
        i--;
    }
    if (i >= 0) {
        self->digits[i]++;
        return;
    }
    self->digits[0] = '1';
    self->exponent++;
}

static bool reads_back(const struct decimal *self, double value)
{
    const double back = decimal_value(self);
    return back >= value && back <= value;
}

/* Finds the shortest decimal of a positive value. */
static void decimal_shortest(double value, struct decimal *out)
{
    int n = value < DBL_MIN ? 1 : DIGITS_SURE;
    for (; n < DIGITS_MAX; n++) {
        decimal_nearest(value, n, out);
        if (reads_back(out, value)) {
            break;
        }
        decimal_step_up(out);
        if (reads_back(out, value)) {
            break;
        }
    }
    if (n == DIGITS_MAX) {
        decimal_nearest(value, n, out);
    }
    while (out->n > 1 && out->digits[out->n - 1] == '0') {
        out->n--;
        out->digits[out->n] = '\0';
    }
}

/* Python's repr: a point for exponents from -4 to 15, else "d.ddde+XX". */
static int decimal_layout(const struct decimal *self, char *out, size_t size)
{
    const char *digits = self->digits;
    const int exponent = self->exponent;
    if (exponent < POINT_FIRST || exponent > POINT_LAST) {
        return snprintf(
            out, size, "%c%s%se%c%02d", digits[0], self->n > 1 ? "." : "", digits + 1,
            exponent < 0 ? '-' : '+', abs(exponent));
    }
    if (exponent < 0) {
        return snprintf(out, size, "0.%.*s%s", -exponent - 1, "000", digits);
    }
    if (self->n > exponent + 1) {
        return snprintf(out, size, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
    }
    return snprintf(out, size, "%s%.*s.0", digits, exponent + 1 - self->n, "000000000000000");
}

size_t canonical_float(double value, char out[CANONICAL_FLOAT_SIZE])
{
    assert(isfinite(value));
    const bool negative = signbit(value) != 0;
    if (negative) {
        out[0] = '-';
    }
    char *rest = out + (negative ? 1 : 0);
    const size_t size = CANONICAL_FLOAT_SIZE - (negative ? 1 : 0);
    struct decimal decimal = {.digits = "0", .n = 1};
    if (fpclassify(value) != FP_ZERO) {
        decimal_shortest(fabs(value), &decimal);
    }
    const int len = decimal_layout(&decimal, rest, size);
    assert(len > 0 && (size_t)len < size);
    return (size_t)(rest - out) + (size_t)len;
}

void canonical_write(const struct json *self, const char *skip_key, struct bytes *out)
{
    json_tree_write(self, JSON_CANONICAL, skip_key, out);
}

void canonical_sha256(const struct json *self, const char *skip_key, char out_hex[65])
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    canonical_write(self, skip_key, &text);
    assert(!text.failed);
    digest_sha256_hex(text.data, text.len, out_hex);
}

void canonical_list_hash(
    struct json *(*form)(struct arena *arena, const void *list, uint32_t i),
    const void *list,
    uint32_t n,
    char out_hex[65])
{
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_char(&text, '[');
    for (uint32_t i = 0; i < n; i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        if (i > 0) {
            bytes_add_char(&text, ',');
        }
        canonical_write(form(&arena, list, i), NULL, &text);
        assert(!text.failed);
        digest_add(digest, text.data, text.len);
        bytes_clear(&text);
    }
    bytes_add_char(&text, ']');
    digest_add(digest, text.data, text.len);
    uint8_t hash[DIGEST_SIZE];
    digest_finish(digest, hash);
    digest_hex(hash, out_hex);
}
