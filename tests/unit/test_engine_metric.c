/* The table of metrics over the texts of the engines (tests/data/metrics), and its rules. */
#include "base/attr.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "stats/engine_load.h"
#include "support/test.h"
#include "telemetry/engine_metric.h"

#include <string.h>

static void sum_text(const char *text, size_t len, struct engine_metric_sum *sums)
{
    struct prometheus reader;
    int outcome = PROMETHEUS_END;
    memset(sums, 0, ENGINE_METRICS_MAX * sizeof(*sums));
    prometheus_init(&reader, text, len);
    while ((outcome = prometheus_next(&reader)) == PROMETHEUS_SAMPLE) {
        engine_metric_add(&reader, sums);
    }
    assert_int_equal(outcome, PROMETHEUS_END);
}

static double value_of(const char *engine, const char *key, const struct engine_metric_sum *sums)
{
    for (size_t i = 0; i < engine_metric_table_len; i++) {
        const struct engine_metric *row = &engine_metric_table[i];
        if (text_equal(row->engine, engine) && text_equal(row->key, key)) {
            return engine_metric_value(row, &sums[i]);
        }
    }
    print_error("%s has no row %s\n", engine, key);
    fail();
    return 0.0;
}

struct expected {
    const char *engine;
    const char *key;
    double value;
};

static void check(const struct expected *rows, size_t n, const struct engine_metric_sum *sums)
{
    for (size_t i = 0; i < n; i++) {
        const double value = value_of(rows[i].engine, rows[i].key, sums);
        if (isnan(value) != isnan(rows[i].value) ||
            (!isnan(value) && fabs(value - rows[i].value) > 1e-12)) {
            print_error("%s %s: %.17g\n", rows[i].engine, rows[i].key, value);
            fail();
        }
    }
}

/* Read from the files by eye. */
static void test_table__finds_what_the_engines_tell(void **state)
{
    (void)state;

    static const struct expected rows[] = {
        {"vllm", ENGINE_RUNNING, 0.0},
        {"vllm", ENGINE_WAITING, 0.0},
        {"vllm", ENGINE_KV_SHARE, 0.0},
        {"vllm", ENGINE_QUERIED, 0.0},
        {"vllm", ENGINE_HIT, 0.0},
        {"vllm", ENGINE_PREEMPTED, 0.0},
        {"vllm", ENGINE_SPEC_DRAFTED, (double)NAN}, /* it was started without speculation */
        {"vllm", ENGINE_SPEC_ACCEPTED, (double)NAN},
        {"vllm", ENGINE_PROMPT, 387.0},
        {"vllm", ENGINE_GENERATED, 286.0},
        {"sglang", ENGINE_RUNNING, 7.0}, /* two ranks say so, and it is 7 all the same */
        {"sglang", ENGINE_WAITING, 3.0},
        {"sglang", ENGINE_KV_SHARE, 0.28},
        {"sglang", ENGINE_SPEC_SHARE, 0.0},
        {"sglang", ENGINE_QUERIED, 8128902.0},
        {"sglang", ENGINE_HIT, 61029.0},   /* from the device and from the host */
        {"sglang", ENGINE_PREEMPTED, 0.0}, /* no such series yet: nothing was retracted */
        {"sglang", ENGINE_PROMPT, 8128902.0},
        {"sglang", ENGINE_GENERATED, 7557572.0},
        {"llamacpp", ENGINE_RUNNING, 0.0},
        {"llamacpp", ENGINE_WAITING, 0.0},
        {"llamacpp", ENGINE_KV_SHARE, (double)NAN}, /* of older versions */
        {"llamacpp", ENGINE_QUERIED, 391.0},
        {"llamacpp", ENGINE_HIT, 221.0},
        {"llamacpp", ENGINE_SPEC_DRAFTED, 0.0},
        {"llamacpp", ENGINE_SPEC_ACCEPTED, 0.0},
        {"llamacpp", ENGINE_PROMPT, 391.0},
        {"llamacpp", ENGINE_GENERATED, 2332.0},
        {"tgi", ENGINE_RUNNING, 4.0},
        {"tgi", ENGINE_WAITING, 5.0},
        {"tgi", ENGINE_SPEC_ACCEPTED, 812.0},
        {"tgi", ENGINE_PROMPT, 3520.0},
        {"tgi", ENGINE_GENERATED, 8123.0},
    };

    assert_int_equal(ARRAY_LEN(rows), engine_metric_table_len);
    struct engine_metric_sum sums[ENGINE_METRICS_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows);) {
        const char *engine = rows[i].engine;
        size_t n = i;
        while (n < ARRAY_LEN(rows) && text_equal(rows[n].engine, engine)) {
            n++;
        }
        char *text = NULL;
        size_t len = 0;
        struct error err = {0};
        CLEANUP(mem_freep) char *path = mem_format("tests/data/metrics/%s.txt", engine);
        assert_int_equal(file_read(path, 1 << 20, &text, &len, &err), 0);
        sum_text(text, len, sums);
        free(text);
        check(&rows[i], n - i, sums);
        assert_string_equal(engine_metric_family(sums, "other"), engine);
        i = n;
    }
}

static void test_value__follows_the_rules_of_its_row(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        struct expected expected;
    } rows[] = {
        {"replicas are added",
         "vllm:num_requests_running{engine=\"0\"} 3\nvllm:num_requests_running{engine=\"1\"} 4\n",
         {"vllm", ENGINE_RUNNING, 7.0}},
        {"shares of replicas are averaged",
         "vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\nvllm:kv_cache_usage_perc{engine=\"1\"} 1\n",
         {"vllm", ENGINE_KV_SHARE, 0.75}},
        {"an older name", "vllm:gpu_cache_usage_perc 0.5\n", {"vllm", ENGINE_KV_SHARE, 0.5}},
        {"the newer name counts where both are there",
         "vllm:gpu_cache_usage_perc 0.5\nvllm:kv_cache_usage_perc 0.25\n",
         {"vllm", ENGINE_KV_SHARE, 0.25}},
        {"half of a sum is not told",
         "llamacpp:prompt_tokens_total 5\n",
         {"llamacpp", ENGINE_PROMPT, (double)NAN}},
        {"neither is the other half",
         "llamacpp:prompt_tokens_cached_total 5\n",
         {"llamacpp", ENGINE_PROMPT, (double)NAN}},
        {"a late gauge is not told", "x 1\n", {"sglang", ENGINE_RUNNING, (double)NAN}},
        {"a late total is 0", "x 1\n", {"sglang", ENGINE_HIT, 0.0}},
        {"any other total is not told", "x 1\n", {"vllm", ENGINE_HIT, (double)NAN}},
        {"ranks behind the first are left out",
         "sglang:num_running_reqs{tp_rank=\"0\",pp_rank=\"0\",dp_rank=\"0\"} 1\n"
         "sglang:num_running_reqs{tp_rank=\"1\",pp_rank=\"0\",dp_rank=\"0\"} 1\n"
         "sglang:num_running_reqs{tp_rank=\"0\",pp_rank=\"1\",dp_rank=\"0\"} 1\n"
         "sglang:num_running_reqs{tp_rank=\"10\",pp_rank=\"0\",dp_rank=\"0\"} 1\n"
         "sglang:num_running_reqs{tp_rank=\"0\",pp_rank=\"0\",dp_rank=\"1\"} 1\n",
         {"sglang", ENGINE_RUNNING, 2.0}},
        {"NaN stays NaN", "vllm:num_requests_running NaN\n", {"vllm", ENGINE_RUNNING, (double)NAN}},
    };

    struct engine_metric_sum sums[ENGINE_METRICS_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        sum_text(rows[i].text, strlen(rows[i].text), sums);
        print_message("%s\n", rows[i].what);
        check(&rows[i].expected, 1, sums);
    }
}

static void test_table__has_rows_that_can_be_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_metric_table_len; i++) {
        const struct engine_metric *row = &engine_metric_table[i];
        unsigned n_of_engine = 0;
        for (size_t k = 0; k < engine_metric_table_len; k++) {
            n_of_engine += text_equal(row->engine, engine_metric_table[k].engine);
            assert_true(
                k == i || !text_equal(row->engine, engine_metric_table[k].engine) ||
                !text_equal(row->key, engine_metric_table[k].key));
        }
        assert_true(n_of_engine < TRACK_COLUMNS_MAX); /* and the time of the scrape */
    }
    struct engine_metric_sum none[ENGINE_METRICS_MAX] = {0};
    assert_string_equal(engine_metric_family(none, "tgi"), "tgi");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table__finds_what_the_engines_tell),
        cmocka_unit_test(test_value__follows_the_rules_of_its_row),
        cmocka_unit_test(test_table__has_rows_that_can_be_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
