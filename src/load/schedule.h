/* schedule.h - when each request of an open loop is due: a pure function of the seed.
 *
 * Gaps are drawn one after another and summed in ns; nothing is rescaled, and nothing is re-anchored
 * when the client is late.  Every worker runs the same generator and takes every n-th arrival, so the
 * schedule does not depend on the number of workers.  A trace's times are given instead.
 * Time: ns since the start of the point.  Source: MEASUREMENT.md "Load". */
#pragma once

#include "base/rng.h"
#include "stats/record.h"

struct schedule {
    struct rng rng;
    enum arrival arrival;
    double mean_gap_ns;
    double burstiness;       /* gamma: shape of the gaps; 1 is poisson */
    double at_ns;            /* of the last arrival, exact to rounding of the sum */
    uint64_t index;          /* of the next arrival */
    const int64_t *trace_ns; /* ARRIVAL_TRACE: the times; borrowed */
    uint64_t n_trace;
};

/* `rate_rps` > 0; `burstiness` > 0 counts for ARRIVAL_GAMMA only. */
void schedule_init(
    struct schedule *self, enum arrival arrival, double rate_rps, double burstiness, uint64_t seed);

/* ARRIVAL_TRACE: at trace_ns[0..n), ascending, from 0. */
void schedule_init_trace(struct schedule *self, const int64_t *trace_ns, uint64_t n);

/* Most arrivals of a trace within any span of so many ns. */
uint64_t schedule_busiest(const int64_t *trace_ns, uint64_t n, int64_t span_ns);

/* Time of the next arrival; CLOCK_NEVER when a trace has no more.  *index gets its number, from 0. */
int64_t schedule_next(struct schedule *self, uint64_t *index);
