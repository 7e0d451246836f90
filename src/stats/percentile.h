/* percentile.h - exact percentiles, numpy's default rule, and what a sample can support.
 *
 * Pure.  A percentile is written in percent, 0..100, as in numpy.percentile.  Infinities are
 * allowed in samples (requests that never ended), NAN is not.
 * Source: Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician
 * 50 (1996), definition 7; https://numpy.org/doc/stable/reference/generated/numpy.percentile.html */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Where a percentile lies between two neighbours of a sorted sample. */
struct percentile_rank {
    uint64_t lower;  /* index of the lower neighbour, from 0 */
    uint64_t upper;  /* lower + 1, or lower at the end of the sample */
    double fraction; /* way from lower to upper, [0, 1) */
};

/* The place of the percentile among n > 0 values. */
struct percentile_rank percentile_rank(uint64_t n, double percent);

/* The value between two neighbours, bit for bit as numpy interpolates; +INFINITY when the upper one
 * is infinite and has any share. */
double percentile_between(double lower, double upper, double fraction);

/* The percentile of sorted[0..n), ascending; NAN when n is 0. */
double percentile_sorted(const double *sorted, size_t n, double percent);

/* The smallest sample that supports a percentile (0 < percent < 100): with 99 % confidence at least
 * two values lie above the true percentile.  11, 64, 130, 662 and 6636 for p50, p90, p95, p99 and
 * p99.9.  Source: MEASUREMENT.md "Definitions"; David and Nagaraja, "Order statistics", 7.1. */
uint64_t percentile_min_samples(double percent);
