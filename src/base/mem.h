/* mem.h - heap memory that is there or ends the program.
 *
 * Running out of memory prints one line and aborts, here and nowhere else.  Sizes that come from
 * input are checked against a named limit before they reach this file. */
#pragma once

#include "base/attr.h"

/* `n` elements of `size` bytes, zeroed.  Never NULL, also for n = 0.  Caller frees with free(). */
void *mem_alloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* Resizes `old` (NULL: allocates) to `n` elements of `size` bytes; new bytes are not zeroed. */
MUST_CHECK void *mem_resize(void *old, size_t n, size_t size) __attribute__((returns_nonnull));

/* A copy of the string, or of the first `len` bytes with a NUL added.  Caller frees with free(). */
char *mem_copy_text(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_copy_bytes(const void *bytes, size_t len) __attribute__((malloc, returns_nonnull));

/* A formatted string.  Caller frees with free(). */
PRINTF_LIKE(1, 2)
char *mem_format(const char *format, ...) __attribute__((malloc, returns_nonnull));

/* Returns to the system what has been freed: call it where much was, and as much will be asked for in other
 * sizes.  Takes about a millisecond. */
void mem_give_back(void);

/* For CLEANUP on a pointer of any type: frees it. */
void mem_freep(void *pointer_to_pointer);

/* Allocates one zeroed object of the pointer's type. */
#define MEM_NEW(type) ((type *)mem_alloc(1, sizeof(type)))
