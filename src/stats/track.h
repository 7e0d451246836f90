/* track.h - what samplers recorded: series of values over time, and what they say of a span.
 *
 * telemetry/ fills these while measuring, the records file stores them, and every number about power
 * or utilisation is computed from them by pure functions.
 * Time: ns of CLOCK_MONOTONIC since the start of the point; negative before it.
 * Source: MEASUREMENT.md "Energy". */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Limits, held by the recorder and by the reader of records files. */
enum {
    TRACKS_MAX = 256,       /* sources of one machine: 64 GPUs, sockets, engine, host */
    TRACK_COLUMNS_MAX = 16, /* values of one source */
    /* Of one source: 116 hours at 50 ms, 23 hours at 10 ms; 64 MiB a column.  Later ones are missed. */
    TRACK_SAMPLES_MAX = 8 << 20
};

/* How values of a column are to be read. */
enum column_role {
    TRACK_GAUGE,   /* a value at a moment */
    TRACK_COUNTER, /* a running total */
    TRACK_POWER,   /* W at a moment */
    TRACK_ENERGY,  /* running total of energy, in uJ */
};

struct track_column {
    const char *key; /* unit last: "power_w", "energy_uj", "sm_clock_mhz" */
    enum column_role role;
    double resolution; /* smallest step of the values, in their unit; 0: not known */
    double range;      /* a running total begins again at 0 after this; 0: never */
    double *values;    /* NAN where the source did not tell */
};

/* One source of one sampler.  All memory is borrowed. */
struct track {
    const char *sampler; /* "rapl", "nvml", ... */
    const char *source;  /* "package-0", "gpu0 00000000:0A:00.0", ... */
    const char *part;    /* of the machine: "gpu", "package", "dram", "client", "engine", "none" */
    bool counted;        /* its energy belongs to the sum: what it measures is in no other track */
    int64_t period_ns;
    uint64_t n_missed; /* moments at which no sample was taken: the recorder came too late */
    uint64_t n_failed; /* moments at which the source gave no answer */
    int64_t cpu_ns;    /* CPU time of all its readings */
    uint64_t n;        /* samples */
    int64_t *at_ns;    /* rising */
    uint32_t n_columns;
    struct track_column *columns;
};

struct telemetry {
    uint32_t n_tracks;
    struct track *tracks;
    int64_t idle_start_ns; /* idle baseline, before the warm-up; both equal: none was taken */
    int64_t idle_end_ns;
    int64_t recorder_cpu_ns; /* CPU time of the recorder's threads, waiting included */
    int64_t recorder_wall_ns;
};

const char *column_role_name(enum column_role role);
bool column_role_parse(const char *name, enum column_role *out);

/* The column with this key, or NULL. */
const struct track_column *track_column_find(const struct track *self, const char *key);

/* [start_ns, end_ns) of the point's clock. */
struct span {
    int64_t start_ns;
    int64_t end_ns;
};

/* Samples further apart than this many periods are a gap. */
#define TRACK_GAP_PERIODS 2.5

/* How well a track covers a span. */
struct coverage {
    uint64_t n_samples;     /* inside the span */
    uint64_t n_gaps;        /* pairs of neighbours, one inside or both around, too far apart */
    int64_t longest_gap_ns; /* 0 when there is none */
    bool whole; /* there is a sample at or before the start and one at or after the end */
};

void track_coverage(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    struct coverage *out);

/* What a running total grew by. */
struct growth {
    double amount; /* NAN when the column does not cover the span */
    double low; /* the least and the most that the samples allow: a total at the span's edge lies */
    double high;    /* between its neighbours' */
    double unknown; /* part of `amount` that was estimated, across resets */
    uint64_t n_wraps;
    uint64_t n_resets;
};

/* Growth of a running total inside the span; its edges are linear between their neighbours.  A value
 * below the one before is a wrap where the column has a range and the growth that a wrap means stays
 * under `max_per_s`, else a reset; a reset's interval is estimated from the rate of the intervals
 * beside it. */
void track_growth(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    double max_per_s,
    struct growth *out);

/* Mean (of the samples, unweighted), least and largest value of the samples inside the span; all NAN
 * without one. */
struct level {
    double mean;
    double min;
    double max;
};

void track_level(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    struct level *out);
