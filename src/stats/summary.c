/* A rule for each metric says which sample it reads and what it takes from it.  The samples are
 * gathered and sorted once; then the metric table is walked in its own order, so the rules need no
 * order, and metrics of energy and of cost are there when they are known. */
#include "stats/summary.h"

#include "base/mem.h"
#include "base/text.h"
#include "stats/bootstrap.h"
#include "stats/cost.h"
#include "stats/energy.h"
#include "stats/figure.h"
#include "stats/gap_groups.h"
#include "stats/in_flight.h"
#include "stats/measurement.h"
#include "stats/percentile.h"
#include "stats/quality.h"
#include "stats/sample.h"
#include "stats/validity.h"

#include <assert.h>
#include <math.h>

_Static_assert((int)BOOTSTRAP_RESAMPLES == (int)SUMMARY_RESAMPLES, "one number of resamples");

/* Fewest values (of gaps: requests) that any interval is computed from: what a median needs. */
static const uint64_t interval_min = 11;

enum source {
    SOURCE_SAMPLE,   /* one value a request that ended ok */
    SOURCE_FAILURES, /* the same, and +INFINITY for each failure */
    SOURCE_ZEROS,    /* the same, and 0 for each failure */
    SOURCE_ITL,
    SOURCE_ICL,
    SOURCE_FIGURE, /* a number of its own */
    SOURCE_SHARE,  /* such a number over the counted requests */
};

enum take {
    TAKE_PERCENTILE,
    TAKE_MEAN,
    TAKE_MAX,
    TAKE_FIGURE,
};

struct rule {
    const char *key;
    enum source source;
    enum quantity quantity; /* of the two samples */
    enum take take;
    double percent; /* of TAKE_PERCENTILE */
    double (*figure)(const struct point_facts *facts, const struct record_set *records);
};

struct inputs {
    const struct point_facts *facts;
    const struct record_set *records;
    double n_counted;
    bool has_scores; /* a quality benchmark's */
    struct sample samples[QUANTITY_COUNT];
    enum source gaps_source; /* ITL, ICL, or none yet: their memory is large, so one at a time */
    struct gaps gaps;
    struct gap_groups groups;
};

/* clang-format off */
#define FIGURE(key, function)        {key, SOURCE_FIGURE, 0, TAKE_FIGURE, 0.0, function}
#define SHARE(key, function)         {key, SOURCE_SHARE, 0, TAKE_FIGURE, 0.0, function}
#define OF(key, quantity, percent)   {key, SOURCE_SAMPLE, quantity, TAKE_PERCENTILE, percent, NULL}
#define MEAN(key, quantity)          {key, SOURCE_SAMPLE, quantity, TAKE_MEAN, 0.0, NULL}
#define FAILED(key, quantity, percent) {key, SOURCE_FAILURES, quantity, TAKE_PERCENTILE, percent, NULL}
#define ZEROS(key, quantity)         {key, SOURCE_ZEROS, quantity, TAKE_MEAN, 0.0, NULL}
#define GAPS(key, source, percent)   {key, source, 0, TAKE_PERCENTILE, percent, NULL}

static const struct rule rules[] = {
    FIGURE("throughput_tok_per_s", figure_throughput),
    FIGURE("req_per_s_all", figure_req_per_s_all),
    FIGURE("req_per_s_passing", figure_req_per_s_passing),
    FIGURE("prompt_tok_per_s", figure_prompt_tok_per_s),
    SHARE("ok_rate", figure_n_ok),
    SHARE("compliance_rate", figure_n_passing),

    MEAN("accuracy", QUANTITY_SCORE),
    ZEROS("accuracy_incl_failures", QUANTITY_SCORE),

    OF("ttft_p50_ms", QUANTITY_TTFT_MS, 50.0),
    OF("ttft_p90_ms", QUANTITY_TTFT_MS, 90.0),
    OF("ttft_p95_ms", QUANTITY_TTFT_MS, 95.0),
    OF("ttft_p99_ms", QUANTITY_TTFT_MS, 99.0),
    MEAN("ttft_mean_ms", QUANTITY_TTFT_MS),
    FAILED("ttft_p99_incl_failures_ms", QUANTITY_TTFT_MS, 99.0),
    OF("ttft_from_send_p50_ms", QUANTITY_TTFT_FROM_SEND_MS, 50.0),
    OF("ttft_from_send_p99_ms", QUANTITY_TTFT_FROM_SEND_MS, 99.0),
    OF("ttfo_p50_ms", QUANTITY_TTFO_MS, 50.0),
    OF("ttfo_p99_ms", QUANTITY_TTFO_MS, 99.0),

    OF("tpot_p50_ms", QUANTITY_TPOT_MS, 50.0),
    OF("tpot_p90_ms", QUANTITY_TPOT_MS, 90.0),
    OF("tpot_p95_ms", QUANTITY_TPOT_MS, 95.0),
    OF("tpot_p99_ms", QUANTITY_TPOT_MS, 99.0),
    MEAN("tpot_mean_ms", QUANTITY_TPOT_MS),

    GAPS("itl_p50_ms", SOURCE_ITL, 50.0),
    GAPS("itl_p90_ms", SOURCE_ITL, 90.0),
    GAPS("itl_p95_ms", SOURCE_ITL, 95.0),
    GAPS("itl_p99_ms", SOURCE_ITL, 99.0),
    {"itl_mean_ms", SOURCE_ITL, 0, TAKE_MEAN, 0.0, NULL},
    {"itl_max_ms", SOURCE_ITL, 0, TAKE_MAX, 0.0, NULL},
    GAPS("icl_p50_ms", SOURCE_ICL, 50.0),
    GAPS("icl_p99_ms", SOURCE_ICL, 99.0),

    OF("total_p50_ms", QUANTITY_TOTAL_MS, 50.0),
    OF("total_p90_ms", QUANTITY_TOTAL_MS, 90.0),
    OF("total_p95_ms", QUANTITY_TOTAL_MS, 95.0),
    OF("total_p99_ms", QUANTITY_TOTAL_MS, 99.0),
    MEAN("total_mean_ms", QUANTITY_TOTAL_MS),
    FAILED("total_p99_incl_failures_ms", QUANTITY_TOTAL_MS, 99.0),
    OF("total_from_send_p50_ms", QUANTITY_TOTAL_FROM_SEND_MS, 50.0),
    OF("total_from_send_p99_ms", QUANTITY_TOTAL_FROM_SEND_MS, 99.0),

    FIGURE("cold_start_ms", figure_cold_start_ms),
    FIGURE("connect_wait_max_ms", figure_connect_wait_max_ms),

    FIGURE("n_samples", figure_n_counted),
    FIGURE("n_ok", figure_n_ok),
    FIGURE("n_scored", figure_n_scored),
    MEAN("output_tokens_mean", QUANTITY_OUTPUT_TOKENS),
    MEAN("prompt_tokens_mean", QUANTITY_PROMPT_TOKENS),
};

/* clang-format on */

static const struct rule *rule_find(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (text_equal(rules[i].key, key)) {
            return &rules[i];
        }
    }
    return NULL;
}

static double mean_of(const double *values, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return n > 0 ? sum / (double)n : (double)NAN;
}

static void set_interval(struct summary_value *out, struct interval interval)
{
    out->low = interval.low;
    out->high = interval.high;
}

static void sample_value(
    const struct rule *rule, const struct sample *sample, size_t n, struct summary_value *out)
{
    const double value = rule->take == TAKE_MEAN
                             ? mean_of(sample->values, n)
                             : percentile_sorted(sample->values, n, rule->percent);
    /* An infinite percentile has no number that could be written: null, as the definition says. */
    out->value = isfinite(value) ? value : (double)NAN;
}

static void sample_interval(
    const struct rule *rule,
    const struct sample *sample,
    size_t n,
    struct rng *rng,
    struct summary_value *out)
{
    const struct interval interval =
        rule->take == TAKE_MEAN ? bootstrap_mean(sample->values, n, rng)
                                : bootstrap_percentile(sample->values, n, rule->percent, rng);
    set_interval(out, interval);
}

/* Mean of scores with 0 for each failure.  As a share, a mean of values that are all alike has no interval:
 * one of width 0 would claim a certainty that is not there. */
static void score_value(
    const struct sample *sample,
    size_t n_failed,
    bool with_interval,
    struct rng *rng,
    struct summary_value *out)
{
    const size_t n = sample->n + n_failed;
    CLEANUP(mem_freep) double *values = mem_alloc(n + 1, sizeof(*values));
    for (size_t i = 0; i < sample->n; i++) {
        values[n_failed + i] = sample->values[i]; /* behind the zeros: still ascending */
    }
    out->value = mean_of(values, n);
    if (with_interval && values[0] < values[n - 1]) {
        set_interval(out, bootstrap_mean(values, n, rng));
    }
}

static void
gaps_value(const struct rule *rule, const struct gap_groups *groups, struct summary_value *out)
{
    if (rule->take == TAKE_MEAN) {
        out->value = gap_groups_mean(groups);
    } else if (rule->take == TAKE_MAX) {
        out->value = groups->n > 0 ? groups->items[groups->n - 1].value : (double)NAN;
    } else {
        out->value = gap_groups_percentile(groups, rule->percent);
    }
}

static void gaps_interval(
    const struct rule *rule,
    const struct gap_groups *groups,
    struct rng *rng,
    struct summary_value *out)
{
    if (rule->take == TAKE_MEAN) {
        set_interval(out, gap_groups_mean_interval(groups, rng));
    } else if (rule->take == TAKE_PERCENTILE) {
        set_interval(out, gap_groups_percentile_interval(groups, rule->percent, rng));
    }
}

static bool reads_gaps(const struct rule *rule)
{
    return rule->source == SOURCE_ITL || rule->source == SOURCE_ICL;
}

static bool is_of_scores(const struct rule *rule)
{
    const bool is_sample = rule->source == SOURCE_SAMPLE || rule->source == SOURCE_ZEROS;
    return (is_sample && rule->quantity == QUANTITY_SCORE) || rule->figure == figure_n_scored;
}

/* What a value rests on: how many values, from how many requests. */
struct support {
    uint64_t n_values;
    uint64_t n_requests;
};

static struct support support_of(const struct inputs *inputs, const struct rule *rule)
{
    if (reads_gaps(rule)) {
        const struct gaps *gaps = &inputs->gaps;
        return (struct support){.n_values = gaps->n_repeated, .n_requests = gaps->n_clusters};
    }
    if (rule->source == SOURCE_SHARE) {
        const uint64_t n = (uint64_t)inputs->n_counted;
        return (struct support){.n_values = n, .n_requests = n};
    }
    if (rule->source == SOURCE_FIGURE) {
        return (struct support){0};
    }
    const struct sample *sample = &inputs->samples[rule->quantity];
    const uint64_t n = sample->n + (rule->source == SOURCE_SAMPLE ? 0 : sample->n_failed);
    return (struct support){.n_values = n, .n_requests = n};
}

static bool is_supported(const struct rule *rule, struct support support)
{
    const uint64_t needed =
        rule->take == TAKE_PERCENTILE ? percentile_min_samples(rule->percent) : interval_min;
    return support.n_values >= needed && support.n_requests >= interval_min;
}

static void compute_value(
    const struct inputs *inputs,
    const struct rule *rule,
    bool with_interval,
    struct summary_value *out)
{
    struct rng rng;
    bootstrap_start(&rng, inputs->facts->seed, rule->key);
    const uint64_t n = support_of(inputs, rule).n_values;
    const struct gap_groups *groups = &inputs->groups;
    double figure = (double)NAN;
    switch (rule->source) {
    case SOURCE_ZEROS:
        score_value(
            &inputs->samples[rule->quantity], n - inputs->samples[rule->quantity].n, with_interval,
            &rng, out);
        break;
    case SOURCE_SAMPLE:
    case SOURCE_FAILURES:
        if (rule->quantity == QUANTITY_SCORE) {
            score_value(&inputs->samples[rule->quantity], 0, with_interval, &rng, out);
            break;
        }
        sample_value(rule, &inputs->samples[rule->quantity], n, out);
        if (with_interval && !isnan(out->value)) {
            sample_interval(rule, &inputs->samples[rule->quantity], n, &rng, out);
        }
        break;
    case SOURCE_ITL:
    case SOURCE_ICL:
        gaps_value(rule, groups, out);
        if (with_interval) {
            gaps_interval(rule, groups, &rng, out);
        }
        break;
    case SOURCE_FIGURE:
        out->value = rule->figure(inputs->facts, inputs->records);
        break;
    case SOURCE_SHARE:
        figure = rule->figure(inputs->facts, inputs->records);
        out->value = n > 0 ? figure / inputs->n_counted : (double)NAN;
        if (with_interval) {
            set_interval(out, bootstrap_share((uint64_t)figure, n, &rng));
        }
        break;
    }
}

static void inputs_drop_gaps(struct inputs *self)
{
    gap_groups_done(&self->groups);
    gaps_done(&self->gaps);
}

/* Gathers the gaps that a rule reads, unless they are there. */
static void inputs_take_gaps(struct inputs *self, enum source source)
{
    if (self->gaps_source == source) {
        return;
    }
    inputs_drop_gaps(self);
    self->gaps_source = source;
    const bool is_itl = source == SOURCE_ITL;
    struct rng rng;
    gaps_init(&self->gaps, self->facts, self->records, is_itl ? GAP_TOKENS : GAP_EVENTS);
    bootstrap_start(&rng, self->facts->seed, is_itl ? "itl" : "icl");
    gap_groups_init(&self->groups, &self->gaps, &rng);
}

static void add_value(
    struct inputs *inputs,
    const struct metric *metric,
    const struct rule *rule,
    struct summary *out)
{
    assert(out->n_values < SUMMARY_VALUES_MAX);
    struct summary_value *value = &out->values[out->n_values];
    *value = (struct summary_value){
        .metric = metric, .value = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    if (reads_gaps(rule)) {
        inputs_take_gaps(inputs, rule->source);
    }
    const struct support support = support_of(inputs, rule);
    const bool supported = is_supported(rule, support);
    compute_value(inputs, rule, supported, value);
    out->n_values++;
    if (rule->take == TAKE_PERCENTILE && !supported && support.n_values > 0) {
        struct measurement *measurement = &out->measurement;
        assert(measurement->n_unsupported < SUMMARY_UNSUPPORTED_MAX);
        measurement->unsupported_percentiles[measurement->n_unsupported] = metric->key;
        measurement->n_unsupported++;
    }
}

static void inputs_done(struct inputs *self)
{
    for (size_t q = 0; q < QUANTITY_COUNT; q++) {
        sample_done(&self->samples[q]);
    }
    inputs_drop_gaps(self);
}

static void
inputs_init(struct inputs *self, const struct point_facts *facts, const struct record_set *records)
{
    *self = (struct inputs){
        .facts = facts,
        .records = records,
        .n_counted = figure_n_counted(facts, records),
        .gaps_source = SOURCE_SAMPLE,
        .has_scores = quality_is_known(records),
    };
    for (size_t q = 0; q < QUANTITY_COUNT; q++) {
        if (q != QUANTITY_SCORE || self->has_scores) {
            sample_init(&self->samples[q], facts, records, (enum quantity)q);
        }
    }
}

/* The number of a metric of energy; false for any other metric. */
static bool energy_value(
    const struct energy *energy, const struct summary *summary, const char *key, double *out)
{
    /* Both counts are of the same window, so its length cancels. */
    const double tok_per_s = summary_get(summary, "throughput_tok_per_s");
    const double req_per_s = summary_get(summary, "req_per_s_all");

    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"joules_per_token", energy->power_avg_w / tok_per_s},
        {"joules_per_request", energy->power_avg_w / req_per_s},
        {"power_avg_w", energy->power_avg_w},
        {"power_peak_w", energy->power_peak_w},
        {"energy_joules_total", energy->energy_j},
        {"energy_uncertainty_joules", energy->uncertainty_j},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (text_equal(rows[i].key, key)) {
            *out = isfinite(rows[i].value) ? rows[i].value : (double)NAN;
            return true;
        }
    }
    return false;
}

static void add_bare_value(struct summary *out, const struct metric *metric, double value)
{
    assert(out->n_values < SUMMARY_VALUES_MAX);
    out->values[out->n_values++] = (struct summary_value){
        .metric = metric,
        .value = value,
        .low = (double)NAN,
        .high = (double)NAN,
    };
}

/* Absent without a source, never 0.  The window is that of the tokens, to the nanosecond. */
static void add_energy(const struct point_facts *facts, struct summary *out)
{
    CLEANUP(mem_freep) struct energy *energy = MEM_NEW(struct energy);
    const struct span window = {facts->window_start_ns, facts->window_end_ns};
    energy_compute(facts->telemetry, &window, energy);
    if (!energy->known) {
        return;
    }
    for (size_t i = 0; i < metric_table_len; i++) {
        double value = (double)NAN;
        if (energy_value(energy, out, metric_table[i].key, &value)) {
            add_bare_value(out, &metric_table[i], value);
        }
    }
}

/* Absent without a price that applies, never 0. */
static void add_cost(const struct point_facts *facts, struct summary *out)
{
    const struct hour_rates rates = {
        .window_s = figure_window_s(facts),
        .tok_per_s = summary_get(out, "throughput_tok_per_s"),
        .req_per_s = summary_get(out, "req_per_s_all"),
    };
    struct cost cost;
    cost_compute(facts, &out->measurement.usage, &rates, &cost);
    out->cost_source = cost.source;
    if (cost.source == NULL) {
        return;
    }
    add_bare_value(out, metric_find("cost_usd_per_million_tokens"), cost.usd_per_million_tokens);
    add_bare_value(out, metric_find("cost_usd_per_request"), cost.usd_per_request);
    add_bare_value(out, metric_find("cost_usd_total"), cost.usd_total);
}

void summary_compute(
    const struct point_facts *facts, const struct record_set *records, struct summary *out)
{
    *out = (struct summary){0};
    measurement_compute(facts, records, &out->measurement);
    judge_summary_compute(records, &out->judge);
    CLEANUP(inputs_done) struct inputs inputs;
    inputs_init(&inputs, facts, records);
    for (size_t i = 0; i < metric_table_len; i++) {
        const struct rule *rule = rule_find(metric_table[i].key);
        if (rule != NULL && (inputs.has_scores || !is_of_scores(rule))) {
            add_value(&inputs, &metric_table[i], rule, out);
        }
    }
    add_energy(facts, out);
    add_cost(facts, out);
    const struct validity_input validity = {
        .facts = facts,
        .measurement = &out->measurement,
        .judge = &out->judge,
        .ok_rate = summary_get(out, "ok_rate"),
        .latency_in_flight_s = in_flight_compute(facts, records).latency_mean_s,
    };
    out->validity = validity_judge(&validity, out->reasons, &out->n_reasons);
}

double summary_get(const struct summary *self, const char *key)
{
    for (size_t i = 0; i < self->n_values; i++) {
        if (text_equal(self->values[i].metric->key, key)) {
            return self->values[i].value;
        }
    }
    return (double)NAN;
}

static const char *const status_names[] = {
    [VALIDITY_VALID] = "valid",
    [VALIDITY_FLAGGED] = "flagged",
    [VALIDITY_INVALID] = "invalid",
};

static const char *const better_names[] = {
    [BETTER_NONE] = "none",
    [BETTER_HIGHER] = "higher",
    [BETTER_LOWER] = "lower",
};

const char *validity_status_name(enum validity_status status)
{
    assert((size_t)status < ARRAY_LEN(status_names));
    return status_names[status];
}

const char *better_name(enum better better)
{
    assert((size_t)better < ARRAY_LEN(better_names));
    return better_names[better];
}
