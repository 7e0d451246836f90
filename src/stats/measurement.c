/* Three groups of evidence: what the workers saw of themselves, what the send times say of the load,
 * and whether in-flight requests, rate and latency fit together. */
#include "stats/measurement.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/arrival_test.h"
#include "stats/figure.h"
#include "stats/in_flight.h"
#include "stats/percentile.h"
#include "stats/read_bound.h"
#include "stats/request.h"
#include "stats/sort.h"

#include <math.h>
#include <string.h>

double worker_cpu_share(const struct worker_facts *worker)
{
    return worker->wall_ns > 0 ? (double)worker->cpu_ns / (double)worker->wall_ns : (double)NAN;
}

double worker_work_share(const struct worker_facts *worker)
{
    const double work_ns = fmax(0.0, (double)worker->cpu_ns - (double)worker->awake_ns);
    return worker->wall_ns > 0 ? work_ns / (double)worker->wall_ns : (double)NAN;
}

static void add_workers(const struct point_facts *facts, struct measurement *out)
{
    CLEANUP(mem_freep) uint64_t *lag = mem_alloc(LAG_BUCKETS, sizeof(*lag));
    uint64_t n_events = 0;
    uint64_t n_shared = 0;
    int64_t lag_max_ns = RECORD_NONE;
    int64_t gap_max_ns = 0;
    out->worker_cpu_share_max = (double)NAN;
    out->worker_work_share_max = (double)NAN;
    for (uint32_t w = 0; w < facts->n_workers; w++) {
        const struct worker_facts *worker = &facts->workers[w];
        out->n_kernel_stamps += worker->n_kernel_stamps;
        out->n_user_stamps += worker->n_user_stamps;
        out->n_clock_steps += worker->n_clock_steps;
        out->n_connects += worker->n_connects;
        n_events += worker->n_token_events;
        n_shared += worker->n_shared_reads;
        gap_max_ns = worker->gap_max_ns > gap_max_ns ? worker->gap_max_ns : gap_max_ns;
        lag_max_ns = worker->lag_max_ns > lag_max_ns ? worker->lag_max_ns : lag_max_ns;
        for (size_t b = 0; b < LAG_BUCKETS; b++) {
            lag[b] += worker->lag[b];
        }
        out->worker_cpu_share_max = fmax(out->worker_cpu_share_max, worker_cpu_share(worker));
        out->worker_work_share_max = fmax(out->worker_work_share_max, worker_work_share(worker));
    }
    out->client_gap_max_us = (double)gap_max_ns / (double)NS_PER_US;
    out->stamp_kernel = out->n_kernel_stamps > 0 && out->n_user_stamps == 0;
    out->shared_read_share = n_events > 0 ? (double)n_shared / (double)n_events : (double)NAN;
    out->client_lag_p50_us = lag_histogram_quantile(lag, 0.50) / (double)NS_PER_US;
    out->client_lag_p99_us = lag_histogram_quantile(lag, 0.99) / (double)NS_PER_US;
    out->client_lag_max_us =
        isnan(out->client_lag_p50_us) ? (double)NAN : (double)lag_max_ns / (double)NS_PER_US;
    /* A quantile is the middle of its bucket, which may lie above the true maximum. */
    out->client_lag_p50_us = fmin(out->client_lag_p50_us, out->client_lag_max_us);
    out->client_lag_p99_us = fmin(out->client_lag_p99_us, out->client_lag_max_us);
}

static int64_t add_known(int64_t sum, int32_t count)
{
    if (count == RECORD_COUNT_UNKNOWN) {
        return sum;
    }
    return sum == RECORD_COUNT_UNKNOWN ? count : sum + count;
}

static void add_counts(const struct record_set *records, struct measurement *out)
{
    out->cached_prompt_tokens = RECORD_COUNT_UNKNOWN;
    out->prompt_tokens_total = RECORD_COUNT_UNKNOWN;
    uint64_t n_waited = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        out->n_warmup += record->phase == PHASE_WARMUP;
        out->n_tail += record->phase == PHASE_TAIL;
        if (!request_is_counted(record)) {
            continue;
        }
        out->n_counted++;
        out->n_outcome[record->outcome]++;
        n_waited += record->connect_ns > 0;
        out->cached_prompt_tokens = add_known(out->cached_prompt_tokens, record->cached_tokens);
        out->prompt_tokens_total = add_known(out->prompt_tokens_total, record->prompt_tokens);
    }
    usage_totals_compute(records, &out->usage);
    out->waited_for_connect_share =
        out->n_counted > 0 ? (double)n_waited / (double)out->n_counted : (double)NAN;
}

/* sent - scheduled: lateness in an open loop, turnaround in a closed one.  A request of an open loop that
 * was never sent was late until it was given up, at least: to leave it out would make a client the more
 * punctual the more it leaves unsent. */
static bool dispatch_ns(const struct point_facts *facts, const struct record *record, int64_t *out)
{
    const bool gave_up = facts->driver == DRIVER_OPEN && record->sent_ns == RECORD_NONE;
    const int64_t until_ns = gave_up ? record->end_ns : record->sent_ns;
    if (until_ns == RECORD_NONE || record->scheduled_ns == RECORD_NONE) {
        return false;
    }
    *out = until_ns - record->scheduled_ns;
    return true;
}

static void add_delays(
    const struct point_facts *facts, const struct record_set *records, struct measurement *out)
{
    CLEANUP(mem_freep) double *delays_us = mem_alloc(records->n, sizeof(*delays_us));
    size_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        int64_t delay_ns = 0;
        if (request_is_counted(record) && dispatch_ns(facts, record, &delay_ns)) {
            delays_us[n] = (double)delay_ns / (double)NS_PER_US;
            n++;
        }
    }
    sort_doubles(delays_us, n);
    const double p50_us = percentile_sorted(delays_us, n, 50.0);
    const double p99_us = percentile_sorted(delays_us, n, 99.0);
    const double max_us = percentile_sorted(delays_us, n, 100.0);
    const bool open = facts->driver == DRIVER_OPEN;
    out->dispatch_delay_p50_us = open ? p50_us : (double)NAN;
    out->dispatch_delay_p99_us = open ? p99_us : (double)NAN;
    out->dispatch_delay_max_us = open ? max_us : (double)NAN;
    out->turnaround_p50_us = open ? (double)NAN : p50_us;
    out->turnaround_p99_us = open ? (double)NAN : p99_us;
    out->turnaround_max_us = open ? (double)NAN : max_us;
}

static void add_arrivals(
    const struct point_facts *facts, const struct record_set *records, struct measurement *out)
{
    CLEANUP(mem_freep) double *sent_ns = mem_alloc(records->n, sizeof(*sent_ns));
    size_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        if (figure_in_window(facts, records->records[i].sent_ns)) {
            sent_ns[n] = (double)records->records[i].sent_ns;
            n++;
        }
    }
    sort_doubles(sent_ns, n);
    out->achieved_rate_rps = (double)n / figure_window_s(facts);
    out->arrival_dispersion_1s = arrival_dispersion_1s(
        sent_ns, n, (double)facts->window_start_ns, (double)facts->window_end_ns);
    out->requested_rate_rps = (double)NAN;
    out->achieved_rate_ratio = (double)NAN;
    out->arrival_ks_p = (double)NAN;
    if (facts->driver == DRIVER_CLOSED || !(facts->rate_rps > 0.0)) {
        return;
    }
    const struct arrival_process process = {
        .arrival = facts->arrival,
        .rate_rps = facts->rate_rps,
        .burstiness = facts->burstiness,
    };
    out->requested_rate_rps = facts->rate_rps;
    if (facts->arrival == ARRIVAL_TRACE) {
        return; /* no process to test against: the schedule is known, and dispatch delay is held to it */
    }
    out->achieved_rate_ratio = out->achieved_rate_rps / facts->rate_rps;
    out->arrival_ks_p = arrival_ks_p_value(&process, sent_ns, n);
}

void measurement_compute(
    const struct point_facts *facts, const struct record_set *records, struct measurement *out)
{
    memset(out, 0, sizeof(*out));
    add_workers(facts, out);
    add_counts(records, out);
    add_delays(facts, records, out);
    add_arrivals(facts, records, out);
    const struct in_flight in_flight = in_flight_compute(facts, records);
    out->in_flight_mean = in_flight.mean;
    out->in_flight_max = in_flight.max;
    out->little_residual = in_flight.little_residual;
    in_flight_series_compute(facts, records, &out->in_flight_series);
    const struct read_bound bound = read_bound_compute(records);
    out->shared_read_bound_p99_us = bound.p99_us;
    out->shared_read_bound_max_us = bound.max_us;
}
