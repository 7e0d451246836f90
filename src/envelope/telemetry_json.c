/* Every source of energy is a row with its own name, resolution, samples and gaps, so that a reader sees
 * what the sum is made of; everything else that was sampled is a row of tracks, cut to the window. */
#include "envelope/telemetry_json.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/energy.h"
#include "stats/engine_load.h"
#include "stats/host_load.h"

#include <math.h>

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

/* How often the source was read, and how well that covers the window. */
static void add_coverage(
    struct arena *arena, const struct track *track, const struct span *span, struct json *out)
{
    struct coverage coverage = {0};
    if (track->n_columns > 0) {
        track_coverage(track, &track->columns[0], span, &coverage);
    }
    json_add_i64(arena, out, "period_ns", track->period_ns);
    json_add_i64(arena, out, "n_samples", (int64_t)coverage.n_samples);
    json_add_i64(arena, out, "n_gaps", (int64_t)coverage.n_gaps);
    json_add_i64(arena, out, "longest_gap_ns", coverage.longest_gap_ns);
    json_add_bool(arena, out, "covers_window", coverage.whole);
    (void)json_add(arena, out, "n_missed", json_new_u64(arena, track->n_missed));
    (void)json_add(arena, out, "n_failed", json_new_u64(arena, track->n_failed));
    json_add_i64(arena, out, "cpu_ns", track->cpu_ns);
}

static struct json *level_json(
    struct arena *arena,
    const struct track *track,
    const struct track_column *column,
    const struct span *span)
{
    struct level level;
    struct json *out = json_new(arena, JSON_OBJECT);
    track_level(track, column, span, &level);
    json_add_f64(arena, out, "mean", level.mean);
    json_add_f64(arena, out, "min", level.min);
    json_add_f64(arena, out, "max", level.max);
    return out;
}

/* Running totals may grow at any rate; only energy has a most. */
static struct json *growth_json(
    struct arena *arena,
    const struct track *track,
    const struct track_column *column,
    const struct span *span)
{
    struct growth growth;
    struct json *out = json_new(arena, JSON_OBJECT);
    track_growth(track, column, span, (double)INFINITY, &growth);
    json_add_f64(arena, out, "growth", growth.amount);
    json_add_f64(arena, out, "low", growth.low);
    json_add_f64(arena, out, "high", growth.high);
    json_add_i64(arena, out, "n_resets", (int64_t)growth.n_resets);
    return out;
}

/* Every column but energy, which stands in the sources. */
static struct json *
track_json(struct arena *arena, const struct track *track, const struct span *span)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "sampler", track->sampler);
    json_add_text(arena, out, "source", track->source);
    json_add_text(arena, out, "part", track->part);
    add_coverage(arena, track, span, out);
    struct json *levels = json_add(arena, out, "levels", json_new(arena, JSON_OBJECT));
    struct json *totals = json_add(arena, out, "totals", json_new(arena, JSON_OBJECT));
    for (uint32_t c = 0; c < track->n_columns; c++) {
        const struct track_column *column = &track->columns[c];
        if (column->role == TRACK_COUNTER) {
            (void)json_add(arena, totals, column->key, growth_json(arena, track, column, span));
        } else if (column->role != TRACK_ENERGY) {
            (void)json_add(arena, levels, column->key, level_json(arena, track, column, span));
        }
    }
    return out;
}

static void add_engine(
    struct arena *arena,
    const struct telemetry *telemetry,
    const struct span *span,
    struct json *out)
{
    struct engine_figure figures[ENGINE_FIGURES];
    if (!engine_load_compute(telemetry, span, figures)) {
        json_add_null(arena, out, "engine");
        return;
    }
    struct json *engine = json_add(arena, out, "engine", json_new(arena, JSON_OBJECT));
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        json_add_f64(arena, engine, figures[i].key, figures[i].value);
    }
}

static void add_host(
    struct arena *arena,
    const struct telemetry *telemetry,
    const struct span *span,
    struct json *out)
{
    struct host_figure figures[HOST_FIGURES];
    if (!host_load_compute(telemetry, span, figures)) {
        json_add_null(arena, out, "host");
        return;
    }
    struct json *host = json_add(arena, out, "host", json_new(arena, JSON_OBJECT));
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        json_add_f64(arena, host, figures[i].key, figures[i].value);
    }
}

/* The same computation over the span before the warm-up. */
static struct json *
idle_source_json(struct arena *arena, const struct energy_source *source, double length_s)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "sampler", source->track->sampler);
    json_add_text(arena, out, "source", source->track->source);
    json_add_i64(arena, out, "n_samples", (int64_t)source->coverage.n_samples);
    json_add_f64(arena, out, "power_avg_w", source->energy_j / length_s);
    json_add_f64(arena, out, "uncertainty_w", source->uncertainty_j / length_s);
    return out;
}

static void add_idle(struct arena *arena, const struct telemetry *telemetry, struct json *out)
{
    const struct span idle = {telemetry->idle_start_ns, telemetry->idle_end_ns};
    if (idle.end_ns <= idle.start_ns) {
        json_add_null(arena, out, "idle_baseline");
        return;
    }
    CLEANUP(mem_freep) struct energy *energy = MEM_NEW(struct energy);
    const double length_s = (double)(idle.end_ns - idle.start_ns) / (double)NS_PER_S;
    energy_compute(telemetry, &idle, energy);
    struct json *row = json_add(arena, out, "idle_baseline", json_new(arena, JSON_OBJECT));
    json_add_f64(arena, row, "duration_s", length_s);
    json_add_f64(arena, row, "power_avg_w", energy->power_avg_w);
    json_add_f64(arena, row, "power_peak_w", energy->power_peak_w);
    json_add_f64(arena, row, "energy_joules", energy->energy_j);
    json_add_f64(arena, row, "energy_uncertainty_joules", energy->uncertainty_j);
    json_add_f64(arena, row, "engine_running_requests_max", engine_running_max(telemetry, &idle));
    struct json *sources = json_add(arena, row, "sources", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < energy->n_sources; i++) {
        (void)json_append(sources, idle_source_json(arena, &energy->sources[i], length_s));
    }
}

static void add_recorder(struct arena *arena, const struct telemetry *telemetry, struct json *out)
{
    struct json *recorder = json_add(arena, out, "recorder", json_new(arena, JSON_OBJECT));
    json_add_i64(arena, recorder, "cpu_ns", telemetry->recorder_cpu_ns);
    json_add_i64(arena, recorder, "wall_ns", telemetry->recorder_wall_ns);
    json_add_f64(
        arena, recorder, "cpu_share",
        telemetry->recorder_wall_ns > 0
            ? (double)telemetry->recorder_cpu_ns / (double)telemetry->recorder_wall_ns
            : (double)NAN);
}

struct json *telemetry_json(struct arena *arena, const struct point_facts *facts)
{
    const struct telemetry *telemetry = facts->telemetry;
    if (telemetry == NULL) {
        return json_new(arena, JSON_NULL);
    }
    CLEANUP(mem_freep) struct energy *energy = MEM_NEW(struct energy);
    const struct span window = {facts->window_start_ns, facts->window_end_ns};
    energy_compute(telemetry, &window, energy);
    struct json *out = json_new(arena, JSON_OBJECT);
    struct json *sources = json_add(arena, out, "sources", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < energy->n_sources; i++) {
        (void)json_append(sources, source_json(arena, &energy->sources[i]));
    }
    add_idle(arena, telemetry, out);
    add_engine(arena, telemetry, &window, out);
    add_host(arena, telemetry, &window, out);
    struct json *tracks = json_add(arena, out, "tracks", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < telemetry->n_tracks; i++) {
        (void)json_append(tracks, track_json(arena, &telemetry->tracks[i], &window));
    }
    add_recorder(arena, telemetry, out);
    return out;
}
