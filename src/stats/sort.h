/* sort.h - stable sorting of doubles in linear time.
 *
 * Pure; allocates working memory of the input's size.  Infinities are allowed, NAN is not. */
#pragma once

#include "base/attr.h"

#include <stdint.h>

/* A value that counts `weight` times and belongs to one cluster (a request or group of requests). */
struct weighted {
    double value;
    uint32_t weight;
    uint32_t cluster;
};

/* Orders as the values do, infinities included. */
uint64_t sort_key(double value);

/* Sorts in place, ascending. */
void sort_doubles(double *values, size_t n);

/* Sorts in place by value, ascending; equal values keep their order. */
void sort_weighted(struct weighted *items, size_t n);
