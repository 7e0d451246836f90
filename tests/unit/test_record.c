#include "base/rng.h"
#include "stats/record.h"
#include "support/test.h"

static void test_names__read_back_and_unknown_ones_are_refused(void **state)
{
    (void)state;
    static const char *const outcomes[] = {"ok",        "connect",   "tls",   "timeout",   "status",
                                           "truncated", "malformed", "empty", "unfinished"};
    assert_int_equal(ARRAY_LEN(outcomes), OUTCOME_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        enum outcome outcome = OUTCOME_OK;
        assert_true(record_outcome_parse(outcomes[i], &outcome));
        assert_int_equal(outcome, i);
        assert_string_equal(record_outcome_name(outcome), outcomes[i]);
    }
    static const char *const phases[] = {"warmup", "window", "tail"};
    for (size_t i = 0; i < ARRAY_LEN(phases); i++) {
        enum phase phase = PHASE_WARMUP;
        assert_true(record_phase_parse(phases[i], &phase));
        assert_int_equal(phase, i);
        assert_string_equal(record_phase_name(phase), phases[i]);
    }
    static const char *const drivers[] = {"closed", "open"};
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        enum driver driver = DRIVER_CLOSED;
        assert_true(driver_parse(drivers[i], &driver));
        assert_int_equal(driver, i);
        assert_string_equal(driver_name(driver), drivers[i]);
    }
    static const char *const arrivals[] = {"none", "poisson", "constant", "gamma", "trace"};
    for (size_t i = 0; i < ARRAY_LEN(arrivals); i++) {
        enum arrival arrival = ARRIVAL_NONE;
        assert_true(arrival_parse(arrivals[i], &arrival));
        assert_int_equal(arrival, i);
        assert_string_equal(arrival_name(arrival), arrivals[i]);
    }
    static const char *const results[] = {"off", "cov", "stationary", "timeout"};
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        enum gate_result result = GATE_OFF;
        assert_true(gate_result_parse(results[i], &result));
        assert_int_equal(result, i);
        assert_string_equal(gate_result_name(result), results[i]);
    }
    assert_string_equal(record_token_kind_name(TOKEN_CONTENT), "content");
    assert_string_equal(record_token_kind_name(TOKEN_REASONING), "reasoning");
    assert_string_equal(record_token_kind_name(TOKEN_TOOL), "tool");
}

static void test_names__leave_the_output_when_refused(void **state)
{
    (void)state;
    enum outcome outcome = OUTCOME_TLS;
    enum phase phase = PHASE_TAIL;
    enum driver driver = DRIVER_OPEN;
    enum arrival arrival = ARRIVAL_GAMMA;
    enum gate_result result = GATE_TIMEOUT;
    assert_false(record_outcome_parse("OK", &outcome));
    assert_false(record_phase_parse("", &phase));
    assert_false(driver_parse("opened", &driver));
    assert_false(arrival_parse("uniform", &arrival));
    assert_false(gate_result_parse("on", &result));
    assert_int_equal(outcome, OUTCOME_TLS);
    assert_int_equal(phase, PHASE_TAIL);
    assert_int_equal(driver, DRIVER_OPEN);
    assert_int_equal(arrival, ARRIVAL_GAMMA);
    assert_int_equal(result, GATE_TIMEOUT);
}

/* The bucket that one duration falls into. */
static size_t bucket_of(int64_t duration_ns)
{
    uint64_t lag[LAG_BUCKETS] = {0};
    lag_histogram_add(lag, duration_ns);
    for (size_t b = 0; b < LAG_BUCKETS; b++) {
        if (lag[b] == 1) {
            return b;
        }
    }
    fail_msg("no bucket for %lld", (long long)duration_ns);
    return 0;
}

static void test_lag_histogram_add__puts_durations_between_their_bucket_edges(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 2, RNG_STREAM_TEST);
    for (int i = 0; i < 20000; i++) {
        const int64_t duration_ns = (int64_t)(rng_next(&rng) >> (25 + rng_below(&rng, 39)));
        if (duration_ns < 1) {
            continue;
        }
        const size_t bucket = bucket_of(duration_ns);
        assert_true((double)duration_ns >= exp2((double)bucket / 8.0) * (1.0 - 1e-15));
        assert_true((double)duration_ns < exp2((double)(bucket + 1) / 8.0) * (1.0 + 1e-15));
    }
}

static void test_lag_histogram_add__takes_every_duration(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int64_t duration_ns;
        size_t bucket;
    } rows[] = {
        {"negative", -5, 0},
        {"zero", 0, 0},
        {"one", 1, 0},
        {"two", 2, 8},
        {"three: 2^1.585", 3, 12},
        {"1024", 1024, 80},
        {"longest bucket", (INT64_C(1) << 40) - 1, LAG_BUCKETS - 1},
        {"past the last", INT64_C(1) << 40, LAG_BUCKETS - 1},
        {"longest", INT64_MAX, LAG_BUCKETS - 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (bucket_of(rows[i].duration_ns) != rows[i].bucket) {
            print_error("%s: %zu\n", rows[i].what, bucket_of(rows[i].duration_ns));
            fail();
        }
    }
}

static void test_lag_histogram_quantile__is_right_within_a_bucket(void **state)
{
    (void)state;
    uint64_t lag[LAG_BUCKETS] = {0};
    assert_true(isnan(lag_histogram_quantile(lag, 0.5)));
    for (int64_t i = 1; i <= 10000; i++) {
        lag_histogram_add(lag, i * 100);
    }
    static const double shares[] = {0.01, 0.25, 0.5, 0.9, 0.99, 1.0};
    for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
        const double expected = shares[i] * 1e6;
        assert_near(lag_histogram_quantile(lag, shares[i]), expected, 0.09 * expected);
    }
    /* The smallest is never below the smallest that was added. */
    assert_near(lag_histogram_quantile(lag, 0.0), 100.0, 9.0);
}

static void test_lag_histogram_quantile__of_one_duration_is_that_duration(void **state)
{
    (void)state;
    uint64_t lag[LAG_BUCKETS] = {0};
    lag_histogram_add(lag, 5000);
    assert_near(lag_histogram_quantile(lag, 0.0), 5000.0, 450.0);
    assert_near(lag_histogram_quantile(lag, 0.99), 5000.0, 450.0);
    assert_near(lag_histogram_quantile(lag, 1.0), 5000.0, 450.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names__read_back_and_unknown_ones_are_refused),
        cmocka_unit_test(test_names__leave_the_output_when_refused),
        cmocka_unit_test(test_lag_histogram_add__puts_durations_between_their_bucket_edges),
        cmocka_unit_test(test_lag_histogram_add__takes_every_duration),
        cmocka_unit_test(test_lag_histogram_quantile__is_right_within_a_bucket),
        cmocka_unit_test(test_lag_histogram_quantile__of_one_duration_is_that_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
