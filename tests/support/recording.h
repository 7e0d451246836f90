/* recording.h - a recorded HTTP answer of a real engine, taken apart by the product's own readers
 * (HTTP, SSE).  Used by tests only; fails the test on anything that is malformed. */
#pragma once

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/sse.h"
#include "net/http.h"
#include "support/test.h"

#include <string.h>

enum {
    RECORDING_SIZE_MAX = 4 << 20,
    RECORDING_EVENTS_MAX = 512
};

struct recording {
    unsigned status;
    bool event_stream;
    size_t n_events;
    char *events[RECORDING_EVENTS_MAX]; /* data of each event, NUL-terminated; owned */
    uint64_t n_comments;
    struct bytes body; /* of an answer that is no event stream */
};

static inline void recording_done(struct recording *self)
{
    for (size_t i = 0; i < self->n_events; i++) {
        free(self->events[i]);
    }
    bytes_done(&self->body);
}

static inline void
recording_take_stream(struct recording *self, struct sse *sse, const char *data, size_t len)
{
    int found = sse_next(sse, &data, &len);
    for (; found == SSE_EVENT; found = sse_next(sse, &data, &len)) {
        assert_true(self->n_events < RECORDING_EVENTS_MAX);
        self->events[self->n_events++] = mem_copy_bytes(sse->data, sse->len);
    }
    assert_int_equal(found, SSE_NEED_MORE);
}

/* Reads one response from the front of [*data, *data + *len), moving both past it, in pieces of at
 * most `step` bytes. */
static inline void
recording_next(const char **data, size_t *len, size_t step, struct recording *out)
{
    *out = (struct recording){0};
    bytes_init(&out->body, RECORDING_SIZE_MAX);
    struct http_response *http = MEM_NEW(struct http_response);
    http->line = mem_alloc(HTTP_LINE_ROOM, 1);
    struct sse sse;
    http_response_init(http);
    sse_init(&sse);
    enum http_event event = HTTP_NEED_MORE;
    while (event != HTTP_END) {
        size_t left = *len < step ? *len : step;
        const size_t piece = left;
        event = http_response_next(http, data, &left);
        *len -= piece - left;
        assert_int_not_equal(event, HTTP_ERROR);
        if (event == HTTP_BODY && http->event_stream) {
            recording_take_stream(out, &sse, http->body, http->body_len);
        } else if (event == HTTP_BODY) {
            bytes_add(&out->body, http->body, http->body_len);
        } else if (event == HTTP_NEED_MORE && *len == 0) {
            assert_true(http_response_eof(http));
            break;
        }
    }
    assert_false(sse_is_inside_event(&sse));
    out->status = http->status;
    out->event_stream = http->event_stream;
    out->n_comments = sse.n_comments;
    sse_done(&sse);
    free(http->line);
    free(http);
}

/* The bytes of fixtures/engines/NAME, the caller's to free.  Skips the test where ../shared is
 * not there. */
static inline char *recording_load(const char *name, size_t *out_len)
{
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: ../shared is not here\n");
        skip();
    }
    char *path = mem_format("%s/fixtures/engines/%s", shared, name);
    char *raw = NULL;
    struct error err = {0};
    assert_int_equal(file_read(path, RECORDING_SIZE_MAX, &raw, out_len, &err), 0);
    free(path);
    return raw;
}

/* Reads the first response of fixtures/engines/NAME. */
static inline void recording_read(const char *name, struct recording *out)
{
    size_t len = 0;
    char *raw = recording_load(name, &len);
    const char *data = raw;
    recording_next(&data, &len, RECORDING_SIZE_MAX, out);
    free(raw);
}
