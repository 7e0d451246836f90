/* Whole points in virtual time: the simulated engine's model is known, so every latency can be worked
 * out by hand and compared to the nanosecond. */
#include "base/mem.h"
#include "stats/summary.h"
#include "support/virtual_world.h"

static void test_point_run__promise_5_exactly_so_many_are_in_flight(void **state)
{
    (void)state;
    static const uint32_t levels[] = {1, 2, 7};
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        struct world world;
        world_open(&world, NULL);
        const struct point_options options = closed_loop(&world, levels[i]);
        struct point_result result;
        run(&options, &result);
        CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
        summary_compute(&result.facts, &result.records, summary);
        assert_near(summary->measurement.in_flight_mean, levels[i], 1e-9);
        assert_near(summary->measurement.in_flight_max, levels[i], 0.0);
        /* Each stream carries one request after the other: 10 s of 180 ms each, begun ones counted. */
        const double per_stream = ceil((double)options.duration_ns / (double)SERVICE_NS);
        assert_near(summary_get(summary, "n_samples"), per_stream * levels[i], 0.0);
        assert_near(summary_get(summary, "ttft_p50_ms"), (double)TTFT_NS / 1e6, 1e-9);
        assert_near(summary_get(summary, "itl_p50_ms"), (double)ITL_NS / 1e6, 1e-9);
        point_result_done(&result);
        world_close(&world);
    }
}

/* Arrivals every 100 ms, 180 ms of service, one at a time: request i waits 80 ms longer than the one
 * before.  A client that counts from the send would report 100 ms for all of them. */
static void test_point_run__promise_13_latency_counts_from_the_schedule(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    struct point_options options = open_loop(&world, 10.0);
    options.max_concurrency = 1;
    options.duration_ns = 5 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    assert_true(result.records.n >= 40);
    const int64_t gap_ns = NS_PER_S / 10;
    for (uint64_t i = 0; i < 40; i++) {
        const struct record *record = &result.records.records[i];
        const int64_t sent_ns = gap_ns + (int64_t)i * SERVICE_NS;
        assert_true(record->scheduled_ns == (int64_t)(i + 1) * gap_ns);
        assert_true(record->sent_ns == sent_ns);
        assert_true(record->first_token_ns == sent_ns + TTFT_NS);
    }
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&result.facts, &result.records, summary);
    /* Counted: scheduled in [0, 5 s): 49 requests.  The median is the 25th: 24 x 80 ms later. */
    assert_near(summary_get(summary, "n_samples"), 49.0, 0.0);
    assert_near(summary_get(summary, "ttft_p50_ms"), 100.0 + 24 * 80.0, 1e-6);
    assert_near(summary_get(summary, "ttft_from_send_p50_ms"), 100.0, 1e-6);
    assert_near(summary->measurement.dispatch_delay_max_us, 48 * 80.0e3, 1e-6);
    assert_int_equal(summary->validity, VALIDITY_FLAGGED);
    point_result_done(&result);
    world_close(&world);
}

/* The engine stalls for 2 s from its 2nd second on; arrivals go on.  What each request saw follows from
 * the schedule and the model: a first token that falls into the stall comes when the stall is over. */
static void test_point_run__promise_13_a_stall_shows_in_every_request_it_hits(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"stalls\":[{\"at_ms\":2000,\"ms\":2000}]}");
    struct point_options options = open_loop(&world, 50.0);
    options.duration_ns = 6 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    uint64_t n_stalled = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        if (record->outcome != OUTCOME_OK) {
            continue;
        }
        assert_true(record->sent_ns == record->scheduled_ns);
        const int64_t ttft_ns = record->first_token_ns - record->scheduled_ns;
        assert_true(ttft_ns >= TTFT_NS);
        n_stalled += ttft_ns > TTFT_NS ? 1 : 0;
        assert_true(ttft_ns <= TTFT_NS + 2 * NS_PER_S);
    }
    /* 2 s of arrivals, and those whose first token was due after the stall had begun: 50/s x (2 + 0.1). */
    assert_in_range(n_stalled, 104, 106);
    point_result_done(&result);
    world_close(&world);
}

static void test_point_run__promise_17_a_hung_request_is_unfinished_and_failed(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"rules\":[{\"request\":5,\"fault\":\"never\"}]}");
    const struct point_options options = closed_loop(&world, 2);
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&result.facts, &result.records, summary);
    assert_int_equal(result.records.records[5].outcome, OUTCOME_UNFINISHED);
    assert_int_equal(summary->measurement.n_outcome[OUTCOME_UNFINISHED], 1);
    assert_true(summary_get(summary, "ok_rate") < 1.0);
    /* It held its slot until the grace period was over. */
    assert_true(result.records.records[5].end_ns >= result.facts.window_end_ns + options.grace_ns);
    point_result_done(&result);
    world_close(&world);
}

static void test_point_run__promise_11_cold_start_is_the_first_request(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"rules\":[{\"request\":0,\"fault\":\"stall\",\"token\":1,\"ms\":700}]}");
    struct point_options options = closed_loop(&world, 1);
    options.warmup_per_stream = 3;
    struct point_result result;
    run(&options, &result);
    assert_true(result.facts.cold_start_ns == TTFT_NS + 700 * NS_PER_MS);
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&result.facts, &result.records, summary);
    assert_near(summary_get(summary, "cold_start_ms"), 800.0, 1e-9);
    assert_near(summary_get(summary, "ttft_p99_ms"), 100.0, 1e-9);
    assert_int_equal(result.facts.n_warmup, 3);
    point_result_done(&result);
    world_close(&world);
}

static void test_point_run__promise_9_the_gate_holds_the_window_back(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    struct point_options options = closed_loop(&world, 1);
    options.warmup_per_stream = 3;
    options.gate = GATE_MODE_AUTO;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.facts.gate, GATE_COV);
    assert_int_equal(result.facts.n_warmup, GATE_SPAN);
    assert_true(result.facts.window_start_ns > GATE_SPAN * SERVICE_NS - NS_PER_MS);
    point_result_done(&result);
    world_close(&world);
}

/* Fact 7: more requests than slots wait without a byte, headers included; that is no failure. */
static void test_real_engines_7__queueing_without_headers_is_not_a_failure(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, NULL);
    world.sim.style = SIM_STYLE_LLAMACPP;
    world.sim.max_batch = 1;
    const struct point_options options = closed_loop(&world, 4);
    struct point_result result;
    run(&options, &result);
    int64_t longest_ns = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        if (record->phase != PHASE_WINDOW) {
            continue;
        }
        assert_int_equal(record->outcome, OUTCOME_OK);
        const int64_t silent_ns = record->headers_ns - record->sent_ns;
        longest_ns = silent_ns > longest_ns ? silent_ns : longest_ns;
    }
    /* Three others are served first, each one for at least its decoding. */
    assert_true(longest_ns >= 3 * (TOKENS - 1) * ITL_NS);
    point_result_done(&result);
    world_close(&world);
}

/* Fact 8: a dying engine is silent for 31 s and then ends without the final chunk. */
static void test_real_engines_8__an_end_without_the_final_chunk_is_truncated(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "{\"rules\":[{\"request\":2,\"fault\":\"hang\",\"token\":3,\"ms\":31000}]}");
    struct point_options options = closed_loop(&world, 1);
    options.grace_ns = 60 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    const struct record *record = &result.records.records[2];
    assert_int_equal(record->outcome, OUTCOME_TRUNCATED);
    assert_int_equal(record->n_events, 2);
    assert_true(record->end_ns - record->last_token_ns >= 31 * NS_PER_S);
    assert_string_equal(record->error_body, "connection closed before the end of the answer");
    point_result_done(&result);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_point_run__promise_5_exactly_so_many_are_in_flight),
        cmocka_unit_test(test_point_run__promise_13_latency_counts_from_the_schedule),
        cmocka_unit_test(test_point_run__promise_13_a_stall_shows_in_every_request_it_hits),
        cmocka_unit_test(test_point_run__promise_17_a_hung_request_is_unfinished_and_failed),
        cmocka_unit_test(test_point_run__promise_11_cold_start_is_the_first_request),
        cmocka_unit_test(test_point_run__promise_9_the_gate_holds_the_window_back),
        cmocka_unit_test(test_real_engines_7__queueing_without_headers_is_not_a_failure),
        cmocka_unit_test(test_real_engines_8__an_end_without_the_final_chunk_is_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
