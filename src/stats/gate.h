/* gate.h - decides when the warm-up is over, from the TTFT of completions in order of ending.
 *
 * cov: the coefficient of variation of the last GATE_SPAN values is below GATE_COV_LIMIT.
 * stationary: the medians of the last two spans differ by less than GATE_MEDIAN_LIMIT and a
 * Mann-Kendall test over both finds no trend (|z| < GATE_TREND_Z).
 * Pure: no clock, no threads.  Source: MEASUREMENT.md "The window". */
#pragma once

#include "stats/record.h"

enum gate_mode {
    GATE_MODE_AUTO, /* whichever holds first, cov before stationary */
    GATE_MODE_COV,
    GATE_MODE_STATIONARY,
    GATE_MODE_OFF,
};

enum {
    GATE_SPAN = 30
};

#define GATE_COV_LIMIT    0.05
#define GATE_MEDIAN_LIMIT 0.05
#define GATE_TREND_Z      1.96

struct gate {
    enum gate_mode mode;
    uint64_t n;                   /* values so far */
    double values[2 * GATE_SPAN]; /* ring */
};

void gate_init(struct gate *self, enum gate_mode mode);

/* Adds the TTFT of one completed request, in ms (total latency where answers do not stream). */
void gate_add(struct gate *self, double ttft_ms);

/* True when the gate is open; *result says by which rule (GATE_COV, GATE_STATIONARY, GATE_OFF) and is
 * untouched otherwise.  Some microseconds at most. */
bool gate_is_open(const struct gate *self, enum gate_result *result);

/* Coefficient of variation of the last GATE_SPAN values: sample standard deviation (n - 1) over
 * mean, 0 when they are all equal; NAN with fewer than GATE_SPAN. */
double gate_cov(const struct gate *self);

const char *gate_mode_name(enum gate_mode mode);
bool gate_mode_parse(const char *name, enum gate_mode *out);
