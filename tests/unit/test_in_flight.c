/* The load over time; mean, maximum and Little's law are compared with the oracle in test_summary.c. */
#include "base/clock.h"
#include "stats/in_flight.h"
#include "support/test.h"

/* From 2 s to `end_s`. */
static struct point_facts window_to(double end_s)
{
    return (struct point_facts){
        .window_start_ns = 2 * NS_PER_S,
        .window_end_ns = (int64_t)(end_s * 1e9),
        .end_ns = 1000 * NS_PER_S,
    };
}

static struct record span(double sent_s, double end_s)
{
    return (struct record){
        .sent_ns = (int64_t)(sent_s * 1e9),
        .end_ns = end_s < 0.0 ? RECORD_NONE : (int64_t)(end_s * 1e9),
    };
}

static void test_in_flight_series__has_the_mean_of_each_step(void **state)
{
    (void)state;
    struct record records[] = {
        span(0.0, 1.5),                                   /* before the window */
        span(1.0, 2.5),                                   /* cut by its start */
        span(2.25, 2.75),                                 /* inside one step */
        span(3.5, 5.5),                                   /* over two borders */
        span(5.0, -1.0),                                  /* never ended: to the end of the point */
        {.sent_ns = RECORD_NONE, .end_ns = 4 * NS_PER_S}, /* never sent */
        span(100.0, 101.0),                               /* after it */
    };
    const struct record_set set = {.records = records, .n = ARRAY_LEN(records)};
    const struct point_facts facts = window_to(6.9);
    struct in_flight_series series;
    in_flight_series_compute(&facts, &set, &series);
    static const double expected[] = {0.5 + 0.5, 0.5, 1.0, 0.5 + 1.0};
    assert_int_equal(series.n, ARRAY_LEN(expected));
    assert_near(series.step_s, 1.0, 0.0);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        assert_near(series.means[i], expected[i], 1e-9);
    }
}

static void test_in_flight_series__long_windows_have_longer_steps(void **state)
{
    (void)state;

    static const struct {
        double window_s;
        double step_s;
        size_t n;
    } rows[] = {
        {0.5, 1.0, 0}, {1.0, 1.0, 1}, {240.0, 1.0, 240}, {240.5, 2.0, 120}, {1800.0, 8.0, 225},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record record = span(0.0, -1.0);
        const struct record_set set = {.records = &record, .n = 1};
        struct point_facts facts = window_to(2.0 + rows[i].window_s);
        facts.end_ns = 10000 * NS_PER_S;
        struct in_flight_series series;
        in_flight_series_compute(&facts, &set, &series);
        assert_near(series.step_s, rows[i].step_s, 0.0);
        assert_int_equal(series.n, rows[i].n);
        for (size_t k = 0; k < series.n; k++) {
            assert_near(series.means[k], 1.0, 1e-9);
        }
    }
}

static void test_in_flight_series__an_empty_window_has_none(void **state)
{
    (void)state;
    const struct record_set set = {0};
    const struct point_facts facts = window_to(2.0);
    struct in_flight_series series;
    in_flight_series_compute(&facts, &set, &series);
    assert_int_equal(series.n, 0);
    assert_true(isnan(series.step_s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_flight_series__has_the_mean_of_each_step),
        cmocka_unit_test(test_in_flight_series__long_windows_have_longer_steps),
        cmocka_unit_test(test_in_flight_series__an_empty_window_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
