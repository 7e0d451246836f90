/* Tokens are checked byte by byte, plain string content eight bytes at a time.  Whether a float is
 * finite is decided on its digits, so no locale, no copy and no rounding of strtod is involved. */
#include "codec/json_scan.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum {
    HEX_DIGITS = 4,
    FLOAT_EXPONENT_MAX = 308,
    EXPONENT_SATURATED = 1000000000
};

static const char *fail_at(struct json_fault *fault, const char *at, const char *what)
{
    *fault = (struct json_fault){.at = at, .what = what};
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Value of four hex digits, or -1. */
static int hex4(const char *p, const char *end)
{
    if (end - p < HEX_DIGITS) {
        return -1;
    }
    int value = 0;
    for (int i = 0; i < HEX_DIGITS; i++) {
        const char c = p[i];
        if (is_digit(c)) {
            value = value * 16 + (c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            value = value * 16 + (c - 'A' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* `p` is at the backslash of \uXXXX. */
static const char *scan_unicode(const char *p, const char *end, struct json_fault *fault)
{
    const int unit = hex4(p + 2, end);
    if (unit < 0) {
        return fail_at(fault, p, "\\u needs four hex digits");
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return p + 2 + HEX_DIGITS;
    }
    const char *second = p + 2 + HEX_DIGITS;
    if (unit > 0xdbff || end - second < 2 || second[0] != '\\' || second[1] != 'u') {
        return fail_at(fault, p, "lone surrogate in a string");
    }
    const int low = hex4(second + 2, end);
    if (low < 0xdc00 || low > 0xdfff) {
        return fail_at(fault, p, "lone surrogate in a string");
    }
    return second + 2 + HEX_DIGITS;
}

/* `p` is at the backslash. */
static const char *scan_escape(const char *p, const char *end, struct json_fault *fault)
{
    if (end - p < 2) {
        return fail_at(fault, end, "string is not closed");
    }
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        return scan_unicode(p, end, fault);
    default:
        return fail_at(fault, p, "unknown escape in a string");
    }
}

static const char *scan_utf8(const char *p, const char *end, struct json_fault *fault)
{
    const size_t step = text_utf8_length(p, (size_t)(end - p));
    return step == 0 ? fail_at(fault, p, "invalid UTF-8 in a string") : p + step;
}

const char *
json_scan_string(const char *p, const char *end, bool *escaped, struct json_fault *fault)
{
    *escaped = false;
    while (p != NULL) {
        p = json_skip_plain(p, end);
        if (p == end) {
            return fail_at(fault, p, "string is not closed");
        }
        const unsigned char c = (unsigned char)*p;
        if (c == '"') {
            return p;
        }
        if (c < 0x20) {
            return fail_at(fault, p, "control character in a string; write it as an escape");
        }
        if (c == '\\') {
            *escaped = true;
            p = scan_escape(p, end, fault);
        } else {
            p = scan_utf8(p, end, fault);
        }
    }
    return NULL;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p)) {
        p++;
    }
    return p;
}

/* Value of the digits with their sign, far beyond any double's exponent at most. */
static int64_t read_exponent(const char *p, const char *end)
{
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') {
        p++;
    }
    int64_t value = 0;
    for (; p < end && value < EXPONENT_SATURATED; p++) {
        value = value * 10 + (*p - '0');
    }
    return negative ? -value : value;
}

/* Compares the significant digits in [p, end), a '.' among them skipped, with the smallest number
 * that does not round to a finite double: 2^1024 - 2^970, written out. */
static bool reaches_infinity(const char *p, const char *end)
{
    const char *limit =
        "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466"
        "4901797758720709633028641669288791094655554785194040263065748867150582068190890200070"
        "8383676273854845817711531764475730270069855571366959622842914819860834936475292719074"
        "168444365510704342711559699508093042880177904174497792";
    for (; *limit != '\0'; limit++) {
        if (p < end && *p == '.') {
            p++;
        }
        char c = '0';
        if (p < end) {
            c = *p;
            p++;
        }
        if (c != *limit) {
            return c > *limit;
        }
    }
    return true;
}

/* `p` is at the first digit, `digits_end` behind the last one of the mantissa. */
static bool is_infinite(const char *p, const char *digits_end, int64_t exponent)
{
    const char *point = memchr(p, '.', (size_t)(digits_end - p));
    const char *integer_end = point != NULL ? point : digits_end;
    while (p < digits_end && (*p == '0' || *p == '.')) {
        p++;
    }
    if (p == digits_end) {
        return false;
    }
    /* Decimal exponent of the first digit that is not zero. */
    const int64_t lead = p < integer_end ? integer_end - p - 1 : integer_end - p;
    const int64_t magnitude = lead + exponent;
    if (magnitude != FLOAT_EXPONENT_MAX) {
        return magnitude > FLOAT_EXPONENT_MAX;
    }
    return reaches_infinity(p, digits_end);
}

static const char *
scan_float(const char *digits, const char *integer_end, const char *end, struct json_fault *fault)
{
    const char *p = integer_end;
    if (*p == '.') {
        const char *fraction = p + 1;
        p = skip_digits(fraction, end);
        if (p == fraction) {
            return fail_at(fault, p, "a digit is expected after the decimal point");
        }
    }
    const char *mantissa_end = p;
    int64_t exponent = 0;
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *sign = p + 1;
        const char *first = sign < end && (*sign == '+' || *sign == '-') ? sign + 1 : sign;
        p = skip_digits(first, end);
        if (p == first) {
            return fail_at(fault, p, "a digit is expected in the exponent");
        }
        exponent = read_exponent(sign, p);
    }
    if (is_infinite(digits, mantissa_end, exponent)) {
        return fail_at(fault, digits, "number is too large for a double");
    }
    return p;
}

const char *
json_scan_number(const char *p, const char *end, bool *is_float, struct json_fault *fault)
{
    const char *digits = *p == '-' ? p + 1 : p;
    if (digits == end || !is_digit(*digits)) {
        return fail_at(fault, digits, "a digit is expected");
    }
    const char *integer_end = skip_digits(digits, end);
    if (*digits == '0' && integer_end - digits > 1) {
        return fail_at(fault, digits, "a number may not begin with 0");
    }
    *is_float =
        integer_end < end && (*integer_end == '.' || *integer_end == 'e' || *integer_end == 'E');
    if (*is_float) {
        return scan_float(digits, integer_end, end, fault);
    }
    if (integer_end - digits > JSON_INTEGER_DIGITS_MAX) {
        return fail_at(fault, digits, "integer has more than 4300 digits");
    }
    return integer_end;
}

bool json_scan_i64(const char *literal, size_t len, int64_t *out)
{
    const char *p = literal;
    const char *end = literal + len;
    const bool negative = p < end && *p == '-';
    if (negative) {
        p++;
    }
    /* Growing downwards reaches INT64_MIN, which has no positive partner. */
    int64_t value = 0;
    for (; p < end; p++) {
        if (!is_digit(*p) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *p - '0', &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return len > 0;
}
