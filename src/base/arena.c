/* Blocks double in size up to a cap; a request larger than a block gets a block of its own. */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_FIRST_BLOCK = 4096,
    ARENA_BLOCK_MAX = 1 << 20
};

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

void arena_done(struct arena *self)
{
    struct arena_block *block = self->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    self->blocks = NULL;
}

static struct arena_block *arena_grow(struct arena *self, size_t size)
{
    size_t block_size = ARENA_FIRST_BLOCK;
    if (self->blocks != NULL && self->blocks->size < ARENA_BLOCK_MAX) {
        block_size = self->blocks->size * 2;
    } else if (self->blocks != NULL) {
        block_size = ARENA_BLOCK_MAX;
    }
    if (block_size < size) {
        block_size = size;
    }
    struct arena_block *block = mem_alloc(1, sizeof(*block) + block_size);
    block->size = block_size;
    block->next = self->blocks;
    self->blocks = block;
    return block;
}

void *arena_alloc(struct arena *self, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    assert(size < SIZE_MAX / 4);
    size = (size + align - 1) / align * align;
    struct arena_block *block = self->blocks;
    if (block == NULL || block->size - block->used < size) {
        block = arena_grow(self, size);
    }
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

char *arena_copy(struct arena *self, const void *bytes, size_t len)
{
    char *copy = arena_alloc(self, len + 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *arena_copy_text(struct arena *self, const char *text)
{
    return arena_copy(self, text, strlen(text));
}

char *arena_format(struct arena *self, const char *format, ...)
{
    assert(format != NULL);
    va_list args;
    va_start(args, format);
    const int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(need >= 0);
    char *text = arena_alloc(self, (size_t)need + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)need + 1, format, args);
    va_end(args);
    return text;
}
