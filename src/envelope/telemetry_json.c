/* Every source of energy is a row with its own name, resolution, samples and gaps, so that a reader sees
 * what the sum is made of. */
#include "envelope/telemetry_json.h"

#include "base/mem.h"
#include "stats/energy.h"

static struct json *source_json(struct arena *arena, const struct energy_source *source)
{
    const struct track *track = source->track;
    const struct coverage *coverage = &source->coverage;
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "sampler", track->sampler);
    json_add_text(arena, out, "source", track->source);
    json_add_text(arena, out, "part", track->part);
    json_add_bool(arena, out, "counted", track->counted);
    json_add_text(arena, out, "method", energy_method_name(source->method));
    json_add_f64(
        arena, out, source->method == ENERGY_COUNTER ? "resolution_uj" : "resolution_w",
        source->resolution);
    json_add_i64(arena, out, "period_ns", track->period_ns);
    json_add_i64(arena, out, "n_samples", (int64_t)coverage->n_samples);
    json_add_i64(arena, out, "n_gaps", (int64_t)coverage->n_gaps);
    json_add_i64(arena, out, "longest_gap_ns", coverage->longest_gap_ns);
    json_add_bool(arena, out, "covers_window", coverage->whole);
    (void)json_add(arena, out, "n_missed", json_new_u64(arena, track->n_missed));
    (void)json_add(arena, out, "n_failed", json_new_u64(arena, track->n_failed));
    json_add_i64(arena, out, "n_wraps", (int64_t)source->n_wraps);
    json_add_i64(arena, out, "n_resets", (int64_t)source->n_resets);
    json_add_f64(arena, out, "energy_joules", source->energy_j);
    json_add_f64(arena, out, "uncertainty_joules", source->uncertainty_j);
    return out;
}

struct json *telemetry_json(struct arena *arena, const struct point_facts *facts)
{
    if (facts->telemetry == NULL) {
        return json_new(arena, JSON_NULL);
    }
    CLEANUP(mem_freep) struct energy *energy = MEM_NEW(struct energy);
    const struct span window = {facts->window_start_ns, facts->window_end_ns};
    energy_compute(facts->telemetry, &window, energy);
    struct json *out = json_new(arena, JSON_OBJECT);
    struct json *sources = json_add(arena, out, "sources", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < energy->n_sources; i++) {
        (void)json_append(sources, source_json(arena, &energy->sources[i]));
    }
    return out;
}
