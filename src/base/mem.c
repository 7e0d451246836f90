/* The only place that decides what running out of memory means: say so and abort.  A benchmark that
 * goes on with half of its records would be worse than one that stops. */
#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void mem_fail(size_t n, size_t size) __attribute__((noreturn));

static void mem_fail(size_t n, size_t size)
{
    (void)fprintf(stderr, "bench: out of memory (%zu elements of %zu bytes)\n", n, size);
    abort();
}

void *mem_alloc(size_t n, size_t size)
{
    void *block = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);
    if (block == NULL) {
        mem_fail(n, size);
    }
    return block;
}

void *mem_resize(void *old, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        mem_fail(n, size);
    }
    const size_t total = n * size;
    void *block = realloc(old, total == 0 ? 1 : total);
    if (block == NULL) {
        mem_fail(n, size);
    }
    return block;
}

char *mem_copy_text(const char *text)
{
    return mem_copy_bytes(text, strlen(text));
}

char *mem_copy_bytes(const void *bytes, size_t len)
{
    char *copy = mem_alloc(len + 1, 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

char *mem_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    const int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0 || text == NULL) {
        mem_fail(1, 1);
    }
    return text;
}

void mem_give_back(void)
{
    (void)malloc_trim(0);
}

void mem_freep(void *pointer_to_pointer)
{
    void *block = NULL;
    memcpy(&block, pointer_to_pointer, sizeof(block));
    free(block);
}
