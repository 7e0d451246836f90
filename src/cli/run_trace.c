/* The window opens with the first request and counts every one: a trace has no warm-up to spare. */
#include "cli/run_trace.h"

#include "base/clock.h"

/* What of the trace is counted. */
struct cut {
    uint64_t n_requests;
    int64_t duration_ns; /* CLOCK_NEVER: until the last of them has ended */
    double rate_rps;     /* of the counted ones; 0 when all come at once */
};

static struct cut cut_of(const struct run_options *options, const struct prompt_set *prompts)
{
    const int64_t *at_ns = prompts->arrivals_ns;
    const int64_t duration_ns = clock_ns_of_seconds(options->duration_s);
    struct cut cut = {.n_requests = prompts->n, .duration_ns = CLOCK_NEVER};
    int64_t span_ns = at_ns[prompts->n - 1];
    if (options->requests > 0) {
        cut.n_requests = options->requests;
        span_ns = at_ns[options->requests - 1];
    } else if (options->duration_given && duration_ns <= span_ns) {
        cut.n_requests = 0;
        while (at_ns[cut.n_requests] < duration_ns) {
            cut.n_requests++;
        }
        cut.duration_ns = duration_ns;
        span_ns = duration_ns;
    }
    cut.rate_rps = span_ns > 0 ? (double)cut.n_requests * (double)NS_PER_S / (double)span_ns : 0.0;
    return cut;
}

void run_trace_point(
    const struct run_options *options, const struct run_work *work, struct point_choice *out)
{
    const struct cut cut = cut_of(options, &work->prompts);
    point_choice_open(out, cut.rate_rps, true);
    out->n_trace = (uint32_t)cut.n_requests;
    (void)snprintf(out->label, sizeof(out->label), "%.4g", cut.rate_rps);
    (void)snprintf(out->name, sizeof(out->name), "trace");
}

void run_trace_options(
    const struct run_options *options, const struct run_work *work, struct point_options *out)
{
    const struct cut cut = cut_of(options, &work->prompts);
    out->trace_ns = work->prompts.arrivals_ns;
    out->n_trace = work->prompts.n;
    out->duration_ns = cut.duration_ns;
    out->n_requests = cut.duration_ns == CLOCK_NEVER ? cut.n_requests : 0;
    out->warmup_per_stream = 0;
    out->gate = GATE_MODE_OFF;
}

static int check_replay(const struct run_work *work, struct run_plan *plan, struct error *err)
{
    const struct run_options *options = plan->options;
    const struct prompt_set *prompts = &work->prompts;
    if (prompts->arrivals_ns == NULL) {
        return error_set(
            err, ERROR_USAGE,
            "--arrival trace: dataset '%s' has no times: give --dataset trace:FILE", prompts->id);
    }
    if (options->requests > prompts->n) {
        return error_set(
            err, ERROR_USAGE, "--requests: '%llu' is more than the %u requests of the trace",
            (unsigned long long)options->requests, prompts->n);
    }
    const double span_s = (double)prompts->arrivals_ns[prompts->n - 1] / (double)NS_PER_S;
    if (options->duration_given && options->duration_s > span_s) {
        (void)fprintf(
            plan->context->log,
            "bench run: --duration %g is longer than the trace's %.4g s: all of it is replayed\n",
            options->duration_s, span_s);
    }
    return 0;
}

int run_trace_open(struct run_work *work, struct run_plan *plan, struct error *err)
{
    const struct run_options *options = plan->options;
    const bool replay = options->arrival == ARRIVAL_TRACE;
    const int result = replay ? check_replay(work, plan, err) : 0;
    if (result < 0 || work->prompts.arrivals_ns == NULL) {
        return result;
    }
    if (replay && !options->salt_given) {
        work->shape.salt = false;
    }
    if (!work->shape.ignore_eos && options->max_tokens < 0) {
        run_plan_warn(
            plan,
            "answers may end before their recorded lengths: --ignore-eos asks the engine to go on");
    }
    return 0;
}
