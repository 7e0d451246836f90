/* run_repeat.h - the launches of a point as one group: their seeds, and how much they differ. */
#pragma once

#include "cli/summary_row.h"
#include "stats/between_runs.h"

#include <stdint.h>

/* Figures of the launches of one point, by the numbers of summary_numbers. */
struct repeat_group {
    size_t n; /* launches that count */
    struct between_runs numbers[SUMMARY_NUMBERS];
};

/* The seed of launch `index` (from 1) of a run with this seed.  Launch 1: the seed itself, so that one
 * launch is the run without --repeat.  Launch k > 1: the first number of sub-stream k of
 * RNG_STREAM_REPEAT without its 11 lowest bits, thus below 2^53: JSON readers that know only doubles
 * keep it.  A pure function: launch k is the same in a run of five and in one of fifty, and
 * `--seed` with its seed sends the same requests again. */
uint64_t repeat_seed(uint64_t base_seed, uint32_t index);

/* numbers[0..n): one pointer a launch that counts, to its SUMMARY_NUMBERS numbers. */
void repeat_group_compute(const double *const *numbers, size_t n, struct repeat_group *out);

/* Object of metric -> {n, mean, sd, interval: [low, high], min, max}; null: there is none. */
struct json *repeat_group_json(const struct repeat_group *self, struct arena *arena);
