/* L is the sum of the parts of all requests that lie inside the window, lambda W the sum of the whole
 * requests that begin inside it, both over the window's length.  They agree when what the window's
 * start cuts off is like what its end cuts off: when the system is as full after as before. */
#include "stats/in_flight.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/figure.h"
#include "stats/sort.h"

#include <math.h>

/* Starts and ends, cut to the window, each ascending. */
struct spans {
    double *starts_ns;
    double *ends_ns;
    size_t n;
};

static void spans_done(struct spans *self)
{
    mem_freep(&self->starts_ns);
    mem_freep(&self->ends_ns);
}

static double most_at_once(const struct spans *spans)
{
    size_t started = 0;
    size_t ended = 0;
    size_t most = 0;
    while (started < spans->n) {
        /* Who ends at a moment makes room for who starts at it. */
        if (spans->ends_ns[ended] <= spans->starts_ns[started]) {
            ended++;
            continue;
        }
        started++;
        most = started - ended > most ? started - ended : most;
    }
    return (double)most;
}

struct in_flight
in_flight_compute(const struct point_facts *facts, const struct record_set *records)
{
    struct in_flight out = {
        .mean = (double)NAN,
        .max = (double)NAN,
        .latency_mean_s = (double)NAN,
        .little_residual = (double)NAN,
    };
    const double window_s = figure_window_s(facts);
    if (isnan(window_s)) {
        return out;
    }
    CLEANUP(spans_done)
    struct spans spans = {
        .starts_ns = mem_alloc(records->n, sizeof(double)),
        .ends_ns = mem_alloc(records->n, sizeof(double)),
    };
    double inside_ns = 0.0;
    double whole_ns = 0.0;
    uint64_t n_sent_inside = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        const int64_t end_ns = record->end_ns == RECORD_NONE ? facts->end_ns : record->end_ns;
        if (record->sent_ns == RECORD_NONE || end_ns < record->sent_ns) {
            continue;
        }
        if (figure_in_window(facts, record->sent_ns)) {
            whole_ns += (double)(end_ns - record->sent_ns);
            n_sent_inside++;
        }
        const double start_ns =
            (double)(record->sent_ns > facts->window_start_ns ? record->sent_ns : facts->window_start_ns);
        const double stop_ns =
            (double)(end_ns < facts->window_end_ns ? end_ns : facts->window_end_ns);
        if (start_ns < stop_ns) {
            inside_ns += stop_ns - start_ns;
            spans.starts_ns[spans.n] = start_ns;
            spans.ends_ns[spans.n] = stop_ns;
            spans.n++;
        }
    }
    sort_doubles(spans.starts_ns, spans.n);
    sort_doubles(spans.ends_ns, spans.n);
    out.mean = inside_ns / (window_s * 1e9);
    out.max = most_at_once(&spans);
    if (n_sent_inside > 0) {
        out.latency_mean_s = whole_ns / (double)n_sent_inside / 1e9;
    }
    if (inside_ns > 0.0) {
        out.little_residual = fabs(inside_ns - whole_ns) / inside_ns;
    }
    return out;
}

/* A request's part of each step that it touches; `from` and `to` count steps from the window's start. */
static void add_span(struct in_flight_series *out, double from, double to)
{
    const double last = (double)out->n;
    to = to < last ? to : last;
    for (double at = from > 0.0 ? from : 0.0; at < to;) {
        const double next = fmin(floor(at) + 1.0, to);
        out->means[(size_t)at] += next - at;
        at = next;
    }
}

void in_flight_series_compute(
    const struct point_facts *facts, const struct record_set *records, struct in_flight_series *out)
{
    *out = (struct in_flight_series){.step_s = (double)NAN};
    const double window_s = figure_window_s(facts);
    if (isnan(window_s)) {
        return;
    }
    out->step_s = fmax(1.0, ceil(window_s / IN_FLIGHT_STEPS_MAX));
    out->n = (size_t)floor(window_s / out->step_s);
    const double step_ns = out->step_s * (double)NS_PER_S;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        const int64_t end_ns = record->end_ns == RECORD_NONE ? facts->end_ns : record->end_ns;
        if (record->sent_ns != RECORD_NONE && record->sent_ns < end_ns) {
            add_span(
                out, (double)(record->sent_ns - facts->window_start_ns) / step_ns,
                (double)(end_ns - facts->window_start_ns) / step_ns);
        }
    }
}
