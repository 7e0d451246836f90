/* run_telemetry.h - the samplers of a point: opened before it, recorded while it runs, closed after it was
 * written. */
#pragma once

#include "cli/run_plan.h"
#include "load/point.h"
#include "telemetry/recorder.h"

enum {
    RUN_SAMPLERS_MAX = 8
};

struct run_telemetry {
    struct sampler *samplers[RUN_SAMPLERS_MAX];
    uint32_t n;
    struct recorder *recorder; /* NULL: nothing is recorded */
};

/* Begins to record, when the engine is on this machine and something here tells power; why not stands in
 * the plan's warnings.  Never in virtual time. */
void run_telemetry_begin(struct run_telemetry *self, struct run_plan *plan);

/* Stops recording and gives what was recorded to the point's facts; `result` may be NULL. */
void run_telemetry_end(struct run_telemetry *self, struct point_result *result);

/* Closes the samplers; the facts' telemetry is gone with them. */
void run_telemetry_done(struct run_telemetry *self);
