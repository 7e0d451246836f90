/* run_point.h - one point from load to a file on disk. */
#pragma once

#include "cli/run_plan.h"
#include "cli/run_selftest.h"
#include "cli/summary_row.h"
#include "stats/summary.h"

/* Which point, and under which name its file goes. */
struct point_choice {
    enum driver driver;
    uint32_t concurrency;       /* closed loop */
    double rate_rps;            /* open loop */
    char label[64];             /* in the readout: "4", "0.5", "llm.inference.x" */
    char name[112];             /* in progress and messages: "c4", "rps0.5 launch 2 of 3" */
    uint32_t n_trace;           /* replay: requests of the trace; else 0 */
    double load;                /* concurrency or rate; NAN where the label is a benchmark */
    char prefix[160];           /* of the files: "", "c4-", "rps0p5-", "llm-inference-x-" */
    char group_id[RUN_ID_SIZE]; /* of the launches of this point; "": the run is not repeated */
};

/* What the readout shows of a point. */
struct point_row {
    char label[64];
    double load;                     /* as in struct point_choice */
    double numbers[SUMMARY_NUMBERS]; /* by the keys of summary_numbers; NAN: not computable */
    struct run_launch launch;
    uint64_t seed; /* of the launch */
    char group_id[RUN_ID_SIZE];
    uint32_t n_extras; /* what the benchmark shows besides: spec.metrics */
    struct summary_value extras[SPEC_METRICS_MAX];
    enum validity_status validity;
    char *envelope;               /* file name, owned; NULL when none was written */
    char failure[ERROR_TEXT_MAX]; /* why there is none */
    bool interrupted;
    bool judge_failed; /* it was given up, or gave no verdict at all */
    struct run_selftest selftest;
};

/* "c16-", "rps0p5-": the concurrency or rate as a file name's beginning. */
void point_choice_closed(struct point_choice *out, uint32_t concurrency, bool single);
void point_choice_open(struct point_choice *out, double rate_rps, bool single);
/* --all-benchmarks: label and file are named by the benchmark instead. */
void point_choice_benchmark(struct point_choice *self, const char *id);

/* Measures, summarises, signs, writes.  A point that cannot be measured or written is described in
 * out->failure and in `err`. */
MUST_CHECK int run_point(
    struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    struct point_row *out,
    struct error *err);

/* The row of a launch that could not be tried, because of `why`. */
void run_point_failed(
    const struct run_plan *plan,
    const struct point_choice *choice,
    const struct error *why,
    struct point_row *out);
void point_row_done(struct point_row *self);

/* The load options of a point, as point_run takes them, but for transport and tick. */
struct point_options run_point_options(
    const struct run_options *options,
    const struct run_work *work,
    const struct point_choice *choice);
