/* measurement.h - the evidence of how well the measuring itself went.
 *
 * Pure.  Fields are those of struct measurement in summary.h; NAN where a figure does not exist
 * (dispatch delay, rate and arrival test in a closed loop, turnaround in an open one).
 * Source: MEASUREMENT.md "Evidence of validity". */
#pragma once

#include "stats/summary.h"

/* CPU time over wall time of one worker inside the window; NAN where it was not taken. */
double worker_cpu_share(const struct worker_facts *worker);

/* The same without the time that it was awake with nothing to do: what is left over is in reserve. */
double worker_work_share(const struct worker_facts *worker);

/* Fills everything but the list of unsupported percentiles. */
void measurement_compute(
    const struct point_facts *facts, const struct record_set *records, struct measurement *out);
