/* A rule for each metric says which sample it reads and what it takes from it.  The samples are
 * gathered and sorted once; then the metric table is walked in its own order, so the rules need no
 * order and a metric without a rule (energy, money) is left to whoever has its source. */
#include "stats/summary.h"

#include "base/clock.h"
#include "base/text.h"
#include "stats/percentile.h"
#include "stats/sample.h"

#include <assert.h>
#include <math.h>

enum source {
    SOURCE_SAMPLE,   /* one value a request that ended ok */
    SOURCE_FAILURES, /* the same, failures as +INFINITY */
    SOURCE_ITL,
    SOURCE_ICL,
    SOURCE_FIGURE, /* a number of its own */
};

enum take {
    TAKE_PERCENTILE,
    TAKE_MEAN,
    TAKE_MAX,
};

struct inputs {
    const struct point_facts *facts;
    const struct record_set *records;
    struct sample samples[QUANTITY_COUNT];
    struct gaps itl;
    struct gaps icl;
};

struct rule {
    const char *key;
    enum source source;
    enum quantity quantity;
    enum take take;
    double percent;
    double (*figure)(const struct inputs *inputs);
};

static double window_s(const struct point_facts *facts)
{
    const int64_t length_ns = facts->window_end_ns - facts->window_start_ns;
    return length_ns > 0 ? (double)length_ns / (double)NS_PER_S : (double)NAN;
}

static bool in_window(const struct point_facts *facts, int64_t at_ns)
{
    return at_ns >= facts->window_start_ns && at_ns < facts->window_end_ns;
}

static double throughput(const struct inputs *inputs)
{
    const struct point_facts *facts = inputs->facts;
    /* Without the events nobody knows which tokens came inside. */
    if (facts->streaming && !inputs->records->has_events) {
        return NAN;
    }
    double tokens = 0.0;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        tokens += request_tokens_between(
            facts, &inputs->records->records[i], facts->window_start_ns, facts->window_end_ns);
    }
    return tokens / window_s(facts);
}

/* Requests that ended ok inside the window. */
static double req_per_s(const struct inputs *inputs, bool passing_only)
{
    const struct point_facts *facts = inputs->facts;
    uint64_t n = 0;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        const struct record *record = &inputs->records->records[i];
        n += record->outcome == OUTCOME_OK && in_window(facts, record->end_ns) &&
             (!passing_only || request_passes(facts, record));
    }
    return (double)n / window_s(facts);
}

static double req_per_s_all(const struct inputs *inputs)
{
    return req_per_s(inputs, false);
}

static double req_per_s_passing(const struct inputs *inputs)
{
    return req_per_s(inputs, true);
}

static double prompt_tok_per_s(const struct inputs *inputs)
{
    const struct point_facts *facts = inputs->facts;
    double tokens = 0.0;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        const struct record *record = &inputs->records->records[i];
        const int64_t at_ns = facts->streaming ? record->first_token_ns : record->end_ns;
        if (record->outcome == OUTCOME_OK && in_window(facts, at_ns)) {
            tokens += request_quantity(facts, record, QUANTITY_PROMPT_TOKENS);
        }
    }
    return tokens / window_s(facts);
}

static uint64_t n_counted(const struct inputs *inputs)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        n += request_is_counted(&inputs->records->records[i]);
    }
    return n;
}

static double n_samples(const struct inputs *inputs)
{
    return (double)n_counted(inputs);
}

static double n_ok(const struct inputs *inputs)
{
    return (double)(n_counted(inputs) - inputs->samples[QUANTITY_TOTAL_MS].n_failed);
}

static double share_of_counted(double n, const struct inputs *inputs)
{
    const uint64_t counted = n_counted(inputs);
    return counted > 0 ? n / (double)counted : (double)NAN;
}

static double ok_rate(const struct inputs *inputs)
{
    return share_of_counted(n_ok(inputs), inputs);
}

static double compliance_rate(const struct inputs *inputs)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        const struct record *record = &inputs->records->records[i];
        n += request_is_counted(record) && request_passes(inputs->facts, record);
    }
    return share_of_counted((double)n, inputs);
}

static double cold_start_ms(const struct inputs *inputs)
{
    const int64_t cold_ns = inputs->facts->cold_start_ns;
    return cold_ns == RECORD_NONE ? (double)NAN : (double)cold_ns / (double)NS_PER_MS;
}

static double connect_wait_max_ms(const struct inputs *inputs)
{
    double longest_ms = NAN;
    for (uint64_t i = 0; i < inputs->records->n; i++) {
        const struct record *record = &inputs->records->records[i];
        if (request_is_counted(record)) {
            longest_ms = fmax(longest_ms, (double)record->connect_ns / (double)NS_PER_MS);
        }
    }
    return longest_ms;
}

/* clang-format off */
#define FIGURE(key, function)        {key, SOURCE_FIGURE, 0, TAKE_MEAN, 0.0, function}
#define OF(key, quantity, percent)   {key, SOURCE_SAMPLE, quantity, TAKE_PERCENTILE, percent, NULL}
#define MEAN(key, quantity)          {key, SOURCE_SAMPLE, quantity, TAKE_MEAN, 0.0, NULL}
#define FAILED(key, quantity, percent) {key, SOURCE_FAILURES, quantity, TAKE_PERCENTILE, percent, NULL}
#define GAPS(key, source, percent)   {key, source, 0, TAKE_PERCENTILE, percent, NULL}

static const struct rule rules[] = {
    FIGURE("throughput_tok_per_s", throughput),
    FIGURE("req_per_s_all", req_per_s_all),
    FIGURE("req_per_s_passing", req_per_s_passing),
    FIGURE("prompt_tok_per_s", prompt_tok_per_s),
    FIGURE("ok_rate", ok_rate),
    FIGURE("compliance_rate", compliance_rate),

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

    FIGURE("cold_start_ms", cold_start_ms),
    FIGURE("connect_wait_max_ms", connect_wait_max_ms),

    FIGURE("n_samples", n_samples),
    FIGURE("n_ok", n_ok),
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

static void
sample_value(const struct rule *rule, const struct sample *sample, struct summary_value *out)
{
    if (rule->take == TAKE_MEAN) {
        out->value = mean_of(sample->values, sample->n);
        return;
    }
    const size_t n = sample->n + (rule->source == SOURCE_FAILURES ? sample->n_failed : 0);
    const double value = percentile_sorted(sample->values, n, rule->percent);
    out->value = isfinite(value) ? value : (double)NAN;
}

static double gaps_at(const struct gaps *gaps, uint64_t place)
{
    uint64_t passed = 0;
    for (size_t i = 0; i < gaps->n; i++) {
        passed += gaps->items[i].weight;
        if (place < passed) {
            return gaps->items[i].value;
        }
    }
    return NAN;
}

static void gaps_value(const struct rule *rule, const struct gaps *gaps, struct summary_value *out)
{
    if (gaps->n == 0) {
        return;
    }
    if (rule->take == TAKE_MAX) {
        out->value = gaps->items[gaps->n - 1].value;
        return;
    }
    if (rule->take == TAKE_MEAN) {
        double sum = 0.0;
        for (size_t i = 0; i < gaps->n; i++) {
            sum += gaps->items[i].value * (double)gaps->items[i].weight;
        }
        out->value = sum / (double)gaps->n_repeated;
        return;
    }
    const struct percentile_rank rank = percentile_rank(gaps->n_repeated, rule->percent);
    out->value =
        percentile_between(gaps_at(gaps, rank.lower), gaps_at(gaps, rank.upper), rank.fraction);
}

static struct summary_value
compute_value(const struct inputs *inputs, const struct metric *metric, const struct rule *rule)
{
    struct summary_value out = {.metric = metric, .value = NAN, .low = NAN, .high = NAN};
    switch (rule->source) {
    case SOURCE_SAMPLE:
    case SOURCE_FAILURES:
        sample_value(rule, &inputs->samples[rule->quantity], &out);
        break;
    case SOURCE_ITL:
        gaps_value(rule, &inputs->itl, &out);
        break;
    case SOURCE_ICL:
        gaps_value(rule, &inputs->icl, &out);
        break;
    case SOURCE_FIGURE:
        out.value = rule->figure(inputs);
        break;
    }
    return out;
}

static void inputs_done(struct inputs *self)
{
    for (size_t q = 0; q < QUANTITY_COUNT; q++) {
        sample_done(&self->samples[q]);
    }
    gaps_done(&self->itl);
    gaps_done(&self->icl);
}

static void
inputs_init(struct inputs *self, const struct point_facts *facts, const struct record_set *records)
{
    *self = (struct inputs){.facts = facts, .records = records};
    for (size_t q = 0; q < QUANTITY_COUNT; q++) {
        sample_init(&self->samples[q], facts, records, (enum quantity)q);
    }
    gaps_init(&self->itl, facts, records, GAP_TOKENS);
    gaps_init(&self->icl, facts, records, GAP_EVENTS);
}

void summary_compute(
    const struct point_facts *facts, const struct record_set *records, struct summary *out)
{
    *out = (struct summary){0};
    CLEANUP(inputs_done) struct inputs inputs;
    inputs_init(&inputs, facts, records);
    for (size_t i = 0; i < metric_table_len; i++) {
        const struct rule *rule = rule_find(metric_table[i].key);
        if (rule != NULL) {
            assert(out->n_values < SUMMARY_VALUES_MAX);
            out->values[out->n_values] = compute_value(&inputs, &metric_table[i], rule);
            out->n_values++;
        }
    }
    out->validity = n_counted(&inputs) > 0 ? VALIDITY_VALID : VALIDITY_INVALID;
}

double summary_get(const struct summary *self, const char *key)
{
    for (size_t i = 0; i < self->n_values; i++) {
        if (text_equal(self->values[i].metric->key, key)) {
            return self->values[i].value;
        }
    }
    return NAN;
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
