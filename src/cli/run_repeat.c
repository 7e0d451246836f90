/* The same figures stand at the end of a run and in `bench summary`: both compute them here, from the
 * numbers that the envelopes carry. */
#include "cli/run_repeat.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>

enum {
    SEED_LOW_BITS = 11 /* dropped, so that 53 are left */
};

uint64_t repeat_seed(uint64_t base_seed, uint32_t index)
{
    if (index <= 1) {
        return base_seed;
    }
    struct rng rng;
    rng_init_sub(&rng, base_seed, RNG_STREAM_REPEAT, index);
    return rng_next(&rng) >> SEED_LOW_BITS;
}

void repeat_group_compute(const double *const *numbers, size_t n, struct repeat_group *out)
{
    CLEANUP(mem_freep) double *values = mem_alloc(n, sizeof(*values));
    *out = (struct repeat_group){.n = n};
    for (size_t number = 0; number < SUMMARY_NUMBERS; number++) {
        for (size_t i = 0; i < n; i++) {
            values[i] = numbers[i][number];
        }
        between_runs_compute(values, n, &out->numbers[number]);
    }
}

static void add_interval(struct arena *arena, struct json *out, const struct between_runs *figures)
{
    if (isnan(figures->half)) {
        json_add_null(arena, out, "interval");
        return;
    }
    struct json *interval = json_add(arena, out, "interval", json_new(arena, JSON_ARRAY));
    (void)json_append(interval, json_new_f64(arena, figures->mean - figures->half));
    (void)json_append(interval, json_new_f64(arena, figures->mean + figures->half));
}

struct json *repeat_group_json(const struct repeat_group *self, struct arena *arena)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        const struct between_runs *figures = &self->numbers[i];
        struct json *metric =
            json_add(arena, out, summary_number_key(i), json_new(arena, JSON_OBJECT));
        json_add_i64(arena, metric, "n", (int64_t)figures->n);
        json_add_f64(arena, metric, "mean", figures->mean);
        json_add_f64(arena, metric, "sd", figures->sd);
        add_interval(arena, metric, figures);
        json_add_f64(arena, metric, "min", figures->min);
        json_add_f64(arena, metric, "max", figures->max);
    }
    return out;
}
