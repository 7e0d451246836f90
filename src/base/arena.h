/* arena.h - memory with one lifetime: allocated piece by piece, freed at once.
 *
 * One arena per loaded document, spec or run.  Not thread-safe. */
#pragma once

#include "base/attr.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
};

/* An empty arena is {0}. */
void arena_done(struct arena *self);

/* `size` zeroed bytes, aligned for any type, alive until arena_done.  Never NULL. */
void *arena_alloc(struct arena *self, size_t size) __attribute__((malloc, returns_nonnull));

/* A NUL-terminated copy of `len` bytes. */
char *arena_copy(struct arena *self, const void *bytes, size_t len)
    __attribute__((returns_nonnull));
char *arena_copy_text(struct arena *self, const char *text) __attribute__((returns_nonnull));
PRINTF_LIKE(2, 3)
char *arena_format(struct arena *self, const char *format, ...) __attribute__((returns_nonnull));
