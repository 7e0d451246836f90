#include "base/text.h"
#include "stats/metric.h"
#include "stats/summary.h"
#include "support/test.h"

#include <ctype.h>
#include <string.h>

/* Keys that the public Python suite also writes, in numbers: ENVELOPE.md "Fields". */
static const char *const shared_keys[] = {
    "throughput_tok_per_s",
    "ttft_p50_ms",
    "ttft_p99_ms",
    "tpot_p50_ms",
    "tpot_p99_ms",
    "total_p50_ms",
    "total_p99_ms",
    "ok_rate",
    "compliance_rate",
    "req_per_s_all",
    "req_per_s_passing",
    "power_avg_w",
    "power_peak_w",
    "n_samples",
    "energy_joules_total",
    "joules_per_token",
    "cost_usd_per_million_tokens",
};

static void test_metric_table__has_the_keys_of_the_other_side(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shared_keys); i++) {
        if (metric_find(shared_keys[i]) == NULL) {
            print_error("missing: %s\n", shared_keys[i]);
            fail();
        }
    }
}

static void test_metric_table__names_every_key_once_with_all_its_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_table_len; i++) {
        const struct metric *metric = &metric_table[i];
        assert_ptr_equal(metric_find(metric->key), metric);
        for (const char *c = metric->key; *c != '\0'; c++) {
            assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        }
        assert_true(strlen(metric->unit) > 0);
        assert_true(strlen(metric->title) > 0 && strlen(metric->title) <= 24);
        assert_true(strlen(metric->definition) > 20);
        assert_true(metric->decimals >= 0 && metric->decimals <= 6);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(metric_table[j].title, metric->title);
        }
    }
}

static void test_metric_table__has_the_unit_that_the_key_ends_with(void **state)
{
    (void)state;

    static const struct {
        const char *suffix;
        const char *unit;
    } rows[] = {{"_ms", "ms"}, {"_w", "W"}, {"tok_per_s", "tok/s"}, {"_rate", "share"}};

    for (size_t i = 0; i < metric_table_len; i++) {
        for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
            if (text_ends_with(metric_table[i].key, rows[r].suffix)) {
                assert_string_equal(metric_table[i].unit, rows[r].unit);
            }
        }
    }
}

static void test_metric_table__knows_which_direction_is_better(void **state)
{
    (void)state;

    static const struct {
        const char *key;
        enum better better;
    } rows[] = {
        {"throughput_tok_per_s", BETTER_HIGHER},
        {"ttft_p99_ms", BETTER_LOWER},
        {"ok_rate", BETTER_HIGHER},
        {"joules_per_token", BETTER_LOWER},
        {"n_samples", BETTER_NONE},
        {"output_tokens_mean", BETTER_NONE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct metric *metric = metric_find(rows[i].key);
        assert_non_null(metric);
        assert_int_equal(metric->better, rows[i].better);
    }
    assert_string_equal(better_name(BETTER_NONE), "none");
    assert_string_equal(better_name(BETTER_HIGHER), "higher");
    assert_string_equal(better_name(BETTER_LOWER), "lower");
}

static void test_metric_find__refuses_unknown_keys(void **state)
{
    (void)state;
    assert_null(metric_find("ttft_p50"));
    assert_null(metric_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_table__has_the_keys_of_the_other_side),
        cmocka_unit_test(test_metric_table__names_every_key_once_with_all_its_words),
        cmocka_unit_test(test_metric_table__has_the_unit_that_the_key_ends_with),
        cmocka_unit_test(test_metric_table__knows_which_direction_is_better),
        cmocka_unit_test(test_metric_find__refuses_unknown_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
