/* gap_groups.h - percentiles and cluster bootstrap of the gaps between tokens.
 *
 * Tokens of one request are not independent of each other, so a resample draws whole requests.
 * More requests than BOOTSTRAP_GROUPS_MAX are dealt at random into that many groups, and groups are
 * drawn.  Pure.
 * Source: Davison and Hinkley, "Bootstrap methods and their application" (1997), 3.8. */
#pragma once

#include "stats/bootstrap.h"
#include "stats/sample.h"

struct gap_groups {
    const struct weighted *items; /* borrowed, sorted; cluster is the group */
    size_t n;
    uint64_t n_repeated; /* sum of the items' weights */
    uint32_t n_groups;
    size_t n_blocks;    /* runs of equally many items */
    size_t block_size;  /* items in each but the last */
    uint64_t *below;    /* [block * n_groups + group]: the group's weight before the block */
    struct part *parts; /* by group: sum of value * weight, sum of weight */
};

/* Prepares gaps->n >= 0 gaps.  Borrows `gaps`, and replaces each item's cluster by its group.  The
 * generator deals requests into groups. */
void gap_groups_init(struct gap_groups *self, const struct gaps *gaps, struct rng *rng);
void gap_groups_done(struct gap_groups *self);

/* The percentile (0..100) of all gaps, each counted as often as its weight says: numpy.percentile of
 * numpy.repeat(values, weights).  NAN without gaps. */
double gap_groups_percentile(const struct gap_groups *self, double percent);

/* The weighted mean; NAN without gaps. */
double gap_groups_mean(const struct gap_groups *self);

/* Intervals of the two, for n > 0. */
struct interval
gap_groups_percentile_interval(const struct gap_groups *self, double percent, struct rng *rng);
struct interval gap_groups_mean_interval(const struct gap_groups *self, struct rng *rng);
