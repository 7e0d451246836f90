/* A whole point, computed here and by plain Python over the same requests
 * (tests/oracle/stats_oracle.py), then the properties that hold for any point. */
#include "base/mem.h"
#include "oracle/stats_summary.h"
#include "stats/percentile.h"
#include "stats/summary.h"
#include "support/events.h"
#include "support/test.h"

#include <string.h>

static struct summary *compute(const struct point_facts *facts, const struct record_set *records)
{
    struct summary *out = MEM_NEW(struct summary);
    summary_compute(facts, records, out);
    return out;
}

static struct record_set oracle_records(void)
{
    static uint32_t words[ARRAY_LEN(summary_events) * TOKEN_EVENT_WORDS_MAX];
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_LEN(summary_records); i++) {
        struct record *record = &summary_records[i];
        events_pack(
            record, words + at * TOKEN_EVENT_WORDS_MAX, summary_events + at, record->n_events);
        at += record->n_events;
    }
    return (struct record_set){
        .records = summary_records,
        .n = ARRAY_LEN(summary_records),
        .has_events = true,
    };
}

static struct point_facts oracle_facts(enum driver driver, bool streaming)
{
    struct point_facts facts = summary_facts;
    facts.driver = driver;
    facts.streaming = streaming;
    return facts;
}

static const struct summary_value *value_of(const struct summary *summary, const char *key)
{
    for (size_t i = 0; i < summary->n_values; i++) {
        if (strcmp(summary->values[i].metric->key, key) == 0) {
            return &summary->values[i];
        }
    }
    print_error("no metric %s\n", key);
    fail();
    abort(); /* fail() does not return, but does not say so */
}

/* Equal within rounding, or both without a value. */
static void assert_value(const char *what, double got, double expected)
{
    const bool same =
        isnan(expected) ? isnan(got) : fabs(got - expected) <= 1e-12 + 1e-12 * fabs(expected);
    if (!same) {
        print_error("%s: %.17g, not %.17g\n", what, got, expected);
        fail();
    }
}

static void test_summary_compute__equals_the_oracle_in_every_metric(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    const struct point_facts facts[] = {
        oracle_facts(DRIVER_OPEN, true),
        oracle_facts(DRIVER_CLOSED, true),
        oracle_facts(DRIVER_OPEN, false),
    };
    for (size_t v = 0; v < ARRAY_LEN(facts); v++) {
        CLEANUP(mem_freep) struct summary *summary = compute(&facts[v], &records);
        assert_int_equal(summary->n_values, ARRAY_LEN(summary_rows));
        for (size_t i = 0; i < ARRAY_LEN(summary_rows); i++) {
            const double expected = v == 0   ? summary_rows[i].open
                                    : v == 1 ? summary_rows[i].closed
                                             : summary_rows[i].open_whole;
            assert_value(
                summary_rows[i].key, value_of(summary, summary_rows[i].key)->value, expected);
            assert_value(summary_rows[i].key, summary_get(summary, summary_rows[i].key), expected);
        }
    }
}

static void assert_evidence(const struct measurement *got, const struct measurement *expected)
{
    assert_value("dispatch p50", got->dispatch_delay_p50_us, expected->dispatch_delay_p50_us);
    assert_value("dispatch p99", got->dispatch_delay_p99_us, expected->dispatch_delay_p99_us);
    assert_value("dispatch max", got->dispatch_delay_max_us, expected->dispatch_delay_max_us);
    assert_value("turnaround p50", got->turnaround_p50_us, expected->turnaround_p50_us);
    assert_value("turnaround p99", got->turnaround_p99_us, expected->turnaround_p99_us);
    assert_value("turnaround max", got->turnaround_max_us, expected->turnaround_max_us);
    assert_value("requested rate", got->requested_rate_rps, expected->requested_rate_rps);
    assert_value("achieved rate", got->achieved_rate_rps, expected->achieved_rate_rps);
    assert_value("rate ratio", got->achieved_rate_ratio, expected->achieved_rate_ratio);
    assert_value("dispersion", got->arrival_dispersion_1s, expected->arrival_dispersion_1s);
    assert_value("in flight", got->in_flight_mean, expected->in_flight_mean);
    assert_value("in flight max", got->in_flight_max, expected->in_flight_max);
    assert_near(got->little_residual, expected->little_residual, 1e-9);
    assert_value("connects", got->waited_for_connect_share, expected->waited_for_connect_share);
    assert_int_equal(got->cached_prompt_tokens, expected->cached_prompt_tokens);
    assert_int_equal(got->prompt_tokens_total, expected->prompt_tokens_total);
    assert_int_equal(got->n_warmup, expected->n_warmup);
    assert_int_equal(got->n_counted, expected->n_counted);
    assert_int_equal(got->n_tail, expected->n_tail);
    if (isnan(expected->arrival_ks_p)) {
        assert_true(isnan(got->arrival_ks_p));
    } else {
        assert_near(got->arrival_ks_p, expected->arrival_ks_p, 3e-6);
    }
}

static void test_summary_compute__equals_the_oracle_in_its_evidence(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    const struct point_facts open = oracle_facts(DRIVER_OPEN, true);
    const struct point_facts closed = oracle_facts(DRIVER_CLOSED, true);
    CLEANUP(mem_freep) struct summary *by_open = compute(&open, &records);
    CLEANUP(mem_freep) struct summary *by_closed = compute(&closed, &records);
    assert_evidence(&by_open->measurement, &summary_evidence_open);
    assert_evidence(&by_closed->measurement, &summary_evidence_closed);
    uint64_t n = 0;
    for (size_t o = 0; o < OUTCOME_COUNT; o++) {
        n += by_open->measurement.n_outcome[o];
        assert_true(by_open->measurement.n_outcome[o] > 0);
    }
    assert_int_equal(n, by_open->measurement.n_counted);
}

static void test_summary_compute__reads_the_workers(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    struct point_facts facts = oracle_facts(DRIVER_CLOSED, true);
    static struct worker_facts workers[3] = {
        {.cpu_ns = 20,
         .wall_ns = 100,
         .n_token_events = 60,
         .n_shared_reads = 3,
         .n_kernel_stamps = 60,
         .lag_max_ns = 2000,
         .n_connects = 2},
        {.cpu_ns = 70,
         .awake_ns = 55,
         .wall_ns = 100,
         .n_token_events = 40,
         .n_shared_reads = 1,
         .n_kernel_stamps = 39,
         .n_user_stamps = 1,
         .lag_max_ns = 9000,
         .n_connects = 1,
         .n_clock_steps = 1},
        {.lag_max_ns = RECORD_NONE},
    };
    facts.workers = workers;
    facts.n_workers = 3;
    for (int i = 0; i < 98; i++) {
        lag_histogram_add(workers[i % 2].lag, 1000);
    }
    lag_histogram_add(workers[0].lag, 9000);
    lag_histogram_add(workers[1].lag, 9000);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    const struct measurement *m = &summary->measurement;
    assert_false(m->stamp_kernel);
    assert_int_equal(m->n_kernel_stamps, 99);
    assert_int_equal(m->n_user_stamps, 1);
    assert_int_equal(m->n_connects, 3);
    assert_int_equal(m->n_clock_steps, 1);
    assert_near(m->shared_read_share, 0.04, 1e-15);
    assert_near(m->worker_cpu_share_max, 0.7, 1e-15);
    assert_near(m->worker_work_share_max, 0.2, 1e-15); /* of the other one: 0.7 less 0.55 is less */
    assert_near(m->client_lag_p50_us, 1.0, 0.09);
    assert_near(m->client_lag_p99_us, 9.0, 0.81);
    assert_near(m->client_lag_max_us, 9.0, 0.0);
    facts.n_workers = 1;
    CLEANUP(mem_freep) struct summary *one = compute(&facts, &records);
    assert_true(one->measurement.stamp_kernel);
    facts.n_workers = 0;
    CLEANUP(mem_freep) struct summary *none = compute(&facts, &records);
    assert_false(none->measurement.stamp_kernel);
    assert_true(isnan(none->measurement.client_lag_p50_us));
    assert_true(isnan(none->measurement.client_lag_max_us));
    assert_true(isnan(none->measurement.shared_read_share));
    assert_true(isnan(none->measurement.worker_cpu_share_max));
    assert_true(isnan(none->measurement.worker_work_share_max));
}

static void test_summary_compute__keeps_the_order_of_the_metric_table(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    const struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    for (size_t i = 1; i < summary->n_values; i++) {
        assert_true(summary->values[i - 1].metric < summary->values[i].metric);
    }
    /* Energy, money and scores have no source here. */
    assert_true(isnan(summary_get(summary, "joules_per_token")));
    assert_true(isnan(summary_get(summary, "cost_usd_total")));
    assert_null(summary->cost_source);
    assert_int_equal(summary->n_values, metric_table_len - 12);
}

/* A price of 3.60 USD an hour is a tenth of a cent for each second of the window. */
static void test_summary_compute__has_cost_where_a_price_applies(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    facts.price =
        (struct price_facts){.basis = PRICE_HOUR, .source = COST_SOURCE_HOUR, .usd_per_hour = 3.6};
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    const double window_s = (double)(facts.window_end_ns - facts.window_start_ns) / 1e9;
    const double usd = summary_get(summary, "cost_usd_total");
    assert_string_equal(summary->cost_source, "price-per-hour");
    assert_near(usd, 0.001 * window_s, 1e-15);
    const double tokens = summary_get(summary, "throughput_tok_per_s") * window_s;
    assert_near(summary_get(summary, "cost_usd_per_million_tokens"), usd / tokens * 1e6, 1e-9);
    const double requests = summary_get(summary, "req_per_s_all") * window_s;
    assert_near(summary_get(summary, "cost_usd_per_request"), usd / requests, 1e-15);
    for (size_t i = 1; i < summary->n_values; i++) {
        assert_true(summary->values[i - 1].metric < summary->values[i].metric);
    }
}

static void test_summary_compute__has_energy_over_the_window_of_the_tokens(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    /* 200 W up to the very nanosecond of the window's start, then 300 W. */
    int64_t at_ns[] = {facts.window_start_ns - 1, facts.window_start_ns, facts.window_end_ns};
    double values[] = {200.0, 300.0, 300.0};
    struct track_column column = {.key = "power_w", .role = TRACK_POWER, .values = values};
    struct track track = {
        .sampler = "null",
        .source = "trace",
        .part = "gpu",
        .counted = true,
        .n = 3,
        .at_ns = at_ns,
        .n_columns = 1,
        .columns = &column,
    };
    const struct telemetry telemetry = {.n_tracks = 1, .tracks = &track};
    facts.telemetry = &telemetry;
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    const double window_s = (double)(facts.window_end_ns - facts.window_start_ns) / 1e9;
    const double energy_j = summary_get(summary, "energy_joules_total");
    assert_near(energy_j, 300.0 * window_s, 1e-9);
    assert_near(summary_get(summary, "power_avg_w"), 300.0, 1e-9);
    assert_near(summary_get(summary, "power_peak_w"), 300.0, 0.0);
    const double tokens = summary_get(summary, "throughput_tok_per_s") * window_s;
    assert_near(summary_get(summary, "joules_per_token"), energy_j / tokens, 1e-9);
    const double requests = summary_get(summary, "req_per_s_all") * window_s;
    assert_near(summary_get(summary, "joules_per_request"), energy_j / requests, 1e-9);
    assert_int_equal(summary->n_values, metric_table_len - 6); /* all but money and scores */

    at_ns[2]--; /* one nanosecond is not covered: no energy, and not 0 */
    CLEANUP(mem_freep) struct summary *cut = compute(&facts, &records);
    assert_true(isnan(summary_get(cut, "energy_joules_total")));
    assert_int_equal(cut->n_values, metric_table_len - 12);
}

static void test_summary_compute__brackets_values_and_skips_what_is_unsupported(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    const struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);

    static const struct {
        const char *key;
        bool has_interval;
    } rows[] = {
        {"ttft_p50_ms", true},
        {"ttft_p90_ms", true},
        {"ttft_p95_ms", false},
        {"ttft_p99_ms", false},
        {"ttft_mean_ms", true},
        {"total_p99_ms", false},
        {"itl_p50_ms", true},
        {"itl_p99_ms", true},
        {"itl_mean_ms", true},
        {"itl_max_ms", false},
        {"icl_p99_ms", true},
        {"ok_rate", true},
        {"compliance_rate", true},
        {"throughput_tok_per_s", false},
        {"n_samples", false},
        {"output_tokens_mean", true},
        {"ttft_p99_incl_failures_ms", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct summary_value *value = value_of(summary, rows[i].key);
        const bool has = !isnan(value->low) && !isnan(value->high);
        if (has != rows[i].has_interval || isnan(value->low) != isnan(value->high)) {
            print_error("%s\n", rows[i].key);
            fail();
        }
        if (has) {
            assert_true(value->low <= value->value && value->value <= value->high);
            assert_true(value->low < value->high);
        }
    }
}

static bool is_unsupported(const struct summary *summary, const char *key)
{
    for (size_t i = 0; i < summary->measurement.n_unsupported; i++) {
        if (strcmp(summary->measurement.unsupported_percentiles[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void test_summary_compute__lists_unsupported_percentiles(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    assert_true(is_unsupported(summary, "ttft_p95_ms"));
    assert_true(is_unsupported(summary, "ttft_p99_ms"));
    assert_true(is_unsupported(summary, "total_p99_incl_failures_ms"));
    assert_false(is_unsupported(summary, "ttft_p50_ms"));
    assert_false(is_unsupported(summary, "ttft_mean_ms"));
    assert_false(is_unsupported(summary, "itl_p99_ms")); /* over a thousand gaps */
    /* What does not exist is not called unsupported. */
    facts.streaming = false;
    CLEANUP(mem_freep) struct summary *whole = compute(&facts, &records);
    assert_false(is_unsupported(whole, "tpot_p99_ms"));
    assert_true(is_unsupported(whole, "total_p99_ms"));
}

/* Many tokens of few requests do not make a sample: they are not independent. */
static void test_summary_compute__needs_requests_and_not_only_tokens_for_itl(void **state)
{
    (void)state;
    static struct token_event events[1000];
    static uint32_t words[10][1000 * TOKEN_EVENT_WORDS_MAX];
    struct record records[10];
    for (size_t r = 0; r < ARRAY_LEN(records); r++) {
        for (size_t e = 0; e < 1000; e++) {
            events[e] = (struct token_event){
                .arrival_ns = (int64_t)(e * 10000000 + r * e * 1000), .tokens = 1};
        }
        records[r] = (struct record){.index = r, .phase = PHASE_WINDOW};
        events_pack(&records[r], words[r], events, 1000);
    }
    const struct record_set set = {.records = records, .n = 10, .has_events = true};
    const struct point_facts facts = {.streaming = true, .window_end_ns = INT64_C(1) << 40};
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &set);
    assert_true(isnan(value_of(summary, "itl_p50_ms")->low));
    assert_true(isnan(value_of(summary, "itl_mean_ms")->low));
    assert_true(is_unsupported(summary, "itl_p50_ms"));
    assert_true(!isnan(summary_get(summary, "itl_p50_ms")));
}

static void test_summary_compute__repeats_by_seed(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *first = compute(&facts, &records);
    CLEANUP(mem_freep) struct summary *again = compute(&facts, &records);
    facts.seed++;
    CLEANUP(mem_freep) struct summary *other = compute(&facts, &records);
    assert_memory_equal(first->values, again->values, sizeof(first->values));
    size_t n_moved = 0;
    for (size_t i = 0; i < first->n_values; i++) {
        assert_memory_equal(&first->values[i].value, &other->values[i].value, sizeof(double));
        n_moved += fabs(first->values[i].low - other->values[i].low) > 0.0;
    }
    assert_true(n_moved > 10);
}

/* Values, and intervals of one value a request, do not depend on the order of the records.  Intervals
 * of gaps may: a request is drawn by its place. */
static void test_summary_compute__does_not_depend_on_the_order_of_requests(void **state)
{
    (void)state;
    struct record_set records = oracle_records();
    const struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *first = compute(&facts, &records);
    CLEANUP(mem_freep) struct record *reversed = mem_alloc(records.n, sizeof(*reversed));
    for (uint64_t i = 0; i < records.n; i++) {
        reversed[i] = records.records[records.n - 1 - i];
    }
    records.records = reversed;
    CLEANUP(mem_freep) struct summary *other = compute(&facts, &records);
    for (size_t i = 0; i < first->n_values; i++) {
        assert_value(first->values[i].metric->key, other->values[i].value, first->values[i].value);
        if (first->values[i].metric->key[0] != 'i') {
            assert_value("low", other->values[i].low, first->values[i].low);
            assert_value("high", other->values[i].high, first->values[i].high);
        }
    }
}

static void test_summary_compute__percentiles_rise(void **state)
{
    (void)state;
    const struct record_set records = oracle_records();
    const struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    static const char *const names[] = {"ttft", "tpot", "itl", "total"};
    static const char *const steps[] = {"p50", "p90", "p95", "p99"};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        double before = 0.0;
        for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
            char key[32];
            (void)snprintf(key, sizeof(key), "%s_%s_ms", names[n], steps[s]);
            const double now = summary_get(summary, key);
            assert_true(now > before);
            before = now;
        }
    }
}

static void test_summary_compute__of_nothing_is_invalid_and_without_values(void **state)
{
    (void)state;
    const struct record_set records = {.has_events = true};
    const struct point_facts facts = {
        .streaming = true, .window_end_ns = 1000000000, .cold_start_ns = RECORD_NONE};
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    assert_int_equal(summary->validity, VALIDITY_INVALID);
    assert_int_equal(summary->n_reasons, 1);
    assert_string_equal(summary->reasons[0].name, "no_requests");
    for (size_t i = 0; i < summary->n_values; i++) {
        const struct summary_value *value = &summary->values[i];
        const bool is_count = strcmp(value->metric->unit, "count") == 0;
        const bool is_rate = strstr(value->metric->key, "per_s") != NULL;
        if (is_count || is_rate) {
            assert_near(value->value, 0.0, 0.0);
        } else {
            assert_true(isnan(value->value));
        }
        assert_true(isnan(value->low) && isnan(value->high));
    }
    assert_int_equal(summary->measurement.n_unsupported, 0);
    assert_int_equal(summary->measurement.prompt_tokens_total, RECORD_COUNT_UNKNOWN);
    assert_int_equal(summary->measurement.cached_prompt_tokens, RECORD_COUNT_UNKNOWN);
    /* An empty window has no rates either. */
    const struct point_facts empty = {.streaming = true};
    CLEANUP(mem_freep) struct summary *none = compute(&empty, &records);
    assert_true(isnan(summary_get(none, "throughput_tok_per_s")));
    assert_true(isnan(none->measurement.in_flight_mean));
}

static void test_summary_compute__without_events_has_no_numbers_that_need_them(void **state)
{
    (void)state;
    struct record_set records = oracle_records();
    records.has_events = false;
    const struct point_facts facts = oracle_facts(DRIVER_OPEN, true);
    CLEANUP(mem_freep) struct summary *summary = compute(&facts, &records);
    assert_true(isnan(summary_get(summary, "throughput_tok_per_s")));
    assert_true(isnan(summary_get(summary, "itl_p50_ms")));
    assert_true(isnan(summary_get(summary, "icl_p99_ms")));
    assert_true(!isnan(summary_get(summary, "tpot_p50_ms")));
    /* Answers that do not stream arrive whole: no events are needed. */
    const struct point_facts whole = oracle_facts(DRIVER_OPEN, false);
    CLEANUP(mem_freep) struct summary *by_end = compute(&whole, &records);
    assert_near(summary_get(by_end, "throughput_tok_per_s"), summary_rows[0].open_whole, 1e-9);
}

static void test_summary_compute__writes_failures_as_infinite(void **state)
{
    (void)state;
    struct record records[300];
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        records[i] = (struct record){
            .index = i,
            .phase = PHASE_WINDOW,
            .first_token_ns = (int64_t)(i + 1) * 1000000,
            .last_token_ns = (int64_t)(i + 1) * 2000000,
        };
    }
    struct record_set set = {.records = records, .n = 300, .has_events = true};
    const struct point_facts facts = {.streaming = true, .window_end_ns = 1000000000};
    /* Two failures of 300 leave the 99th percentile finite; three do not. */
    records[0].outcome = OUTCOME_TIMEOUT;
    records[1].outcome = OUTCOME_STATUS;
    CLEANUP(mem_freep) struct summary *two = compute(&facts, &set);
    /* 298 values 3..300 and two infinities: place 0.99 * 299 = 296.01. */
    assert_near(summary_get(two, "ttft_p99_incl_failures_ms"), 299.01, 1e-9);
    assert_near(summary_get(two, "ttft_p99_ms"), 3.0 + 0.99 * 297.0, 1e-9);
    records[2].outcome = OUTCOME_EMPTY;
    CLEANUP(mem_freep) struct summary *three = compute(&facts, &set);
    assert_true(isnan(summary_get(three, "ttft_p99_incl_failures_ms")));
    assert_true(isnan(summary_get(three, "total_p99_incl_failures_ms")));
    assert_near(summary_get(three, "ttft_p99_ms"), 4.0 + 0.99 * 296.0, 1e-9);
}

static void test_summary_get__is_nan_for_unknown_keys(void **state)
{
    (void)state;
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    assert_true(isnan(summary_get(summary, "ttft_p50_ms")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_compute__equals_the_oracle_in_every_metric),
        cmocka_unit_test(test_summary_compute__equals_the_oracle_in_its_evidence),
        cmocka_unit_test(test_summary_compute__reads_the_workers),
        cmocka_unit_test(test_summary_compute__keeps_the_order_of_the_metric_table),
        cmocka_unit_test(test_summary_compute__has_cost_where_a_price_applies),
        cmocka_unit_test(test_summary_compute__has_energy_over_the_window_of_the_tokens),
        cmocka_unit_test(test_summary_compute__brackets_values_and_skips_what_is_unsupported),
        cmocka_unit_test(test_summary_compute__lists_unsupported_percentiles),
        cmocka_unit_test(test_summary_compute__needs_requests_and_not_only_tokens_for_itl),
        cmocka_unit_test(test_summary_compute__repeats_by_seed),
        cmocka_unit_test(test_summary_compute__does_not_depend_on_the_order_of_requests),
        cmocka_unit_test(test_summary_compute__percentiles_rise),
        cmocka_unit_test(test_summary_compute__of_nothing_is_invalid_and_without_values),
        cmocka_unit_test(test_summary_compute__without_events_has_no_numbers_that_need_them),
        cmocka_unit_test(test_summary_compute__writes_failures_as_infinite),
        cmocka_unit_test(test_summary_get__is_nan_for_unknown_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
