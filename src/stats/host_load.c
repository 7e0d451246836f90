/* One row for each figure: a rate of a total, a share of all processors, or a level. */
#include "stats/host_load.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>

enum figure_kind {
    FIGURE_RATE,  /* growth a second */
    FIGURE_SHARE, /* growth a second and processor */
    FIGURE_MEAN,
    FIGURE_MIN,
};

static const struct row {
    const char *key;
    enum figure_kind kind;
    const char *source;
    const char *column;
} rows[] = {
    {"client_cpus", FIGURE_RATE, HOST_CLIENT, HOST_CLIENT_CPU},
    {"client_voluntary_switches_per_s", FIGURE_RATE, HOST_CLIENT, HOST_VOLUNTARY_SWITCHES},
    {"client_involuntary_switches_per_s", FIGURE_RATE, HOST_CLIENT, HOST_INVOLUNTARY_SWITCHES},
    {"machine_busy_share", FIGURE_SHARE, HOST_MACHINE, HOST_BUSY},
    {"machine_steal_share", FIGURE_SHARE, HOST_MACHINE, HOST_STEAL},
    {"machine_switches_per_s", FIGURE_RATE, HOST_MACHINE, HOST_SWITCHES},
    {"frequency_mean_mhz", FIGURE_MEAN, HOST_MACHINE, HOST_FREQUENCY},
    {"frequency_min_mhz", FIGURE_MIN, HOST_MACHINE, HOST_FREQUENCY},
};

_Static_assert(ARRAY_LEN(rows) == HOST_FIGURES, "one figure for each row");

static const struct track *find_track(const struct telemetry *telemetry, const char *source)
{
    for (uint32_t t = 0; t < telemetry->n_tracks; t++) {
        if (text_equal(telemetry->tracks[t].sampler, HOST_SAMPLER) &&
            text_equal(telemetry->tracks[t].source, source)) {
            return &telemetry->tracks[t];
        }
    }
    return NULL;
}

static double
rate_of(const struct track *track, const struct track_column *column, const struct span *span)
{
    struct growth growth;
    track_growth(track, column, span, (double)INFINITY, &growth);
    return growth.amount / ((double)(span->end_ns - span->start_ns) / (double)NS_PER_S);
}

static struct level
level_of(const struct track *track, const struct track_column *column, const struct span *span)
{
    struct level level;
    track_level(track, column, span, &level);
    return level;
}

static double
share_of(const struct track *track, const struct track_column *column, const struct span *span)
{
    const struct track_column *cpus = track_column_find(track, HOST_CPUS);
    return cpus == NULL ? (double)NAN
                        : rate_of(track, column, span) / level_of(track, cpus, span).mean;
}

static double
figure_of(const struct telemetry *telemetry, const struct row *row, const struct span *span)
{
    const struct track *track = find_track(telemetry, row->source);
    const struct track_column *column =
        track == NULL ? NULL : track_column_find(track, row->column);
    if (column == NULL) {
        return (double)NAN;
    }
    switch (row->kind) {
    case FIGURE_RATE:
        return rate_of(track, column, span);
    case FIGURE_SHARE:
        return share_of(track, column, span);
    case FIGURE_MEAN:
        return level_of(track, column, span).mean;
    case FIGURE_MIN:
        return level_of(track, column, span).min;
    }
    return (double)NAN;
}

bool host_load_compute(
    const struct telemetry *telemetry,
    const struct span *span,
    struct host_figure out[HOST_FIGURES])
{
    if (telemetry == NULL || (find_track(telemetry, HOST_CLIENT) == NULL &&
                              find_track(telemetry, HOST_MACHINE) == NULL)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        out[i] = (struct host_figure){rows[i].key, figure_of(telemetry, &rows[i], span)};
    }
    return true;
}
