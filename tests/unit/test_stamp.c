#include "base/clock.h"
#include "net/stamp.h"
#include "support/test.h"

/* Both clocks at `mono_ns`, when wall time is `offset_ns` ahead. */
static struct stamp_pair pair_at(int64_t mono_ns, int64_t offset_ns)
{
    return (struct stamp_pair){
        .read_ns = mono_ns,
        .mono_ns = mono_ns + 20,
        .real_ns = mono_ns + 20 + offset_ns,
        .spread_ns = 40,
    };
}

#define OFFSET_NS (INT64_C(1700000000) * NS_PER_S)

static void test_stamp_receipt__converts_wall_time(void **state)
{
    (void)state;
    struct stamp_clock clock = {0};
    struct stamp_stream stream = {0};
    struct receipt out;
    const struct stamp_pair pair = pair_at(5000, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + 4321, true, &out);
    assert_true(out.arrival_ns == 4321);
    assert_true(out.read_ns == 5000);
    assert_true(out.kernel);
    assert_false(out.clock_step);
}

static void test_stamp_receipt__uses_user_time_without_a_stamp(void **state)
{
    (void)state;
    struct stamp_clock clock = {0};
    struct stamp_stream stream = {0};
    struct receipt out;
    const struct stamp_pair pair = pair_at(5000, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, STAMP_NONE, true, &out);
    assert_true(out.arrival_ns == 5000);
    assert_false(out.kernel);
    assert_false(out.clock_step);
}

static void test_stamp_receipt__keeps_arrivals_between_the_last_and_the_read(void **state)
{
    (void)state;
    struct stamp_clock clock = {0};
    struct stamp_stream stream = {.last_ns = 1000};
    struct receipt out;
    struct stamp_pair pair = pair_at(5000, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + 5010, true, &out);
    assert_true(out.arrival_ns == 5000 && out.kernel);
    pair = pair_at(6000, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + 4990, true, &out);
    assert_true(out.arrival_ns == 5000 && out.kernel);
    pair = pair_at(7000, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + 6500, true, &out);
    assert_true(out.arrival_ns == 6500);
    struct stamp_stream fresh = {.last_ns = 6900}; /* opened then */
    stamp_receipt(&clock, &fresh, &pair, OFFSET_NS + 6500, true, &out);
    assert_true(out.arrival_ns == 6900);
}

struct step_row {
    const char *what;
    int64_t change_ns;
    int64_t after_ns; /* since the last pair */
    bool step;
};

static const struct step_row step_rows[] = {
    {"nothing", 0, NS_PER_S, false},
    {"a little", 900000, 0, false},
    {"a little back", -900000, 0, false},
    {"forward", 1100000, 0, true},
    {"back", -1100000, 0, true},
    {"an hour back", -3600 * NS_PER_S, NS_PER_MS, true},
    {"slewed for ten seconds", 5 * NS_PER_MS, 10 * NS_PER_S, false},
    {"more than slewing can", 7 * NS_PER_MS, 10 * NS_PER_S, true},
    {"more than slewing can, back", -7 * NS_PER_MS, 10 * NS_PER_S, true},
};

static void check_step(const struct step_row *row)
{
    struct stamp_clock clock = {0};
    struct stamp_stream stream = {0};
    struct receipt out;
    const int64_t start_ns = 100 * NS_PER_S;
    struct stamp_pair pair = pair_at(start_ns, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + start_ns - 10, true, &out);
    assert_true(out.kernel);

    const int64_t then_ns = start_ns + row->after_ns;
    const int64_t offset_ns = OFFSET_NS + row->change_ns;
    pair = pair_at(then_ns, offset_ns);
    stamp_receipt(&clock, &stream, &pair, offset_ns + then_ns - 5, true, &out);
    const int64_t expected_ns = row->step ? then_ns : then_ns - 5;
    if (out.clock_step != row->step || out.kernel == row->step || out.arrival_ns != expected_ns) {
        fail_msg("%s: step %d, kernel %d", row->what, out.clock_step, out.kernel);
    }
}

static void test_stamp_receipt__tells_steps_from_slewing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(step_rows); i++) {
        check_step(&step_rows[i]);
    }
}

static void test_stamp_receipt__allows_for_an_unsure_pair(void **state)
{
    (void)state;
    struct stamp_clock clock = {0};
    struct stamp_stream stream = {0};
    struct receipt out;
    struct stamp_pair pair = pair_at(NS_PER_S, OFFSET_NS);
    stamp_receipt(&clock, &stream, &pair, STAMP_NONE, true, &out);
    pair = pair_at(NS_PER_S + 1000, OFFSET_NS + 3 * NS_PER_MS);
    pair.spread_ns = 5 * NS_PER_MS; /* the thread was away in between */
    stamp_receipt(&clock, &stream, &pair, OFFSET_NS + NS_PER_S, true, &out);
    assert_true(out.kernel);
    assert_int_equal(clock.epoch, 0);
}

/* Reads at 1 s steps; the wall clock steps between the first two. */
static struct receipt read_after_step(
    struct stamp_clock *clock, struct stamp_stream *stream, int64_t second, bool drained)
{
    struct receipt out;
    const int64_t offset_ns = OFFSET_NS + NS_PER_S / 4;
    const struct stamp_pair pair = pair_at(second * NS_PER_S, offset_ns);
    stamp_receipt(clock, stream, &pair, offset_ns + second * NS_PER_S - 5, drained, &out);
    return out;
}

static void test_stamp_receipt__trusts_a_stream_again_once_it_was_drained(void **state)
{
    (void)state;
    struct stamp_clock clock = {0};
    struct stamp_stream a = {0};
    struct stamp_stream b = {0};
    struct receipt out;
    const struct stamp_pair before = pair_at(NS_PER_S, OFFSET_NS);
    stamp_receipt(&clock, &a, &before, OFFSET_NS + NS_PER_S, true, &out);
    /* The read that shows the step: drained, but more may have arrived before the step. */
    assert_true(read_after_step(&clock, &a, 2, true).clock_step);
    assert_int_equal(clock.epoch, 1);
    assert_true(read_after_step(&clock, &a, 3, false).clock_step);
    assert_true(read_after_step(&clock, &a, 4, true).clock_step);
    out = read_after_step(&clock, &a, 5, true);
    assert_true(out.kernel && !out.clock_step);
    assert_true(out.arrival_ns == 5 * NS_PER_S - 5);
    /* The other stream has been waiting all along. */
    assert_true(read_after_step(&clock, &b, 6, true).clock_step);
    assert_true(read_after_step(&clock, &b, 7, true).kernel);
    /* One that was opened since begins in the new epoch. */
    struct stamp_stream c = {.last_ns = 7 * NS_PER_S, .epoch = clock.epoch};
    assert_true(read_after_step(&clock, &c, 8, true).kernel);
    assert_int_equal(clock.epoch, 1);
}

static void test_stamp_pair_read__reads_both_clocks_at_one_moment(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const int64_t before_ns = clock_mono_ns();
        struct stamp_pair pair;
        stamp_pair_read(&pair);
        const int64_t after_ns = clock_mono_ns();
        assert_true(pair.read_ns >= before_ns && pair.read_ns <= pair.mono_ns);
        assert_true(pair.mono_ns <= after_ns);
        assert_true(pair.spread_ns >= 0 && pair.spread_ns <= after_ns - before_ns);
        assert_true(pair.real_ns > OFFSET_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamp_receipt__converts_wall_time),
        cmocka_unit_test(test_stamp_receipt__uses_user_time_without_a_stamp),
        cmocka_unit_test(test_stamp_receipt__keeps_arrivals_between_the_last_and_the_read),
        cmocka_unit_test(test_stamp_receipt__tells_steps_from_slewing),
        cmocka_unit_test(test_stamp_receipt__allows_for_an_unsure_pair),
        cmocka_unit_test(test_stamp_receipt__trusts_a_stream_again_once_it_was_drained),
        cmocka_unit_test(test_stamp_pair_read__reads_both_clocks_at_one_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
