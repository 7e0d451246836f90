/* The deadline heap against a list that is searched from end to end. */
#include "base/clock.h"
#include "base/rng.h"
#include "sim/sim_timer.h"
#include "support/test.h"

enum {
    TIMERS = 200,
    ROUNDS = 20000
};

/* The slow twin: due times and orders of setting. */
struct twin {
    int64_t due_ns[TIMERS];
    uint64_t order[TIMERS];
    uint64_t next_order;
};

static int twin_first(const struct twin *twin)
{
    int best = -1;
    for (int i = 0; i < TIMERS; i++) {
        if (twin->due_ns[i] == CLOCK_NEVER) {
            continue;
        }
        if (best < 0 || twin->due_ns[i] < twin->due_ns[best] ||
            (twin->due_ns[i] == twin->due_ns[best] && twin->order[i] < twin->order[best])) {
            best = i;
        }
    }
    return best;
}

static void test_timers__agree_with_a_plain_list(void **state)
{
    (void)state;
    struct sim_timers timers = {0};
    static struct sim_timer all[TIMERS];
    static struct twin twin;
    struct rng rng;
    rng_init(&rng, 7, RNG_STREAM_TEST);
    for (int i = 0; i < TIMERS; i++) {
        twin.due_ns[i] = CLOCK_NEVER;
    }
    for (int round = 0; round < ROUNDS; round++) {
        const size_t i = rng_below(&rng, TIMERS);
        if (rng_below(&rng, 3) == 0) {
            sim_timer_stop(&timers, &all[i]);
            twin.due_ns[i] = CLOCK_NEVER;
        } else {
            twin.due_ns[i] = rng_below(&rng, 10) == 0 ? CLOCK_NEVER : (int64_t)rng_below(&rng, 50);
            twin.order[i] = twin.next_order++;
            sim_timer_set(&timers, &all[i], twin.due_ns[i]);
        }
        const int first = twin_first(&twin);
        if (first < 0) {
            assert_int_equal(sim_timers_next_ns(&timers), CLOCK_NEVER);
            assert_null(sim_timers_due(&timers, CLOCK_NEVER));
            continue;
        }
        assert_int_equal(sim_timers_next_ns(&timers), twin.due_ns[first]);
        assert_ptr_equal(sim_timers_due(&timers, twin.due_ns[first]), &all[first]);
        assert_null(sim_timers_due(&timers, twin.due_ns[first] - 1));
    }
    sim_timers_done(&timers);
}

static void test_timers__equal_deadlines_keep_the_order_of_setting(void **state)
{
    (void)state;
    struct sim_timers timers = {0};
    struct sim_timer all[50] = {0};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        sim_timer_set(&timers, &all[i], 5);
    }
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct sim_timer *due = sim_timers_due(&timers, 5);
        assert_ptr_equal(due, &all[i]);
        sim_timer_stop(&timers, due);
    }
    sim_timers_done(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers__agree_with_a_plain_list),
        cmocka_unit_test(test_timers__equal_deadlines_keep_the_order_of_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
