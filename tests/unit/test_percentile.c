/* Percentiles are compared bit for bit with numpy's (tests/oracle/stats_oracle.py). */
#include "base/rng.h"
#include "oracle/stats_percentile.h"
#include "stats/percentile.h"
#include "stats/sort.h"
#include "support/test.h"

#include <string.h>

enum {
    N_PERCENTS = ARRAY_LEN(percentile_percents)
};

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void assert_same(const char *what, double percent, double got, double expected)
{
    if (bits_of(got) != bits_of(expected)) {
        print_error("%s: p%g is %.17g, numpy says %.17g\n", what, percent, got, expected);
        fail();
    }
}

static void test_percentile_sorted__equals_numpy_on_small_samples(void **state)
{
    (void)state;
    for (size_t r = 0; r < ARRAY_LEN(percentile_rows); r++) {
        double values[100];
        const size_t n = percentile_rows[r].n;
        memcpy(values, percentile_rows[r].values, sizeof(values));
        sort_doubles(values, n);
        for (size_t p = 0; p < N_PERCENTS; p++) {
            const double percent = percentile_percents[p];
            assert_same(
                "small sample", percent, percentile_sorted(values, n, percent),
                percentile_rows[r].results[p]);
        }
    }
}

static void test_percentile_sorted__equals_numpy_on_large_samples(void **state)
{
    (void)state;
    static double values[100000];
    for (size_t r = 0; r < ARRAY_LEN(percentile_formula_rows); r++) {
        const size_t n = percentile_formula_rows[r].n;
        for (size_t i = 0; i < n; i++) {
            values[i] = (double)((i * 7919) % 10007) / 1000.0;
        }
        sort_doubles(values, n);
        for (size_t p = 0; p < N_PERCENTS; p++) {
            const double percent = percentile_percents[p];
            assert_same(
                "formula sample", percent, percentile_sorted(values, n, percent),
                percentile_formula_rows[r].results[p]);
        }
    }
}

static void test_percentile_sorted__is_nan_without_values(void **state)
{
    (void)state;
    assert_true(isnan(percentile_sorted(NULL, 0, 50.0)));
}

static void test_percentile_sorted__never_falls_as_the_percentile_rises(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3, RNG_STREAM_TEST);
    for (size_t n = 1; n < 60; n++) {
        double values[60];
        for (size_t i = 0; i < n; i++) {
            values[i] = rng_gamma(&rng, 0.5, 1e3);
        }
        sort_doubles(values, n);
        double before = values[0];
        for (int percent = 0; percent <= 1000; percent++) {
            const double now = percentile_sorted(values, n, (double)percent / 10.0);
            assert_true(now >= before);
            before = now;
        }
        assert_near(before, values[n - 1], 0.0);
    }
}

static void test_percentile_sorted__goes_to_infinity_with_failures(void **state)
{
    (void)state;
    const double inf = (double)INFINITY;
    const double values[] = {1.0, 2.0, 3.0, inf, inf};
    assert_near(percentile_sorted(values, 5, 50.0), 3.0, 0.0);
    assert_near(percentile_sorted(values, 5, 37.5), 2.5, 0.0);
    assert_true(isinf(percentile_sorted(values, 5, 50.1)));
    assert_true(isinf(percentile_sorted(values, 5, 99.0)));
    assert_true(isinf(percentile_sorted(values + 3, 2, 10.0)));
}

static void test_percentile_rank__names_both_neighbours(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        uint64_t n;
        double percent;
        uint64_t lower;
        uint64_t upper;
        double fraction;
    } rows[] = {
        {"one value", 1, 50.0, 0, 0, 0.0},      {"first", 5, 0.0, 0, 1, 0.0},
        {"last", 5, 100.0, 4, 4, 0.0},          {"middle of odd", 5, 50.0, 2, 3, 0.0},
        {"middle of even", 4, 50.0, 1, 2, 0.5}, {"quarter", 4, 25.0, 0, 1, 0.75},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct percentile_rank rank = percentile_rank(rows[i].n, rows[i].percent);
        if (rank.lower != rows[i].lower || rank.upper != rows[i].upper ||
            fabs(rank.fraction - rows[i].fraction) > 0.0) {
            print_error("%s\n", rows[i].what);
            fail();
        }
    }
}

static void test_percentile_min_samples__is_the_table_of_the_method(void **state)
{
    (void)state;
    assert_int_equal(percentile_min_samples(50.0), 11);
    assert_int_equal(percentile_min_samples(90.0), 64);
    assert_int_equal(percentile_min_samples(95.0), 130);
    assert_int_equal(percentile_min_samples(99.0), 662);
    assert_int_equal(percentile_min_samples(99.9), 6636);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_sort_doubles__equals_the_library_sort(void **state)
{
    (void)state;
    static double values[5000];
    static double expected[5000];
    struct rng rng;
    rng_init(&rng, 9, RNG_STREAM_TEST);
    for (size_t n = 0; n < ARRAY_LEN(values); n = n * 2 + 1) {
        for (size_t i = 0; i < n; i++) {
            /* Both signs, all magnitudes, ties and both infinities. */
            const double power = ldexp(rng_uniform(&rng) - 0.5, (int)rng_below(&rng, 2000) - 1000);
            const uint64_t kind = rng_below(&rng, 10);
            values[i] = kind == 0 ? 1.5 : kind == 1 ? copysign((double)INFINITY, power) : power;
        }
        memcpy(expected, values, n * sizeof(double));
        qsort(expected, n, sizeof(double), compare_doubles);
        sort_doubles(values, n);
        assert_memory_equal(values, expected, n * sizeof(double));
    }
}

static void test_sort_weighted__keeps_the_order_of_equal_values(void **state)
{
    (void)state;
    for (uint32_t n = 10; n <= 1000; n *= 10) {
        static struct weighted items[1000];
        for (uint32_t i = 0; i < n; i++) {
            items[i] =
                (struct weighted){.value = (double)(i * 7 % 3), .weight = i, .cluster = n - i};
        }
        sort_weighted(items, n);
        for (uint32_t i = 1; i < n; i++) {
            assert_true(items[i - 1].value <= items[i].value);
            assert_int_equal(items[i].cluster, n - items[i].weight);
            if (items[i - 1].value >= items[i].value) {
                assert_true(items[i - 1].weight < items[i].weight);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentile_sorted__equals_numpy_on_small_samples),
        cmocka_unit_test(test_percentile_sorted__equals_numpy_on_large_samples),
        cmocka_unit_test(test_percentile_sorted__is_nan_without_values),
        cmocka_unit_test(test_percentile_sorted__never_falls_as_the_percentile_rises),
        cmocka_unit_test(test_percentile_sorted__goes_to_infinity_with_failures),
        cmocka_unit_test(test_percentile_rank__names_both_neighbours),
        cmocka_unit_test(test_percentile_min_samples__is_the_table_of_the_method),
        cmocka_unit_test(test_sort_doubles__equals_the_library_sort),
        cmocka_unit_test(test_sort_weighted__keeps_the_order_of_equal_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
