/* The virtual transport: connects, streams, ends and failures at exact virtual times. */
#include "base/bytes.h"
#include "base/clock.h"
#include "load/transport_sim.h"
#include "support/test.h"

#include <string.h>

#define START TRANSPORT_SIM_START_NS

enum {
    EVENTS = 16
};

static const char body_stream[] =
    "{\"model\":\"sim\",\"messages\":[{\"role\":\"user\",\"content\":\"one two\"}],\"stream\":true,"
    "\"max_tokens\":3}";

static const struct sim_options options_fixed = {
    .ttft_ns = 50 * NS_PER_MS, .itl_ns = 10 * NS_PER_MS, .tokens = 100, .seed = 1};

static struct transport *open_with(const struct sim_options *options, const char *faults)
{
    struct transport *transport = NULL;
    struct error err = {0};
    assert_int_equal(transport_sim_open(options, faults, &transport, &err), 0);
    return transport;
}

/* A stream that is connected. */
static struct stream *connected(struct transport *transport, void *user)
{
    struct stream *stream = NULL;
    struct error err = {0};
    struct transport_event events[EVENTS];
    assert_int_equal(transport->ops->open(transport, user, &stream, &err), 0);
    assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 1);
    assert_ptr_equal(events[0].stream, stream);
    assert_int_equal(events[0].what, TRANSPORT_OPENED);
    return stream;
}

static void send_all(struct transport *transport, struct stream *stream, const char *body)
{
    char request[1024];
    const int len = snprintf(
        request, sizeof(request),
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    assert_int_equal(transport->ops->send(transport, stream, request, (size_t)len), len);
}

/* Waits for one event and receives; the arrival relative to the start, or the outcome below 1. */
static ssize_t
receive(struct transport *transport, struct stream *stream, struct bytes *text, int64_t *arrival_ns)
{
    struct transport_event events[EVENTS];
    assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 1);
    assert_ptr_equal(events[0].stream, stream);
    assert_true((events[0].what & TRANSPORT_READABLE) != 0);
    char buffer[8192];
    struct receipt receipt;
    const ssize_t n = transport->ops->recv(transport, stream, buffer, sizeof(buffer), &receipt);
    assert_int_equal(receipt.read_ns, transport->ops->now(transport));
    *arrival_ns = receipt.arrival_ns - START;
    if (n > 0) {
        assert_true(receipt.kernel);
        bytes_add(text, buffer, (size_t)n);
    }
    return n;
}

static void test_wait__moves_the_clock_to_each_event(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    assert_int_equal(transport->ops->now(transport), START);
    struct stream *stream = connected(transport, NULL);
    send_all(transport, stream, body_stream);
    static const int64_t arrivals_ms[] = {0, 50, 60, 70};
    for (size_t i = 0; i < ARRAY_LEN(arrivals_ms); i++) {
        int64_t at = 0;
        assert_true(receive(transport, stream, &text, &at) > 0);
        assert_int_equal(at, arrivals_ms[i] * NS_PER_MS);
    }
    assert_non_null(strstr(text.data, "data: [DONE]"));
    struct sim_load load;
    transport_sim_load(transport, &load);
    assert_int_equal(load.n_tokens, 3);
    const struct sim_truth_log *truth = transport_sim_truth(transport);
    assert_int_equal(sim_truth_count(truth), 6); /* head, role, three tokens, tail */
    assert_int_equal(sim_truth_at(truth, 2)->token, 1);
    assert_int_equal(sim_truth_at(truth, 2)->write_ns, START + 50 * NS_PER_MS);
    bytes_done(&text);
}

static void test_wait__ends_at_the_given_time(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    struct transport_event events[EVENTS];
    assert_int_equal(transport->ops->wait(transport, START + 7, events, EVENTS), 0);
    assert_int_equal(transport->ops->now(transport), START + 7);
    transport->ops->wake(transport);
    assert_int_equal(transport->ops->wait(transport, START + 100, events, EVENTS), 0);
    assert_int_equal(transport->ops->now(transport), START + 7);
    assert_int_equal(transport->ops->wait(transport, START + 3, events, EVENTS), 0);
    assert_int_equal(transport->ops->now(transport), START + 7);
}

static void test_open__takes_the_connect_time(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    transport_sim_set_connect_ns(transport, 2500);
    (void)connected(transport, NULL);
    assert_int_equal(transport->ops->now(transport), START + 2500);
}

static void test_open__tells_of_a_refusal(void **state)
{
    (void)state;
    CLEANUP(transport_freep)
    struct transport *transport =
        open_with(&options_fixed, "{\"rules\":[{\"connection\":1,\"fault\":\"refuse\"}]}");
    (void)connected(transport, NULL);
    struct stream *stream = NULL;
    struct error err = {0};
    struct transport_event events[EVENTS];
    assert_int_equal(transport->ops->open(transport, NULL, &stream, &err), 0);
    assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 1);
    assert_int_equal(events[0].what, TRANSPORT_FAILED);
    struct transport_failure failure;
    transport->ops->failure(transport, stream, &failure);
    assert_string_equal(failure.text, "the simulated engine refused the connection");
    transport->ops->close(transport, stream);
}

static void test_recv__tells_of_end_and_reset(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *faults;
        ssize_t outcome;
    } rows[] = {
        {"truncate", "{\"rules\":[{\"fault\":\"truncate\",\"token\":2}]}", 0},
        {"reset", "{\"rules\":[{\"fault\":\"reset\",\"token\":2}]}", TRANSPORT_RESET},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(transport_freep)
        struct transport *transport = open_with(&options_fixed, rows[i].faults);
        struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        struct stream *stream = connected(transport, NULL);
        send_all(transport, stream, body_stream);
        int64_t at = 0;
        assert_true(receive(transport, stream, &text, &at) > 0);
        assert_true(receive(transport, stream, &text, &at) > 0);
        const ssize_t outcome = receive(transport, stream, &text, &at);
        if (outcome != rows[i].outcome) {
            print_error("%s: outcome %zd\n", rows[i].what, outcome);
            fail();
        }
        assert_int_equal(at, 60 * NS_PER_MS);
        /* It stays readable until it is closed. */
        assert_int_equal(receive(transport, stream, &text, &at), rows[i].outcome);
        const ssize_t sent = transport->ops->send(transport, stream, "x", 1);
        assert_int_equal(sent, rows[i].outcome == 0 ? 1 : TRANSPORT_RESET);
        transport->ops->close(transport, stream);
        bytes_done(&text);
    }
}

static void test_recv__hands_out_what_fits(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    struct stream *stream = connected(transport, NULL);
    send_all(transport, stream, body_stream);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    struct transport_event events[EVENTS];
    struct receipt receipt;
    char buffer[7];
    while (strstr(text.data != NULL ? text.data : "", "[DONE]\n\n\r\n0\r\n\r\n") == NULL) {
        assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 1);
        const ssize_t n = transport->ops->recv(transport, stream, buffer, sizeof(buffer), &receipt);
        assert_true(n > 0);
        bytes_add(&text, buffer, (size_t)n);
    }
    assert_int_equal(
        transport->ops->recv(transport, stream, buffer, sizeof(buffer), &receipt), TRANSPORT_AGAIN);
    bytes_done(&text);
}

static void test_send__is_cut_and_goes_on(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    transport_sim_set_send_max(transport, 10);
    struct stream *stream = connected(transport, NULL);
    const char request[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t at = 0;
    struct transport_event events[EVENTS];
    while (at < sizeof(request) - 1) {
        const ssize_t n =
            transport->ops->send(transport, stream, request + at, sizeof(request) - 1 - at);
        assert_true(n > 0 && n <= 10);
        at += (size_t)n;
        if (at < sizeof(request) - 1) {
            assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 1);
            assert_int_equal(events[0].what, TRANSPORT_WRITABLE);
        }
    }
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    int64_t arrival_ns = 0;
    assert_true(receive(transport, stream, &text, &arrival_ns) > 0);
    assert_non_null(strstr(text.data, "HTTP/1.1 200 OK"));
    bytes_done(&text);
}

static void test_close__drops_events_in_hand(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    struct stream *streams[3] = {NULL};
    struct error err = {0};
    struct transport_event events[EVENTS];
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        assert_int_equal(transport->ops->open(transport, NULL, &streams[i], &err), 0);
    }
    assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, events, EVENTS), 3);
    transport->ops->close(transport, streams[1]);
    assert_int_equal(events[0].what, TRANSPORT_OPENED);
    assert_int_equal(events[1].what, 0);
    assert_int_equal(events[2].what, TRANSPORT_OPENED);
    /* A stream may also be closed while it connects. */
    struct stream *early = NULL;
    transport_sim_set_connect_ns(transport, 100);
    assert_int_equal(transport->ops->open(transport, NULL, &early, &err), 0);
    transport->ops->close(transport, early);
    assert_int_equal(transport->ops->wait(transport, START + 1000, events, EVENTS), 0);
}

static void test_wait__gives_every_stream_its_turn(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);

    enum {
        STREAMS = 5
    };
    struct stream *streams[STREAMS];
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i] = connected(transport, NULL);
        send_all(transport, streams[i], body_stream);
        struct transport_event event;
        struct receipt receipt;
        char buffer[4096];
        assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, &event, 1), 1);
        assert_true(
            transport->ops->recv(transport, streams[i], buffer, sizeof(buffer), &receipt) > 0);
    }
    /* All first tokens are due now.  Nobody reads, yet each is told of before any twice. */
    for (size_t turn = 0; turn < (size_t)2 * STREAMS; turn++) {
        struct transport_event event;
        assert_int_equal(transport->ops->wait(transport, CLOCK_NEVER, &event, 1), 1);
        assert_ptr_equal(event.stream, streams[turn % STREAMS]);
    }
}

static void test_advance__leaves_the_engine_its_own_time(void **state)
{
    (void)state;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options_fixed, NULL);
    struct stream *stream = connected(transport, NULL);
    send_all(transport, stream, body_stream);
    transport_sim_advance(transport, 65 * NS_PER_MS);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    int64_t at = 0;
    assert_true(receive(transport, stream, &text, &at) > 0);
    assert_int_equal(at, 60 * NS_PER_MS); /* the second token, written while nobody looked */
    assert_int_equal(transport->ops->now(transport), START + 65 * NS_PER_MS);
    bytes_done(&text);
}

/* One run with jitter: the bytes of all streams, in order of arrival. */
static void run_jittered(uint64_t seed, struct bytes *out)
{
    struct sim_options options = options_fixed;
    options.jitter = 0.3;
    options.max_batch = 2;
    options.seed = seed;
    CLEANUP(transport_freep) struct transport *transport = open_with(&options, NULL);
    struct stream *streams[4];
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        streams[i] = connected(transport, NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        send_all(transport, streams[i], body_stream);
    }
    struct transport_event events[EVENTS];
    const int64_t until_ns = START + 60 * NS_PER_S;
    for (;;) {
        const size_t n = transport->ops->wait(transport, until_ns, events, EVENTS);
        if (n == 0) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            char buffer[4096];
            struct receipt receipt;
            const ssize_t got =
                transport->ops->recv(transport, events[i].stream, buffer, sizeof(buffer), &receipt);
            assert_true(got > 0);
            bytes_add(out, &receipt.arrival_ns, sizeof(receipt.arrival_ns));
            bytes_add(out, buffer, (size_t)got);
        }
    }
}

static void test_run__repeats_by_its_seed(void **state)
{
    (void)state;
    struct bytes runs[3];
    static const uint64_t seeds[] = {5, 5, 6};
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        bytes_init(&runs[i], BYTES_MAX_DEFAULT);
        run_jittered(seeds[i], &runs[i]);
    }
    assert_int_equal(runs[0].len, runs[1].len);
    assert_memory_equal(runs[0].data, runs[1].data, runs[0].len);
    assert_true(runs[0].len != runs[2].len || memcmp(runs[0].data, runs[2].data, runs[0].len) != 0);
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        bytes_done(&runs[i]);
    }
}

static void test_open__forwards_a_bad_script(void **state)
{
    (void)state;
    struct transport *transport = NULL;
    struct error err = {0};
    assert_int_equal(
        transport_sim_open(&options_fixed, "{\"rulez\":[]}", &transport, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "rulez"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait__moves_the_clock_to_each_event),
        cmocka_unit_test(test_wait__ends_at_the_given_time),
        cmocka_unit_test(test_wait__gives_every_stream_its_turn),
        cmocka_unit_test(test_open__takes_the_connect_time),
        cmocka_unit_test(test_open__tells_of_a_refusal),
        cmocka_unit_test(test_open__forwards_a_bad_script),
        cmocka_unit_test(test_recv__tells_of_end_and_reset),
        cmocka_unit_test(test_recv__hands_out_what_fits),
        cmocka_unit_test(test_send__is_cut_and_goes_on),
        cmocka_unit_test(test_close__drops_events_in_hand),
        cmocka_unit_test(test_advance__leaves_the_engine_its_own_time),
        cmocka_unit_test(test_run__repeats_by_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
