/* White_Space is small: one table of code points, walked at both ends.
 * Source: Unicode Character Database, PropList.txt. */
#include "hardware/normal_text.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

struct range {
    uint32_t first;
    uint32_t last;
};

static const struct range white_space[] = {
    {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
    {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* Code point of the well-formed sequence of `n` bytes. */
static uint32_t code_point(const char *at, size_t n)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *bytes = (const unsigned char *)at;
    uint32_t code = bytes[0] & first_bits[n];
    for (size_t i = 1; i < n; i++) {
        code = code << 6 | (bytes[i] & 0x3fU);
    }
    return code;
}

static bool is_white(const char *at, size_t n)
{
    const uint32_t code = code_point(at, n);
    for (size_t i = 0; i < ARRAY_LEN(white_space); i++) {
        if (code >= white_space[i].first && code <= white_space[i].last) {
            return true;
        }
    }
    return false;
}

/* Length of the white character that the text begins with, or 0. */
static size_t white_at_begin(const char *text, size_t len)
{
    const size_t n = len == 0 ? 0 : text_utf8_length(text, len);
    return n > 0 && is_white(text, n) ? n : 0;
}

/* Length of the white character that the text ends with, or 0. */
static size_t white_at_end(const char *text, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++) {
        const char *at = text + len - n;
        if (text_utf8_length(at, n) == n) {
            return is_white(at, n) ? n : 0;
        }
    }
    return 0;
}

bool normal_text_is_padded(const char *text, size_t len)
{
    return white_at_begin(text, len) > 0 || white_at_end(text, len) > 0;
}

size_t normal_text_length(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char)text[i] & 0xc0U) != 0x80U;
    }
    return n;
}

char *normal_text_copy(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    char *copy = arena_copy(arena, text, len);
    for (size_t i = 0; i < len;) {
        const size_t n = text_utf8_length(copy + i, len - i);
        if (n == 0) {
            copy[i] = '?';
        }
        i += n == 0 ? 1 : n;
    }
    size_t n = 0;
    while ((n = white_at_begin(copy, len)) > 0) {
        copy += n;
        len -= n;
    }
    while ((n = white_at_end(copy, len)) > 0) {
        len -= n;
    }
    copy[len] = '\0';
    return copy;
}
