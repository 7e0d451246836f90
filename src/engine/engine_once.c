/* The body is the one that render_request makes; the head is libcurl's. */
#include "engine/engine_once.h"

#include "engine/engine_openai.h"

#include <assert.h>
#include <stdlib.h>

/* Takes a body while nobody says stop. */
struct body {
    struct bytes bytes;
    const atomic_bool *stop;
};

static bool take(void *user, long status, const char *data, size_t len)
{
    (void)status;
    struct body *self = user;
    bytes_add(&self->bytes, data, len);
    return !self->bytes.failed;
}

static bool is_stopped(void *user)
{
    const struct body *self = user;
    return self->stop != NULL && atomic_load(self->stop);
}

static int fetch(
    const struct engine_once *self,
    const struct web_request *request,
    struct web_answer *out,
    struct error *err)
{
    struct body body = {.stop = self->stop};
    bytes_init(&body.bytes, self->max_bytes);
    const struct web_sink sink = {.user = &body, .take = take, .stop = is_stopped};
    struct web_request asked = *request;
    asked.sink = &sink;
    struct web_answer answer = {0};
    int result = web_fetch(&asked, &answer, err);
    const bool too_long = body.bytes.failed;
    if (result == 0) {
        *out = answer;
        out->body = body.bytes;
        return 0;
    }
    bytes_done(&body.bytes);
    if (result == WEB_STOPPED) {
        web_answer_done(&answer);
        result = ENGINE_ONCE_STOPPED;
    }
    if (result == ENGINE_ONCE_STOPPED && too_long) {
        result = error_set(
            err, ERROR_LIMIT, "%s: the answer is longer than %zu bytes", request->url,
            self->max_bytes);
    }
    return result;
}

int engine_ask_once(const struct engine_once *self, struct web_answer *out, struct error *err)
{
    assert(self->shape->chat && !self->shape->stream && !self->shape->salt);
    struct rendered rendered = {0};
    const int status = self->engine->render_request(
        self->engine, self->target, self->shape, self->prompt, &rendered, err);
    if (status < 0) {
        return status;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct engine_ask ask;
    engine_ask_init(&ask, self->target, "application/json", &arena);
    const char **headers = arena_alloc(&arena, (ask.n_headers + 1) * sizeof(*headers));
    for (size_t i = 0; i < ask.n_headers; i++) {
        headers[i] = ask.headers[i];
    }
    headers[ask.n_headers] = "Content-Type: application/json";
    const struct web_request request = {
        .url = arena_format(&arena, "%s/chat/completions", ask.base),
        .headers = headers,
        .n_headers = ask.n_headers + 1,
        .body = rendered.bytes + rendered.head_len,
        .body_len = rendered.len - rendered.head_len,
        .ca_file = self->target->ca_file,
        .insecure = self->target->insecure,
        .timeout_ms = self->timeout_ms,
    };
    const int result = fetch(self, &request, out, err);
    free(rendered.bytes);
    return result;
}
