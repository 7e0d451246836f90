#include "base/clock.h"
#include "load/schedule.h"
#include "support/test.h"

static void test_schedule_next__constant_has_no_drift(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, ARRIVAL_CONSTANT, 3.0, 1.0, 7);
    uint64_t index = 0;
    int64_t at_ns = 0;
    for (int i = 0; i < 3000000; i++) {
        at_ns = schedule_next(&schedule, &index);
    }
    assert_int_equal(index, 2999999);
    assert_true(at_ns == 1000000 * NS_PER_S || at_ns == 1000000 * NS_PER_S - 1);
}

static void test_schedule_next__same_seed_same_times(void **state)
{
    (void)state;

    static const enum arrival kinds[] = {ARRIVAL_POISSON, ARRIVAL_GAMMA, ARRIVAL_CONSTANT};

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct schedule a;
        struct schedule b;
        struct schedule other;
        schedule_init(&a, kinds[k], 50.0, 0.5, 42);
        schedule_init(&b, kinds[k], 50.0, 0.5, 42);
        schedule_init(&other, kinds[k], 50.0, 0.5, 43);
        int n_other = 0;
        int64_t last_ns = 0;
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t index = 0;
            const int64_t at_ns = schedule_next(&a, &index);
            assert_int_equal(index, i);
            assert_true(at_ns >= last_ns);
            last_ns = at_ns;
            assert_true(at_ns == schedule_next(&b, &index));
            n_other += at_ns != schedule_next(&other, &index) ? 1 : 0;
        }
        assert_int_equal(n_other, kinds[k] == ARRIVAL_CONSTANT ? 0 : 1000);
    }
}

static void test_schedule_next__a_trace_gives_its_times_and_ends(void **state)
{
    (void)state;
    static const int64_t times_ns[] = {0, 0, 7, 1000};
    struct schedule schedule;
    schedule_init_trace(&schedule, times_ns, ARRAY_LEN(times_ns));
    for (uint64_t i = 0; i < 20; i++) {
        uint64_t index = 0;
        const int64_t at_ns = schedule_next(&schedule, &index);
        assert_int_equal(index, i);
        assert_true(at_ns == (i < ARRAY_LEN(times_ns) ? times_ns[i] : CLOCK_NEVER));
    }
}

static void test_schedule_busiest__counts_any_span(void **state)
{
    (void)state;
    static const int64_t times_ns[] = {0, 0, 5, 9, 10, 19, 20, 21, 22, 23, 100};
    static const int64_t spans_ns[] = {1, 3, 5, 6, 10, 11, 15, 24, 101, 1000};
    for (size_t i = 0; i < ARRAY_LEN(spans_ns); i++) {
        uint64_t most = 0; /* by trying every start */
        for (size_t k = 0; k < ARRAY_LEN(times_ns); k++) {
            uint64_t n = 0;
            for (size_t j = k; j < ARRAY_LEN(times_ns); j++) {
                n += times_ns[j] - times_ns[k] < spans_ns[i] ? 1 : 0;
            }
            most = n > most ? n : most;
        }
        assert_int_equal(schedule_busiest(times_ns, ARRAY_LEN(times_ns), spans_ns[i]), most);
    }
}

/* Mean gap 1/rate, variance of the gaps 1/(rate^2 shape): known moments, a fixed seed. */
static void test_schedule_next__gaps_have_the_declared_moments(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        enum arrival arrival;
        double shape;
    } rows[] = {
        {"poisson", ARRIVAL_POISSON, 1.0},
        {"gamma, bursty", ARRIVAL_GAMMA, 0.25},
        {"gamma, smooth", ARRIVAL_GAMMA, 4.0},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        print_message("%s\n", rows[r].what);

        enum {
            N = 200000
        };
        struct schedule schedule;
        schedule_init(&schedule, rows[r].arrival, 100.0, rows[r].shape, 1);
        double sum = 0.0;
        double squares = 0.0;
        int64_t before_ns = 0;
        for (int i = 0; i < N; i++) {
            uint64_t index = 0;
            const int64_t at_ns = schedule_next(&schedule, &index);
            const double gap_s = (double)(at_ns - before_ns) / 1e9;
            before_ns = at_ns;
            sum += gap_s;
            squares += gap_s * gap_s;
        }
        const double mean = sum / N;
        const double variance = squares / N - mean * mean;
        assert_near(mean, 0.01, 0.01 * 0.02);
        assert_near(variance * 1e4 * rows[r].shape, 1.0, 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule_busiest__counts_any_span),
        cmocka_unit_test(test_schedule_next__a_trace_gives_its_times_and_ends),
        cmocka_unit_test(test_schedule_next__constant_has_no_drift),
        cmocka_unit_test(test_schedule_next__same_seed_same_times),
        cmocka_unit_test(test_schedule_next__gaps_have_the_declared_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
