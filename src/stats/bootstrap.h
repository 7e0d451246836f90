/* bootstrap.h - 95 % percentile intervals from BOOTSTRAP_RESAMPLES resamples with replacement.
 *
 * Pure: the same sample and the same generator state give the same interval.  What is resampled is
 * always the request; for the gaps between its tokens see gap_groups.h.  None of the functions
 * copies a sample; bootstrap.c says how each resample is drawn in less than its own size.
 * Source: Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapters 6 and 13. */
#pragma once

#include "base/rng.h"

enum {
    BOOTSTRAP_RESAMPLES = 1000,
    BOOTSTRAP_GROUPS_MAX = 2048 /* larger samples of means and gaps are resampled in groups */
};

/* Both ends finite, low <= high; or both NAN where there is no interval. */
struct interval {
    double low;
    double high;
};

/* One group's share of a ratio of sums. */
struct part {
    double sum;
    double weight;
};

/* Starts the generator of one metric.  The sub-stream of RNG_STREAM_BOOTSTRAP is a hash of the key
 * (FNV-1a), so that a new metric never moves another's interval. */
void bootstrap_start(struct rng *rng, uint64_t seed, const char *key);

/* Interval of a percentile (0..100) of sorted[0..n), ascending, n > 0.  Exact; O(1) a resample.
 * None when an end would be infinite. */
struct interval
bootstrap_percentile(const double *sorted, size_t n, double percent, struct rng *rng);

/* Interval of the share hits / n, n > 0.  Exact; O(log n) a resample.  None when hits is 0 or n: all
 * resamples would be alike, and an interval of width 0 would claim a certainty that is not there. */
struct interval bootstrap_share(uint64_t hits, uint64_t n, struct rng *rng);

/* Interval of the arithmetic mean of sorted[0..n), 0 < n <= UINT32_MAX, all finite.  More values
 * than BOOTSTRAP_GROUPS_MAX are dealt at random into that many groups, and groups are resampled. */
struct interval bootstrap_mean(const double *sorted, size_t n, struct rng *rng);

/* Interval of (sum of the parts' sums) / (sum of their weights), parts resampled; n > 0. */
struct interval bootstrap_ratio(const struct part *parts, size_t n, struct rng *rng);

/* The middle 95 % of the resamples' results, which are sorted; none when an end is not finite. */
struct interval bootstrap_middle(double results[BOOTSTRAP_RESAMPLES]);
