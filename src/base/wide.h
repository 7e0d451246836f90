/* wide.h - eight bytes of text looked at together.
 *
 * A mask has the high bit of a byte set where the byte is one that is searched.  The lowest set bit is
 * always right; above it the borrow of a subtraction may set bits of bytes that are not: a mask says
 * whether there is one and where the first one is, not how many there are. */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIDE_EVERY     UINT64_C(0x0101010101010101)
#define WIDE_HIGH_BITS UINT64_C(0x8080808080808080)

/* The first byte lies lowest. */
static inline uint64_t wide_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return le64toh(word);
}

/* Bytes less than n, which is at most 128. */
static inline uint64_t wide_less(uint64_t word, unsigned char n)
{
    return (word - WIDE_EVERY * n) & ~word & WIDE_HIGH_BITS;
}

static inline uint64_t wide_equal(uint64_t word, char c)
{
    return wide_less(word ^ (WIDE_EVERY * (unsigned char)c), 1);
}

/* Place of the first byte of a mask that is not 0. */
static inline size_t wide_first(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask) / 8;
}
