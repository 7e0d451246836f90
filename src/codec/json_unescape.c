/* The raw string has passed json_scan_string, so every escape is whole and every surrogate has its
 * partner; what is not so is a programmer's error. */
#include "codec/json_pull.h"

#include <assert.h>
#include <string.h>

static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    const char lower = (char)(c | 0x20);
    assert(lower >= 'a' && lower <= 'f');
    return (unsigned)(lower - 'a') + 10;
}

static unsigned hex4(const char *p)
{
    return hex_digit(p[0]) << 12 | hex_digit(p[1]) << 8 | hex_digit(p[2]) << 4 | hex_digit(p[3]);
}

static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static char simple_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        assert(c == '"' || c == '\\' || c == '/');
        return c;
    }
}

/* Decodes the escape at `p`; moves *out behind what was written.  Returns the end of the escape. */
static const char *put_escape(const char *p, const char *end, char **out)
{
    assert(end - p >= 2);
    if (p[1] != 'u') {
        **out = simple_escape(p[1]);
        (*out)++;
        return p + 2;
    }
    assert(end - p >= 6);
    unsigned code = hex4(p + 2);
    p += 6;
    if (code >= 0xd800 && code <= 0xdfff) {
        assert(end - p >= 6 && p[0] == '\\' && p[1] == 'u');
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
        p += 6;
    }
    *out += put_utf8(code, *out);
    return p;
}

size_t json_unescape(const char *raw, size_t len, char *out)
{
    const char *p = raw;
    const char *end = raw + len;
    char *write = out;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        const size_t plain = (size_t)((backslash != NULL ? backslash : end) - p);
        if (plain > 0) {
            memmove(write, p, plain);
        }
        write += plain;
        p += plain;
        if (p < end) {
            p = put_escape(p, end, &write);
        }
    }
    return (size_t)(write - out);
}
