/* One row for each figure.  Gauges are seen at the moments of the samples only: between two of them a
 * queue may have been longer.  Totals are exact up to the edges of the span. */
#include "stats/engine_load.h"

#include "base/text.h"

#include <math.h>

/* Totals of an engine have no range at which they begin again: no growth is too large. */
#define ANY_RATE ((double)INFINITY)

enum figure_kind {
    FIGURE_MEAN,
    FIGURE_MAX,
    FIGURE_GROWTH,
    FIGURE_SHARE, /* growth of one total in that of another */
};

static const struct row {
    const char *key;
    enum figure_kind kind;
    const char *column;
    const char *of; /* FIGURE_SHARE */
} rows[] = {
    {"running_requests_mean", FIGURE_MEAN, ENGINE_RUNNING, NULL},
    {"running_requests_max", FIGURE_MAX, ENGINE_RUNNING, NULL},
    {"waiting_requests_mean", FIGURE_MEAN, ENGINE_WAITING, NULL},
    {"waiting_requests_max", FIGURE_MAX, ENGINE_WAITING, NULL},
    {"kv_cache_used_share_mean", FIGURE_MEAN, ENGINE_KV_SHARE, NULL},
    {"kv_cache_used_share_max", FIGURE_MAX, ENGINE_KV_SHARE, NULL},
    {"prefix_hit_share", FIGURE_SHARE, ENGINE_HIT, ENGINE_QUERIED},
    {"preempted_requests", FIGURE_GROWTH, ENGINE_PREEMPTED, NULL},
    {"spec_accepted_share", FIGURE_SHARE, ENGINE_SPEC_ACCEPTED, ENGINE_SPEC_DRAFTED},
    {"prompt_tokens", FIGURE_GROWTH, ENGINE_PROMPT, NULL},
    {"generated_tokens", FIGURE_GROWTH, ENGINE_GENERATED, NULL},
};

_Static_assert(ARRAY_LEN(rows) == ENGINE_FIGURES, "one figure for each row");

static double growth_of(const struct track *track, const char *key, const struct span *span)
{
    const struct track_column *column = track_column_find(track, key);
    struct growth growth = {.amount = (double)NAN};
    if (column != NULL) {
        track_growth(track, column, span, ANY_RATE, &growth);
    }
    return growth.amount;
}

static struct level level_of(const struct track *track, const char *key, const struct span *span)
{
    const struct track_column *column = track_column_find(track, key);
    struct level level = {(double)NAN, (double)NAN, (double)NAN};
    if (column != NULL) {
        track_level(track, column, span, &level);
    }
    return level;
}

static double share_of(const struct track *track, const struct row *row, const struct span *span)
{
    const double of = growth_of(track, row->of, span);
    if (of > 0.0) {
        return growth_of(track, row->column, span) / of;
    }
    /* A gauge of the same name stays 0 while nothing is drafted: no share of nothing. */
    const struct level level = level_of(track, row->key, span);
    return level.max > 0.0 ? level.mean : (double)NAN;
}

static double figure_of(const struct track *track, const struct row *row, const struct span *span)
{
    switch (row->kind) {
    case FIGURE_MEAN:
        return level_of(track, row->column, span).mean;
    case FIGURE_MAX:
        return level_of(track, row->column, span).max;
    case FIGURE_GROWTH:
        return growth_of(track, row->column, span);
    case FIGURE_SHARE:
        return share_of(track, row, span);
    }
    return (double)NAN;
}

static const struct track *find_track(const struct telemetry *telemetry)
{
    for (uint32_t t = 0; telemetry != NULL && t < telemetry->n_tracks; t++) {
        if (text_equal(telemetry->tracks[t].part, ENGINE_PART)) {
            return &telemetry->tracks[t];
        }
    }
    return NULL;
}

double engine_running_max(const struct telemetry *telemetry, const struct span *span)
{
    const struct track *track = find_track(telemetry);
    return track == NULL ? (double)NAN : level_of(track, ENGINE_RUNNING, span).max;
}

bool engine_load_compute(
    const struct telemetry *telemetry,
    const struct span *span,
    struct engine_figure out[ENGINE_FIGURES])
{
    const struct track *track = find_track(telemetry);
    if (track == NULL) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        out[i] = (struct engine_figure){rows[i].key, figure_of(track, &rows[i], span)};
    }
    return true;
}
