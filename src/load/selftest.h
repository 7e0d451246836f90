/* selftest.h - the client's own error, measured against an engine whose truth is known.
 *
 * The simulated engine, in a process of its own, writes down when each request was complete and when
 * each event was written.  The client drives it and every event is compared.  An error is the
 * absolute difference between a duration as the client recorded it and as it truly was:
 *     TTFT   (first_token - sent) - (first token written - request complete at the engine)
 *     ITL    (arrival - arrival before) - (written - written before)
 * So the client's error includes what the two kernels' socket paths add, and the time that a request
 * waits to be read by an engine that is busy writing: an upper bound of the client's own share.
 * Source: MEASUREMENT.md "Figures to beat". */
#pragma once

#include "load/point.h"
#include "sim/sim_truth.h"
#include "stats/summary.h"

/* One load.  The closed loop keeps `streams` requests in flight; the open loop sends at the same rate
 * of requests, streams / (TTFT + (tokens - 1) ITL), or at a given one, as a Poisson process: dispatch delay
 * exists there. */
struct selftest_recipe {
    uint32_t streams;
    int64_t ttft_ns;
    int64_t itl_ns;
    uint32_t tokens; /* of an answer, >= 2 */
    uint32_t waves;  /* length of the closed loop's window in answers */
    double rate_rps; /* of the open loop; 0: that of the closed one */
    uint64_t seed;
    unsigned n_workers;  /* 0: automatic */
    struct cpu_list pin; /* as in struct point_options */
    int64_t spin_ns;     /* open loop: last part of a wait that is spent awake */
};

/* A self-test beside a point has answers of about this length at most, and a closed loop at least so long:
 * so it takes up to about 15 s, which is little beside a point, and compares enough gaps of one stream for a
 * p99. */
#define SELFTEST_LIKE_ANSWER_MAX_NS NS_PER_S
#define SELFTEST_LIKE_WINDOW_NS     (3 * NS_PER_S)

enum {
    SELFTEST_LIKE_WAVES_MIN = 3,      /* answers of each stream that are compared */
    SELFTEST_LIKE_TOKENS_MAX = 10000, /* the most that `bench selftest` takes, too */
};

/* The load of a point that was measured, as a recipe at its concurrency and rate of events: as many streams,
 * of an open loop the mean number of requests in flight, rounded up; the medians of TTFT and TPOT; the mean
 * number of tokens, at least 2 (answers of one token have no TPOT: their second comes 1 ms later).  A longer
 * answer than SELFTEST_LIKE_ANSWER_MAX_NS is scaled down: TTFT and tokens by the same factor *out_scale (1:
 * it was not), so that requests come more often, and token events as often as before.
 * Seed, workers, pins and spin are the caller's.  Returns NULL, or why there is no such load. */
const char *selftest_recipe_like(
    const struct point_facts *facts,
    const struct summary *summary,
    struct selftest_recipe *out,
    double *out_scale);

/* How far an engine with this recipe comes: requests and token events a second, in the closed loop. */
double selftest_rate_rps(const struct selftest_recipe *recipe);
double selftest_events_per_s(const struct selftest_recipe *recipe);

struct selftest_error {
    double mean_ms;
    double p50_ms;
    double p99_ms;
    double max_ms;
};

/* NAN where a figure could not be taken. */
struct selftest_row { // NOLINT(clang-analyzer-optin.performance.Padding): ordered by meaning
    uint32_t streams;
    uint64_t n_requests;    /* compared */
    uint64_t n_events;      /* compared */
    uint64_t n_mismatched;  /* requests that failed, or whose events are not the engine's */
    double events_per_s;    /* written by the engine inside the window */
    double events_share;    /* of what it would write at full load */
    double in_flight_share; /* requests at the engine, time average, of the streams */
    struct selftest_error ttft;
    struct selftest_error itl;
    double ttft_p99_ms; /* as the client reports it */
    double true_ttft_p99_ms;
    double shared_read_share;
    double client_lag_p50_us;
    double client_lag_p99_us;
    double client_lag_max_us;
    double dispatch_delay_p50_us; /* open loop; NAN: given up, the machine cannot carry it */
    double dispatch_delay_p99_us;
    double dispatch_delay_max_us;
    double cpu_us_per_event;        /* of the client's workers, inside the window */
    double engine_cpu_us_per_event; /* of the engine, whole process */
    double memory_mb;               /* peak of the client's process */
    double start_ms;                /* from the call to the first request */
    bool kernel_stamps;
};

/* Compares the counted requests of a point with the truth: fills everything down to shared_read_share.
 * Pure.  `records` as point_run gave them, `n` entries in order of writing, times CLOCK_MONOTONIC. */
void selftest_compare(
    const struct selftest_recipe *recipe,
    const struct point_result *result,
    const struct workload *workload,
    const struct sim_truth *entries,
    uint64_t n,
    struct selftest_row *out);

/* What is called during a run: those of struct point_options; may be NULL. */
struct selftest_watch {
    int (*tick)(void *context, const struct point_snapshot *snapshot);
    void *context;
};

/* Runs both loops and compares.  Takes waves + 7 answers' time.
 * Errors: ERROR_IO, ERROR_UNAVAILABLE, ERROR_INTERRUPTED when the tick asked to stop. */
MUST_CHECK int selftest_run(
    const struct selftest_recipe *recipe,
    const struct selftest_watch *watch,
    struct selftest_row *out,
    struct error *err);

/* One row of the table of limits under which a machine can be trusted with a load. */
struct selftest_limit {
    const char *name; /* as the JSON key of the figure */
    const char *text; /* for people */
    double limit;
    bool at_least; /* the figure must not be below, else not above */
    size_t offset; /* of the figure, a double of struct selftest_row */
};

extern const struct selftest_limit selftest_limits[];
extern const size_t n_selftest_limits;

/* The figure that the limit is about. */
double selftest_figure(const struct selftest_row *row, const struct selftest_limit *limit);

/* The first limit that the row breaks, or NULL.  A figure that is NAN breaks its limit. */
const struct selftest_limit *selftest_broken_limit(const struct selftest_row *row);
