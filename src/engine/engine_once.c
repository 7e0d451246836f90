/* The body is the one that render_request makes; the head is libcurl's. */
#include "engine/engine_once.h"

#include "engine/engine_openai.h"

#include <assert.h>
#include <stdlib.h>

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
        .max_bytes = self->max_bytes,
    };
    const int result = web_fetch(&request, out, err);
    free(rendered.bytes);
    return result;
}
