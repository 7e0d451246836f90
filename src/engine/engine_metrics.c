/* Asks an engine for its metrics, and what every other question outside of the measured path is made of. */
#include "base/text.h"
#include "engine/engine_openai.h"
#include "engine/version.h"
#include "net/web.h"

#include <string.h>

enum {
    ERROR_SHOWN = 200
};

void engine_ask_init(
    struct engine_ask *self,
    const struct engine_target *target,
    const char *accept,
    struct arena *arena)
{
    const struct endpoint *endpoint = &target->endpoint;
    const char *scheme = endpoint->tls ? "https" : "http";
    *self = (struct engine_ask){0};
    self->base = arena_format(arena, "%s://%s%s", scheme, endpoint->authority, endpoint->path);
    const size_t len = strlen(self->base);
    const bool versioned = text_ends_with(endpoint->path, "/v1");
    self->root = arena_copy(arena, self->base, versioned ? len - strlen("/v1") : len);
    self->headers = arena_alloc(arena, (target->n_headers + 3) * sizeof(*self->headers));
    bool own_key = false;
    for (size_t i = 0; i < target->n_headers; i++) {
        self->headers[self->n_headers++] = target->headers[i];
        own_key = own_key || openai_header_is(target->headers[i], "Authorization");
    }
    if (target->api_key != NULL && !own_key) {
        self->headers[self->n_headers++] =
            arena_format(arena, "Authorization: Bearer %s", target->api_key);
    }
    self->headers[self->n_headers++] = arena_format(arena, "Accept: %s", accept);
    self->headers[self->n_headers++] = "User-Agent: bench/" BENCH_VERSION;
}

void engine_metrics_init(
    struct engine_metrics_ask *self,
    const struct engine_ops *engine,
    const struct engine_target *target)
{
    *self = (struct engine_metrics_ask){.engine = engine};
    if (engine->metrics_path == NULL) {
        return;
    }
    struct engine_ask ask;
    engine_ask_init(&ask, target, "text/plain;version=0.0.4", &self->arena);
    self->url = arena_format(&self->arena, "%s%s", ask.root, engine->metrics_path);
    self->headers = ask.headers;
    self->n_headers = ask.n_headers;
    self->ca_file = target->ca_file;
    self->insecure = target->insecure;
}

void engine_metrics_done(struct engine_metrics_ask *self)
{
    arena_done(&self->arena);
    *self = (struct engine_metrics_ask){0};
}

static int
refuse(const struct engine_metrics_ask *self, const struct web_answer *answer, struct error *err)
{
    char text[ERROR_SHOWN];
    engine_error_text(answer->body.data, answer->body.len, text, sizeof(text));
    const char *flag = self->engine->metrics_flag;
    return error_set(
        err, ERROR_UNAVAILABLE, "%s answers %ld: %s%s%s", self->url, answer->status, text,
        flag != NULL ? ": start the engine with " : "", flag != NULL ? flag : "");
}

int engine_metrics_fetch(
    const struct engine_metrics_ask *self, struct bytes *out, struct error *err)
{
    const struct web_request request = {
        .url = self->url,
        .headers = self->headers,
        .n_headers = self->n_headers,
        .ca_file = self->ca_file,
        .insecure = self->insecure,
        .timeout_ms = ENGINE_METRICS_TIMEOUT_MS,
        .max_bytes = out->max,
    };
    CLEANUP(web_answer_done) struct web_answer answer = {0};
    const int result = web_fetch(&request, &answer, err);
    if (result < 0) {
        return result;
    }
    if (answer.status != 200) {
        return refuse(self, &answer, err);
    }
    bytes_add(out, answer.body.data, answer.body.len);
    return 0;
}
