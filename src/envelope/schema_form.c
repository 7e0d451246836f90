/* Patterns are written as a text in which '0' stands for a digit, 'x' for a lower-case hex digit,
 * 'v' for the variant of a UUID, and any other character for itself. */
#include "envelope/schema_form.h"

#include "envelope/schema.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_like(char c, char pattern)
{
    switch (pattern) {
    case '0':
        return is_digit(c);
    case 'x':
        return is_digit(c) || (c >= 'a' && c <= 'f');
    case 'v':
        return c == '8' || c == '9' || c == 'a' || c == 'b';
    default:
        return c == pattern;
    }
}

static bool begins_like(const char *text, size_t len, const char *pattern)
{
    const size_t n = strlen(pattern);
    for (size_t i = 0; i < n; i++) {
        if (i >= len || !is_like(text[i], pattern[i])) {
            return false;
        }
    }
    return true;
}

static bool is_all_like(const char *text, size_t len, const char *pattern)
{
    return len == strlen(pattern) && begins_like(text, len, pattern);
}

static bool is_text(const char *text, size_t len, const char *expected)
{
    return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

/* Length of the digits at the front. */
static size_t digits(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && is_digit(text[n])) {
        n++;
    }
    return n;
}

static bool is_semver(const char *text, size_t len)
{
    size_t at = 0;
    for (unsigned part = 0; part < 3; part++) {
        if (part > 0 && (at >= len || text[at++] != '.')) {
            return false;
        }
        const size_t n = digits(text + at, len - at);
        if (n == 0) {
            return false;
        }
        at += n;
    }
    if (at == len) {
        return true;
    }
    if (text[at++] != '-' || at == len) {
        return false;
    }
    while (at < len && (is_word(text[at]) || text[at] == '.')) {
        at++;
    }
    return at == len;
}

/* "42", " +4_2 ", "42.0": as pydantic reads them. */
static bool is_integer_text(const char *text, size_t len)
{
    size_t n_digits = 0;
    for (size_t i = 0; i < len; i++) {
        n_digits += is_digit(text[i]);
        if (!is_digit(text[i]) && strchr("+-_. \t\n\r", text[i]) == NULL) {
            return false;
        }
    }
    return n_digits > 0;
}

bool schema_form_holds(enum schema_form form, const char *text, size_t len)
{
    switch (form) {
    case FORM_ANY:
        return true;
    case FORM_VERSION_1:
        return is_text(text, len, "v1");
    case FORM_SEMVER:
        return is_semver(text, len);
    case FORM_UUID7:
        return is_all_like(text, len, "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx");
    case FORM_HEX64:
        return is_all_like(
            text, len, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    case FORM_METHOD:
        return is_text(text, len, "dev-key") || is_text(text, len, "sigstore-cosign");
    case FORM_INTEGER:
        return is_integer_text(text, len);
    case FORM_DATE:
        return begins_like(text, len, "0000-00-00") || is_integer_text(text, len);
    }
    return false;
}

const char *schema_form_name(enum schema_form form)
{
    switch (form) {
    case FORM_ANY:
        return "a string";
    case FORM_VERSION_1:
        return "\"v1\"";
    case FORM_SEMVER:
        return "a version like 1.2.3 or 1.2.3-rc.1";
    case FORM_UUID7:
        return "a UUID of version 7 in lower case";
    case FORM_HEX64:
        return "64 lower-case hex digits";
    case FORM_METHOD:
        return "\"dev-key\" or \"sigstore-cosign\"";
    case FORM_INTEGER:
        return "a whole number";
    case FORM_DATE:
        return "a date";
    }
    return "";
}

const char *schema_kind_name(const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        return "null";
    case JSON_BOOL:
        return "a boolean";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_FLOAT:
        return "a float";
    case JSON_STRING:
        return "a string";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    }
    return "";
}

static unsigned number_at(const char *text, size_t n)
{
    unsigned value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool schema_is_timestamp(const char *text, size_t len)
{
    const bool whole = is_all_like(text, len, "0000-00-00T00:00:00Z");
    if (!whole && !is_all_like(text, len, "0000-00-00T00:00:00.000000Z")) {
        return false;
    }
    const unsigned year = number_at(text, 4);
    const unsigned month = number_at(text + 5, 2);
    const unsigned day = number_at(text + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    return number_at(text + 11, 2) < 24 && number_at(text + 14, 2) < 60 &&
           number_at(text + 17, 2) < 60 && (whole || number_at(text + 20, 6) > 0);
}
