/* The engine's own metrics.  The answer may be slow, huge or broken: it is asked for with a limit of time
 * and size, in a thread that reads nothing else, and what cannot be read is a failed sample, never a zero.
 * The engine has to make the text, so it is asked once a second and not ten times. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "stats/engine_load.h"
#include "telemetry/engine_metric.h"
#include "telemetry/sampler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct engine_metrics {
    struct sampler sampler;
    struct arena arena;
    struct metrics_source source;
    struct track track;
    struct track_column columns[TRACK_COLUMNS_MAX];
    uint32_t rows[TRACK_COLUMNS_MAX]; /* of the columns but for the first */
};

static const struct track_column scrape_column = {
    .key = "scrape_ms", .role = TRACK_GAUGE, .resolution = 1e-6};

/* One answer, summed up by rows. */
static int scrape(
    const struct metrics_source *source,
    struct engine_metric_sum sums[ENGINE_METRICS_MAX],
    struct error *err)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, METRICS_TEXT_MAX);
    const int result = source->fetch(source->context, &text, err);
    if (result < 0) {
        return result;
    }
    struct prometheus reader;
    prometheus_init(&reader, text.data, text.len);
    int outcome = PROMETHEUS_END;
    while ((outcome = prometheus_next(&reader)) == PROMETHEUS_SAMPLE) {
        engine_metric_add(&reader, sums);
    }
    if (outcome == PROMETHEUS_BROKEN) {
        return error_set(
            err, ERROR_PARSE, "%s: line %llu is no metric: %s", source->url,
            (unsigned long long)reader.line, reader.fault);
    }
    return 0;
}

static bool metrics_sample(struct sampler *sampler, uint32_t source, double *values)
{
    (void)source;
    const struct engine_metrics *self = (const struct engine_metrics *)sampler;
    struct engine_metric_sum sums[ENGINE_METRICS_MAX] = {0};
    struct error err = {0};
    const int64_t start_ns = clock_mono_ns();
    if (scrape(&self->source, sums, &err) < 0) {
        (void)snprintf(sampler->trouble, sizeof(sampler->trouble), "%s", err.text);
        return false;
    }
    values[0] = (double)(clock_mono_ns() - start_ns) / (double)NS_PER_MS;
    for (uint32_t c = 1; c < self->track.n_columns; c++) {
        const uint32_t row = self->rows[c];
        values[c] = engine_metric_value(&engine_metric_table[row], &sums[row]);
    }
    return true;
}

static void metrics_close(struct sampler *sampler)
{
    struct engine_metrics *self = (struct engine_metrics *)sampler;
    if (self != NULL) {
        arena_done(&self->arena);
        free(self);
    }
}

/* A column for each row of the engine that it tells, or will tell when the first request was there. */
static void add_columns(
    struct engine_metrics *self,
    const char *family,
    const struct engine_metric_sum sums[ENGINE_METRICS_MAX])
{
    self->columns[0] = scrape_column;
    self->track.n_columns = 1;
    for (uint32_t i = 0; i < engine_metric_table_len; i++) {
        const struct engine_metric *row = &engine_metric_table[i];
        if (!text_equal(row->engine, family) ||
            (!row->late && isnan(engine_metric_value(row, &sums[i])))) {
            continue;
        }
        self->rows[self->track.n_columns] = i;
        self->columns[self->track.n_columns++] =
            (struct track_column){.key = row->key, .role = row->role};
    }
}

static int
metrics_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    const struct metrics_source *source = options->metrics;
    if (source == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "engine_metrics: this engine has no metrics");
    }
    struct engine_metric_sum sums[ENGINE_METRICS_MAX] = {0};
    if (scrape(source, sums, err) < 0) {
        return error_prefix(err, "engine_metrics: ");
    }
    struct engine_metrics *self = MEM_NEW(struct engine_metrics);
    self->sampler =
        (struct sampler){.ops = &sampler_engine_metrics, .n_sources = 1, .sources = &self->track};
    self->source = *source;
    self->track = (struct track){
        .sampler = "engine_metrics",
        .source = arena_copy_text(&self->arena, source->url),
        .part = ENGINE_PART,
        .columns = self->columns,
    };
    add_columns(self, engine_metric_family(sums, source->engine), sums);
    if (self->track.n_columns == 1) {
        metrics_close(&self->sampler);
        return error_set(
            err, ERROR_UNAVAILABLE, "engine_metrics: %s has no metric that is known here",
            source->url);
    }
    *out = &self->sampler;
    return 0;
}

const struct sampler_ops sampler_engine_metrics = {
    .name = "engine_metrics",
    .summary = "the engine's queue, caches, preemptions and speculation, by its metrics",
    .scope = SAMPLER_ENGINE,
    .waits = true,
    .period_ns = NS_PER_S,
    .open = metrics_open,
    .sample = metrics_sample,
    .close = metrics_close,
};
