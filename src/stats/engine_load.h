/* engine_load.h - what an engine's own metrics say of a span: its queue, its KV cache, its prefix cache,
 * its preemptions and its speculation.
 *
 * telemetry/ brings the metrics of every engine to the keys below; these figures are made of the keys
 * alone, so that engines can be compared.  Pure: the same samples give the same numbers.
 * What the engine does not tell is NAN. */
#pragma once

#include "stats/track.h"

/* `part` of the track that holds an engine's metrics. */
#define ENGINE_PART "engine"

/* Keys of its columns: gauges, then running totals. */
#define ENGINE_RUNNING       "running_requests"
#define ENGINE_WAITING       "waiting_requests"
#define ENGINE_KV_SHARE      "kv_cache_used_share"
#define ENGINE_SPEC_SHARE    "spec_accepted_share" /* where the engine tells no totals of it */
#define ENGINE_QUERIED       "prefix_queried_tokens"
#define ENGINE_HIT           "prefix_hit_tokens"
#define ENGINE_PREEMPTED     "preempted_requests"
#define ENGINE_SPEC_DRAFTED  "spec_drafted_tokens"
#define ENGINE_SPEC_ACCEPTED "spec_accepted_tokens"
#define ENGINE_PROMPT        "prompt_tokens"
#define ENGINE_GENERATED     "generated_tokens"

struct engine_figure {
    const char *key; /* as in the envelope: "running_requests_mean" */
    double value;
};

enum {
    ENGINE_FIGURES = 11
};

/* The most requests that it was seen running in the span; NAN when that is not known. */
double engine_running_max(const struct telemetry *telemetry, const struct span *span);

/* False, and nothing written, when nothing of the engine was sampled.  `telemetry` may be NULL. */
bool engine_load_compute(
    const struct telemetry *telemetry,
    const struct span *span,
    struct engine_figure out[ENGINE_FIGURES]);
