/* energy.h - energy and power over a span, from what samplers recorded.
 *
 * Pure: the same samples give the same numbers, bit for bit, in a run and in `verify --recompute`.
 * A source with a running total of energy is read by the difference of that total, linear between the
 * neighbours at the span's edges; a source with power only by the trapezoid rule.  A source that does
 * not cover the whole span has no energy, and then there is no sum: a part is never given out as all.
 * Source: MEASUREMENT.md "Energy". */
#pragma once

#include "stats/track.h"

enum {
    ENERGY_SOURCES_MAX = TRACKS_MAX
};

/* No source of this kind draws more: a wrap that would mean more is a reset. */
#define ENERGY_POWER_MAX_W 20000.0

enum energy_method {
    ENERGY_COUNTER, /* difference of a running total */
    ENERGY_POWER,   /* trapezoid of power */
};

/* One track with energy. */
struct energy_source {
    const struct track *track;
    enum energy_method method;
    double resolution; /* of the column that was read: uJ or W */
    struct coverage coverage;
    double energy_j;      /* NAN when the span is not covered */
    double uncertainty_j; /* half of what the samples leave open: the edges of a running total, the
                             way of power between samples, estimated parts, and the resolution */
    uint64_t n_wraps;
    uint64_t n_resets;
};

struct energy {
    uint32_t n_sources; /* 0: nothing here tells energy */
    struct energy_source sources[ENERGY_SOURCES_MAX];
    bool known;           /* at least one counted source, and every one of them covers the span */
    double energy_j;      /* sum over the counted sources; NAN unless known, as below */
    double uncertainty_j; /* sum of theirs */
    double power_avg_w;
    double power_peak_w; /* largest sum over the counted sources at any sample inside the span */
};

/* `telemetry` may be NULL.  Heap: struct energy is about 30 KiB, so callers allocate it. */
void energy_compute(const struct telemetry *telemetry, const struct span *span, struct energy *out);

const char *energy_method_name(enum energy_method method);
