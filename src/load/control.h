/* control.h - the phases of a point, agreed between its workers.
 *
 * warm-up -> gate -> window [w0, w1) -> tail under load -> drain.  While measuring, workers only read
 * two atomics; the lock is taken for completions of the warm-up, and once per worker afterwards.
 * Time: ns since the start of the point.  Source: MEASUREMENT.md "The window". */
#pragma once

#include "stats/gate.h"

#include <pthread.h>
#include <stdatomic.h>

/* How long after the decision the window opens: every worker has seen it by then. */
#define CONTROL_WINDOW_LEAD_NS INT64_C(2000000)

struct control_options {
    enum gate_mode gate;
    uint64_t warmup_completions; /* to discard at least */
    int64_t warmup_timeout_ns;
    int64_t duration_ns; /* CLOCK_NEVER: the window is a number of requests */
    int64_t grace_ns;
    unsigned n_workers;
};

struct control {
    struct control_options options;
    pthread_mutex_t lock;
    struct gate values; /* under the lock, warm-up only */
    uint64_t n_warmup;
    enum gate_result gate;
    double gate_cov;
    _Atomic int64_t window_start_ns; /* CLOCK_NEVER until decided */
    _Atomic int64_t window_end_ns;   /* CLOCK_NEVER until known */
    atomic_uint n_busy;              /* workers that still wait for counted requests */
    atomic_int stop;                 /* 0 run, 1 stop sending and drain, 2 stop now */
};

void control_init(struct control *self, const struct control_options *options);
void control_done(struct control *self);

/* A request of the warm-up has ended, well (`ttft_ms`) or not (NAN).  May open the window. */
void control_add_warmup(struct control *self, double ttft_ms, int64_t now_ns);

/* Opens the window when the warm-up has lasted too long.  Cheap; called by every worker. */
void control_check_timeout(struct control *self, int64_t now_ns);

/* Opens and ends the window now, for a run that is interrupted. */
void control_interrupt(struct control *self, int64_t now_ns);

static inline int64_t control_window_start(struct control *self)
{
    return atomic_load_explicit(&self->window_start_ns, memory_order_relaxed);
}

static inline int64_t control_window_end(struct control *self)
{
    return atomic_load_explicit(&self->window_end_ns, memory_order_relaxed);
}
