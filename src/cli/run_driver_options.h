/* run_driver_options.h - what an envelope says of how it was measured: enough to repeat the run. */
#pragma once

#include "cli/run_plan.h"
#include "cli/run_point.h"
#include "load/point.h"

/* The driver_options object of a point, in `arena`.  Source: ENVELOPE.md, PROMISES.md 8 and 33. */
struct json *run_driver_options(
    struct arena *arena,
    const struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    const struct point_result *result);
