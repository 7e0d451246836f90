/* A transport made by hand, for what no server can be made to do on time.  Two events in one batch: the end of an answer, and the end of the
 * idle connection that handling the first one closes.  The link of the second is gone by then; AddressSanitizer
 * sees a worker that looks at it all the same. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/point.h"
#include "support/test.h"

#include <string.h>

enum {
    STREAMS_MAX = 8
};

/* Long enough that a worker looks at an idle connection before it uses it. */
#define IDLE_NS INT64_C(600000000)

#define HEAD \
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
#define TOKEN "39\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"index\":0}]}\n\n\r\n"
#define FINISH \
    "43\r\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"index\":0}]}\n\n\r\n"
#define DONE "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"

struct fake_stream {
    struct stream base;
    bool exists;
    bool told_open;
    bool ended;
    const char *inbox; /* bytes that wait to be received; NULL: none */
};

struct fake {
    struct transport base;
    int64_t now_ns;
    struct fake_stream streams[STREAMS_MAX];
    unsigned n_streams;
    unsigned n_sends;
    bool two_in_batch;         /* the first answer ends in one batch with the spare connection */
    bool answers_early;        /* after one byte of the first request */
    unsigned n_resets;         /* sends that still find their connection gone */
    unsigned n_sends_at_close; /* when the first connection was closed */
    unsigned n_dropped;        /* events of streams that closed in their batch */
    struct transport_event *batch;
    size_t n_batch;
};

static struct fake *fake_of(struct transport *transport)
{
    return (struct fake *)transport;
}

static int64_t fake_now(struct transport *transport)
{
    return fake_of(transport)->now_ns;
}

static int
fake_open(struct transport *transport, void *user, struct stream **out, struct error *err)
{
    (void)err;
    struct fake *self = fake_of(transport);
    assert_true(self->n_streams < STREAMS_MAX);
    struct fake_stream *stream = &self->streams[self->n_streams++];
    *stream = (struct fake_stream){.base = {.user = user}, .exists = true};
    *out = &stream->base;
    return 0;
}

static size_t fake_collect(struct fake *self, struct transport_event *events)
{
    size_t n = 0;
    for (unsigned i = 0; i < self->n_streams; i++) {
        struct fake_stream *stream = &self->streams[i];
        const bool readable = stream->inbox != NULL || stream->ended;
        if (!stream->exists || (stream->told_open && !readable)) {
            continue;
        }
        events[n++] = (struct transport_event){
            .stream = &stream->base,
            .what = stream->told_open ? TRANSPORT_READABLE : TRANSPORT_OPENED,
        };
        stream->told_open = true;
    }
    return n;
}

static size_t fake_wait(
    struct transport *transport, int64_t until_ns, struct transport_event *events, size_t n_max)
{
    (void)n_max;
    struct fake *self = fake_of(transport);
    size_t n = fake_collect(self, events);
    if (n == 0 && self->two_in_batch && self->n_sends == 1 && self->n_streams == 2 &&
        !self->streams[1].ended) {
        self->now_ns += IDLE_NS;
        self->streams[0].inbox = FINISH DONE;
        self->streams[1].ended = true;
        n = fake_collect(self, events);
        assert_int_equal(n, 2);
    }
    if (n == 0) {
        assert_true(until_ns != CLOCK_NEVER);
        self->now_ns = until_ns;
    }
    self->batch = events;
    self->n_batch = n;
    return n;
}

static ssize_t
fake_send(struct transport *transport, struct stream *stream, const void *data, size_t len)
{
    (void)data;
    struct fake *self = fake_of(transport);
    if (self->n_resets > 0) {
        self->n_resets--;
        return TRANSPORT_RESET;
    }
    if (self->answers_early && self->n_sends > 0 && stream == &self->streams[0].base) {
        return TRANSPORT_AGAIN;
    }
    self->n_sends++;
    ((struct fake_stream *)stream)->inbox =
        self->two_in_batch && self->n_sends == 1 ? HEAD TOKEN : HEAD TOKEN FINISH DONE;
    return self->answers_early && self->n_sends == 1 ? 1 : (ssize_t)len;
}

static ssize_t fake_recv(
    struct transport *transport,
    struct stream *base,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    const struct fake *self = fake_of(transport);
    struct fake_stream *stream = (struct fake_stream *)base;
    assert_true(stream->exists);
    *receipt =
        (struct receipt){.arrival_ns = self->now_ns, .read_ns = self->now_ns, .kernel = true};
    if (stream->inbox == NULL) {
        return stream->ended ? 0 : TRANSPORT_AGAIN;
    }
    const size_t len = strlen(stream->inbox);
    assert_true(len <= cap);
    memcpy(buffer, stream->inbox, len);
    stream->inbox = NULL;
    return (ssize_t)len;
}

static void
fake_failure(struct transport *transport, struct stream *stream, struct transport_failure *out)
{
    (void)transport;
    (void)stream;
    *out = (struct transport_failure){0};
}

static void fake_close(struct transport *transport, struct stream *stream)
{
    struct fake *self = fake_of(transport);
    ((struct fake_stream *)stream)->exists = false;
    if (stream == &self->streams[0].base) {
        self->n_sends_at_close = self->n_sends;
    }
    for (size_t i = 0; i < self->n_batch; i++) {
        if (self->batch[i].stream == stream && stream == &self->streams[1].base) {
            self->batch[i].what = 0;
            self->n_dropped++;
        }
    }
}

static void fake_wake(struct transport *transport)
{
    (void)transport;
}

static void fake_free(struct transport *transport)
{
    (void)transport; /* it lives in the test */
}

static const struct transport_ops fake_ops = {
    .name = "fake",
    .now = fake_now,
    .open = fake_open,
    .wait = fake_wait,
    .send = fake_send,
    .recv = fake_recv,
    .failure = fake_failure,
    .close = fake_close,
    .wake = fake_wake,
    .free = fake_free,
};

static int open_fake(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    (void)err;
    *out = context;
    return 0;
}

/* One stream, `n` requests, through the fake. */
static void run(struct fake *fake, uint64_t n, struct point_result *out)
{
    struct engine_target target = {.base_url = "http://127.0.0.1:1/v1", .model = "m"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct message message = {.role = "user", .content = "hello"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    const struct request_shape shape = {.chat = true, .stream = true, .max_tokens = 1};
    const struct workload_source source = {
        .engine = engine_find("openai"),
        .target = &target,
        .shape = &shape,
        .prompts = &prompt,
        .n_prompts = 1,
    };
    struct workload workload;
    assert_int_equal(workload_init(&workload, &source, &err), 0);
    const struct point_options options = {
        .driver = DRIVER_CLOSED,
        .concurrency = 1,
        .n_requests = n,
        .duration_ns = CLOCK_NEVER,
        .gate = GATE_MODE_OFF,
        .warmup_timeout_ns = 60 * NS_PER_S,
        .grace_ns = 60 * NS_PER_S,
        .timeout_ns = 60 * NS_PER_S,
        .stream = true,
        .virtual_time = true,
        .workload = &workload,
        .open_transport = open_fake,
        .context = fake,
    };
    assert_int_equal(point_run(&options, out, &err), 0);
    workload_done(&workload);
}

static void test_worker__an_event_of_a_connection_closed_in_its_batch_is_passed_over(void **state)
{
    (void)state;
    static struct fake fake = {
        .base = {.ops = &fake_ops}, .now_ns = NS_PER_S, .two_in_batch = true};
    struct point_result result;
    run(&fake, 2, &result);
    assert_int_equal(fake.n_dropped, 1); /* the case came about */
    assert_int_equal(result.records.n, 2);
    assert_int_equal(result.records.records[0].outcome, OUTCOME_OK);
    assert_int_equal(result.records.records[1].outcome, OUTCOME_OK);
    point_result_done(&result);
}

/* Not a byte was sent: the request takes another connection and does not fail. */
static void test_worker__a_connection_that_is_gone_before_the_send_is_replaced(void **state)
{
    (void)state;
    static struct fake fake = {.base = {.ops = &fake_ops}, .now_ns = NS_PER_S, .n_resets = 2};
    struct point_result result;
    run(&fake, 1, &result);
    assert_int_equal(fake.n_resets, 0);
    assert_int_equal(result.records.n, 1);
    assert_int_equal(result.records.records[0].outcome, OUTCOME_OK);
    assert_true(result.records.records[0].sent_ns != RECORD_NONE);
    point_result_done(&result);
}

static void test_worker__connections_that_are_always_gone_end_the_request(void **state)
{
    (void)state;
    static struct fake fake = {.base = {.ops = &fake_ops}, .now_ns = NS_PER_S, .n_resets = 1000};
    struct point_result result;
    run(&fake, 1, &result);
    assert_int_equal(fake.n_resets, 1000 - 4); /* the first, and three in its place */
    assert_int_equal(result.records.n, 1);
    assert_int_equal(result.records.records[0].outcome, OUTCOME_CONNECT);
    assert_true(result.records.records[0].sent_ns == RECORD_NONE);
    point_result_done(&result);
}

/* The rest of the first request was never sent: its connection must not carry the second one. */
static void test_worker__an_answer_before_the_end_of_the_request_closes_the_connection(void **state)
{
    (void)state;
    static struct fake fake = {
        .base = {.ops = &fake_ops}, .now_ns = NS_PER_S, .answers_early = true};
    struct point_result result;
    run(&fake, 2, &result);
    assert_int_equal(fake.n_sends, 2);
    assert_int_equal(fake.n_sends_at_close, 1); /* at once, not when the run is over */
    assert_int_equal(result.records.records[0].outcome, OUTCOME_OK);
    assert_int_equal(result.records.records[1].outcome, OUTCOME_OK);
    point_result_done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker__an_event_of_a_connection_closed_in_its_batch_is_passed_over),
        cmocka_unit_test(test_worker__a_connection_that_is_gone_before_the_send_is_replaced),
        cmocka_unit_test(
            test_worker__an_answer_before_the_end_of_the_request_closes_the_connection),
        cmocka_unit_test(test_worker__connections_that_are_always_gone_end_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
