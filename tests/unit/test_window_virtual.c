/* Warm-up, gate, window, tail and grace of whole points in virtual time: every way that each can end, and
 * what of it counts.  MEASUREMENT.md "The window". */
#include "support/virtual_world.h"

/* What the worker looks at least (load/worker.c), and the lead of a decided window. */
#define LOOK_NS INT64_C(20000000)
#define LEAD_NS INT64_C(2000000)

/* Requests in flight at a moment: sent and not ended. */
static uint32_t in_flight_at(const struct record_set *records, int64_t at_ns)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        n += record->sent_ns != RECORD_NONE && record->sent_ns <= at_ns && at_ns < record->end_ns;
    }
    return n;
}

static uint64_t count_phase(const struct record_set *records, enum phase phase)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        n += records->records[i].phase == phase;
    }
    return n;
}

static void test_warmup__each_rule_of_the_gate_ends_it(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        enum gate_mode mode;
        uint32_t warmup_per_stream;
        double jitter;
        enum gate_result result;
        uint32_t n_warmup_min;
        uint32_t n_warmup_max;
    } rows[] = {
        {"off, no warm-up", GATE_MODE_OFF, 0, 0.0, GATE_OFF, 0, 0},
        {"off, three of each stream", GATE_MODE_OFF, 3, 0.0, GATE_OFF, 12, 12},
        {"cov", GATE_MODE_COV, 3, 0.0, GATE_COV, GATE_SPAN, GATE_SPAN},
        {"auto, even latencies", GATE_MODE_AUTO, 3, 0.0, GATE_COV, GATE_SPAN, GATE_SPAN},
        {"auto, more warm-up than a span", GATE_MODE_AUTO, 20, 0.0, GATE_COV, 80, 80},
        {"stationary, even latencies", GATE_MODE_STATIONARY, 3, 0.0, GATE_STATIONARY, 60, 60},
        {"auto, dispersed latencies", GATE_MODE_AUTO, 3, 0.3, GATE_STATIONARY, 60, 400},
        {"timeout", GATE_MODE_COV, 3, 0.3, GATE_TIMEOUT, 12, 1000},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct world world;
        world_open(&world, NULL);
        world.sim.jitter = rows[r].jitter;
        struct point_options options = closed_loop(&world, 4);
        options.gate = rows[r].mode;
        options.warmup_per_stream = rows[r].warmup_per_stream;
        options.warmup_timeout_ns = 20 * NS_PER_S;
        struct point_result result;
        run(&options, &result);
        const struct point_facts *facts = &result.facts;
        if (facts->gate != rows[r].result || facts->n_warmup < rows[r].n_warmup_min ||
            facts->n_warmup > rows[r].n_warmup_max) {
            print_error(
                "%s: %s after %u\n", rows[r].what, gate_result_name(facts->gate), facts->n_warmup);
            fail();
        }
        assert_true(facts->window_end_ns - facts->window_start_ns == options.duration_ns);
        if (facts->gate == GATE_TIMEOUT) {
            const int64_t late_ns = facts->window_start_ns - options.warmup_timeout_ns;
            assert_true(late_ns >= LEAD_NS && late_ns <= LEAD_NS + LOOK_NS);
        }
        if (facts->gate == GATE_COV) {
            assert_true(facts->gate_cov < GATE_COV_LIMIT);
        }
        point_result_done(&result);
        world_close(&world);
    }
}

/* A warm-up in which every request fails has no TTFT to gate on: only the timeout ends it. */
static void test_warmup__failures_do_not_open_the_gate(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"rules\":[{\"to\":99,\"fault\":\"status\",\"status\":503}]}");
    struct point_options options = open_loop(&world, 20.0);
    options.gate = GATE_MODE_AUTO;
    options.warmup_per_stream = 1;
    options.warmup_timeout_ns = 5 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.facts.gate, GATE_TIMEOUT);
    assert_true(result.facts.n_warmup > 90);
    point_result_done(&result);
    world_close(&world);
}

/* Not a moment without its four requests: around the window's start, and until the last counted one ended. */
static void test_window__load_goes_on_from_warmup_to_tail(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    world.sim.jitter = 0.3;
    struct point_options options = closed_loop(&world, 4);
    options.gate = GATE_MODE_AUTO;
    options.warmup_per_stream = 3;
    struct point_result result;
    run(&options, &result);
    const struct point_facts *facts = &result.facts;
    int64_t last_ns = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        if (record->phase == PHASE_WINDOW) {
            assert_true(record->sent_ns >= facts->window_start_ns);
            assert_true(record->sent_ns < facts->window_end_ns);
            last_ns = record->end_ns > last_ns ? record->end_ns : last_ns;
        }
    }
    assert_true(last_ns > facts->window_end_ns);
    const int64_t from_ns = facts->window_start_ns - NS_PER_S;
    for (int64_t at_ns = from_ns; at_ns < last_ns; at_ns += NS_PER_MS) {
        assert_int_equal(in_flight_at(&result.records, at_ns), 4);
    }
    assert_int_equal(in_flight_at(&result.records, last_ns - 1), 4);
    assert_true(count_phase(&result.records, PHASE_WARMUP) >= facts->n_warmup);
    assert_true(count_phase(&result.records, PHASE_TAIL) > 0);
    point_result_done(&result);
    world_close(&world);
}

/* The same in an open loop: the schedule goes on through all phases, one arrival every 50 ms. */
static void test_window__arrivals_go_on_from_warmup_to_tail(void **state)
{
    (void)state;
    struct world world;
    world_open(
        &world, "{\"rules\":[{\"request\":100,\"fault\":\"stall\",\"token\":3,\"ms\":9000}]}");
    struct point_options options = open_loop(&world, 20.0);
    options.gate = GATE_MODE_COV;
    options.warmup_per_stream = 1;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.facts.gate, GATE_COV);
    const struct record *slow = &result.records.records[100];
    assert_int_equal(slow->phase, PHASE_WINDOW);
    assert_int_equal(slow->outcome, OUTCOME_OK);
    assert_true(slow->end_ns > result.facts.window_end_ns);
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        assert_true(record->scheduled_ns == (int64_t)(i + 1) * NS_PER_S / 20);
        assert_true(record->sent_ns == record->scheduled_ns);
    }
    const struct record *last = &result.records.records[result.records.n - 1];
    assert_true(last->scheduled_ns > slow->end_ns - NS_PER_S / 20);
    point_result_done(&result);
    world_close(&world);
}

/* Stream 2 hangs from request 5 on; stream 1 keeps the load up until grace is over, and no longer. */
static void test_grace__runs_out_and_the_request_is_unfinished(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"rules\":[{\"request\":5,\"fault\":\"never\"}]}");
    struct point_options options = closed_loop(&world, 2);
    options.grace_ns = 3 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    const int64_t grace_end_ns = result.facts.window_end_ns + options.grace_ns;
    const struct record *hung = &result.records.records[5];
    assert_int_equal(hung->outcome, OUTCOME_UNFINISHED);
    assert_int_equal(hung->phase, PHASE_WINDOW);
    assert_true(hung->end_ns >= grace_end_ns && hung->end_ns <= grace_end_ns + LOOK_NS);
    int64_t last_sent_ns = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        assert_int_equal(record->outcome, i == 5 ? OUTCOME_UNFINISHED : OUTCOME_OK);
        last_sent_ns = record->sent_ns > last_sent_ns ? record->sent_ns : last_sent_ns;
    }
    assert_true(last_sent_ns > grace_end_ns - SERVICE_NS && last_sent_ns <= hung->end_ns);
    const double n_counted = summary_get(summary, "n_samples");
    assert_near(summary_get(summary, "ok_rate"), (n_counted - 1.0) / n_counted, 1e-12);
    assert_int_equal(summary->measurement.n_outcome[OUTCOME_UNFINISHED], 1);
    point_result_done(&result);
    world_close(&world);
}

/* One stream, 180 ms a request, tokens 100, 120 ... 180 ms after its send.  Requests end ok; what is counted of
 * them, and of their tokens, follows from the window alone. */
static void test_window__tokens_are_cut_to_it(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        uint32_t warmup_per_stream;
        int64_t duration_ms;
        int64_t start_ms;
        double n_tokens;
        double n_counted;
        double n_ended;
    } rows[] = {
        /* 55 requests end by 9.9 s; of the next the tokens at 10.00, 10.02 and 10.04 s. */
        {"from the start", 0, 10050, 0, 55 * TOKENS + 3, 56, 55},
        /* 50 ms less: the edge lies on a token, which is outside. */
        {"a token on the edge", 0, 10000, 0, 55 * TOKENS, 56, 55},
        /* The warm-up's request ends at 180 ms.  The next is sent before the window, so it does not count,
         * but its tokens do; the last token is that at 10.18 s. */
        {"after a warm-up", 1, 10000, 182, 55 * TOKENS + 1, 55, 55},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct world world;
        world_open(&world, NULL);
        struct point_options options = closed_loop(&world, 1);
        options.warmup_per_stream = rows[r].warmup_per_stream;
        options.duration_ns = rows[r].duration_ms * NS_PER_MS;
        struct point_result result;
        run(&options, &result);
        CLEANUP(mem_freep) struct summary *summary = summarise(&result);
        print_message("%s\n", rows[r].what);
        const double seconds = (double)rows[r].duration_ms / 1e3;
        assert_true(result.facts.window_start_ns == rows[r].start_ms * NS_PER_MS);
        assert_near(summary_get(summary, "throughput_tok_per_s"), rows[r].n_tokens / seconds, 1e-9);
        assert_near(summary_get(summary, "n_samples"), rows[r].n_counted, 0.0);
        assert_near(summary_get(summary, "req_per_s_all"), rows[r].n_ended / seconds, 1e-9);
        point_result_done(&result);
        world_close(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warmup__each_rule_of_the_gate_ends_it),
        cmocka_unit_test(test_warmup__failures_do_not_open_the_gate),
        cmocka_unit_test(test_window__load_goes_on_from_warmup_to_tail),
        cmocka_unit_test(test_window__arrivals_go_on_from_warmup_to_tail),
        cmocka_unit_test(test_grace__runs_out_and_the_request_is_unfinished),
        cmocka_unit_test(test_window__tokens_are_cut_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
