/* Accuracy and its intervals over records worked by hand; Wilson's interval as statsmodels 0.14 gives it
 * (proportion_confint(k, n, 0.05, "wilson")). */
#include "base/mem.h"
#include "stats/quality.h"
#include "stats/summary.h"
#include "support/test.h"

#include <string.h>

#define NONE ((double)NAN)

static void test_wilson__agrees_with_statsmodels(void **state)
{
    (void)state;

    static const struct {
        double mean;
        uint64_t n;
        double low;
        double high;
    } rows[] = {
        {0.0 / 1.0, 1, 0.0, 0.7934506856227627},
        {1.0 / 1.0, 1, 0.2065493143772374, 1.0},
        {0.0 / 10.0, 10, 0.0, 0.27753279986288926},
        {10.0 / 10.0, 10, 0.7224672001371106, 1.0},
        {5.0 / 10.0, 10, 0.23659309051256394, 0.7634069094874361},
        {47.0 / 50.0, 50, 0.8378290831116182, 0.979385029651026},
        {1.0 / 1000.0, 1000, 0.00017654637062607765, 0.005642558597957937},
        {999.0 / 1000.0, 1000, 0.9943574414020421, 0.9998234536293739},
        {333.0 / 1000.0, 1000, 0.3044779033483562, 0.3628002339858192},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct interval interval = quality_wilson(rows[i].mean, rows[i].n);
        assert_near(interval.low, rows[i].low, 1e-14);
        assert_near(interval.high, rows[i].high, 1e-14);
    }
    assert_true(isnan(quality_wilson(NONE, 0).low));
    assert_true(isnan(quality_wilson(NONE, 0).high));
}

struct row {
    const char *category;
    double score;
    enum outcome outcome;
    enum phase phase;
};

enum {
    ROWS_MAX = 64
};

struct made {
    struct record records[ROWS_MAX];
    struct record_item items[ROWS_MAX];
    struct record_set set;
};

static void make(const struct row *rows, size_t n, struct made *out)
{
    *out = (struct made){.set = {.records = out->records, .n = n, .has_events = true}};
    for (size_t i = 0; i < n; i++) {
        out->items[i] = (struct record_item){
            .id = "x", .category = rows[i].category, .scoring = "numeric", .score = rows[i].score};
        out->records[i] = (struct record){
            .index = i,
            .outcome = (uint8_t)rows[i].outcome,
            .phase = (uint8_t)rows[i].phase,
            .sent_ns = 0,
            .first_token_ns = 1000000,
            .last_token_ns = 2000000,
            .end_ns = 2000000,
            .output_tokens = 2,
            .item = &out->items[i],
        };
    }
}

static const struct row rows_of_all_kinds[] = {
    {"sub", 1.0, OUTCOME_OK, PHASE_WINDOW},
    {"add", 1.0, OUTCOME_OK, PHASE_WINDOW},
    {"add", 0.0, OUTCOME_OK, PHASE_WINDOW},
    {NULL, 0.5, OUTCOME_OK, PHASE_WINDOW},
    {"add", (double)NAN, OUTCOME_STATUS, PHASE_WINDOW},
    {"sub", (double)NAN, OUTCOME_OK, PHASE_WINDOW},
    {"add", 1.0, OUTCOME_OK, PHASE_TAIL},
    {"mul", (double)NAN, OUTCOME_TIMEOUT, PHASE_WINDOW},
};

static void check_part(
    const struct quality_part *part,
    const char *category,
    uint64_t n,
    uint64_t n_ok,
    uint64_t n_scored,
    double accuracy,
    double with_failures)
{
    assert_int_equal(part->category == NULL, category == NULL);
    if (category != NULL) {
        assert_string_equal(part->category, category);
    }
    assert_int_equal(part->n, n);
    assert_int_equal(part->n_ok, n_ok);
    assert_int_equal(part->n_scored, n_scored);
    assert_int_equal(isnan(part->accuracy), isnan(accuracy));
    if (!isnan(accuracy)) {
        assert_near(part->accuracy, accuracy, 1e-15);
    }
    assert_near(part->accuracy_incl_failures, with_failures, 1e-15);
}

static void test_compute__counts_by_category(void **state)
{
    (void)state;
    struct made made;
    make(rows_of_all_kinds, ARRAY_LEN(rows_of_all_kinds), &made);
    struct quality quality;
    quality_compute(&made.set, &quality);
    assert_true(quality.known);
    check_part(&quality.all, NULL, 7, 5, 4, 2.5 / 4, 2.5 / 6);
    assert_int_equal(quality.n_categories, 4);
    check_part(&quality.categories[0], "add", 3, 2, 2, 0.5, 1.0 / 3);
    check_part(&quality.categories[1], "mul", 1, 0, 0, NONE, 0.0);
    check_part(&quality.categories[2], "sub", 2, 2, 1, 1.0, 1.0);
    check_part(&quality.categories[3], NULL, 1, 1, 1, 0.5, 0.5);
    assert_near(quality.all.wilson.low, quality_wilson(2.5 / 4, 4).low, 0.0);
    assert_near(quality.all.wilson_incl_failures.high, quality_wilson(2.5 / 6, 6).high, 0.0);
    assert_true(isnan(quality.categories[1].wilson.low));
    quality_done(&quality);
}

static void test_compute__has_no_categories_where_no_item_has_one(void **state)
{
    (void)state;
    static const struct row rows[] = {{NULL, 1.0, OUTCOME_OK, PHASE_WINDOW}};
    struct made made;
    make(rows, 1, &made);
    struct quality quality;
    quality_compute(&made.set, &quality);
    assert_true(quality.known);
    assert_int_equal(quality.n_categories, 0);
    quality_done(&quality);
    made.records[0].item = NULL;
    quality_compute(&made.set, &quality);
    assert_false(quality.known);
    assert_false(quality_is_known(&made.set));
    quality_done(&quality);
}

static struct summary *summary_of(const struct made *made)
{
    const struct point_facts facts = {
        .seed = 7,
        .driver = DRIVER_CLOSED,
        .concurrency = 1,
        .window_end_ns = 2000000,
        .cold_start_ns = RECORD_NONE,
        .streaming = true,
        .slo = {(double)INFINITY, (double)INFINITY, (double)INFINITY},
    };
    struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&facts, &made->set, summary);
    return summary;
}

/* Its metric is NULL when it is not there. */
static struct summary_value value_of(const struct summary *summary, const char *key)
{
    for (size_t i = 0; i < summary->n_values; i++) {
        if (strcmp(summary->values[i].metric->key, key) == 0) {
            return summary->values[i];
        }
    }
    return (struct summary_value){.value = NONE, .low = NONE, .high = NONE};
}

static void test_summary__has_accuracy_of_quality_alone(void **state)
{
    (void)state;
    struct made made;
    make(rows_of_all_kinds, ARRAY_LEN(rows_of_all_kinds), &made);
    CLEANUP(mem_freep) struct summary *summary = summary_of(&made);
    assert_near(summary_get(summary, "accuracy"), 2.5 / 4, 1e-15);
    assert_near(summary_get(summary, "accuracy_incl_failures"), 2.5 / 6, 1e-15);
    assert_near(summary_get(summary, "n_scored"), 4.0, 0.0);
    assert_near(summary_get(summary, "n_ok"), 5.0, 0.0);
    assert_near(summary_get(summary, "n_samples"), 7.0, 0.0);
    assert_true(isnan(value_of(summary, "accuracy").low)); /* fewer than eleven */
    for (size_t i = 0; i < made.set.n; i++) {
        made.records[i].item = NULL;
    }
    CLEANUP(mem_freep) struct summary *perf = summary_of(&made);
    assert_null(value_of(perf, "accuracy").metric);
    assert_null(value_of(perf, "accuracy_incl_failures").metric);
    assert_null(value_of(perf, "n_scored").metric);
    assert_int_equal(perf->n_values + 3, summary->n_values);
}

/* Of a bootstrap over 50 answers the interval is near the normal one; of answers that are all right there
 * is none. */
static void test_summary__has_an_interval_of_accuracy(void **state)
{
    (void)state;
    struct row rows[50];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rows[i] = (struct row){NULL, i % 5 == 0 ? 0.0 : 1.0, OUTCOME_OK, PHASE_WINDOW};
    }
    struct made made;
    make(rows, ARRAY_LEN(rows), &made);
    CLEANUP(mem_freep) struct summary *summary = summary_of(&made);
    const struct summary_value value = value_of(summary, "accuracy");
    assert_near(value.value, 0.8, 1e-15);
    assert_near(value.low, 0.8 - 1.96 * sqrt(0.8 * 0.2 / 50.0), 0.03);
    assert_near(value.high, 0.8 + 1.96 * sqrt(0.8 * 0.2 / 50.0), 0.03);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        made.items[i].score = 1.0;
    }
    made.records[3].outcome = OUTCOME_EMPTY;
    made.items[3].score = NONE;
    CLEANUP(mem_freep) struct summary *right = summary_of(&made);
    assert_near(value_of(right, "accuracy").value, 1.0, 0.0);
    assert_true(isnan(value_of(right, "accuracy").low));
    const struct summary_value failed = value_of(right, "accuracy_incl_failures");
    assert_near(failed.value, 0.98, 1e-15);
    assert_true(failed.low < 0.98 && failed.high > 0.98);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson__agrees_with_statsmodels),
        cmocka_unit_test(test_compute__counts_by_category),
        cmocka_unit_test(test_compute__has_no_categories_where_no_item_has_one),
        cmocka_unit_test(test_summary__has_accuracy_of_quality_alone),
        cmocka_unit_test(test_summary__has_an_interval_of_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
