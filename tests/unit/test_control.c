#include "base/clock.h"
#include "load/control.h"
#include "support/test.h"

static void start(struct control *control, enum gate_mode gate, uint64_t completions)
{
    const struct control_options options = {
        .gate = gate,
        .warmup_completions = completions,
        .warmup_timeout_ns = 60 * NS_PER_S,
        .duration_ns = 10 * NS_PER_S,
        .grace_ns = 30 * NS_PER_S,
        .n_workers = 1,
    };
    control_init(control, &options);
}

static void test_control__window_opens_at_the_start_without_warmup(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_OFF, 0);
    assert_true(control_window_start(&control) == 0);
    assert_true(control_window_end(&control) == 10 * NS_PER_S);
    assert_int_equal(control.gate, GATE_OFF);
    control_done(&control);
}

static void test_control_add_warmup__counts_failures_but_does_not_gate_on_them(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_OFF, 3);
    control_add_warmup(&control, (double)NAN, 1);
    control_add_warmup(&control, 5.0, 2);
    assert_true(control_window_start(&control) == CLOCK_NEVER);
    control_add_warmup(&control, 5.0, 3);
    assert_true(control_window_start(&control) == 3 + CONTROL_WINDOW_LEAD_NS);
    assert_true(control_window_end(&control) == 3 + CONTROL_WINDOW_LEAD_NS + 10 * NS_PER_S);
    control_done(&control);
}

static void test_control_add_warmup__steady_latency_opens_by_cov(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_AUTO, 3);
    for (int i = 0; i < GATE_SPAN - 1; i++) {
        control_add_warmup(&control, 50.0 + 0.01 * i, i);
    }
    assert_true(control_window_start(&control) == CLOCK_NEVER);
    control_add_warmup(&control, 50.0, GATE_SPAN);
    assert_true(control_window_start(&control) == GATE_SPAN + CONTROL_WINDOW_LEAD_NS);
    assert_int_equal(control.gate, GATE_COV);
    assert_true(control.gate_cov < GATE_COV_LIMIT);
    control_done(&control);
}

static void test_control_check_timeout__opens_a_window_that_never_settles(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_COV, 3);
    for (int i = 0; i < 100; i++) {
        control_add_warmup(&control, i % 2 == 0 ? 10.0 : 1000.0, i);
    }
    control_check_timeout(&control, 60 * NS_PER_S - 1);
    assert_true(control_window_start(&control) == CLOCK_NEVER);
    control_check_timeout(&control, 60 * NS_PER_S);
    assert_true(control_window_start(&control) == 60 * NS_PER_S + CONTROL_WINDOW_LEAD_NS);
    assert_int_equal(control.gate, GATE_TIMEOUT);
    control_done(&control);
}

static void test_control_interrupt__cuts_the_window(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_OFF, 0);
    control_interrupt(&control, 4 * NS_PER_S);
    assert_true(control_window_end(&control) == 4 * NS_PER_S);
    control_interrupt(&control, 5 * NS_PER_S);
    assert_true(control_window_end(&control) == 4 * NS_PER_S);
    control_done(&control);
}

static void test_control_interrupt__in_the_warmup_leaves_an_empty_window(void **state)
{
    (void)state;
    struct control control;
    start(&control, GATE_MODE_AUTO, 3);
    control_interrupt(&control, 4);
    assert_true(control_window_start(&control) == 4);
    assert_true(control_window_end(&control) == 4);
    control_done(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control__window_opens_at_the_start_without_warmup),
        cmocka_unit_test(test_control_add_warmup__counts_failures_but_does_not_gate_on_them),
        cmocka_unit_test(test_control_add_warmup__steady_latency_opens_by_cov),
        cmocka_unit_test(test_control_check_timeout__opens_a_window_that_never_settles),
        cmocka_unit_test(test_control_interrupt__cuts_the_window),
        cmocka_unit_test(test_control_interrupt__in_the_warmup_leaves_an_empty_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
