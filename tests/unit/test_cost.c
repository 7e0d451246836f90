/* What a point cost: totals of tokens, each way to a price, and which of them holds. */
#include "base/text.h"
#include "stats/cost.h"
#include "support/test.h"

#include <string.h>

#define NONE ((double)NAN)

static struct record answer(int32_t input, int32_t output)
{
    return (struct record){
        .phase = PHASE_WINDOW,
        .outcome = OUTCOME_OK,
        .prompt_tokens = input,
        .output_tokens = output,
        .cached_tokens = RECORD_COUNT_UNKNOWN,
        .output_tokens_usage = true,
        .cost_usd = NONE,
    };
}

static struct usage_totals totals_of(struct record *records, uint64_t n)
{
    const struct record_set set = {records, n, true};
    struct usage_totals totals;
    usage_totals_compute(&set, &totals);
    return totals;
}

static void test_usage_totals__are_over_counted_requests_that_ended_ok(void **state)
{
    (void)state;
    struct record records[] = {answer(10, 3), answer(20, 5), answer(40, 7), answer(80, 9)};
    records[1].phase = PHASE_WARMUP;
    records[2].outcome = OUTCOME_TRUNCATED;
    records[2].cost_usd = 1.0;
    records[3].cached_tokens = 33;
    records[3].cost_usd = 0.25;
    const struct usage_totals totals = totals_of(records, ARRAY_LEN(records));
    assert_int_equal(totals.n_requests, 2);
    assert_int_equal(totals.n_with_counts, 2);
    assert_int_equal(totals.input_tokens, 90);
    assert_int_equal(totals.cached_input_tokens, 33);
    assert_int_equal(totals.output_tokens, 12);
    assert_int_equal(totals.n_costs_told, 1);
    assert_near(totals.cost_told_usd, 0.25, 0.0);
}

static void test_usage_totals__take_only_the_engines_own_counts(void **state)
{
    (void)state;
    struct record records[] = {answer(10, 3), answer(10, 3), answer(RECORD_COUNT_UNKNOWN, 3)};
    records[1].output_tokens_usage = false; /* counted by events */
    const struct usage_totals totals = totals_of(records, ARRAY_LEN(records));
    assert_int_equal(totals.n_requests, 3);
    assert_int_equal(totals.n_with_counts, 1);
    assert_int_equal(totals.input_tokens, 10);
    assert_int_equal(totals.output_tokens, 3);
}

/* An engine that tells more cached tokens than tokens does not make a price negative. */
static void test_usage_totals__bound_cached_tokens_by_all(void **state)
{
    (void)state;
    struct record records[] = {answer(10, 3)};
    records[0].cached_tokens = 11;
    assert_int_equal(totals_of(records, 1).cached_input_tokens, 10);
}

/* Plain addition would give 0.12500000000000008. */
static void test_usage_totals__add_without_loss(void **state)
{
    (void)state;

    enum {
        N = 1000
    };
    static struct record records[N];
    for (size_t i = 0; i < N; i++) {
        records[i] = answer(1, 1);
        records[i].cost_usd = 0.000125;
    }
    assert_near(totals_of(records, N).cost_told_usd, 0.125, 0.0);
    records[0].cost_usd = 1e6;
    records[1].cost_usd = 1e-12;
    assert_near(totals_of(records, 2).cost_told_usd, 1000000.000000000001, 0.0);
    records[2].cost_usd = (double)INFINITY;
    assert_true(!isfinite(totals_of(records, 3).cost_told_usd));
}

static double read_number(const char *text)
{
    return text_equal(text, "-") ? NONE : text_to_f64(text);
}

/* Both are the nearest double or one of its neighbours' neighbours: a handful of roundings. */
static void assert_close(double got, const char *expected)
{
    const double value = text_to_f64(expected);
    assert_near(got, value, value * 1e-15);
}

static void test_cost_by_tokens__agrees_with_exact_decimals(void **state)
{
    (void)state;
    FILE *file = fopen("tests/oracle/cost.tsv", "r");
    assert_non_null(file);
    unsigned long long tokens[3];
    unsigned long long n_requests = 0;
    char prices[3][64];
    char expected[3][64];
    int n = 0;
    while (fscanf(
               file, "%llu %llu %llu %63s %63s %63s %llu %63s %63s %63s", &tokens[0], &tokens[1],
               &tokens[2], prices[0], prices[1], prices[2], &n_requests, expected[0], expected[1],
               expected[2]) == 10) {
        const struct price_facts price = {
            .basis = PRICE_TOKENS,
            .source = "list",
            .input_usd_per_mtok = read_number(prices[0]),
            .cached_input_usd_per_mtok = read_number(prices[1]),
            .output_usd_per_mtok = read_number(prices[2]),
        };
        const struct usage_totals usage = {
            .n_requests = n_requests,
            .n_with_counts = n_requests,
            .input_tokens = tokens[0],
            .cached_input_tokens = tokens[1],
            .output_tokens = tokens[2],
        };
        struct cost cost;
        cost_by_tokens(&price, &usage, &cost);
        assert_string_equal(cost.source, "list");
        assert_close(cost.usd_total, expected[0]);
        assert_close(cost.usd_per_million_tokens, expected[1]);
        assert_close(cost.usd_per_request, expected[2]);
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, 205);
}

static void test_cost_by_tokens__is_unknown_without_counts_or_output(void **state)
{
    (void)state;
    const struct price_facts price = {
        .basis = PRICE_TOKENS,
        .source = "list",
        .input_usd_per_mtok = 1.0,
        .cached_input_usd_per_mtok = NONE,
        .output_usd_per_mtok = 2.0};

    const struct {
        const char *what;
        struct usage_totals usage;
    } rows[] = {
        {"no request", {0}},
        {"one answer without counts",
         {.n_requests = 2, .n_with_counts = 1, .input_tokens = 5, .output_tokens = 5}},
        {"no output", {.n_requests = 1, .n_with_counts = 1, .input_tokens = 5}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cost cost;
        cost_by_tokens(&price, &rows[i].usage, &cost);
        if (cost.source != NULL) {
            print_error("%s\n", rows[i].what);
            fail();
        }
    }
}

/* 3.60 USD an hour is a tenth of a cent a second: at 500 tok/s 2 USD for a million. */
static void test_cost_by_hour__follows_throughput(void **state)
{
    (void)state;
    const struct price_facts price = {
        .basis = PRICE_HOUR, .source = COST_SOURCE_HOUR, .usd_per_hour = 3.6};
    const struct hour_rates rates = {.window_s = 60.0, .tok_per_s = 500.0, .req_per_s = 4.0};
    struct cost cost;
    cost_by_hour(&price, &rates, &cost);
    assert_string_equal(cost.source, "price-per-hour");
    assert_near(cost.usd_total, 0.06, 1e-17);
    assert_near(cost.usd_per_million_tokens, 2.0, 1e-15);
    assert_near(cost.usd_per_request, 0.00025, 1e-19);
}

static void test_cost_by_hour__has_no_price_for_nothing(void **state)
{
    (void)state;
    const struct price_facts price = {
        .basis = PRICE_HOUR, .source = COST_SOURCE_HOUR, .usd_per_hour = 3.6};
    const struct hour_rates silent = {.window_s = 60.0, .tok_per_s = 0.0};
    const struct hour_rates empty = {.window_s = NONE, .tok_per_s = NONE, .req_per_s = NONE};
    struct cost cost;
    cost_by_hour(&price, &silent, &cost);
    assert_null(cost.source);
    cost_by_hour(&price, &empty, &cost);
    assert_null(cost.source);
    /* Without token events throughput is unknown, but not the rest. */
    const struct hour_rates untold = {.window_s = 60.0, .tok_per_s = NONE, .req_per_s = 0.0};
    cost_by_hour(&price, &untold, &cost);
    assert_non_null(cost.source);
    assert_true(isnan(cost.usd_per_million_tokens));
    assert_true(isnan(cost.usd_per_request));
    /* Another program's envelope may tell its throughput, and not its window. */
    const struct hour_rates alone = {.window_s = NONE, .tok_per_s = 500.0, .req_per_s = NONE};
    cost_by_hour(&price, &alone, &cost);
    assert_near(cost.usd_per_million_tokens, 2.0, 1e-15);
    assert_true(isnan(cost.usd_total));
}

static void test_cost_compute__takes_the_providers_figures_first(void **state)
{
    (void)state;
    const struct point_facts facts = {
        .price = {
            .basis = PRICE_TOKENS,
            .source = "list",
            .input_usd_per_mtok = 1.0,
            .cached_input_usd_per_mtok = NONE,
            .output_usd_per_mtok = 1.0}};
    const struct hour_rates rates = {.window_s = 1.0, .tok_per_s = 1.0, .req_per_s = 1.0};

    const struct {
        const char *what;
        double costs[2];
        const char *source;
        double total;
        double per_mtok;
    } rows[] = {
        {"told by both", {0.25, 0.5}, "provider", 0.75, 0.75 / 8 * 1e6},
        {"one free", {0.0, 0.5}, "provider", 0.5, 0.5 / 8 * 1e6},
        {"told by one", {0.25, NONE}, "list", 38e-6, 38.0 / 8},
        {"told as nothing", {0.0, 0.0}, "list", 38e-6, 38.0 / 8},
        {"not told", {NONE, NONE}, "list", 38e-6, 38.0 / 8},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record records[] = {answer(10, 3), answer(20, 5)};
        records[0].cost_usd = rows[i].costs[0];
        records[1].cost_usd = rows[i].costs[1];
        const struct usage_totals usage = totals_of(records, 2);
        struct cost cost;
        cost_compute(&facts, &usage, &rates, &cost);
        if (cost.source == NULL || !text_equal(cost.source, rows[i].source)) {
            print_error("%s: %s\n", rows[i].what, cost.source == NULL ? "none" : cost.source);
            fail();
        }
        assert_near(cost.usd_total, rows[i].total, 1e-20);
        assert_near(cost.usd_per_million_tokens, rows[i].per_mtok, 1e-10);
        assert_near(cost.usd_per_request, rows[i].total / 2, 1e-20);
    }
}

static void test_cost_compute__needs_no_counts_for_what_was_told(void **state)
{
    (void)state;
    const struct point_facts facts = {0};
    const struct hour_rates rates = {.window_s = 1.0};
    struct record records[] = {answer(RECORD_COUNT_UNKNOWN, 3)};
    records[0].cost_usd = 0.5;
    const struct usage_totals usage = totals_of(records, 1);
    struct cost cost;
    cost_compute(&facts, &usage, &rates, &cost);
    assert_string_equal(cost.source, "provider");
    assert_near(cost.usd_total, 0.5, 0.0);
    assert_true(isnan(cost.usd_per_million_tokens));
}

static void test_promise_30__no_price_is_no_cost(void **state)
{
    (void)state;
    const struct point_facts facts = {.price = price_none()};
    const struct hour_rates rates = {.window_s = 60.0, .tok_per_s = 500.0, .req_per_s = 4.0};
    struct record records[] = {answer(10, 3)};
    const struct usage_totals usage = totals_of(records, 1);
    struct cost cost = {.source = "left over"};
    cost_compute(&facts, &usage, &rates, &cost);
    assert_null(cost.source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage_totals__are_over_counted_requests_that_ended_ok),
        cmocka_unit_test(test_usage_totals__take_only_the_engines_own_counts),
        cmocka_unit_test(test_usage_totals__bound_cached_tokens_by_all),
        cmocka_unit_test(test_usage_totals__add_without_loss),
        cmocka_unit_test(test_cost_by_tokens__agrees_with_exact_decimals),
        cmocka_unit_test(test_cost_by_tokens__is_unknown_without_counts_or_output),
        cmocka_unit_test(test_cost_by_hour__follows_throughput),
        cmocka_unit_test(test_cost_by_hour__has_no_price_for_nothing),
        cmocka_unit_test(test_cost_compute__takes_the_providers_figures_first),
        cmocka_unit_test(test_cost_compute__needs_no_counts_for_what_was_told),
        cmocka_unit_test(test_promise_30__no_price_is_no_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
