/* Open loops whose rate is too high for the client, the engine or the machine, in virtual time: what the
 * schedule asked for is counted whole, lateness is counted from it, and what is in flight stays bounded.
 * MEASUREMENT.md "Load", docs/measurement.md "An open loop that is too fast". */
#include "load/worker.h"
#include "support/virtual_world.h"

#define US INT64_C(1000)

/* Answers of one token that are there at once. */
static void short_answers(struct world *world)
{
    world_open(world, NULL);
    world->sim.ttft_ns = 0;
    world->sim.itl_ns = 0;
    world->sim.tokens = 1;
}

/* A client that needs 75 us to send a request and 25 us to take its answer: 10 000 a second. */
static void slow_client(struct world *world)
{
    short_answers(world);
    world->send_late_ns = 75 * US;
    world->recv_late_ns = 25 * US;
}

/* Requests that a constant schedule puts into [start, end): the first is due one gap after the start. */
static double scheduled_in(const struct point_facts *facts)
{
    const double gap_ns = 1e9 / facts->rate_rps;
    const double before_start = ceil((double)facts->window_start_ns / gap_ns) - 1.0;
    return ceil((double)facts->window_end_ns / gap_ns) - 1.0 - fmax(before_start, 0.0);
}

static bool has_reason(const struct summary *summary, const char *name)
{
    for (size_t i = 0; i < summary->n_reasons; i++) {
        if (strcmp(summary->reasons[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Every request is due when the constant schedule says, and leaves then or later. */
static void check_schedule(const struct point_result *result, int64_t gap_ns)
{
    for (uint64_t i = 0; i < result->records.n; i++) {
        const struct record *record = &result->records.records[i];
        assert_true(record->scheduled_ns == (int64_t)(record->index + 1) * gap_ns);
        assert_true(record->sent_ns >= record->scheduled_ns);
    }
}

/* TTFT has all of the lateness, from the send it has none of it; and two flags say what happened. */
static void check_half_kept(const struct summary *summary, double look_us)
{
    assert_near(summary_get(summary, "ttft_p50_ms"), 100.0, look_us / 1e3);
    assert_true(summary_get(summary, "ttft_from_send_p50_ms") < look_us / 1e3);
    assert_true(has_reason(summary, "dispatch_delay"));
    assert_true(has_reason(summary, "achieved_rate"));
}

/* 20 000 a second for 0.2 s, of which the client can do half: request k is due at 50 k us and leaves at 100 k us, so
 * it is 50 k us late.  Of 3999 the median is 100 ms late and the last 200 ms.  A look at the connections comes
 * between, so single requests lie off this line by as long as one look takes. */
static void
test_open_rate__lateness_counts_from_the_schedule_that_the_client_cannot_keep(void **state)
{
    (void)state;
    struct world world;
    slow_client(&world);
    struct point_options options = open_loop(&world, 20000.0);
    options.duration_ns = NS_PER_S / 5;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    const struct measurement *m = &summary->measurement;
    const double look_us = 100.0 * (WORKER_STARTS_MAX + WORKER_EVENTS_MAX);
    assert_near(summary_get(summary, "n_samples"), 3999.0, 0.0);
    assert_near(scheduled_in(&result.facts), 3999.0, 0.0);
    assert_near(summary_get(summary, "ok_rate"), 1.0, 0.0);
    assert_near(m->dispatch_delay_p50_us, 100e3, look_us);
    assert_near(m->dispatch_delay_max_us, 200e3, look_us);
    assert_near(m->achieved_rate_rps, 10000.0, 500.0);
    check_half_kept(summary, look_us);
    check_schedule(&result, 50 * US);
    point_result_done(&result);
    world_close(&world);
}

/* The same for longer: the backlog reaches 10 000 requests and none of it is in flight. */
static void test_open_rate__a_backlog_of_the_client_is_not_in_flight(void **state)
{
    (void)state;
    struct world world;
    slow_client(&world);
    world.sim.ttft_ns = NS_PER_MS;
    struct point_options options = open_loop(&world, 20000.0);
    options.duration_ns = NS_PER_S;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    /* 1 s; an answer that takes two reads costs another 25 us. */
    assert_near(summary->measurement.dispatch_delay_max_us, 1e6, 100e3);
    /* A look's starts, and those of the look before, whose answers come next. */
    print_message("in flight at most %g\n", summary->measurement.in_flight_max);
    const double look = WORKER_STARTS_MAX + WORKER_STARTS_EVENT * WORKER_EVENTS_MAX;
    assert_true(summary->measurement.in_flight_max <= 2.0 * look);
    assert_int_equal(summary->measurement.n_connects, 0);
    point_result_done(&result);
    world_close(&world);
}

/* The client stands still for 0.3 s across the window's end: what was due before the end is counted, late. */
static void test_open_rate__what_was_due_in_a_stall_at_the_windows_end_is_counted(void **state)
{
    (void)state;
    struct world world;
    short_answers(&world);
    struct point_options options = open_loop(&world, 200.0);
    options.duration_ns = 2 * NS_PER_S;
    world.late_from_ns = 2 * NS_PER_S - 100 * NS_PER_MS;
    world.wait_late_ns = 300 * NS_PER_MS;
    world.n_late = 1;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_near(summary_get(summary, "n_samples"), 399.0, 0.0);
    assert_near(summary_get(summary, "n_samples"), scheduled_in(&result.facts), 0.0);
    assert_near(summary_get(summary, "ok_rate"), 1.0, 0.0);
    assert_true(summary->measurement.dispatch_delay_max_us >= 290e3);
    assert_true(has_reason(summary, "dispatch_delay"));
    point_result_done(&result);
    world_close(&world);
}

/* 20 a second, one at a time, 180 ms each: in 10 s and 1 s of grace 61 end, one is cut, and the rest of 199 has never
 * been sent.  All are counted, and the engine hears of none that is not waited for. */
static void test_open_rate__what_the_grace_leaves_unsent_is_unfinished(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    struct point_options options = open_loop(&world, 20.0);
    options.max_concurrency = 1;
    options.grace_ns = NS_PER_S;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_near(summary_get(summary, "n_samples"), 199.0, 0.0);
    assert_int_equal(summary->measurement.n_outcome[OUTCOME_OK], 60);
    assert_int_equal(summary->measurement.n_outcome[OUTCOME_UNFINISHED], 139);
    uint64_t n_sent = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        n_sent += record->sent_ns != RECORD_NONE;
        if (record->sent_ns == RECORD_NONE) {
            assert_int_equal(record->outcome, OUTCOME_UNFINISHED);
            assert_string_equal(record->error_body, "not sent when the time for it ran out");
        }
    }
    assert_int_equal(n_sent, 61);
    /* Request k is due at 50 (k + 1) ms and sent at 50 + 180 k ms: 60 is 7800 ms late.  The first that is never sent
     * was due at 3100 ms and is given up at 11 s: it was later still. */
    const double latest_us = summary->measurement.dispatch_delay_max_us;
    assert_true(latest_us >= 7900e3 && latest_us <= 7920e3);
    /* Nothing is left to wait for: the tail ends with the grace. */
    assert_true(result.facts.end_ns <= 11 * NS_PER_S + 20 * NS_PER_MS);
    assert_true(has_reason(summary, "ok_rate"));
    point_result_done(&result);
    world_close(&world);
}

/* An engine that is too slow takes a connection for each request that it has not answered, until this machine has no
 * more: from there on requests wait in the schedule. */
static void test_open_rate__connections_that_the_machine_has_not_are_a_cap(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    world.n_links_max = 40;
    struct point_options options = open_loop(&world, 500.0);
    options.duration_ns = NS_PER_S;
    options.grace_ns = NS_PER_S;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_int_equal(world.n_links_most, 40);
    assert_near(summary->measurement.in_flight_max, 40.0, 0.0);
    assert_near(summary_get(summary, "n_samples"), scheduled_in(&result.facts), 0.0);
    /* 40 in each 180 ms, for 2 s. */
    assert_near((double)summary->measurement.n_outcome[OUTCOME_OK], 2.0 * 40.0 / 0.18, 40.0);
    assert_int_equal(
        summary->measurement.n_outcome[OUTCOME_OK] +
            summary->measurement.n_outcome[OUTCOME_UNFINISHED],
        499);
    /* One request at most holds a slot without a connection. */
    uint64_t n_held = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        n_held += record->phase == PHASE_WINDOW && record->sent_ns == RECORD_NONE &&
                  strncmp(record->error_body, "not sent", 8) != 0;
    }
    assert_true(n_held <= 1);
    assert_true(has_reason(summary, "dispatch_delay"));
    point_result_done(&result);
    world_close(&world);
}

struct warmup_row {
    const char *what;
    double rate_rps;
    bool slow;
    double timeout_s;
    enum gate_result gate;
    double n_warmup;
    double start_s; /* of the window; a look late at most */
};

static void run_warmup(const struct warmup_row *row, struct point_result *result)
{
    struct world world;
    (row->slow ? slow_client : short_answers)(&world);
    struct point_options options = open_loop(&world, row->rate_rps);
    options.warmup_per_stream = 3;
    options.warmup_timeout_ns = (int64_t)(row->timeout_s * 1e9);
    options.duration_ns = NS_PER_S / 20;
    options.grace_ns = NS_PER_S / 20;
    run(&options, result);
    world_close(&world);
}

static void check_warmup(const struct warmup_row *row, const struct point_facts *facts)
{
    print_message(
        "%s: %u completions, window from %.3f s\n", row->what, facts->n_warmup,
        (double)facts->window_start_ns / 1e9);
    assert_int_equal(facts->gate, row->gate);
    assert_near(facts->n_warmup, row->n_warmup, row->n_warmup / 20.0);
    assert_near((double)facts->window_start_ns / 1e9, row->start_s, 0.05);
}

/* The warm-up of an open loop is N completions for each request a second, so N seconds at a rate that is kept, and
 * longer at one that is not; the timeout ends it in any case. */
static void test_open_rate__the_warmup_ends_as_documented(void **state)
{
    (void)state;
    static const struct warmup_row rows[] = {
        {"kept", 5000.0, false, 60.0, GATE_OFF, 15000.0, 3.0},
        {"half of it kept", 20000.0, true, 60.0, GATE_OFF, 60000.0, 6.0},
        {"time ran out", 20000.0, true, 1.0, GATE_TIMEOUT, 10000.0, 1.0},
    };
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct point_result result;
        run_warmup(&rows[r], &result);
        check_warmup(&rows[r], &result.facts);
        point_result_done(&result);
    }
}

/* However late the client is after the warm-up, what the schedule puts into the window is what counts: all of it
 * unsent, and late by the grace at least. */
static void test_open_rate__a_window_of_which_nothing_is_sent_is_counted(void **state)
{
    (void)state;
    static const struct warmup_row row = {"time ran out", 20000.0, true, 1.0,
                                          GATE_TIMEOUT,   10000.0, 1.0};
    struct point_result result;
    run_warmup(&row, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_near(summary_get(summary, "n_samples"), scheduled_in(&result.facts), 0.0);
    assert_near(summary_get(summary, "ok_rate"), 0.0, 0.0);
    assert_true(summary->measurement.dispatch_delay_p50_us >= 50e3);
    assert_true(has_reason(summary, "dispatch_delay"));
    point_result_done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_open_rate__lateness_counts_from_the_schedule_that_the_client_cannot_keep),
        cmocka_unit_test(test_open_rate__a_backlog_of_the_client_is_not_in_flight),
        cmocka_unit_test(test_open_rate__what_was_due_in_a_stall_at_the_windows_end_is_counted),
        cmocka_unit_test(test_open_rate__what_the_grace_leaves_unsent_is_unfinished),
        cmocka_unit_test(test_open_rate__connections_that_the_machine_has_not_are_a_cap),
        cmocka_unit_test(test_open_rate__the_warmup_ends_as_documented),
        cmocka_unit_test(test_open_rate__a_window_of_which_nothing_is_sent_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
