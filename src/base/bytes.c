/* Doubling growth up to `max`.  The failure is sticky, in the manner of curl's dynbuf, so that code
 * that builds a document needs one check at its end and none in between. */
#include "base/bytes.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_FIRST_CAP = 128
};

void bytes_init(struct bytes *self, size_t max)
{
    *self = (struct bytes){.max = max};
}

void bytes_done(struct bytes *self)
{
    free(self->data);
    *self = (struct bytes){.max = self->max};
}

void bytes_clear(struct bytes *self)
{
    self->len = 0;
    self->failed = false;
    if (self->data != NULL) {
        self->data[0] = '\0';
    }
}

char *bytes_reserve(struct bytes *self, size_t n)
{
    if (self->failed || n > self->max || self->len > self->max - n) {
        self->failed = true;
        return NULL;
    }
    const size_t need = self->len + n + 1;
    if (need > self->cap) {
        size_t cap = self->cap == 0 ? BYTES_FIRST_CAP : self->cap;
        while (cap < need) {
            cap *= 2;
        }
        self->data = mem_resize(self->data, cap, 1);
        self->cap = cap;
    }
    return self->data + self->len;
}

void bytes_add(struct bytes *self, const void *data, size_t len)
{
    char *room = bytes_reserve(self, len);
    if (room == NULL) {
        return;
    }
    if (len > 0) {
        memcpy(room, data, len);
    }
    self->len += len;
    self->data[self->len] = '\0';
}

void bytes_add_text(struct bytes *self, const char *text)
{
    bytes_add(self, text, strlen(text));
}

void bytes_add_char(struct bytes *self, char c)
{
    bytes_add(self, &c, 1);
}

void bytes_add_i64(struct bytes *self, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    /* Negating in unsigned arithmetic keeps INT64_MIN right. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        at--;
        digits[at] = (char)('0' + (char)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        at--;
        digits[at] = '-';
    }
    bytes_add(self, digits + at, sizeof(digits) - at);
}

void bytes_add_format(struct bytes *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(need >= 0);
    char *room = bytes_reserve(self, (size_t)need);
    if (room == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(room, (size_t)need + 1, format, args);
    va_end(args);
    self->len += (size_t)need;
}

void bytes_drop_front(struct bytes *self, size_t n)
{
    assert(n <= self->len);
    if (n == 0) {
        return;
    }
    memmove(self->data, self->data + n, self->len - n);
    self->len -= n;
    self->data[self->len] = '\0';
}

char *bytes_take(struct bytes *self)
{
    char *text = self->data != NULL ? self->data : mem_copy_text("");
    *self = (struct bytes){.max = self->max};
    return text;
}
