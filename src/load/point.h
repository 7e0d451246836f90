/* point.h - measures one point: warm-up, gate, window, tail, drain.
 *
 * The caller gives the workload and a way to open transports; it gets the raw facts.  Workers are
 * threads that share nothing while measuring.  In virtual time there is one worker, run by the
 * caller's thread.  Source: MEASUREMENT.md. */
#pragma once

#include "base/cpu_list.h"
#include "load/record_store.h"
#include "load/workload.h"
#include "net/transport.h"
#include "stats/gate.h"

#include <stdatomic.h>

/* Drain: how long requests of the tail may take to end before they are cut off. */
#define POINT_DRAIN_MAX_NS INT64_C(10000000000)
/* Open loop: the last part of a wait that is spent spinning, so that the send is on time: a sleeping
 * thread is woken some tens of microseconds late. */
#define POINT_DISPATCH_SPIN_NS INT64_C(50000)
/* Closed loop: pause of a slot whose connection was refused, so that a dead engine is not hammered. */
#define POINT_REFUSED_PAUSE_NS INT64_C(100000000)

enum {
    POINT_WORKERS_MAX = 64,
    POINT_STREAMS_PER_WORKER = 512,
    POINT_STREAMS_MAX = 100000
};

/* Counters that the main thread may read while workers run (relaxed). */
struct point_progress {
    atomic_ullong n_sent;
    atomic_ullong n_ended;
    atomic_ullong n_failed;
    atomic_ullong n_tokens;
    atomic_llong in_flight;
    _Atomic uint32_t ttft[LAG_BUCKETS]; /* histogram of TTFT; of whole latencies without streams */
};

struct point_snapshot {
    const char *phase;         /* "connect", "warm-up", "window", "tail", "drain" */
    int64_t elapsed_ns;        /* since the start of the point */
    int64_t window_elapsed_ns; /* 0 before the window */
    uint64_t n_sent;
    uint64_t n_ended;
    uint64_t n_failed;
    uint64_t n_tokens;
    int64_t in_flight;
    double ttft_p50_ms; /* NAN before the first */
};

struct point_options {
    enum driver driver;
    uint32_t concurrency; /* closed loop */
    enum arrival arrival; /* open loop, with rate, burstiness and cap */
    double rate_rps;
    double burstiness;
    const int64_t
        *trace_ns;    /* ARRIVAL_TRACE: when each request is due, ascending, from 0; borrowed */
    uint64_t n_trace; /* > 0; n_requests is no more */
    uint32_t max_concurrency; /* 0: none */
    int64_t duration_ns;      /* of the window; CLOCK_NEVER with n_requests */
    uint64_t n_requests;      /* counted requests; 0 with a duration */
    uint32_t warmup_per_stream;
    enum gate_mode gate;
    int64_t warmup_timeout_ns;
    int64_t grace_ns;
    int64_t timeout_ns; /* of a whole request */
    unsigned n_workers; /* 0: automatic */
    struct cpu_list
        pin; /* worker i stays on processor i of these, again from the first; n 0: none */
    bool stream;
    bool save_text;
    bool virtual_time; /* one worker in the caller's thread; CPU times are not taken */
    const struct workload *workload; /* borrowed */

    /* Opens the transport of worker `worker`; called by the thread that calls point_run. */
    int (*open_transport)(
        void *context, unsigned worker, struct transport **out, struct error *err);
    void *context;

    /* Called about ten times a second by the calling thread; NULL: never.  Returns 0 to go on, 1 to
     * stop sending and drain, 2 to stop now. */
    int (*tick)(void *context, const struct point_snapshot *snapshot);
    void *tick_context;
};

struct point_result {
    struct point_facts facts; /* seed and slo are the caller's to fill; workers belong to this */
    struct record_set records;
    struct record_store *stores; /* own the records' events and texts */
    unsigned n_stores;
    char schedule_sha256
        [65]; /* of the scheduled times in the records, in order; "" in a closed loop */
};

/* Number of workers that `options` give: automatic is one for every POINT_STREAMS_PER_WORKER streams,
 * up to half of the cores. */
unsigned point_workers(const struct point_options *options);

/* Most connections that are open at once, spare ones included, as far as that is known beforehand: an
 * open loop without a cap takes what the engine's speed makes it take. */
uint64_t point_connections(const struct point_options *options);

/* Requests that a point counts, as far as that is known beforehand: 0 in a closed loop for a time. */
uint64_t point_requests(const struct point_options *options);

/* Bytes that each request takes at least until the point is written: its record where it was made, and
 * again in the order of all. */
#define POINT_RECORD_BYTES (2 * sizeof(struct record))

/* Runs the point.  *out is the caller's: point_result_done.
 * Errors: ERROR_UNAVAILABLE when no connection could be opened at all, ERROR_IO. */
MUST_CHECK int
point_run(const struct point_options *options, struct point_result *out, struct error *err);
void point_result_done(struct point_result *self);
