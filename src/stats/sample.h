/* sample.h - sorted samples of the counted requests: one value a request, or one a token gap.
 *
 * Pure.  Ownership: a sample owns its memory: sample_done, gaps_done. */
#pragma once

#include "stats/request.h"
#include "stats/sort.h"

/* One quantity, one value for each counted request that ended ok and has it, ascending; then
 * n_failed times +INFINITY for the counted requests that did not end ok. */
struct sample {
    double *values; /* n + n_failed */
    size_t n;
    size_t n_failed;
};

void sample_init(
    struct sample *self,
    const struct point_facts *facts,
    const struct record_set *records,
    enum quantity quantity);
void sample_done(struct sample *self);

/* Gaps between a request's token events in ms, over all counted requests that ended ok, ascending.
 * Each belongs to the request (cluster) that it comes from; clusters count from 0, and only requests
 * with at least one gap are clusters. */
struct gaps {
    struct weighted *items;
    size_t n;
    size_t n_clusters;
    uint64_t n_repeated; /* sum of weights: gaps as they are counted */
};

enum gap_kind {
    GAP_TOKENS, /* ITL: between events that brought tokens; gap / tokens, weight = tokens */
    GAP_EVENTS, /* ICL: between all events; weight 1 */
};

void gaps_init(
    struct gaps *self,
    const struct point_facts *facts,
    const struct record_set *records,
    enum gap_kind kind);
void gaps_done(struct gaps *self);
