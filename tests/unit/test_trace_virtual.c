/* Replays of a trace in virtual time: each request is sent at its recorded time, exactly, and asks its own
 * prompt. */
#include "support/virtual_world.h"

enum {
    N = 12
};

/* Bursts, equal times, a pause: ns since the first. */
static const int64_t times_ns[N] = {
    0,          0,          1,          250000000,  250000001,  1000000000,
    1000000000, 1000000000, 2999999999, 3000000000, 7500000000, 9000000000,
};

static void trace_world(struct world *world)
{
    static struct message messages[N];
    static struct prompt prompts[N];
    static char contents[N][32];
    world_open(world, NULL);
    workload_done(&world->workload);
    for (int i = 0; i < N; i++) {
        (void)snprintf(contents[i], sizeof(contents[i]), "question %d", i);
        messages[i] = (struct message){.role = "user", .content = contents[i]};
        prompts[i] = (struct prompt){
            .messages = &messages[i], .n_messages = 1, .max_tokens = 1 + (uint32_t)i};
    }
    struct engine_target target = {.base_url = "http://127.0.0.1:1/v1", .model = "sim"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = TOKENS, .ignore_eos = true, .seed = 42};
    const struct workload_source source = {
        .engine = engine_find("vllm"),
        .target = &target,
        .shape = &shape,
        .prompts = prompts,
        .n_prompts = N,
        .in_order = true,
    };
    assert_int_equal(workload_init(&world->workload, &source, &err), 0);
}

static struct point_options replay(struct world *world)
{
    struct point_options options = open_loop(world, (double)N / 9.0);
    options.arrival = ARRIVAL_TRACE;
    options.trace_ns = times_ns;
    options.n_trace = N;
    options.duration_ns = CLOCK_NEVER;
    options.n_requests = N;
    return options;
}

static void check_sends(const struct point_result *result, uint64_t n)
{
    assert_int_equal(result->records.n, n);
    for (uint64_t i = 0; i < n; i++) {
        const struct record *record = &result->records.records[i];
        assert_int_equal(record->index, i);
        assert_int_equal(record->prompt_index, i);
        assert_int_equal(record->outcome, OUTCOME_OK);
        assert_int_equal(record->output_tokens, i + 1);
        assert_true(record->scheduled_ns == times_ns[i]);
        assert_true(record->sent_ns == times_ns[i]);
    }
}

static void test_replay__sends_at_the_recorded_times(void **state)
{
    (void)state;
    struct world world;
    trace_world(&world);
    const struct point_options options = replay(&world);
    struct point_result result;
    run(&options, &result);
    check_sends(&result, N);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_int_equal(summary->measurement.n_counted, N);
    assert_near(summary->measurement.dispatch_delay_max_us, 0.0, 0.0);
    assert_near(summary->measurement.requested_rate_rps, 12.0 / 9.0, 1e-12);
    assert_true(isnan(summary->measurement.achieved_rate_ratio));
    assert_true(isnan(summary->measurement.arrival_ks_p));
    /* However unlike Poisson the times are, and however few there are in the last seconds. */
    assert_int_equal(summary->validity, VALIDITY_VALID);
    /* The window is the whole trace: to the end of the last answer, of 12 tokens. */
    assert_true(result.facts.window_start_ns == 0);
    assert_true(result.facts.window_end_ns == times_ns[N - 1] + TTFT_NS + 11 * ITL_NS + 1);
    point_result_done(&result);
    world_close(&world);
}

/* A late client sends late, and says so; the schedule stays the trace's. */
static void test_replay__lateness_is_dispatch_delay(void **state)
{
    (void)state;
    struct world world;
    trace_world(&world);
    world.wait_late_ns = 300000000;
    world.late_from_ns = 200000000;
    world.n_late = 1;
    const struct point_options options = replay(&world);
    struct point_result result;
    run(&options, &result);
    for (uint64_t i = 0; i < N; i++) {
        const struct record *record = &result.records.records[i];
        assert_true(record->scheduled_ns == times_ns[i]);
        assert_true(record->sent_ns >= times_ns[i]);
    }
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    assert_true(summary->measurement.dispatch_delay_max_us > 200000.0);
    assert_int_equal(summary->validity, VALIDITY_FLAGGED);
    point_result_done(&result);
    world_close(&world);
}

static void test_replay__requests_cut_it(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < N; n++) {
        struct world world;
        trace_world(&world);
        struct point_options options = replay(&world);
        options.n_requests = n;
        struct point_result result;
        run(&options, &result);
        check_sends(&result, n);
        point_result_done(&result);
        world_close(&world);
    }
}

/* A window of a time counts what is due inside; the rest of the trace is the tail until that has ended. */
static void test_replay__a_duration_cuts_it(void **state)
{
    (void)state;
    struct world world;
    trace_world(&world);
    struct point_options options = replay(&world);
    options.n_requests = 0;
    options.duration_ns = 3 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    uint64_t n_window = 0;
    for (uint64_t i = 0; i < result.records.n; i++) {
        const struct record *record = &result.records.records[i];
        assert_true(record->sent_ns == times_ns[i]);
        n_window += record->phase == PHASE_WINDOW ? 1 : 0;
        assert_true((record->phase == PHASE_WINDOW) == (times_ns[i] < 3 * NS_PER_S));
    }
    assert_int_equal(n_window, 9);
    point_result_done(&result);
    world_close(&world);
}

/* A window longer than the trace ends with its time, with nothing more to send. */
static void test_replay__ends_when_the_trace_does(void **state)
{
    (void)state;
    struct world world;
    trace_world(&world);
    struct point_options options = replay(&world);
    options.n_requests = 0;
    options.duration_ns = 20 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    check_sends(&result, N);
    assert_true(result.facts.window_end_ns == 20 * NS_PER_S);
    point_result_done(&result);
    world_close(&world);
}

/* A burst finds its connections open, however low the rate is on average. */
static void test_replay__a_burst_waits_for_no_connection(void **state)
{
    (void)state;
    static int64_t burst_ns[41];
    for (size_t i = 0; i < ARRAY_LEN(burst_ns); i++) {
        burst_ns[i] = i == 0 ? 0 : 100 * NS_PER_S;
    }
    struct world world;
    trace_world(&world);
    struct point_options options = replay(&world);
    options.trace_ns = burst_ns;
    options.n_trace = options.n_requests = ARRAY_LEN(burst_ns);
    options.rate_rps = 0.41;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.records.n, ARRAY_LEN(burst_ns));
    for (uint64_t i = 1; i < result.records.n; i++) {
        assert_true(result.records.records[i].sent_ns == burst_ns[i]);
        assert_true(result.records.records[i].connect_ns == 0);
    }
    assert_true(world.n_links_at_first_send >= ARRAY_LEN(burst_ns) - 1);
    point_result_done(&result);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay__sends_at_the_recorded_times),
        cmocka_unit_test(test_replay__lateness_is_dispatch_delay),
        cmocka_unit_test(test_replay__requests_cut_it),
        cmocka_unit_test(test_replay__a_duration_cuts_it),
        cmocka_unit_test(test_replay__ends_when_the_trace_does),
        cmocka_unit_test(test_replay__a_burst_waits_for_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
