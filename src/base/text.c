/* Numbers are checked for form by hand and only then given to strtod: its extras (hex, inf, nan,
 * leading blanks, locale) are not numbers that a command line should take. */
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum {
    DISTANCE_TEXT_MAX = 63
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int text_parse_i64(const char *text, int64_t min, int64_t max, int64_t *out, struct error *err)
{
    const char *p = text;
    if (*p == '-' || *p == '+') {
        p++;
    }
    bool any = false;
    while (is_digit(*p)) {
        any = true;
        p++;
    }
    if (!any || *p != '\0') {
        return error_set(err, ERROR_USAGE, "'%s' is not a whole number", text);
    }
    errno = 0;
    const long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE || value < min || value > max) {
        return error_set(
            err, ERROR_USAGE, "'%s' is not between %lld and %lld", text, (long long)min,
            (long long)max);
    }
    *out = value;
    return 0;
}

static bool is_decimal(const char *p)
{
    if (*p == '-' || *p == '+') {
        p++;
    }
    bool any = false;
    while (is_digit(*p)) {
        any = true;
        p++;
    }
    if (*p == '.') {
        p++;
        while (is_digit(*p)) {
            any = true;
            p++;
        }
    }
    if (!any) {
        return false;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+') {
            p++;
        }
        if (!is_digit(*p)) {
            return false;
        }
        while (is_digit(*p)) {
            p++;
        }
    }
    return *p == '\0';
}

double text_to_f64(const char *number)
{
    /* For "C" this returns a constant object: nothing is allocated, nothing is to be freed. */
    const locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    assert(c_locale != (locale_t)0);
    return strtod_l(number, NULL, c_locale);
}

int text_parse_f64(const char *text, double min, double max, double *out, struct error *err)
{
    if (!is_decimal(text)) {
        return error_set(err, ERROR_USAGE, "'%s' is not a number", text);
    }
    const double value = text_to_f64(text);
    if (!(value >= min && value <= max)) {
        return error_set(err, ERROR_USAGE, "'%s' is not between %g and %g", text, min, max);
    }
    *out = value;
    return 0;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends_with(const char *text, const char *suffix)
{
    const size_t len = strlen(text);
    const size_t suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    const unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* One row of the table of distances: from the first `i` bytes of `a` to every beginning of `b`.
 * `above` and `above2` are the rows for i - 1 and i - 2. */
struct distance_rows {
    unsigned *row;
    const unsigned *above;
    const unsigned *above2;
};

static void distance_row(struct distance_rows rows, const char *a, size_t i, const char *b)
{
    rows.row[0] = (unsigned)i;
    for (size_t j = 1; b[j - 1] != '\0'; j++) {
        const unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
        rows.row[j] = min3(rows.above[j] + 1, rows.row[j - 1] + 1, rows.above[j - 1] + cost);
        const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        if (swapped && rows.above2[j - 2] + 1 < rows.row[j]) {
            rows.row[j] = rows.above2[j - 2] + 1;
        }
    }
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
    const size_t a_len = strlen(a);
    const size_t b_len = strlen(b);
    if (a_len > DISTANCE_TEXT_MAX || b_len > DISTANCE_TEXT_MAX) {
        return limit + 1;
    }
    /* Optimal string alignment: three rows are enough. */
    unsigned rows[3][DISTANCE_TEXT_MAX + 1] = {{0}};
    for (unsigned j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        distance_row(
            (struct distance_rows){rows[i % 3], rows[(i + 2) % 3], rows[(i + 1) % 3]}, a, i, b);
    }
    const unsigned distance = rows[a_len % 3][b_len];
    return distance > limit ? limit + 1 : distance;
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
    const unsigned limit = 1 + (unsigned)(strlen(word) / 4);
    const char *best = NULL;
    unsigned best_distance = limit + 1;
    for (size_t i = 0; i < n; i++) {
        const unsigned distance = text_distance(word, names[i], limit);
        if (distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

/* Table 3-7 of the Unicode standard. */
size_t text_utf8_length(const char *bytes, size_t left)
{
    const unsigned char *p = (const unsigned char *)bytes;
    const unsigned char c = p[0];
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }
    const size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (left < len) {
        return 0;
    }
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (c == 0xe0) {
        low = 0xa0;
    } else if (c == 0xed) {
        high = 0x9f;
    } else if (c == 0xf0) {
        low = 0x90;
    } else if (c == 0xf4) {
        high = 0x8f;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool text_is_utf8(const char *bytes, size_t len)
{
    size_t at = 0;
    while (at < len) {
        const size_t step = text_utf8_length(bytes + at, len - at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}
