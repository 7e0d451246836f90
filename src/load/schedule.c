/* The first request is due one gap after the start, as in a process that has been running before. */
#include "load/schedule.h"

#include "base/clock.h"

#include <assert.h>

void schedule_init(
    struct schedule *self, enum arrival arrival, double rate_rps, double burstiness, uint64_t seed)
{
    assert(rate_rps > 0.0);
    assert(arrival != ARRIVAL_NONE && arrival != ARRIVAL_TRACE);
    *self = (struct schedule){
        .arrival = arrival,
        .mean_gap_ns = (double)NS_PER_S / rate_rps,
        .burstiness = burstiness,
    };
    rng_init(&self->rng, seed, RNG_STREAM_ARRIVAL);
}

static double schedule_gap(struct schedule *self)
{
    switch (self->arrival) {
    case ARRIVAL_POISSON:
        return rng_exponential(&self->rng, self->mean_gap_ns);
    case ARRIVAL_GAMMA:
        return rng_gamma(&self->rng, self->burstiness, self->mean_gap_ns / self->burstiness);
    case ARRIVAL_CONSTANT:
    case ARRIVAL_TRACE:
    case ARRIVAL_NONE:
        break;
    }
    return self->mean_gap_ns;
}

void schedule_init_trace(struct schedule *self, const int64_t *trace_ns, uint64_t n)
{
    *self = (struct schedule){.arrival = ARRIVAL_TRACE, .trace_ns = trace_ns, .n_trace = n};
}

uint64_t schedule_busiest(const int64_t *trace_ns, uint64_t n, int64_t span_ns)
{
    uint64_t most = 0;
    uint64_t first = 0;
    for (uint64_t i = 0; i < n; i++) {
        while (trace_ns[i] - trace_ns[first] >= span_ns) {
            first++;
        }
        most = i - first + 1 > most ? i - first + 1 : most;
    }
    return most;
}

int64_t schedule_next(struct schedule *self, uint64_t *index)
{
    if (self->arrival == ARRIVAL_TRACE) {
        *index = self->index++;
        return *index < self->n_trace ? self->trace_ns[*index] : CLOCK_NEVER;
    }
    if (self->arrival == ARRIVAL_CONSTANT) {
        /* A product, not a sum: no error grows with the length of the run. */
        self->at_ns = self->mean_gap_ns * (double)(self->index + 1);
    } else {
        self->at_ns += schedule_gap(self);
    }
    *index = self->index;
    self->index++;
    return (int64_t)self->at_ns;
}
