/* p-values and distributions are compared with scipy's (tests/oracle/stats_oracle.py). */
#include "support/test.h"

#include "base/rng.h"
#include "oracle/stats_arrival.h"
#include "stats/arrival_test.h"
#include "stats/ks.h"
#include "stats/special.h"

static void test_ks_p_value__equals_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ks_rows); i++) {
        const double p = ks_p_value(ks_rows[i].n, ks_rows[i].d);
        assert_near(p, ks_rows[i].p, 3e-6);
        if (ks_rows[i].p < 0.01 && ks_rows[i].p > 1e-12) {
            assert_near(p / ks_rows[i].p, 1.0, ks_rows[i].n <= 100000 ? 1e-6 : 1e-3);
        }
    }
}

static void test_ks_p_value__is_certain_at_its_ends(void **state)
{
    (void)state;
    assert_near(ks_p_value(1, 0.0), 1.0, 0.0);
    assert_near(ks_p_value(10, 0.05), 1.0, 0.0);
    assert_near(ks_p_value(10, 1.0), 0.0, 1e-9);
    assert_near(ks_p_value(1000000, 1.0), 0.0, 0.0);
    assert_near(ks_p_value(1000, 0.7), 0.0, 0.0);
}

static void test_special_gamma_p__equals_scipy(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(gamma_rows); i++) {
        const double p = special_gamma_p(gamma_rows[i].a, gamma_rows[i].x);
        assert_near(p, gamma_rows[i].p, 1e-10 * gamma_rows[i].p + 1e-300);
    }
}

static void test_arrival_ks_p_value__equals_scipy_kstest(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(process_rows); i++) {
        const struct arrival_process process = {
            .arrival = process_rows[i].arrival,
            .rate_rps = process_rows[i].rate_rps,
            .burstiness = process_rows[i].burstiness,
        };
        const double p = arrival_ks_p_value(&process, process_rows[i].times, 60);
        if (fabs(p - process_rows[i].p) > 1e-9 + 1e-6 * process_rows[i].p) {
            print_error("%s: %.17g, not %.17g\n", process_rows[i].what, p, process_rows[i].p);
            fail();
        }
    }
}

static void test_arrival_ks_distance__of_constant_gaps_is_the_share_outside(void **state)
{
    (void)state;
    const struct arrival_process process = {.arrival = ARRIVAL_CONSTANT, .rate_rps = 10.0};

    static const struct {
        const char *what;
        double gaps_s[5];
        double distance;
    } rows[] = {
        {"all equal", {0.1, 0.1, 0.1, 0.1, 0.1}, 0.0},
        {"all near", {0.0951, 0.098, 0.1, 0.102, 0.1049}, 0.0},
        {"two late", {0.1, 0.1, 0.1, 0.11, 0.12}, 0.4},
        {"one early, two late", {0.05, 0.1, 0.1, 0.11, 0.12}, 0.4},
        {"all early", {0.01, 0.01, 0.01, 0.01, 0.01}, 1.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const double distance = arrival_ks_distance(&process, rows[i].gaps_s, 5);
        if (fabs(distance - rows[i].distance) > 1e-12) {
            print_error("%s: %g\n", rows[i].what, distance);
            fail();
        }
    }
}

static void test_arrival_ks_p_value__needs_two_times(void **state)
{
    (void)state;
    const struct arrival_process process = {.arrival = ARRIVAL_POISSON, .rate_rps = 10.0};
    const double times[] = {1e9, 1.1e9};
    assert_true(isnan(arrival_ks_p_value(&process, times, 0)));
    assert_true(isnan(arrival_ks_p_value(&process, times, 1)));
    assert_true(!isnan(arrival_ks_p_value(&process, times, 2)));
}

/* Exponential gaps pass, the same gaps at a rate 5 % off do not: the test has power. */
static void test_arrival_ks_p_value__tells_a_rate_that_is_off(void **state)
{
    (void)state;

    static double times[20000];
    struct rng rng;
    rng_init(&rng, 4, RNG_STREAM_TEST);
    for (size_t i = 1; i < ARRAY_LEN(times); i++) {
        times[i] = times[i - 1] + rng_exponential(&rng, 1e7);
    }
    const struct arrival_process right = {.arrival = ARRIVAL_POISSON, .rate_rps = 100.0};
    const struct arrival_process wrong = {.arrival = ARRIVAL_POISSON, .rate_rps = 105.0};
    assert_true(arrival_ks_p_value(&right, times, ARRAY_LEN(times)) > 0.01);
    assert_true(arrival_ks_p_value(&wrong, times, ARRAY_LEN(times)) < 0.001);
}

static void test_arrival_dispersion_1s__knows_even_random_and_bursty(void **state)
{
    (void)state;
    double times[200];
    for (size_t i = 0; i < 200; i++) {
        times[i] = (double)i * 0.1e9 + 5e9;
    }
    assert_near(arrival_dispersion_1s(times, 200, 5e9, 25e9), 0.0, 1e-12);
    /* Counts 0 and 20 by turns: mean 10, sample variance 100 * 20 / 19. */
    for (size_t i = 0; i < 200; i++) {
        times[i] = floor((double)i / 20.0) * 2e9 + (double)(i % 20) * 1e6;
    }
    assert_near(arrival_dispersion_1s(times, 200, 0.0, 20e9), 100.0 * 20.0 / 19.0 / 10.0, 1e-12);
    /* What lies outside whole seconds is not counted. */
    assert_near(arrival_dispersion_1s(times, 200, 0.0, 20.9e9), 100.0 * 20.0 / 19.0 / 10.0, 1e-12);
}

static void test_arrival_dispersion_1s__needs_ten_seconds_and_a_time(void **state)
{
    (void)state;
    const double times[] = {1e9, 2e9};
    assert_true(isnan(arrival_dispersion_1s(times, 2, 0.0, 9.99e9)));
    assert_true(!isnan(arrival_dispersion_1s(times, 2, 0.0, 10e9)));
    assert_true(isnan(arrival_dispersion_1s(times, 0, 0.0, 10e9)));
    assert_true(isnan(arrival_dispersion_1s(times, 2, 20e9, 30e9)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ks_p_value__equals_scipy),
        cmocka_unit_test(test_ks_p_value__is_certain_at_its_ends),
        cmocka_unit_test(test_special_gamma_p__equals_scipy),
        cmocka_unit_test(test_arrival_ks_p_value__equals_scipy_kstest),
        cmocka_unit_test(test_arrival_ks_distance__of_constant_gaps_is_the_share_outside),
        cmocka_unit_test(test_arrival_ks_p_value__needs_two_times),
        cmocka_unit_test(test_arrival_ks_p_value__tells_a_rate_that_is_off),
        cmocka_unit_test(test_arrival_dispersion_1s__knows_even_random_and_bursty),
        cmocka_unit_test(test_arrival_dispersion_1s__needs_ten_seconds_and_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
