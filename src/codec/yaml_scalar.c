/* YAML 1.1 and 1.2 disagree on some plain scalars: yes, 007, 0x10, 1_000.  A file must not mean one
 * thing here and another to the next reader, so those are refused and the author picks. */
#include "codec/yaml_scalar.h"

#include "base/text.h"
#include "codec/json_scan.h"

#include <string.h>

struct word {
    const char *text;
    enum json_kind kind;
    bool boolean;
};

static const struct word words[] = {
    {"", JSON_NULL, false},      {"~", JSON_NULL, false},     {"null", JSON_NULL, false},
    {"Null", JSON_NULL, false},  {"NULL", JSON_NULL, false},  {"true", JSON_BOOL, true},
    {"True", JSON_BOOL, true},   {"TRUE", JSON_BOOL, true},   {"false", JSON_BOOL, false},
    {"False", JSON_BOOL, false}, {"FALSE", JSON_BOOL, false},
};

static const char *const truths_of_old[] = {
    "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
};

static const char *const not_finite[] = {
    ".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
    "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN",
};

static bool is_one_of(const char *text, const char *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_equal(text, rows[i])) {
            return true;
        }
    }
    return false;
}

static size_t count_digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* The parts of a decimal number; lengths are 0 where a part is absent. */
struct number {
    bool negative;
    const char *integer;
    size_t integer_len;
    bool has_point;
    const char *fraction;
    size_t fraction_len;
    const char *exponent; /* from 'e' to the end of the text, or "" */
};

/* False when the text is no number: then it is a string. */
static bool number_split(const char *text, struct number *out)
{
    const char *p = text;
    out->negative = *p == '-';
    if (*p == '-' || *p == '+') {
        p++;
    }
    out->integer = p;
    out->integer_len = count_digits(p);
    p += out->integer_len;
    out->has_point = *p == '.';
    if (out->has_point) {
        p++;
    }
    out->fraction = p;
    out->fraction_len = out->has_point ? count_digits(p) : 0;
    p += out->fraction_len;
    if (out->integer_len + out->fraction_len == 0) {
        return false;
    }
    out->exponent = p;
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '-' || *p == '+') {
            p++;
        }
        const size_t n = count_digits(p);
        if (n == 0) {
            return false;
        }
        p += n;
    }
    return *p == '\0';
}

/* 0x10, 0o17, 0b1 and 1_000: numbers to some readers. */
static bool is_number_of_some(const char *text)
{
    const char *p = *text == '-' || *text == '+' ? text + 1 : text;
    if (p[0] == '0' && p[1] != '\0' && strchr("xob", p[1]) != NULL) {
        const char *digits = p + 2;
        return *digits != '\0' && digits[strspn(digits, "0123456789abcdefABCDEF_")] == '\0';
    }
    return count_digits(p) > 0 && strchr(p, '_') != NULL && p[strspn(p, "0123456789_.")] == '\0';
}

/* Writes the number in JSON's form and checks it with JSON's own scanner. */
static const char *
resolve_number(struct arena *arena, const struct number *number, struct json *value)
{
    if (number->integer_len > 1 && *number->integer == '0') {
        return "a number with leading zeros; write it without them, or in quotes";
    }
    const bool has_integer = number->integer_len > 0;
    const bool has_fraction = number->fraction_len > 0;
    const char *text = arena_format(
        arena, "%s%.*s%s%.*s%s", number->negative ? "-" : "",
        has_integer ? (int)number->integer_len : 1, has_integer ? number->integer : "0",
        number->has_point ? "." : "",
        has_fraction ? (int)number->fraction_len : (int)number->has_point,
        has_fraction ? number->fraction : "0", number->exponent);
    const size_t len = strlen(text);
    bool is_float = false;
    struct json_fault fault;
    if (json_scan_number(text, text + len, &is_float, &fault) == NULL) {
        return fault.what;
    }
    value->kind = is_float ? JSON_FLOAT : JSON_INTEGER;
    value->text = text;
    value->len = len;
    return NULL;
}

const char *
yaml_resolve_plain(struct arena *arena, const char *text, size_t len, struct json *value)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (text_equal(text, words[i].text)) {
            value->kind = words[i].kind;
            value->boolean = words[i].boolean;
            return NULL;
        }
    }
    if (is_one_of(text, truths_of_old, ARRAY_LEN(truths_of_old))) {
        return "text or a truth value? write true or false, or put it in quotes";
    }
    if (is_one_of(text, not_finite, ARRAY_LEN(not_finite))) {
        return "infinity and NaN are not allowed";
    }
    struct number number;
    if (number_split(text, &number)) {
        return resolve_number(arena, &number, value);
    }
    if (is_number_of_some(text)) {
        return "text or a number? write a plain decimal number, or put it in quotes";
    }
    value->kind = JSON_STRING;
    value->text = arena_copy(arena, text, len);
    value->len = len;
    return NULL;
}
