/* Student's t and the spread between launches (values by numpy and scipy). */
#include "base/attr.h"
#include "oracle/stats_launches.h"
#include "stats/between_runs.h"
#include "stats/student.h"
#include "support/test.h"

static void test_student_quantile__equals_the_oracle(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(student_rows); i++) {
        const double value = student_quantile(student_rows[i].probability, student_rows[i].degrees);
        assert_near(value, student_rows[i].value, 1e-12 * fabs(student_rows[i].value) + 1e-15);
    }
}

static void test_student_quantile__is_odd_and_falls_to_the_normal(void **state)
{
    (void)state;
    double before = (double)INFINITY;
    for (unsigned degrees = 1; degrees <= 200; degrees++) {
        const double value = student_quantile(0.975, degrees);
        assert_near(student_quantile(0.025, degrees), -value, 1e-12 * value);
        assert_true(value < before && value > 1.959963984540054);
        before = value;
    }
}

static void test_between_runs_compute__equals_the_oracle(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(between_rows); i++) {
        struct between_runs got;
        between_runs_compute(between_rows[i].values, between_rows[i].n, &got);
        const double size = fabs(between_rows[i].max) + fabs(between_rows[i].min);
        assert_int_equal(got.n, between_rows[i].n);
        assert_near(got.mean, between_rows[i].mean, 1e-15 * size);
        assert_near(got.sd, between_rows[i].sd, 1e-15 * size);
        assert_near(got.mean - got.half, between_rows[i].low, 1e-14 * size);
        assert_near(got.mean + got.half, between_rows[i].high, 1e-14 * size);
        assert_near(got.min, between_rows[i].min, 0.0);
        assert_near(got.max, between_rows[i].max, 0.0);
    }
}

static void test_between_runs_compute__leaves_out_what_is_not_there(void **state)
{
    (void)state;
    const double none = (double)NAN;
    const double values[] = {none, 3.0, none, 5.0, none};
    struct between_runs got;
    between_runs_compute(values, 5, &got);
    assert_int_equal(got.n, 2);
    assert_near(got.mean, 4.0, 0.0);
    assert_near(got.sd, M_SQRT2, 1e-15);
    assert_near(got.half, 12.706204736174694, 1e-12); /* scipy.stats.t.ppf(0.975, 1) */
    between_runs_compute(values, 1, &got);
    assert_int_equal(got.n, 0);
    assert_true(isnan(got.mean) && isnan(got.sd) && isnan(got.half));
    assert_true(isnan(got.min) && isnan(got.max));
}

static void test_between_runs_compute__one_launch_has_no_interval(void **state)
{
    (void)state;
    const double value = 7.5;
    struct between_runs got;
    between_runs_compute(&value, 1, &got);
    assert_int_equal(got.n, 1);
    assert_near(got.mean, 7.5, 0.0);
    assert_near(got.min, 7.5, 0.0);
    assert_near(got.max, 7.5, 0.0);
    assert_true(isnan(got.sd) && isnan(got.half));
}

static void test_between_runs_compute__launches_all_alike_have_no_interval(void **state)
{
    (void)state;
    const double values[] = {0.1, 0.1, 0.1};
    struct between_runs got;
    between_runs_compute(values, 3, &got);
    assert_near(got.mean, 0.1, 0.0);
    assert_near(got.sd, 0.0, 0.0);
    assert_true(isnan(got.half));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student_quantile__equals_the_oracle),
        cmocka_unit_test(test_student_quantile__is_odd_and_falls_to_the_normal),
        cmocka_unit_test(test_between_runs_compute__equals_the_oracle),
        cmocka_unit_test(test_between_runs_compute__leaves_out_what_is_not_there),
        cmocka_unit_test(test_between_runs_compute__one_launch_has_no_interval),
        cmocka_unit_test(test_between_runs_compute__launches_all_alike_have_no_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
