/* Counts are asked for one by one, each on a connection of its own: this happens before the clock
 * starts, and a few thousand of them are a matter of seconds.
 * Source: vLLM, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html (tokenizer API);
 * SGLang, python/sglang/srt/entrypoints/openai/serving_tokenize.py; llama.cpp, tools/server/README.md;
 * TGI, https://huggingface.co/docs/text-generation-inference/reference/api_reference. */
#include "engine/engine_tokens.h"

#include "base/mem.h"
#include "engine/engine_openai.h"
#include "net/web.h"

#include <stdlib.h>

enum {
    ERROR_SHOWN = 200
};

/* A million tokens with their texts. */
#define ANSWER_MAX ((size_t)256 << 20)

void engine_tokens_init(
    struct engine_tokens_ask *self,
    const struct engine_ops *engine,
    const struct engine_target *target,
    const struct request_shape *shape)
{
    *self = (struct engine_tokens_ask){.engine = engine, .target = target, .shape = *shape};
    self->shape.stream = false;
    self->shape.salt = false;
    self->shape.max_tokens = 1;
    struct engine_ask ask;
    engine_ask_init(&ask, target, "application/json", &self->arena);
    self->tokenize_url = arena_format(&self->arena, "%s/tokenize", ask.root);
    self->request_url = arena_format(
        &self->arena, "%s/%s", ask.base, shape->chat ? "chat/completions" : "completions");
    self->headers = arena_alloc(&self->arena, (ask.n_headers + 1) * sizeof(*self->headers));
    for (size_t i = 0; i < ask.n_headers; i++) {
        self->headers[self->n_headers++] = ask.headers[i];
    }
    self->headers[self->n_headers++] = "Content-Type: application/json";
}

void engine_tokens_done(struct engine_tokens_ask *self)
{
    arena_done(&self->arena);
    *self = (struct engine_tokens_ask){0};
}

/* One question.  *out is the answer's tree, in `arena`. */
struct question {
    const char *url;
    const char *body;
    size_t body_len;
};

static int
refuse(const struct question *question, const struct web_answer *answer, struct error *err)
{
    char text[ERROR_SHOWN];
    engine_error_text(answer->body.data, answer->body.len, text, sizeof(text));
    return error_set(
        err, ERROR_UNAVAILABLE, "%s answers %ld: %s", question->url, answer->status, text);
}

static int
ask(const struct engine_tokens_ask *self,
    const struct question *question,
    struct arena *arena,
    struct json **out,
    struct error *err)
{
    const struct web_request request = {
        .url = question->url,
        .headers = self->headers,
        .n_headers = self->n_headers,
        .body = question->body,
        .body_len = question->body_len,
        .ca_file = self->target->ca_file,
        .insecure = self->target->insecure,
        .timeout_ms = ENGINE_TOKENS_TIMEOUT_MS,
        .max_bytes = ANSWER_MAX,
    };
    CLEANUP(web_answer_done) struct web_answer answer = {0};
    int status = web_fetch(&request, &answer, err);
    if (status < 0) {
        return status;
    }
    if (answer.status != 200) {
        return refuse(question, &answer, err);
    }
    status = json_parse(arena, question->url, answer.body.data, answer.body.len, out, err);
    if (status < 0) {
        err->code = ERROR_UNAVAILABLE; /* the text is the engine's, not the user's */
        return -ERROR_UNAVAILABLE;
    }
    return 0;
}

/* Either a number under "count", or the list of tokens: under "tokens", or all of the answer (TGI). */
static int read_count(const struct json *answer, const char *url, uint32_t *out, struct error *err)
{
    int64_t count = -1;
    const struct json *tokens = answer->kind == JSON_ARRAY ? answer : json_find(answer, "tokens");
    if (!json_i64(json_find(answer, "count"), &count) && tokens != NULL &&
        tokens->kind == JSON_ARRAY) {
        count = (int64_t)tokens->len;
    }
    if (count < 0 || count > UINT32_MAX) {
        return error_set(err, ERROR_UNAVAILABLE, "the answer of %s holds no list of tokens", url);
    }
    *out = (uint32_t)count;
    return 0;
}

int engine_tokens_of_text(
    const struct engine_tokens_ask *self, const char *text, uint32_t *out, struct error *err)
{
    if (self->engine->tokenize_member == NULL) {
        return error_set(
            err, ERROR_UNAVAILABLE, "engine %s has no tokenizer to ask", self->engine->name);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *body = json_new(&arena, JSON_OBJECT);
    json_add_text(&arena, body, "model", self->target->model);
    json_add_text(&arena, body, self->engine->tokenize_member, text);
    json_add_bool(&arena, body, "add_special_tokens", false);
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, BYTES_MAX_DEFAULT);
    json_write_compact(body, &bytes);
    struct json *answer = NULL;
    const struct question question = {self->tokenize_url, bytes.data, bytes.len};
    const int status = ask(self, &question, &arena, &answer, err);
    if (status < 0 || answer == NULL) {
        return -(int)err->code;
    }
    return read_count(answer, self->tokenize_url, out, err);
}

int engine_tokens_of_request(
    const struct engine_tokens_ask *self, const char *text, uint32_t *out, struct error *err)
{
    const struct message message = {.role = "user", .content = text};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    struct rendered rendered;
    int status = self->engine->render_request(
        self->engine, self->target, &self->shape, &prompt, &rendered, err);
    if (status < 0) {
        return status;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *answer = NULL;
    const struct question question = {
        self->request_url, rendered.bytes + rendered.head_len, rendered.len - rendered.head_len};
    status = ask(self, &question, &arena, &answer, err);
    free(rendered.bytes);
    if (status < 0) {
        return status;
    }
    int64_t count = 0;
    if (!json_i64(json_path(answer, "usage.prompt_tokens"), &count) || count <= 0 ||
        count > UINT32_MAX) {
        return error_set(
            err, ERROR_UNAVAILABLE, "the answer of %s does not tell usage.prompt_tokens",
            self->request_url);
    }
    *out = (uint32_t)count;
    return 0;
}
