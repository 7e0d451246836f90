/* A resample is a count for each group, never a copy of gaps.  Its percentile is the value at a known
 * place of the sorted gaps when each counts weight * count[group] times.  The sorted gaps are cut
 * into blocks, and for each block the weight of each group before it is tabulated: bisection over
 * blocks finds the one with the place, and only that block is walked.  So a resample costs some
 * group-sized sums and one block, however many gaps there are, and is exact. */
#include "stats/gap_groups.h"

#include "base/mem.h"
#include "stats/percentile.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS_MAX = 512,
    BLOCK_PER_GROUP = 4 /* shorter blocks than so many items a group cost more memory than time */
};

/* Deals clusters into groups and says so in the items. */
static void deal_groups(struct gap_groups *self, const struct gaps *gaps, struct rng *rng)
{
    const uint32_t n_clusters = (uint32_t)gaps->n_clusters;
    self->n_groups = n_clusters;
    if (n_clusters <= BOOTSTRAP_GROUPS_MAX) {
        return;
    }
    self->n_groups = BOOTSTRAP_GROUPS_MAX;
    CLEANUP(mem_freep) uint32_t *order = mem_alloc(n_clusters, sizeof(*order));
    rng_permutation(rng, order, n_clusters);
    for (size_t i = 0; i < gaps->n; i++) {
        gaps->items[i].cluster = order[gaps->items[i].cluster] % self->n_groups;
    }
}

static void tabulate(struct gap_groups *self)
{
    CLEANUP(mem_freep) uint64_t *sofar = mem_alloc(self->n_groups, sizeof(*sofar));
    for (size_t i = 0; i < self->n; i++) {
        if (i % self->block_size == 0) {
            uint64_t *row = self->below + i / self->block_size * self->n_groups;
            memcpy(row, sofar, self->n_groups * sizeof(*sofar));
        }
        const struct weighted *item = &self->items[i];
        sofar[item->cluster] += item->weight;
        self->parts[item->cluster].sum += item->value * (double)item->weight;
        self->parts[item->cluster].weight += (double)item->weight;
    }
}

void gap_groups_init(struct gap_groups *self, const struct gaps *gaps, struct rng *rng)
{
    assert(gaps->n_clusters <= UINT32_MAX);
    *self = (struct gap_groups){
        .items = gaps->items,
        .n = gaps->n,
        .n_repeated = gaps->n_repeated,
    };
    if (gaps->n == 0) {
        return;
    }
    deal_groups(self, gaps, rng);
    self->block_size = (self->n + BLOCKS_MAX - 1) / BLOCKS_MAX;
    const size_t shortest = (size_t)BLOCK_PER_GROUP * self->n_groups;
    self->block_size = self->block_size < shortest ? shortest : self->block_size;
    self->n_blocks = (self->n + self->block_size - 1) / self->block_size;
    self->below = mem_alloc(self->n_blocks * self->n_groups, sizeof(*self->below));
    self->parts = mem_alloc(self->n_groups, sizeof(*self->parts));
    tabulate(self);
}

void gap_groups_done(struct gap_groups *self)
{
    free(self->below);
    free(self->parts);
    *self = (struct gap_groups){0};
}

/* Weight before a block when each group counts counts[group] times. */
static uint64_t weight_before(const struct gap_groups *self, const uint32_t *counts, size_t block)
{
    const uint64_t *row = self->below + block * self->n_groups;
    uint64_t weight = 0;
    for (uint32_t g = 0; g < self->n_groups; g++) {
        weight += row[g] * counts[g];
    }
    return weight;
}

/* The last block with no more than `place` before it. */
static size_t block_of(const struct gap_groups *self, const uint32_t *counts, uint64_t place)
{
    size_t low = 0;
    size_t high = self->n_blocks;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (weight_before(self, counts, middle) <= place) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static double percentile_of(
    const struct gap_groups *self, const uint32_t *counts, uint64_t n_repeated, double percent)
{
    const struct percentile_rank rank = percentile_rank(n_repeated, percent);
    const size_t block = block_of(self, counts, rank.lower);
    size_t i = block * self->block_size;
    uint64_t passed = weight_before(self, counts, block);
    double lower = (double)NAN;
    for (;; i++) {
        assert(i < self->n);
        const uint64_t before = passed;
        passed += (uint64_t)self->items[i].weight * counts[self->items[i].cluster];
        if (before <= rank.lower && rank.lower < passed) {
            lower = self->items[i].value;
        }
        if (rank.upper < passed) {
            return percentile_between(lower, self->items[i].value, rank.fraction);
        }
    }
}

double gap_groups_percentile(const struct gap_groups *self, double percent)
{
    if (self->n == 0) {
        return (double)NAN;
    }
    CLEANUP(mem_freep) uint32_t *counts = mem_alloc(self->n_groups, sizeof(*counts));
    for (uint32_t g = 0; g < self->n_groups; g++) {
        counts[g] = 1;
    }
    return percentile_of(self, counts, self->n_repeated, percent);
}

double gap_groups_mean(const struct gap_groups *self)
{
    if (self->n == 0) {
        return (double)NAN;
    }
    double sum = 0.0;
    for (size_t i = 0; i < self->n; i++) {
        sum += self->items[i].value * (double)self->items[i].weight;
    }
    return sum / (double)self->n_repeated;
}

struct interval
gap_groups_percentile_interval(const struct gap_groups *self, double percent, struct rng *rng)
{
    assert(self->n > 0);
    CLEANUP(mem_freep) uint32_t *counts = mem_alloc(self->n_groups, sizeof(*counts));
    double results[BOOTSTRAP_RESAMPLES];
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        memset(counts, 0, self->n_groups * sizeof(*counts));
        double n_repeated = 0.0;
        for (uint32_t g = 0; g < self->n_groups; g++) {
            const uint64_t drawn = rng_below(rng, self->n_groups);
            counts[drawn]++;
            n_repeated += self->parts[drawn].weight;
        }
        results[i] = percentile_of(self, counts, (uint64_t)n_repeated, percent);
    }
    return bootstrap_middle(results);
}

struct interval gap_groups_mean_interval(const struct gap_groups *self, struct rng *rng)
{
    assert(self->n > 0);
    return bootstrap_ratio(self->parts, self->n_groups, rng);
}
