/* Three ways to a resample, none of which copies the sample:
 *
 * Percentile.  Drawing n of n values with replacement and sorting them is the same as sorting n
 * uniform numbers u and reading value floor(n u) for each.  So the resample's k-th value is
 * sorted[floor(n U)] with U the k-th of n sorted uniforms; and two neighbours among sorted uniforms
 * are (A, A + E) / (A + E + B) with A, E and B gamma variates of shapes k, 1 and the rest.
 *
 * Share.  The number of hits is binomial.  It is drawn by halving: the median of the n uniforms is a
 * beta variate; depending on its side of the share, half of the uniforms are known to be hits (or
 * misses) and the rest are uniform on what is left.
 *
 * Mean.  A resample is as many draws as there are values; beyond some thousands, random groups of
 * values stand for them, whose means scatter as the values' do. */
#include "stats/bootstrap.h"

#include "base/mem.h"
#include "stats/percentile.h"
#include "stats/sort.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

enum {
    SUB_STREAM_SHIFT = 8, /* sub-streams have 56 bits: base/rng.h */
    BINOMIAL_DIRECT = 16  /* so few trials are simply made */
};

static const struct interval interval_none = {.low = (double)NAN, .high = (double)NAN};
static const double interval_low = 2.5;
static const double interval_high = 97.5;

void bootstrap_start(struct rng *rng, uint64_t seed, const char *key)
{
    uint64_t hash = FNV_OFFSET;
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (uint64_t)(unsigned char)*c) * FNV_PRIME;
    }
    rng_init_sub(rng, seed, RNG_STREAM_BOOTSTRAP, hash >> SUB_STREAM_SHIFT);
}

struct interval bootstrap_middle(double results[BOOTSTRAP_RESAMPLES])
{
    sort_doubles(results, BOOTSTRAP_RESAMPLES);
    const struct interval out = {
        .low = percentile_sorted(results, BOOTSTRAP_RESAMPLES, interval_low),
        .high = percentile_sorted(results, BOOTSTRAP_RESAMPLES, interval_high),
    };
    return isfinite(out.low) && isfinite(out.high) ? out : interval_none;
}

static uint64_t place_of(double uniform, uint64_t n)
{
    const uint64_t place = (uint64_t)(uniform * (double)n);
    return place < n ? place : n - 1;
}

struct interval
bootstrap_percentile(const double *sorted, size_t n, double percent, struct rng *rng)
{
    const struct percentile_rank rank = percentile_rank(n, percent);
    const uint64_t step = rank.upper - rank.lower;
    const double shape_below = (double)(rank.lower + 1);
    const double shape_above = (double)(n - rank.upper);
    double results[BOOTSTRAP_RESAMPLES];
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        const double below = rng_gamma(rng, shape_below, 1.0);
        const double between = step > 0 ? rng_exponential(rng, 1.0) : 0.0;
        const double above = rng_gamma(rng, shape_above, 1.0);
        const double all = below + between + above;
        const double lower = sorted[place_of(below / all, n)];
        const double upper = sorted[place_of((below + between) / all, n)];
        results[i] = percentile_between(lower, upper, rank.fraction);
    }
    return bootstrap_middle(results);
}

static double rng_beta(struct rng *rng, double a, double b)
{
    const double x = rng_gamma(rng, a, 1.0);
    return x / (x + rng_gamma(rng, b, 1.0));
}

static uint64_t rng_binomial(struct rng *rng, uint64_t n, double share)
{
    uint64_t hits = 0;
    while (n > BINOMIAL_DIRECT) {
        const uint64_t middle = 1 + n / 2;
        const double median = rng_beta(rng, (double)middle, (double)(n + 1 - middle));
        if (median <= share) {
            hits += middle;
            n -= middle;
            share = (share - median) / (1.0 - median);
        } else {
            n = middle - 1;
            share /= median;
        }
    }
    for (uint64_t i = 0; i < n; i++) {
        hits += rng_uniform(rng) < share;
    }
    return hits;
}

struct interval bootstrap_share(uint64_t hits, uint64_t n, struct rng *rng)
{
    assert(n > 0 && hits <= n);
    if (hits == 0 || hits == n) {
        return interval_none;
    }
    double results[BOOTSTRAP_RESAMPLES];
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        results[i] = (double)rng_binomial(rng, n, (double)hits / (double)n) / (double)n;
    }
    return bootstrap_middle(results);
}

struct interval bootstrap_ratio(const struct part *parts, size_t n, struct rng *rng)
{
    double results[BOOTSTRAP_RESAMPLES];
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        double sum = 0.0;
        double weight = 0.0;
        for (size_t j = 0; j < n; j++) {
            const struct part *part = &parts[rng_below(rng, n)];
            sum += part->sum;
            weight += part->weight;
        }
        results[i] = sum / weight;
    }
    return bootstrap_middle(results);
}

struct interval bootstrap_mean(const double *sorted, size_t n, struct rng *rng)
{
    assert(n > 0 && n <= UINT32_MAX);
    const uint32_t n_groups =
        n < BOOTSTRAP_GROUPS_MAX ? (uint32_t)n : (uint32_t)BOOTSTRAP_GROUPS_MAX;
    CLEANUP(mem_freep) struct part *parts = mem_alloc(n_groups, sizeof(*parts));
    CLEANUP(mem_freep) uint32_t *order = mem_alloc(n, sizeof(*order));
    rng_permutation(rng, order, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        struct part *part = &parts[order[i] % n_groups];
        part->sum += sorted[i];
        part->weight += 1.0;
    }
    return bootstrap_ratio(parts, n_groups, rng);
}
