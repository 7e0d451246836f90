/* Limits on figures that scatter by nature leave room for that scatter, so that a sound measurement
 * is flagged once in a thousand times at most:
 *   rate     the number of arrivals in a window varies, by the square root of its mean for Poisson
 *   Little   the window cuts requests at both edges, and what it cuts off differs by chance
 * Everything else is compared as it stands. */
#include "stats/validity.h"

#include "stats/figure.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* Two-sided 0.1 % of a normal distribution. */
#define Z_999 3.29

#define LIMITS "MEASUREMENT.md, Evidence of validity"

static const double dispatch_limit_us = 1000.0;
static const double dispatch_gap_share = 0.05;
static const double rate_limit = 0.01;
static const double ks_limit = 0.001;
static const double little_limit = 0.05;
static const double shared_read_limit = 0.05;
static const double lag_limit_us = 1000.0;
/* While a worker stands still it sends nothing and empties nothing: the load is not what was asked for,
 * also when every stamp is the kernel's.  A busy machine takes a thread off its processor for tens of ms
 * now and then; a tenth of a second is a stall. */
static const double stall_limit_us = 100000.0;
static const double in_flight_limit = 0.95;
static const double worker_limit = 0.85;
static const double ok_rate_limit = 0.95;
/* What a judge cannot decide is not drawn by chance: with one in twenty missing, what accuracy says may be off
 * by as much. */
static const double judge_error_limit = 0.05;

static bool judge_counted(const struct validity_input *input, double *figure, double *limit)
{
    *figure = (double)input->measurement->n_counted;
    *limit = 1.0;
    return true;
}

static bool judge_dispatch(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->dispatch_delay_p99_us;
    *limit = dispatch_limit_us;
    return input->facts->driver == DRIVER_OPEN;
}

static bool judge_dispatch_gap(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->dispatch_delay_p99_us;
    *limit = dispatch_gap_share * 1e6 / input->facts->rate_rps;
    return input->facts->driver == DRIVER_OPEN && input->facts->rate_rps > 0.0;
}

/* Standard deviation over mean of the number of arrivals in the window. */
static double arrival_noise(const struct point_facts *facts)
{
    const double expected = facts->rate_rps * figure_window_s(facts);
    if (facts->arrival == ARRIVAL_CONSTANT) {
        return 1.0 / expected / Z_999; /* one arrival more or less at the edges, never beyond */
    }
    const bool is_gamma = facts->arrival == ARRIVAL_GAMMA && facts->burstiness > 0.0;
    const double dispersion = is_gamma ? 1.0 / facts->burstiness : 1.0;
    return sqrt(dispersion / expected);
}

static bool judge_rate(const struct validity_input *input, double *figure, double *limit)
{
    *figure = fabs(input->measurement->achieved_rate_ratio - 1.0);
    *limit = rate_limit + Z_999 * arrival_noise(input->facts);
    return input->facts->driver == DRIVER_OPEN;
}

static bool judge_ks(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->arrival_ks_p;
    *limit = ks_limit;
    return input->facts->driver == DRIVER_OPEN;
}

/* How far apart L and lambda W may be because of the requests that the window's edges cut.  Closed
 * loop and traces: requests may run in step, so by up to a whole latency of the window.  Open loop: independent
 * arrivals, whose cut parts vary as two sums of L times uniform parts of a latency W, so with the
 * variance 2 L W^2 / 3. */
static double edge_noise(const struct validity_input *input)
{
    const double share = input->latency_in_flight_s / figure_window_s(input->facts);
    if (input->facts->driver == DRIVER_CLOSED || input->facts->arrival == ARRIVAL_TRACE) {
        return share;
    }
    return Z_999 * share * sqrt(2.0 / (3.0 * input->measurement->in_flight_mean));
}

static bool judge_little(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->little_residual;
    *limit = little_limit + edge_noise(input);
    return true;
}

static bool judge_shared_reads(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->shared_read_share;
    *limit = shared_read_limit;
    return true;
}

static bool judge_lag(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->client_lag_p99_us;
    *limit = lag_limit_us;
    return !input->measurement->stamp_kernel;
}

static bool judge_stall(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->client_gap_max_us;
    *limit = stall_limit_us;
    return true;
}

/* A window of a number of requests ends with the last of them, when the others have ended already. */
static bool judge_in_flight(const struct validity_input *input, double *figure, double *limit)
{
    const struct point_facts *facts = input->facts;
    *figure = input->measurement->in_flight_mean / facts->concurrency;
    *limit = in_flight_limit;
    return facts->driver == DRIVER_CLOSED && facts->concurrency > 0 &&
           facts->requested_duration_ns > 0;
}

static bool judge_worker(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->measurement->worker_work_share_max;
    *limit = worker_limit;
    return true;
}

static bool judge_engine(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->facts->engine_changed ? 1.0 : 0.0;
    *limit = 0.0;
    return true;
}

static bool judge_ok_rate(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->ok_rate;
    *limit = ok_rate_limit;
    return true;
}

static bool judge_interrupted(const struct validity_input *input, double *figure, double *limit)
{
    *figure = input->facts->interrupted ? 1.0 : 0.0;
    *limit = 0.0;
    return true;
}

static bool judge_unasked(const struct validity_input *input, double *figure, double *limit)
{
    *figure = (double)input->judge->n_outcome[JUDGE_NOT_ASKED];
    *limit = 0.0;
    return true;
}

static bool judge_errors(const struct validity_input *input, double *figure, double *limit)
{
    *figure = judge_error_share(input->judge);
    *limit = judge_error_limit;
    return true;
}

/* clang-format off */
const struct validity_rule validity_table[] = {
    {"no_requests", "", "MEASUREMENT.md, The window; PROMISES.md 10", "counted requests",
     true, VALIDITY_INVALID, judge_counted},
    {"dispatch_delay", "us", LIMITS ": dispatch delay p99 > 1 ms", "dispatch delay p99",
     false, VALIDITY_FLAGGED, judge_dispatch},
    {"dispatch_delay_gap", "us", LIMITS ": dispatch delay p99 > 5 % of the mean gap", "dispatch delay p99 beside the mean gap",
     false, VALIDITY_FLAGGED, judge_dispatch_gap},
    {"achieved_rate", "", LIMITS ": achieved rate off by more than 1 % beyond Poisson noise", "deviation of the achieved from the requested rate",
     false, VALIDITY_FLAGGED, judge_rate},
    {"arrival_process", "", LIMITS ": KS p < 0.001", "chance of such gaps under the declared arrival process",
     true, VALIDITY_FLAGGED, judge_ks},
    {"little_residual", "", LIMITS ": Little residual > 5 %, beyond what the window's edges cut", "Little's-law residual",
     false, VALIDITY_FLAGGED, judge_little},
    {"shared_reads", "", LIMITS ": shared-read events > 5 %", "share of token events without a stamp of their own",
     false, VALIDITY_FLAGGED, judge_shared_reads},
    {"client_lag", "us", LIMITS ": client lag p99 > 1 ms with user stamps", "client lag p99 with user-space stamps",
     false, VALIDITY_FLAGGED, judge_lag},
    {"client_stall", "us", "docs/measurement.md: client gap max > 0.1 s, whatever the stamps", "longest time that the client stood still",
     false, VALIDITY_FLAGGED, judge_stall},
    {"in_flight", "", "docs/measurement.md: closed loop with less than 95 % of its streams in flight", "mean number in flight over the streams asked for",
     true, VALIDITY_FLAGGED, judge_in_flight},
    {"worker_cpu", "", LIMITS ": a worker above 85 % of a core", "share of a core that the busiest worker used, its awake waiting left out",
     false, VALIDITY_FLAGGED, judge_worker},
    {"engine_changed", "", LIMITS ": engine identity changed during the run", "changes of the engine's identity during the run",
     false, VALIDITY_FLAGGED, judge_engine},
    {"ok_rate", "", LIMITS ": ok_rate < 0.95", "share of counted requests that ended ok",
     true, VALIDITY_FLAGGED, judge_ok_rate},
    {"interrupted", "", "PROMISES.md 31: an interrupted point is written as flagged", "interruptions of the window",
     false, VALIDITY_FLAGGED, judge_interrupted},
    {"judge_not_asked", "", "docs/scoring.md: judging that was interrupted or given up", "number of answers that the judge did not get to",
     false, VALIDITY_FLAGGED, judge_unasked},
    {"judge_errors", "", "docs/scoring.md: judge errors > 5 %", "share of the judged answers without a verdict",
     false, VALIDITY_FLAGGED, judge_errors},
};
/* clang-format on */

const size_t validity_table_len = ARRAY_LEN(validity_table);

_Static_assert(ARRAY_LEN(validity_table) <= SUMMARY_REASONS_MAX, "every row may trip at once");

static struct validity_reason
describe(const struct validity_rule *rule, double figure, double limit)
{
    struct validity_reason out = {.name = rule->name, .figure = figure, .limit = limit};
    const char *space = rule->unit[0] == '\0' ? "" : " ";
    const int len = snprintf(
        out.text, sizeof(out.text), "%s: %.4g%s%s is %s the limit of %.4g%s%s", rule->text, figure,
        space, rule->unit, rule->is_minimum ? "below" : "above", limit, space, rule->unit);
    assert(len > 0 && (size_t)len < sizeof(out.text));
    return out;
}

enum validity_status validity_judge(
    const struct validity_input *input, struct validity_reason *reasons, size_t *n_reasons)
{
    enum validity_status status = VALIDITY_VALID;
    *n_reasons = 0;
    for (size_t i = 0; i < validity_table_len; i++) {
        const struct validity_rule *rule = &validity_table[i];
        double figure = (double)NAN;
        double limit = (double)NAN;
        /* A figure that does not exist (NAN) compares false and trips nothing. */
        if (!rule->judge(input, &figure, &limit) ||
            !(rule->is_minimum ? figure < limit : figure > limit)) {
            continue;
        }
        reasons[*n_reasons] = describe(rule, figure, limit);
        (*n_reasons)++;
        status = rule->status > status ? rule->status : status;
    }
    return status;
}
