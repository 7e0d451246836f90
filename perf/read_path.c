/* read_path - what a token event costs between recvmsg and the record, side by side in one process.
 *
 * The same bytes, a stream as vLLM sends it, go through more and more of the path: memchr over them
 * (the floor: each byte is looked at once), the HTTP reader, HTTP + SSE, and all of it with the
 * engine's event reader and the record.  The unit is ns per event; the ratio is against the floor.
 * Each figure is the median of PERF_ROUNDS rounds taken in turn, so that a drifting machine hits all. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/slot.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PERF_EVENTS = 2000,
    PERF_ROUNDS = 41,
    PERF_WAYS = 4
};

static void add_chunk(struct bytes *out, const char *text)
{
    bytes_add_format(out, "%zx\r\n%s\r\n", strlen(text), text);
}

static void make_stream(struct bytes *out)
{
    bytes_init(out, BYTES_MAX_DEFAULT);
    bytes_add_text(
        out, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
             "transfer-encoding: chunked\r\n\r\n");
    char event[512];
    for (int i = 0; i < PERF_EVENTS; i++) {
        (void)snprintf(
            event, sizeof(event),
            "data: {\"id\":\"chatcmpl-9f36e6428a238dc1\",\"object\":\"chat.completion.chunk\","
            "\"created\":1795488805,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},"
            "\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}],\"usage\":{\"prompt_tokens\":12,"
            "\"total_tokens\":%d,\"completion_tokens\":%d}}\n\n",
            i + 13, i + 1);
        add_chunk(out, event);
    }
    add_chunk(
        out, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n");
    add_chunk(out, "data: [DONE]\n\n");
    bytes_add_text(out, "0\r\n\r\n");
}

static uint64_t way_floor(const struct bytes *stream)
{
    uint64_t n = 0;
    const char *at = stream->data;
    const char *end = at + stream->len;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        n++;
    }
    return n;
}

static uint64_t read_http(const struct bytes *stream, struct sse *sse)
{
    static struct http_response http;
    static char line[HTTP_LINE_ROOM];
    http.line = line;
    http_response_init(&http);
    const char *data = stream->data;
    size_t len = stream->len;
    uint64_t n = 0;
    for (;;) {
        const enum http_event event = http_response_next(&http, &data, &len);
        if (event == HTTP_END) {
            return n;
        }
        assert(event == HTTP_HEAD || event == HTTP_BODY);
        if (event == HTTP_BODY && sse != NULL) {
            const char *body = http.body;
            size_t body_len = http.body_len;
            while (sse_next(sse, &body, &body_len) == SSE_EVENT) {
                n++;
            }
        } else {
            n++;
        }
    }
}

static uint64_t way_http(const struct bytes *stream)
{
    return read_http(stream, NULL);
}

static uint64_t way_sse(const struct bytes *stream)
{
    struct sse sse;
    sse_init(&sse);
    const uint64_t n = read_http(stream, &sse);
    sse_done(&sse);
    return n;
}

static struct slot slot;

static uint64_t way_all(const struct bytes *stream)
{
    struct record record = {
        .outcome = OUTCOME_OK, .content_ns = RECORD_NONE, .first_token_ns = RECORD_NONE};
    slot_reset(&slot);
    slot.stream = true;
    slot.record = &record;
    struct slot_input input = {.engine = engine_find("vllm"), .arrival_ns = 1};
    const enum slot_progress progress = slot_read(&slot, stream->data, stream->len, &input);
    assert(progress == SLOT_ENDED && record.outcome == OUTCOME_OK);
    (void)progress;
    return slot.n_events;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static const struct {
        const char *name;
        uint64_t (*run)(const struct bytes *stream);
    } ways[PERF_WAYS] = {
        {"floor: memchr", way_floor},
        {"HTTP", way_http},
        {"HTTP + SSE", way_sse},
        {"HTTP + SSE + event + record", way_all},
    };
    struct bytes stream;
    make_stream(&stream);
    slot_init(&slot, NULL, 1, PERF_EVENTS);
    static double figures[PERF_WAYS][PERF_ROUNDS];
    uint64_t sum = 0;
    for (int round = 0; round < PERF_ROUNDS; round++) {
        for (int way = 0; way < PERF_WAYS; way++) {
            const int64_t start_ns = clock_thread_cpu_ns();
            sum += ways[way].run(&stream);
            figures[way][round] = (double)(clock_thread_cpu_ns() - start_ns) / PERF_EVENTS;
        }
    }
    printf(
        "%d events of %zu bytes, median of %d rounds (%llu)\n", PERF_EVENTS,
        stream.len / PERF_EVENTS, PERF_ROUNDS, (unsigned long long)sum);
    printf("%-30s %10s %8s\n", "read path", "ns/event", "ratio");
    double base = 0.0;
    for (int way = 0; way < PERF_WAYS; way++) {
        qsort(figures[way], PERF_ROUNDS, sizeof(figures[way][0]), compare);
        const double median = figures[way][PERF_ROUNDS / 2];
        base = way == 0 ? median : base;
        printf("%-30s %10.0f %8.2f\n", ways[way].name, median, median / base);
    }
    slot_done(&slot);
    bytes_done(&stream);
    return 0;
}
