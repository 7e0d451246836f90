/* Whole points against the simulated engine on loopback.  What is checked are counts, outcomes and the
 * order of recorded facts; nothing here depends on how fast the machine is. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/point.h"
#include "net/transport_socket.h"
#include "sim/sim_server.h"
#include "support/events.h"
#include "support/test.h"

#include <string.h>

enum {
    POOL = 8,
    TOKENS = 6
};

/* An engine, a workload for it, and where to connect. */
struct rig {
    struct sim_server *server;
    struct address addresses[ENDPOINT_ADDRESSES_MAX];
    size_t n_addresses;
    struct workload workload;
};

static void rig_open(struct rig *rig, enum sim_style style, const char *faults, bool stream)
{
    *rig = (struct rig){0};
    struct error err = {0};
    const struct sim_server_options options = {
        .sim = {.style = style, .tokens = TOKENS, .ttft_ns = 1000000, .itl_ns = 100000, .seed = 1},
        .faults = faults,
    };
    if (sim_server_start(&options, &rig->server, &err) < 0) {
        fail_msg("%s", err.text);
    }
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", sim_server_port(rig->server));
    struct engine_target target = {.base_url = url, .model = "sim"};
    assert_int_equal(endpoint_parse(url, &target.endpoint, &err), 0);
    assert_int_equal(
        endpoint_resolve(&target.endpoint, rig->addresses, &rig->n_addresses, &err), 0);
    static struct message messages[POOL];
    static struct prompt prompts[POOL];
    static char contents[POOL][32];
    for (int i = 0; i < POOL; i++) {
        (void)snprintf(contents[i], sizeof(contents[i]), "question %d", i);
        messages[i] = (struct message){.role = "user", .content = contents[i]};
        prompts[i] = (struct prompt){.messages = &messages[i], .n_messages = 1};
    }
    const struct request_shape shape = {
        .chat = true, .stream = stream, .max_tokens = TOKENS, .salt = true, .seed = 42};
    const struct engine_ops *engine =
        engine_find(style == SIM_STYLE_LLAMACPP ? "llamacpp" : "vllm");
    const struct workload_source source = {
        .engine = engine,
        .target = &target,
        .shape = &shape,
        .prompts = prompts,
        .n_prompts = POOL,
    };
    assert_int_equal(workload_init(&rig->workload, &source, &err), 0);
}

static void rig_close(struct rig *rig)
{
    struct error err = {0};
    workload_done(&rig->workload);
    assert_int_equal(sim_server_stop(rig->server, &err), 0);
}

static int open_socket(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    const struct rig *rig = context;
    const struct transport_socket_options options = {
        .addresses = rig->addresses,
        .n_addresses = rig->n_addresses,
        .server_name = "127.0.0.1",
        .connect_timeout_ns = 10 * NS_PER_S,
    };
    return transport_socket_open(&options, out, err);
}

/* `n` counted requests from `concurrency` streams, no warm-up. */
static struct point_options closed_loop(struct rig *rig, uint32_t concurrency, uint64_t n)
{
    return (struct point_options){
        .driver = DRIVER_CLOSED,
        .concurrency = concurrency,
        .n_requests = n,
        .duration_ns = CLOCK_NEVER,
        .gate = GATE_MODE_OFF,
        .warmup_timeout_ns = 60 * NS_PER_S,
        .grace_ns = 60 * NS_PER_S,
        .timeout_ns = 60 * NS_PER_S,
        .stream = true,
        .workload = &rig->workload,
        .open_transport = open_socket,
        .context = rig,
    };
}

static void run(const struct point_options *options, struct point_result *out)
{
    struct error err = {0};
    if (point_run(options, out, &err) < 0) {
        fail_msg("%s", err.text);
    }
}

static uint64_t count_outcome(const struct record_set *records, enum outcome outcome)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        n += records->records[i].outcome == outcome ? 1 : 0;
    }
    return n;
}

static void check_ok_record(const struct record *record)
{
    assert_int_equal(record->outcome, OUTCOME_OK);
    assert_int_equal(record->http_status, 200);
    assert_int_equal(record->n_events, TOKENS);
    assert_int_equal(record->output_tokens, TOKENS);
    assert_true(record->output_tokens_usage);
    assert_true(record->prompt_tokens > 0);
    assert_string_equal(record->finish, "length");
    assert_true(record->sent_ns >= record->scheduled_ns);
    assert_true(record->headers_ns > record->sent_ns);
    assert_true(record->first_token_ns >= record->headers_ns);
    assert_true(record->role_ns <= record->first_token_ns);
    assert_true(record->last_token_ns >= record->first_token_ns);
    assert_true(record->end_ns >= record->last_token_ns);
    assert_true(events_at(record, 0).arrival_ns == record->first_token_ns);
    assert_true(events_at(record, TOKENS - 1).arrival_ns == record->last_token_ns);
}

static void test_point_run__closed_loop_sends_exactly_what_was_asked(void **state)
{
    (void)state;

    static const enum sim_style styles[] = {SIM_STYLE_VLLM, SIM_STYLE_LLAMACPP};

    for (size_t s = 0; s < ARRAY_LEN(styles); s++) {
        struct rig rig;
        rig_open(&rig, styles[s], NULL, true);
        const struct point_options options = closed_loop(&rig, 4, 40);
        struct point_result result;
        run(&options, &result);
        assert_int_equal(result.records.n, 40);
        for (uint64_t i = 0; i < result.records.n; i++) {
            assert_int_equal(result.records.records[i].index, i);
            assert_int_equal(result.records.records[i].phase, PHASE_WINDOW);
            check_ok_record(&result.records.records[i]);
        }
        struct sim_load load;
        sim_server_load(rig.server, &load);
        assert_int_equal(load.n_requests, 40);
        assert_true(load.n_running_max <= 4);
        assert_int_equal(load.n_tokens, 40 * TOKENS);
        point_result_done(&result);
        rig_close(&rig);
    }
}

static void test_point_run__two_workers_share_indices_and_streams(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, NULL, true);
    struct point_options options = closed_loop(&rig, 6, 30);
    options.n_workers = 2;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.records.n, 30);
    assert_int_equal(result.facts.n_workers, 2);
    for (uint64_t i = 0; i < result.records.n; i++) {
        assert_int_equal(result.records.records[i].worker, result.records.records[i].index % 2);
        check_ok_record(&result.records.records[i]);
    }
    point_result_done(&result);
    rig_close(&rig);
}

static void test_point_run__open_loop_keeps_the_schedule(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, NULL, true);
    struct point_options options = closed_loop(&rig, 0, 50);
    options.driver = DRIVER_OPEN;
    options.arrival = ARRIVAL_POISSON;
    options.rate_rps = 2000.0;
    options.burstiness = 1.0;
    struct point_result one;
    struct point_result two;
    run(&options, &one);
    options.n_workers = 2;
    run(&options, &two);
    assert_true(one.records.n >= 50);
    for (uint64_t i = 0; i < 25; i++) {
        const struct record *record = &one.records.records[i];
        assert_true(record->scheduled_ns == two.records.records[i].scheduled_ns);
        assert_true(record->sent_ns >= record->scheduled_ns);
        check_ok_record(record);
    }
    assert_int_equal(strlen(one.schedule_sha256), 64);
    point_result_done(&one);
    point_result_done(&two);
    rig_close(&rig);
}

static void test_point_run__without_streams_counts_by_usage(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, NULL, false);
    struct point_options options = closed_loop(&rig, 2, 10);
    options.stream = false;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(count_outcome(&result.records, OUTCOME_OK), 10);
    for (uint64_t i = 0; i < result.records.n; i++) {
        assert_int_equal(result.records.records[i].output_tokens, TOKENS);
        assert_int_equal(result.records.records[i].n_events, 0);
        assert_true(result.records.records[i].first_token_ns == RECORD_NONE);
    }
    point_result_done(&result);
    rig_close(&rig);
}

/* Every fault ends as the outcome that names it, and hurts no other request. */
static void test_point_run__every_fault_keeps_its_reason(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *faults;
        enum outcome outcome;
    } rows[] = {
        {"reset in the middle", "{\"rules\":[{\"request\":3,\"fault\":\"reset\",\"token\":3}]}",
         OUTCOME_TRUNCATED},
        {"reset before the headers",
         "{\"rules\":[{\"request\":3,\"fault\":\"reset\",\"token\":0}]}", OUTCOME_TRUNCATED},
        {"truncated", "{\"rules\":[{\"request\":3,\"fault\":\"truncate\",\"token\":4}]}",
         OUTCOME_TRUNCATED},
        {"hang, then the end",
         "{\"rules\":[{\"request\":3,\"fault\":\"hang\",\"token\":2,\"ms\":5}]}",
         OUTCOME_TRUNCATED},
        {"status 429", "{\"rules\":[{\"request\":3,\"fault\":\"status\",\"status\":429}]}",
         OUTCOME_STATUS},
        {"status 500", "{\"rules\":[{\"request\":3,\"fault\":\"status\",\"status\":500}]}",
         OUTCOME_STATUS},
        {"status 503", "{\"rules\":[{\"request\":3,\"fault\":\"status\",\"status\":503}]}",
         OUTCOME_STATUS},
        {"malformed chunk",
         "{\"rules\":[{\"request\":3,\"fault\":\"malformed_chunk\",\"token\":2}]}",
         OUTCOME_MALFORMED},
        {"malformed JSON", "{\"rules\":[{\"request\":3,\"fault\":\"malformed_json\",\"token\":2}]}",
         OUTCOME_MALFORMED},
        {"error event", "{\"rules\":[{\"request\":3,\"fault\":\"error_event\",\"token\":2}]}",
         OUTCOME_MALFORMED},
        {"200 without a token", "{\"rules\":[{\"request\":3,\"fault\":\"empty\"}]}", OUTCOME_EMPTY},
        {"stall", "{\"rules\":[{\"request\":3,\"fault\":\"stall\",\"token\":2,\"ms\":5}]}",
         OUTCOME_OK},
        {"slow headers", "{\"rules\":[{\"request\":3,\"fault\":\"slow_headers\",\"ms\":1}]}",
         OUTCOME_OK},
        {"split segments", "{\"rules\":[{\"request\":3,\"fault\":\"split\",\"bytes\":7}]}",
         OUTCOME_OK},
        {"joined segments", "{\"rules\":[{\"request\":3,\"fault\":\"join\",\"events\":3}]}",
         OUTCOME_OK},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        print_message("%s\n", rows[r].what);
        struct rig rig;
        rig_open(&rig, SIM_STYLE_VLLM, rows[r].faults, true);
        const struct point_options options = closed_loop(&rig, 1, 8);
        struct point_result result;
        run(&options, &result);
        const uint64_t n_ok = rows[r].outcome == OUTCOME_OK ? 8 : 7;
        assert_int_equal(count_outcome(&result.records, OUTCOME_OK), n_ok);
        assert_int_equal(result.records.records[3].outcome, rows[r].outcome);
        if (rows[r].outcome == OUTCOME_OK) {
            check_ok_record(&result.records.records[3]);
        }
        point_result_done(&result);
        rig_close(&rig);
    }
}

static void test_point_run__an_answer_that_never_comes_times_out(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, "{\"rules\":[{\"request\":1,\"fault\":\"never\"}]}", true);
    struct point_options options = closed_loop(&rig, 1, 3);
    options.timeout_ns = NS_PER_S / 2;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(result.records.records[1].outcome, OUTCOME_TIMEOUT);
    /* From the start of the request, which lies between its slot's freeing and the send. */
    const struct record *cut = &result.records.records[1];
    assert_true(cut->scheduled_ns <= cut->sent_ns);
    assert_true(cut->end_ns - cut->scheduled_ns >= NS_PER_S / 2);
    check_ok_record(&result.records.records[2]);
    point_result_done(&result);
    rig_close(&rig);
}

static void test_point_run__what_does_not_end_in_the_grace_period_is_unfinished(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, "{\"rules\":[{\"request\":0,\"fault\":\"never\"}]}", true);
    struct point_options options = closed_loop(&rig, 2, 0);
    options.n_requests = 0;
    options.duration_ns = NS_PER_S / 5;
    options.grace_ns = NS_PER_S / 10;
    struct point_result result;
    run(&options, &result);
    assert_int_equal(count_outcome(&result.records, OUTCOME_UNFINISHED), 1);
    assert_int_equal(result.records.records[0].outcome, OUTCOME_UNFINISHED);
    assert_int_equal(result.records.records[0].phase, PHASE_WINDOW);
    point_result_done(&result);
    rig_close(&rig);
}

static int stop_at_once(void *context, const struct point_snapshot *snapshot)
{
    const int *level = context;
    return snapshot->n_ended > 0 ? *level : 0;
}

static void test_point_run__promise_31_an_interrupted_point_keeps_what_is_complete(void **state)
{
    (void)state;
    for (int level = 1; level <= 2; level++) {
        struct rig rig;
        rig_open(&rig, SIM_STYLE_VLLM, NULL, true);
        struct point_options options = closed_loop(&rig, 2, 0);
        options.n_requests = 0;
        options.duration_ns = 3600 * NS_PER_S;
        options.tick = stop_at_once;
        options.tick_context = &level;
        struct point_result result;
        run(&options, &result);
        assert_true(result.facts.interrupted);
        assert_true(result.facts.window_end_ns < 3600 * NS_PER_S);
        assert_true(count_outcome(&result.records, OUTCOME_OK) > 0);
        point_result_done(&result);
        rig_close(&rig);
    }
}

static void test_point_run__nobody_listens_is_one_clear_error(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_VLLM, NULL, true);
    struct error err = {0};
    assert_int_equal(sim_server_stop(rig.server, &err), 0);
    rig.server = NULL;
    struct point_options options = closed_loop(&rig, 1, 2);
    struct point_result result = {0};
    const int status = point_run(&options, &result, &err);
    if (status == 0) {
        assert_int_equal(count_outcome(&result.records, OUTCOME_CONNECT), result.records.n);
        point_result_done(&result);
    } else {
        assert_int_equal(status, -ERROR_UNAVAILABLE);
    }
    workload_done(&rig.workload);
}

static void test_real_engines_1__closed_connections_do_not_cost_requests(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, SIM_STYLE_LLAMACPP, NULL, true);
    const struct point_options options = closed_loop(&rig, 3, 60);
    struct point_result result;
    run(&options, &result);
    assert_int_equal(count_outcome(&result.records, OUTCOME_OK), 60);
    point_result_done(&result);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_point_run__closed_loop_sends_exactly_what_was_asked),
        cmocka_unit_test(test_point_run__two_workers_share_indices_and_streams),
        cmocka_unit_test(test_point_run__open_loop_keeps_the_schedule),
        cmocka_unit_test(test_point_run__without_streams_counts_by_usage),
        cmocka_unit_test(test_point_run__every_fault_keeps_its_reason),
        cmocka_unit_test(test_point_run__an_answer_that_never_comes_times_out),
        cmocka_unit_test(test_point_run__what_does_not_end_in_the_grace_period_is_unfinished),
        cmocka_unit_test(test_point_run__promise_31_an_interrupted_point_keeps_what_is_complete),
        cmocka_unit_test(test_point_run__nobody_listens_is_one_clear_error),
        cmocka_unit_test(test_real_engines_1__closed_connections_do_not_cost_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
