/* summary.h - everything an envelope says in numbers, computed from the raw facts.
 *
 * Pure: the same facts give the same numbers, bit for bit, in a run and in `verify --recompute`.
 * Source: MEASUREMENT.md "Definitions" and "Evidence of validity". */
#pragma once

#include "stats/cost.h"
#include "stats/in_flight.h"
#include "stats/metric.h"
#include "stats/record.h"

/* One metric of this point. */
struct summary_value {
    const struct metric *metric;
    double value; /* NAN: not computable here, or infinite (written as null) */
    double low;   /* 95 % bootstrap interval of percentiles, means and shares; both NAN: none */
    double high;
};

enum {
    SUMMARY_VALUES_MAX = 128,
    SUMMARY_REASONS_MAX = 32,
    SUMMARY_UNSUPPORTED_MAX = 48
};

struct measurement {
    bool stamp_kernel; /* every read of a token event had a kernel stamp */
    uint64_t n_kernel_stamps;
    uint64_t n_user_stamps;
    double client_lag_p50_us;
    double client_lag_p99_us;
    double client_lag_max_us;
    double client_gap_max_us; /* longest time that a worker did not look: worker_facts.gap_max_ns */
    double shared_read_share; /* events that shared a read with an earlier one / token events */
    double shared_read_bound_p99_us; /* how far before its stamp such an event may have arrived: */
    double shared_read_bound_max_us; /* read_bound.h; NAN without any */
    double dispatch_delay_p50_us;    /* open loop: sent - scheduled */
    double dispatch_delay_p99_us;
    double dispatch_delay_max_us;
    double turnaround_p50_us; /* closed loop: slot free (scheduled) -> its next send */
    double turnaround_p99_us;
    double turnaround_max_us;
    double requested_rate_rps; /* NAN in a closed loop */
    double achieved_rate_rps;  /* sends inside the window / window */
    double achieved_rate_ratio;
    double arrival_ks_p; /* Kolmogorov-Smirnov p-value of the gaps between sends in the window */
    double arrival_dispersion_1s; /* index of dispersion of sends in 1 s bins; NAN under 10 bins */
    double in_flight_mean;        /* time average over the window */
    double in_flight_max;
    struct in_flight_series in_flight_series;
    double little_residual;          /* |L - lambda W| / L: in_flight.h */
    double worker_cpu_share_max;     /* busiest worker, of one core */
    double worker_work_share_max;    /* the same without awake waiting */
    double waited_for_connect_share; /* requests with connect_ns > 0 / counted */
    uint64_t n_clock_steps;
    uint64_t n_connects;
    int64_t cached_prompt_tokens; /* sum; RECORD_COUNT_UNKNOWN when the engine never told */
    int64_t prompt_tokens_total;  /* RECORD_COUNT_UNKNOWN */
    struct usage_totals usage;
    uint64_t n_outcome[OUTCOME_COUNT]; /* counted requests by outcome */
    uint64_t n_warmup;                 /* requests by phase */
    uint64_t n_counted;
    uint64_t n_tail;
    size_t n_unsupported;
    const char *unsupported_percentiles[SUMMARY_UNSUPPORTED_MAX]; /* metric keys */
};

enum validity_status {
    VALIDITY_VALID,
    VALIDITY_FLAGGED,
    VALIDITY_INVALID, /* no counted request: nothing was measured */
};

/* One row of the table of limits (validity.c): what tripped, its figure, its limit. */
struct validity_reason {
    const char *name; /* "dispatch_delay", "achieved_rate", ... */
    double figure;
    double limit;
    char text[160]; /* one line for people */
};

struct summary {
    size_t n_values;
    struct summary_value values[SUMMARY_VALUES_MAX]; /* in order of the metric table */
    const char
        *cost_source; /* of struct cost: where the metrics of cost come from; borrowed; NULL: there
                                are none */
    struct measurement measurement;
    struct judge_summary judge;
    enum validity_status validity;
    size_t n_reasons;
    struct validity_reason reasons[SUMMARY_REASONS_MAX];
};

/* Resamples of every bootstrap interval.  Source: MEASUREMENT.md. */
enum {
    SUMMARY_RESAMPLES = 1000
};

/* Computes all of it.  Heap: struct summary is about 22 KiB, so callers allocate it with MEM_NEW.
 * Every metric but the interval of gaps is independent of the order of the records; that needs them
 * ordered by index, as struct record_set promises.  Without events (has_events false) throughput,
 * ITL and ICL of streamed answers are NAN.
 * Intervals: none where a percentile is unsupported, or from fewer than 11 requests.
 * Cost: linear; ten thousand requests with a million token events take 0.3 s, a million with ten million
 * about three. */
void summary_compute(
    const struct point_facts *facts, const struct record_set *records, struct summary *out);

/* The value with this key, or NAN. */
double summary_get(const struct summary *self, const char *key);

const char *validity_status_name(enum validity_status status);
const char *better_name(enum better better);
