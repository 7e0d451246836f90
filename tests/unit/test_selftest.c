/* The comparison with the truth: exact in virtual time, and blind to nothing that is put in; and the
 * engine's process, which hands over every write. */
#include "support/test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "load/selftest.h"
#include "load/selftest_engine.h"
#include "load/transport_sim.h"
#include "sim/sim_ask.h"

#include <arpa/inet.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct selftest_recipe recipe = {
    .streams = 4,
    .ttft_ns = 50 * NS_PER_MS,
    .itl_ns = 10 * NS_PER_MS,
    .tokens = 100,
    .waves = 5,
    .seed = 42,
};

/* One virtual point and the truth about it. */
struct world {
    struct workload workload;
    struct transport *transport; /* freed by the point: the truth is copied in its last wait */
    const struct transport_ops *real;
    struct transport_ops spy;
    struct sim_truth *truth;
    uint64_t n;
    struct point_result result;
};

static struct world world;

static void copy_truth(struct transport *transport)
{
    const struct sim_truth_log *log = transport_sim_truth(transport);
    world.n = sim_truth_count(log);
    world.truth = mem_alloc(world.n, sizeof(*world.truth));
    for (uint64_t i = 0; i < world.n; i++) {
        world.truth[i] = *sim_truth_at(log, i);
    }
}

static void spy_free(struct transport *transport)
{
    copy_truth(transport);
    transport->ops = world.real;
    world.real->free(transport);
}

static int open_virtual(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)context;
    (void)worker;
    const struct sim_options sim = {
        .ttft_ns = recipe.ttft_ns, .itl_ns = recipe.itl_ns, .tokens = recipe.tokens};
    const int result = transport_sim_open(&sim, NULL, out, err);
    if (result == 0) {
        world.real = (*out)->ops;
        world.spy = *world.real;
        world.spy.free = spy_free;
        (*out)->ops = &world.spy;
    }
    return result;
}

static int open_world(void **state)
{
    (void)state;
    world = (struct world){0};
    struct engine_target target = {.base_url = "http://127.0.0.1:1/v1", .model = "sim"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct message message = {.role = "user", .content = "hello"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = recipe.tokens, .salt = true, .seed = 42};
    const struct workload_source source = {
        .engine = engine_find("vllm"),
        .target = &target,
        .shape = &shape,
        .prompts = &prompt,
        .n_prompts = 1,
    };
    assert_int_equal(workload_init(&world.workload, &source, &err), 0);
    const struct point_options options = {
        .driver = DRIVER_CLOSED,
        .concurrency = recipe.streams,
        .duration_ns = 5 * NS_PER_S,
        .warmup_per_stream = 1,
        .gate = GATE_MODE_OFF,
        .warmup_timeout_ns = 60 * NS_PER_S,
        .grace_ns = 60 * NS_PER_S,
        .timeout_ns = 60 * NS_PER_S,
        .stream = true,
        .virtual_time = true,
        .workload = &world.workload,
        .open_transport = open_virtual,
    };
    assert_int_equal(point_run(&options, &world.result, &err), 0);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    point_result_done(&world.result);
    workload_done(&world.workload);
    free(world.truth);
    return 0;
}

static struct selftest_row compare(void)
{
    struct selftest_row row = {0};
    selftest_compare(&recipe, &world.result, &world.workload, world.truth, world.n, &row);
    return row;
}

static void test_selftest_compare__virtual_time_has_no_error(void **state)
{
    (void)state;
    const struct selftest_row row = compare();
    assert_true(row.n_requests >= recipe.streams * 4);
    assert_int_equal(row.n_events, row.n_requests * recipe.tokens);
    assert_int_equal(row.n_mismatched, 0);
    assert_near(row.ttft.max_ms, 0.0, 0.0);
    assert_near(row.itl.max_ms, 0.0, 0.0);
    assert_near(row.ttft_p99_ms, 50.0, 1e-9);
    assert_near(row.true_ttft_p99_ms, 50.0, 1e-9);
    assert_near(row.in_flight_share, 1.0, 1e-9);
    assert_near(
        row.events_share, 1.0, 0.01); /* the window cuts a whole number of answers' tokens */
}

/* One true write is moved: one TTFT, or the two gaps beside it, are wrong by just that. */
static void test_selftest_compare__finds_a_moved_write(void **state)
{
    (void)state;

    const struct {
        const char *what;
        uint32_t token;
        double ttft_ms;
        double itl_ms;
    } rows[] = {
        {"first token", 1, 3.0, 3.0},
        {"in the middle", 50, 0.0, 3.0},
        {"last token", 100, 0.0, 3.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t at = world.n / 2;
        while (world.truth[at].token != rows[i].token) {
            at++;
        }
        world.truth[at].write_ns += 3 * NS_PER_MS;
        const struct selftest_row row = compare();
        world.truth[at].write_ns -= 3 * NS_PER_MS;
        print_message("%s\n", rows[i].what);
        assert_near(row.ttft.max_ms, rows[i].ttft_ms, 1e-9);
        assert_near(row.itl.max_ms, rows[i].itl_ms, 1e-9);
    }
}

static void test_selftest_compare__a_missing_write_is_a_mismatch(void **state)
{
    (void)state;
    const struct selftest_row before = compare();
    uint64_t at = world.n / 2;
    while (world.truth[at].token != 50) {
        at++;
    }
    const struct sim_truth kept = world.truth[at];
    world.truth[at].request = UINT64_MAX;
    const struct selftest_row row = compare();
    world.truth[at] = kept;
    assert_int_equal(row.n_mismatched, 1);
    assert_int_equal(row.n_requests, before.n_requests - 1);
}

/* Each limit is broken by its own figure, just beyond it, and by one that is not known. */
static void test_selftest_broken_limit__each_row_trips(void **state)
{
    (void)state;
    struct selftest_row good = {0};
    for (size_t i = 0; i < n_selftest_limits; i++) {
        memcpy(
            (char *)&good + selftest_limits[i].offset, &selftest_limits[i].limit, sizeof(double));
    }
    assert_null(selftest_broken_limit(&good));
    for (size_t i = 0; i < n_selftest_limits; i++) {
        const struct selftest_limit *limit = &selftest_limits[i];
        const double beyond[] = {limit->limit * (limit->at_least ? 0.999 : 1.001), (double)NAN};
        for (size_t k = 0; k < ARRAY_LEN(beyond); k++) {
            struct selftest_row row = good;
            memcpy((char *)&row + limit->offset, &beyond[k], sizeof(double));
            assert_ptr_equal(selftest_broken_limit(&row), limit);
        }
    }
}

static void test_selftest_rate__is_that_of_full_streams(void **state)
{
    (void)state;
    /* 4 streams, 50 + 99 x 10 ms an answer. */
    assert_near(selftest_rate_rps(&recipe), 4.0 / 1.04, 1e-12);
    assert_near(selftest_events_per_s(&recipe), 400.0 / 1.04, 1e-9);
}

static int connect_to(unsigned port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void test_selftest_engine__hands_over_its_truth(void **state)
{
    (void)state;
    static const char body[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                               "\"stream\":false,\"max_tokens\":3}";
    const struct sim_options sim = {.ttft_ns = 1000, .itl_ns = 1000, .tokens = 3};
    struct selftest_engine *engine = NULL;
    struct error err = {0};
    assert_int_equal(selftest_engine_start(&sim, &engine, &err), 0);
    const int fd = connect_to(selftest_engine_port(engine));
    char request[512];
    const int len = snprintf(
        request, sizeof(request),
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
    char buffer[4096];
    while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
    }
    close(fd);
    struct selftest_truth truth = {0};
    assert_int_equal(selftest_engine_stop(engine, &truth, &err), 0);
    assert_true(truth.n > 0);
    assert_int_equal(truth.entries[truth.n - 1].request, 0);
    assert_int_equal(truth.entries[truth.n - 1].body_hash, sim_hash(0, body, strlen(body)));
    assert_int_equal(truth.n_tokens, 3);
    assert_true(truth.cpu_ns > 0);
    selftest_truth_done(&truth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selftest_compare__virtual_time_has_no_error),
        cmocka_unit_test(test_selftest_compare__finds_a_moved_write),
        cmocka_unit_test(test_selftest_compare__a_missing_write_is_a_mismatch),
        cmocka_unit_test(test_selftest_broken_limit__each_row_trips),
        cmocka_unit_test(test_selftest_rate__is_that_of_full_streams),
        cmocka_unit_test(test_selftest_engine__hands_over_its_truth),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
