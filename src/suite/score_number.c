/* Numbers as people and models write them in English: 1,000.5, -3, 2e-3, 3/4, 1 1/2, a half sign.  Units
 * and currencies around them are nobody's affair; digits that are part of a word, a version or an address
 * (H2O, 1.2.3) are no number. */
#include "base/mem.h"
#include "base/text.h"
#include "suite/score_rules.h"
#include "suite/score_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two texts of one number may differ in their last bits (1/3, 0.1 + 0.2). */
static const double relative_slack = 1e-9;

enum {
    DIGITS_MAX = 400, /* of a number: more than any double needs */
    GROUP_DIGITS = 3
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *at)
{
    size_t n = 0;
    while (is_digit(at[n])) {
        n++;
    }
    return n;
}

/* Appends " 3/4" for \frac{3}{4} (\dfrac, \tfrac); returns the length of what it stands for, or 0. */
static size_t add_latex_fraction(const char *text, struct bytes *out)
{
    static const char *const commands[] = {"\\frac{", "\\dfrac{", "\\tfrac{"};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!text_starts_with(text, commands[i])) {
            continue;
        }
        const char *above = text + strlen(commands[i]);
        const size_t n_above = count_digits(above);
        const char *below = above + n_above + 2;
        if (n_above == 0 || strncmp(above + n_above, "}{", 2) != 0) {
            return 0;
        }
        const size_t n_below = count_digits(below);
        if (n_below == 0 || below[n_below] != '}') {
            return 0;
        }
        bytes_add_char(out, ' ');
        bytes_add(out, above, n_above);
        bytes_add_char(out, '/');
        bytes_add(out, below, n_below);
        return (size_t)(below - text) + n_below + 1;
    }
    return 0;
}

/* Appends what the sign or the LaTeX at `text` stands for; returns its length, or 0. */
static size_t add_sign(const char *text, struct bytes *out)
{
    static const struct {
        const char *sign;
        const char *plain;
    } signs[] = {
        {"\xc2\xbc", " 1/4"},     {"\xc2\xbd", " 1/2"},
        {"\xc2\xbe", " 3/4"},     {"\xe2\x85\x93", " 1/3"},
        {"\xe2\x85\x94", " 2/3"}, {"\xe2\x85\x95", " 1/5"},
        {"\xe2\x85\x9b", " 1/8"}, {"{,}", ","},
    };

    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (text_starts_with(text, signs[i].sign)) {
            bytes_add_text(out, signs[i].plain);
            return strlen(signs[i].sign);
        }
    }
    return add_latex_fraction(text, out);
}

/* Appends one character; returns the number of its bytes. */
static size_t add_character(const char *text, struct bytes *out)
{
    size_t len = 0;
    const uint32_t code = score_character(text, &len);
    if (code == SCORE_GONE) {
        return len;
    }
    if (code >= 0x80) {
        bytes_add(out, text, len);
    } else if (code == 0) {
        bytes_add_char(out, ' ');
    } else {
        bytes_add_char(out, (char)code);
    }
    return len;
}

/* The text with typography made plain, so that only ASCII has to be looked at; signs of fractions become
 * fractions, and LaTeX's {,} a comma. */
static void add_plain(const char *text, struct bytes *out)
{
    while (*text != '\0') {
        size_t len = add_sign(text, out);
        if (len == 0) {
            len = add_character(text, out);
        }
        text += len;
    }
    bytes_add(out, "", 0);
}

/* What makes the digits behind it part of a word. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

/* A number being read: digits without separators, ready for text_to_f64. */
struct literal {
    char text[DIGITS_MAX + 8];
    size_t len;
};

static void take(struct literal *self, const char *at, size_t n)
{
    for (size_t i = 0; i < n && self->len < DIGITS_MAX; i++) {
        self->text[self->len++] = at[i];
    }
}

/* Digits with or without separators of thousands.  Returns where they end. */
static const char *take_integer(struct literal *self, const char *at)
{
    size_t n = count_digits(at);
    take(self, at, n);
    at += n;
    const bool groups = n <= GROUP_DIGITS;
    while (groups && *at == ',' && count_digits(at + 1) == GROUP_DIGITS) {
        take(self, at + 1, GROUP_DIGITS);
        at += 1 + GROUP_DIGITS;
    }
    return at;
}

static const char *take_fraction(struct literal *self, const char *at)
{
    if (*at != '.' || !is_digit(at[1])) {
        return at;
    }
    const size_t n = count_digits(at + 1);
    take(self, at, n + 1);
    return at + n + 1;
}

static const char *take_exponent(struct literal *self, const char *at)
{
    const size_t sign = at[0] == 'e' && (at[1] == '-' || at[1] == '+') ? 1 : 0;
    const size_t n = at[0] == 'e' ? count_digits(at + 1 + sign) : 0;
    if (n == 0 || is_letter(at[1 + sign + n])) {
        return at;
    }
    take(self, at, 1 + sign + n);
    return at + 1 + sign + n;
}

/* 1000, 1,000, 1.5, .5, 2e-3.  Returns where it ends. */
static const char *read_decimal(const char *at, double *out)
{
    struct literal literal = {.len = 0};
    if (*at == '.') {
        take(&literal, "0", 1);
    }
    at = take_integer(&literal, at);
    at = take_fraction(&literal, at);
    at = take_exponent(&literal, at);
    literal.text[literal.len] = '\0';
    *out = text_to_f64(literal.text);
    return at;
}

/* A denominator behind `at`: "/4", where `at` is behind a whole number's digits. */
static const char *read_denominator(const char *at, double *out)
{
    if (*at != '/' || !is_digit(at[1])) {
        return NULL;
    }
    const char *end = read_decimal(at + 1, out);
    return *out > 0.0 && *end != '/' ? end : NULL;
}

/* Behind a whole number: " 1/2".  Returns where it ends, or `at`. */
static const char *read_mixed(const char *at, double *value)
{
    double above = 0.0;
    double below = 0.0;
    if (*at != ' ' || !is_digit(at[1])) {
        return at;
    }
    const char *digits_end = at + 1 + count_digits(at + 1);
    if (read_decimal(at + 1, &above) != digits_end) {
        return at;
    }
    const char *end = read_denominator(digits_end, &below);
    if (end == NULL) {
        return at;
    }
    *value += above / below;
    return end;
}

/* The number that begins at `at`, a digit or a point before one.  Returns where it ends; *found: it is
 * one.  `in_row`: a digit and a slash stand in front of it, as in a date: it is no fraction's numerator. */
static const char *read_number(const char *at, bool in_row, double *out, bool *found)
{
    double value = 0.0;
    double below = 0.0;
    const char *begin = at;
    at = read_decimal(at, &value);
    const bool whole = (size_t)(at - begin) == count_digits(begin);
    const char *fraction = in_row ? NULL : read_denominator(at, &below);
    if (fraction != NULL) {
        at = fraction;
        value /= below;
    } else if (whole) {
        at = read_mixed(at, &value);
    }
    *found = !(*at == '.' && is_digit(at[1])); /* 1.2.3 */
    while (*at == '.' && is_digit(at[1])) {
        at += 1 + count_digits(at + 1);
    }
    *out = value;
    return at;
}

/* A minus in front of the number at `at`, with a currency between at most: -5, -$5, but not 10-5. */
static bool is_negative(const char *text, const char *at)
{
    while (at > text && (at[-1] == '$' || (unsigned char)at[-1] >= 0x80)) {
        at--;
    }
    if (at == text || at[-1] != '-') {
        return false;
    }
    at--;
    return at == text || !(is_digit(at[-1]) || is_letter(at[-1]) || at[-1] == ')' ||
                           (unsigned char)at[-1] >= 0x80);
}

/* The last number of a plain text. */
static bool last_number(const char *text, double *out)
{
    bool any = false;
    const char *at = text;
    while (*at != '\0') {
        const bool point = *at == '.' && is_digit(at[1]);
        const bool inside = at > text && (is_letter(at[-1]) || (point && is_digit(at[-1])));
        if (!is_digit(*at) && !point) {
            at++;
            continue;
        }
        if (inside) {
            at += 1 + count_digits(at + 1);
            continue;
        }
        double value = 0.0;
        bool found = false;
        const char *begin = at;
        const bool in_row = at - text > 1 && at[-1] == '/' && is_digit(at[-2]);
        at = read_number(at, in_row, &value, &found);
        if (found) {
            *out = is_negative(text, begin) ? -value : value;
            any = true;
        }
    }
    return any;
}

/* What stands in the last \boxed{...}, in place: the text is cut behind it.  NULL: there is none. */
static char *last_box(char *text)
{
    static const char box[] = "\\boxed{";
    char *found = NULL;
    for (char *at = strstr(text, box); at != NULL; at = strstr(at + 1, box)) {
        found = at + sizeof(box) - 1;
    }
    char *end = found != NULL ? strchr(found, '}') : NULL;
    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    return found;
}

bool score_last_number(const char *text, double *out)
{
    CLEANUP(bytes_done) struct bytes plain;
    bytes_init(&plain, BYTES_MAX_DEFAULT);
    add_plain(text, &plain);
    if (last_number(plain.data, out)) {
        CLEANUP(mem_freep) char *copy = mem_copy_text(plain.data);
        const char *box = last_box(copy);
        if (box != NULL) {
            (void)last_number(box, out);
        }
        return true;
    }
    return false;
}

double score_numeric(const struct item *item, const char *answer)
{
    double value = 0.0;
    if (!score_last_number(answer, &value)) {
        return 0.0;
    }
    for (uint32_t i = 0; i < item->answers.n; i++) {
        double expected = 0.0;
        if (!score_last_number(item->answers.texts[i], &expected)) {
            continue;
        }
        const double slack = relative_slack * fabs(expected);
        const double most = item->tolerance > slack ? item->tolerance : slack;
        if (fabs(value - expected) <= most) {
            return 1.0;
        }
    }
    return 0.0;
}

const char *score_numeric_check(const struct item *item, struct arena *arena)
{
    for (uint32_t i = 0; i < item->answers.n; i++) {
        double value = 0.0;
        if (!score_last_number(item->answers.texts[i], &value) || !isfinite(value)) {
            return arena_format(
                arena, "there is no number in the answer '%s', which scoring numeric needs",
                item->answers.texts[i]);
        }
    }
    return NULL;
}
