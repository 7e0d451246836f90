/* bytes.h - one growable byte buffer with a maximum and a sticky failure.
 *
 * Ownership: the buffer owns its memory; bytes_done frees it; `data` is borrowed until the next
 * append.  `data` is always NUL-terminated one byte past `len` once anything was appended.
 * Errors: an append that would pass `max` sets `failed` and appends nothing; later appends are
 * ignored too, so a writer checks once, at its end. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct bytes {
    char *data; /* NULL until the first append */
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

/* Longest buffer that anything may build without naming a limit of its own. */
#define BYTES_MAX_DEFAULT ((size_t)1 << 30)

/* An empty buffer that may grow to `max` bytes. */
void bytes_init(struct bytes *self, size_t max);
void bytes_done(struct bytes *self);

/* Forgets the content and the failure, keeps the memory. */
void bytes_clear(struct bytes *self);

/* Makes room for `n` more bytes; returns where they start, or NULL after a failure. */
char *bytes_reserve(struct bytes *self, size_t n);

void bytes_add(struct bytes *self, const void *data, size_t len);
void bytes_add_text(struct bytes *self, const char *text);
void bytes_add_char(struct bytes *self, char c);
void bytes_add_i64(struct bytes *self, int64_t value);
PRINTF_LIKE(2, 3) void bytes_add_format(struct bytes *self, const char *format, ...);

/* Removes the first `n` bytes (n <= len) and moves the rest to the front. */
void bytes_drop_front(struct bytes *self, size_t n);

/* The content as an owned NUL-terminated string; the buffer is empty afterwards.  Never NULL. */
char *bytes_take(struct bytes *self);
