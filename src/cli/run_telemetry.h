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
    int64_t periods_ns[RUN_SAMPLERS_MAX]; /* 0: the sampler's own */
    uint32_t n;
    bool local; /* the engine runs on this machine */
    struct engine_metrics_ask metrics;
    struct recorder *recorder; /* NULL: nothing is recorded */
};

/* Before anything is sent: is what the command line names there?
 * Errors: ERROR_NOT_FOUND naming the GPU. */
MUST_CHECK int run_telemetry_check(struct run_plan *plan, struct error *err);

/* Begins to record what there is: the engine's metrics, and this machine's power when the engine is on
 * it; what there is not stands in the plan's warnings.  Never in virtual time.  Where something tells
 * energy, this waits for the idle baseline.  The object stays in its
 * place until done. */
void run_telemetry_begin(struct run_telemetry *self, struct run_plan *plan);

/* Stops recording and gives what was recorded to the point's facts; readings that failed stand in the
 * plan's warnings.  `result` may be NULL. */
void run_telemetry_end(
    struct run_telemetry *self, struct run_plan *plan, struct point_result *result);

/* Closes the samplers; the facts' telemetry is gone with them. */
void run_telemetry_done(struct run_telemetry *self);
