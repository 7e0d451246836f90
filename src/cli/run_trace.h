/* run_trace.h - the replay of a trace as a point: its requests, its window, its rate. */
#pragma once

#include "cli/run_plan.h"
#include "cli/run_point.h"
#include "load/point.h"

/* Checks the loaded dataset against --arrival trace and --requests, and settles what a trace changes in
 * the request's shape: no salt unless one was asked for, because every prompt is sent once, and shared
 * prefixes are the trace's own.  Warns where recorded output lengths may not be reached.
 * Errors: ERROR_USAGE. */
MUST_CHECK int run_trace_open(struct run_work *work, struct run_plan *plan, struct error *err);

/* The one point of a replay. */
void run_trace_point(
    const struct run_options *options, const struct run_work *work, struct point_choice *out);

/* The load of a replay: the whole trace, or what --requests or a shorter --duration cut from its start. */
void run_trace_options(
    const struct run_options *options, const struct run_work *work, struct point_options *out);
