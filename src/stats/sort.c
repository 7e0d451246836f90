/* Radix sort, eleven bits a pass: a percentile needs the sorted sample, and at millions of tokens a
 * comparison sort would be the slowest part of a summary.  A double's bits, with the sign bit turned
 * (negative values: all bits turned), order like the number.  Passes over digits that all values
 * share are skipped. */
#include "stats/sort.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    RADIX_BITS = 11,
    RADIX_SIZE = 1 << RADIX_BITS,
    RADIX_MASK = RADIX_SIZE - 1,
    RADIX_PASSES = 6, /* 6 * 11 bits cover 64 */
    SMALL = 64        /* below this, insertion is faster */
};

#define SIGN_BIT (UINT64_C(1) << 63)

uint64_t sort_key(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return (bits & SIGN_BIT) != 0 ? ~bits : bits | SIGN_BIT;
}

static size_t digit_of(double value, unsigned pass)
{
    return (size_t)(sort_key(value) >> (pass * RADIX_BITS)) & RADIX_MASK;
}

static void insertion_sort(struct weighted *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct weighted item = items[i];
        size_t j = i;
        for (; j > 0 && items[j - 1].value > item.value; j--) {
            items[j] = items[j - 1];
        }
        items[j] = item;
    }
}

/* Turns counts of digits into places.  False when one digit holds all n. */
static bool places_from_counts(size_t counts[RADIX_SIZE], size_t n)
{
    size_t place = 0;
    for (size_t d = 0; d < RADIX_SIZE; d++) {
        const size_t count = counts[d];
        if (count == n) {
            return false;
        }
        counts[d] = place;
        place += count;
    }
    return true;
}

void sort_weighted(struct weighted *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert(!isnan(items[i].value));
    }
    if (n < SMALL) {
        insertion_sort(items, n);
        return;
    }
    CLEANUP(mem_freep) struct weighted *other = mem_alloc(n, sizeof(*other));
    CLEANUP(mem_freep)
    size_t *counts = mem_alloc((size_t)RADIX_PASSES * RADIX_SIZE, sizeof(size_t));
    for (size_t i = 0; i < n; i++) {
        for (unsigned pass = 0; pass < RADIX_PASSES; pass++) {
            counts[(size_t)pass * RADIX_SIZE + digit_of(items[i].value, pass)]++;
        }
    }
    struct weighted *from = items;
    struct weighted *to = other;
    for (unsigned pass = 0; pass < RADIX_PASSES; pass++) {
        size_t *places = counts + (size_t)pass * RADIX_SIZE;
        if (!places_from_counts(places, n)) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            to[places[digit_of(from[i].value, pass)]++] = from[i];
        }
        struct weighted *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) {
        memcpy(items, from, n * sizeof(*items));
    }
}

void sort_doubles(double *values, size_t n)
{
    CLEANUP(mem_freep) struct weighted *items = mem_alloc(n, sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        items[i].value = values[i];
    }
    sort_weighted(items, n);
    for (size_t i = 0; i < n; i++) {
        values[i] = items[i].value;
    }
}
