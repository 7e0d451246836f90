/* sample_periods.h - how often each sampler is read: its own period, a closer look, or what a person says. */
#pragma once

#include "telemetry/sampler.h"

enum {
    SAMPLERS_MAX = 16, /* rows of the table */
    SAMPLE_MS_MIN = 1,
    SAMPLE_MS_MAX = 60000
};

/* A sampler that is not opened at all. */
#define SAMPLE_OFF INT64_C(-1)

struct sample_periods {
    int64_t ns[SAMPLERS_MAX]; /* by row of the table; 0: the sampler's own; SAMPLE_OFF */
};

/* The rows' profile periods, where they have one. */
void sample_periods_profile(struct sample_periods *self);

/* Reads "50" (milliseconds of all samplers but those that wait for others), "off" (all of them), or
 * NAME=MS and NAME=off with commas between; what is not named stays as it is.
 * Errors: ERROR_USAGE naming what is no period or no sampler. */
MUST_CHECK int
sample_periods_parse(const char *text, struct sample_periods *self, struct error *err);
