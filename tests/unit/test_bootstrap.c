/* Intervals are drawn from random resamples, so they are compared with those of numpy's plain
 * resampling by their means over many seeds, within what such means scatter. */
#include "oracle/stats_bootstrap.h"
#include "stats/bootstrap.h"
#include "stats/gap_groups.h"
#include "stats/percentile.h"
#include "support/test.h"

enum {
    N_SEEDS = 40
};

/* Six standard deviations of the difference of two means over N_SEEDS intervals. */
static double tolerance(double sd)
{
    return 6.0 * sd * sqrt(2.0 / N_SEEDS) + 1e-9;
}

static void exponential_sample(double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = -50.0 * log1p(-((double)i + 0.5) / (double)n);
    }
}

static struct interval add(struct interval a, struct interval b)
{
    return (struct interval){.low = a.low + b.low / N_SEEDS, .high = a.high + b.high / N_SEEDS};
}

static void test_bootstrap_percentile__agrees_with_plain_resampling(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(bootstrap_rows); r++) {
        double values[700];
        const size_t n = bootstrap_rows[r].n;
        const double percent = bootstrap_rows[r].percent;
        exponential_sample(values, n);
        struct interval mean = {0};
        for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
            struct rng rng;
            bootstrap_start(&rng, seed, "ttft");
            mean =
                add(mean, percent < 0.0 ? bootstrap_mean(values, n, &rng)
                                        : bootstrap_percentile(values, n, percent, &rng));
        }
        assert_near(mean.low, bootstrap_rows[r].low, tolerance(bootstrap_rows[r].low_sd));
        assert_near(mean.high, bootstrap_rows[r].high, tolerance(bootstrap_rows[r].high_sd));
    }
}

static void test_bootstrap_share__agrees_with_plain_resampling(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(bootstrap_share_rows); r++) {
        struct interval mean = {0};
        for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
            struct rng rng;
            bootstrap_start(&rng, seed, "ok_rate");
            mean =
                add(mean,
                    bootstrap_share(bootstrap_share_rows[r].hits, bootstrap_share_rows[r].n, &rng));
        }
        assert_near(
            mean.low, bootstrap_share_rows[r].low, tolerance(bootstrap_share_rows[r].low_sd));
        assert_near(
            mean.high, bootstrap_share_rows[r].high, tolerance(bootstrap_share_rows[r].high_sd));
    }
}

static void test_bootstrap_share__has_no_interval_at_its_ends(void **state)
{
    (void)state;
    struct rng rng;
    bootstrap_start(&rng, 1, "ok_rate");
    assert_true(isnan(bootstrap_share(0, 50, &rng).low));
    assert_true(isnan(bootstrap_share(50, 50, &rng).high));
}

/* The gaps of tests/oracle/stats_oracle.py. */
static void gaps_fill(struct gaps *out, struct weighted *items)
{
    *out = (struct gaps){.items = items, .n_clusters = 40};
    for (uint32_t c = 0; c < 40; c++) {
        for (uint32_t k = 0; k < 10 + c % 11; k++) {
            items[out->n] = (struct weighted){
                .value = (5.0 + (double)(c * 17 % 40) * 0.5) * (1.0 + (double)(k % 5) * 0.1),
                .weight = 1 + (k % 3 == 0),
                .cluster = c,
            };
            out->n_repeated += items[out->n].weight;
            out->n++;
        }
    }
    sort_weighted(items, out->n);
}

static void test_gap_groups__agree_with_plain_resampling_of_whole_requests(void **state)
{
    (void)state;
    struct weighted items[40 * 20];
    struct gaps gaps;
    gaps_fill(&gaps, items);
    struct rng rng;
    bootstrap_start(&rng, 1, "itl");
    CLEANUP(gap_groups_done) struct gap_groups groups;
    gap_groups_init(&groups, &gaps, &rng);
    for (size_t r = 0; r < ARRAY_LEN(bootstrap_gap_rows); r++) {
        const double percent = bootstrap_gap_rows[r].percent;
        const bool is_mean = percent < 0.0;
        struct interval mean = {0};
        for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
            bootstrap_start(&rng, seed, "itl_p50_ms");
            mean =
                add(mean, is_mean ? gap_groups_mean_interval(&groups, &rng)
                                  : gap_groups_percentile_interval(&groups, percent, &rng));
        }
        assert_near(
            is_mean ? gap_groups_mean(&groups) : gap_groups_percentile(&groups, percent),
            bootstrap_gap_rows[r].value, 1e-12);
        assert_near(mean.low, bootstrap_gap_rows[r].low, tolerance(bootstrap_gap_rows[r].low_sd));
        assert_near(
            mean.high, bootstrap_gap_rows[r].high, tolerance(bootstrap_gap_rows[r].high_sd));
    }
}

static void test_gap_groups__without_gaps_have_no_values(void **state)
{
    (void)state;
    struct rng rng;
    bootstrap_start(&rng, 1, "itl");
    const struct gaps gaps = {0};
    CLEANUP(gap_groups_done) struct gap_groups groups;
    gap_groups_init(&groups, &gaps, &rng);
    assert_true(isnan(gap_groups_percentile(&groups, 50.0)));
    assert_true(isnan(gap_groups_mean(&groups)));
}

/* One gap for each of more requests than there are groups: whole requests are then single values, so
 * the plain bootstrap is the known answer. */
static void test_gap_groups__larger_than_the_groups_keep_the_width(void **state)
{
    (void)state;

    enum {
        N = 3 * BOOTSTRAP_GROUPS_MAX + 17
    };
    static struct weighted items[N];
    static double values[N];
    exponential_sample(values, N);
    for (uint32_t i = 0; i < N; i++) {
        items[i] = (struct weighted){.value = values[i], .weight = 1, .cluster = i};
    }
    const struct gaps gaps = {.items = items, .n = N, .n_clusters = N, .n_repeated = N};
    struct rng rng;
    bootstrap_start(&rng, 1, "itl");
    CLEANUP(gap_groups_done) struct gap_groups groups;
    gap_groups_init(&groups, &gaps, &rng);
    assert_int_equal(groups.n_groups, BOOTSTRAP_GROUPS_MAX);
    assert_near(gap_groups_percentile(&groups, 99.0), percentile_sorted(values, N, 99.0), 0.0);
    static const double percents[] = {50.0, 90.0, 99.0};
    for (size_t p = 0; p < ARRAY_LEN(percents); p++) {
        const struct interval grouped = gap_groups_percentile_interval(&groups, percents[p], &rng);
        const struct interval plain = bootstrap_percentile(values, N, percents[p], &rng);
        const double width = plain.high - plain.low;
        assert_near(grouped.low, plain.low, 0.15 * width);
        assert_near(grouped.high, plain.high, 0.15 * width);
    }
    /* The mean's standard error is known: standard deviation over the root of n. */
    const struct interval by_gaps = gap_groups_mean_interval(&groups, &rng);
    const struct interval by_values = bootstrap_mean(values, N, &rng);
    const double expected = 2.0 * 1.96 * 50.0 / sqrt((double)N);
    assert_near(by_gaps.high - by_gaps.low, expected, 0.1 * expected);
    assert_near(by_values.high - by_values.low, expected, 0.1 * expected);
}

static void test_bootstrap_percentile__brackets_and_repeats_by_seed(void **state)
{
    (void)state;
    double values[200];
    exponential_sample(values, 200);
    struct rng rng;
    bootstrap_start(&rng, 5, "ttft_p50_ms");
    const struct interval first = bootstrap_percentile(values, 200, 50.0, &rng);
    bootstrap_start(&rng, 5, "ttft_p50_ms");
    const struct interval again = bootstrap_percentile(values, 200, 50.0, &rng);
    bootstrap_start(&rng, 6, "ttft_p50_ms");
    const struct interval other_seed = bootstrap_percentile(values, 200, 50.0, &rng);
    bootstrap_start(&rng, 5, "ttft_p51_ms");
    const struct interval other_key = bootstrap_percentile(values, 200, 50.0, &rng);
    assert_memory_equal(&first, &again, sizeof(first));
    assert_memory_not_equal(&first, &other_seed, sizeof(first));
    assert_memory_not_equal(&first, &other_key, sizeof(first));
    assert_true(first.low < percentile_sorted(values, 200, 50.0));
    assert_true(first.high > percentile_sorted(values, 200, 50.0));
}

static void test_bootstrap_percentile__at_the_ends_of_the_sample(void **state)
{
    (void)state;
    double values[20];
    exponential_sample(values, 20);
    struct rng rng;
    bootstrap_start(&rng, 5, "x");
    const struct interval top = bootstrap_percentile(values, 20, 100.0, &rng);
    assert_near(top.high, values[19], 0.0);
    assert_true(top.low < values[19]);
    const struct interval bottom = bootstrap_percentile(values, 20, 0.0, &rng);
    assert_near(bottom.low, values[0], 0.0);
    const struct interval single = bootstrap_percentile(values, 1, 50.0, &rng);
    assert_near(single.low, values[0], 0.0);
    assert_near(single.high, values[0], 0.0);
}

static void test_bootstrap_percentile__has_no_interval_that_reaches_infinity(void **state)
{
    (void)state;
    double values[100];
    exponential_sample(values, 100);
    for (size_t i = 93; i < 100; i++) {
        values[i] = (double)INFINITY;
    }
    struct rng rng;
    bootstrap_start(&rng, 5, "x");
    const struct interval touching = bootstrap_percentile(values, 100, 90.0, &rng);
    assert_true(isnan(touching.low) && isnan(touching.high));
    const struct interval below = bootstrap_percentile(values, 100, 50.0, &rng);
    assert_true(isfinite(below.low) && isfinite(below.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bootstrap_percentile__agrees_with_plain_resampling),
        cmocka_unit_test(test_bootstrap_share__agrees_with_plain_resampling),
        cmocka_unit_test(test_bootstrap_share__has_no_interval_at_its_ends),
        cmocka_unit_test(test_gap_groups__agree_with_plain_resampling_of_whole_requests),
        cmocka_unit_test(test_gap_groups__without_gaps_have_no_values),
        cmocka_unit_test(test_gap_groups__larger_than_the_groups_keep_the_width),
        cmocka_unit_test(test_bootstrap_percentile__brackets_and_repeats_by_seed),
        cmocka_unit_test(test_bootstrap_percentile__at_the_ends_of_the_sample),
        cmocka_unit_test(test_bootstrap_percentile__has_no_interval_that_reaches_infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
