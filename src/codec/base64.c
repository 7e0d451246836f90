/* The decoder accepts exactly what the encoder writes: one text for each content, so a signature
 * has one spelling. */
#include "codec/base64.h"

#include <string.h>

enum {
    GROUP_BYTES = 3,
    GROUP_CHARS = 4
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(const uint8_t *in, size_t len, char out[GROUP_CHARS])
{
    const unsigned b0 = in[0];
    const unsigned b1 = len > 1 ? in[1] : 0;
    const unsigned b2 = len > 2 ? in[2] : 0;
    out[0] = alphabet[b0 >> 2];
    out[1] = alphabet[(b0 & 0x3) << 4 | b1 >> 4];
    out[2] = '=';
    out[3] = '=';
    if (len > 1) {
        out[2] = alphabet[(b1 & 0xf) << 2 | b2 >> 6];
    }
    if (len > 2) {
        out[3] = alphabet[b2 & 0x3f];
    }
}

void base64_encode(const void *data, size_t len, struct bytes *out)
{
    const uint8_t *in = data;
    while (len > 0) {
        const size_t taken = len < GROUP_BYTES ? len : GROUP_BYTES;
        char group[GROUP_CHARS];
        encode_group(in, taken, group);
        bytes_add(out, group, GROUP_CHARS);
        in += taken;
        len -= taken;
    }
}

/* Value of a character, or -1. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Number of '=' that end the text: 0, 1 or 2. */
static size_t padding(const char *text, size_t len)
{
    if (len == 0 || text[len - 1] != '=') {
        return 0;
    }
    return text[len - 2] == '=' ? 2 : 1;
}

static int check(const char *text, size_t len, struct error *err)
{
    if (len % GROUP_CHARS != 0) {
        return error_set(
            err, ERROR_PARSE, "base64: length %zu is no multiple of 4 (padding is required)", len);
    }
    const size_t n_padding = padding(text, len);
    for (size_t i = 0; i < len - n_padding; i++) {
        if (sextet(text[i]) < 0) {
            return error_set(err, ERROR_PARSE, "base64: invalid character at offset %zu", i);
        }
    }
    if (n_padding > 0) {
        const size_t last = len - n_padding - 1;
        const int unused = n_padding == 2 ? 0xf : 0x3;
        if ((sextet(text[last]) & unused) != 0) {
            return error_set(err, ERROR_PARSE, "base64: unused bits are set at offset %zu", last);
        }
    }
    return 0;
}

int base64_decode(const char *text, size_t len, struct bytes *out, struct error *err)
{
    if (check(text, len, err) < 0) {
        return -(int)err->code;
    }
    const size_t n_padding = padding(text, len);
    for (size_t at = 0; at < len; at += GROUP_CHARS) {
        unsigned bits = 0;
        for (size_t i = 0; i < GROUP_CHARS; i++) {
            const int value = sextet(text[at + i]);
            bits = bits << 6 | (value < 0 ? 0 : (unsigned)value);
        }
        const uint8_t group[GROUP_BYTES] = {
            (uint8_t)(bits >> 16 & 0xff), (uint8_t)(bits >> 8 & 0xff), (uint8_t)(bits & 0xff)};
        const size_t n = at + GROUP_CHARS == len ? GROUP_BYTES - n_padding : GROUP_BYTES;
        bytes_add(out, group, n);
    }
    return 0;
}
