/* One request in one piece of memory.  The body's fixed members are written by hand, so that the place
 * of the salt is known when it is written; the options are a small tree, so that the user's extra
 * body can replace any of them.
 *
 * The JSON is ASCII only.  Numbers, names and their order depend on the input alone: the same run
 * sends the same bytes. */
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine_openai.h"
#include "engine/version.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longest request that is rendered: far above any context window. */
#define REQUEST_SIZE_MAX ((size_t)64 << 20)

/* Seeds are cut to what every engine takes: llama.cpp's is 32 bits wide, and its 4294967295 means
 * "random". */
enum {
    SEED_MASK = 0x7fffffff
};

/* What is needed to write one request. */
struct render {
    const struct engine_ops *engine;
    const struct engine_target *target;
    const struct request_shape *shape;
    const struct prompt *prompt;
    struct arena arena;
    struct bytes body;
    struct bytes all;
    size_t salt_at; /* in the body; 0: none */
};

static void render_done(struct render *self)
{
    arena_done(&self->arena);
    bytes_done(&self->body);
    bytes_done(&self->all);
}

/* Members of a body that belong to the run, and what to use instead. */
static const struct {
    const char *key;
    const char *instead;
} run_members[] = {
    {"model", "use --model"},
    {"messages", "the dataset gives the prompts"},
    {"prompt", "the dataset gives the prompts"},
    {"stream", "answers are streamed unless --no-stream is given"},
};

static int check_extra(const struct json *extra, struct error *err)
{
    if (extra->kind != JSON_OBJECT) {
        return error_set(err, ERROR_USAGE, "--extra-body: a JSON object is expected");
    }
    for (size_t i = 0; i < ARRAY_LEN(run_members); i++) {
        if (json_find(extra, run_members[i].key) != NULL) {
            return error_set(
                err, ERROR_USAGE, "--extra-body: '%s' cannot be set here: %s", run_members[i].key,
                run_members[i].instead);
        }
    }
    const struct json *n = json_find(extra, "n");
    int64_t count = 0;
    if (n != NULL && n->kind != JSON_NULL && !(json_i64(n, &count) && count == 1)) {
        return error_set(
            err, ERROR_USAGE, "--extra-body: 'n' must be 1: a request is measured as one answer");
    }
    return 0;
}

static void merge_extra(struct arena *arena, struct json *options, const struct json *extra)
{
    for (const struct json *member = extra->first; member != NULL; member = member->next) {
        (void)json_remove(options, member->key);
        if (member->kind != JSON_NULL) {
            (void)json_add(arena, options, member->key, json_copy(arena, member));
        }
    }
}

static struct json *build_options(struct render *self)
{
    const struct engine_ops *engine = self->engine;
    const struct request_shape *shape = self->shape;
    struct arena *arena = &self->arena;
    struct json *options = json_new(arena, JSON_OBJECT);
    const uint32_t limit =
        self->prompt->max_tokens != 0 ? self->prompt->max_tokens : shape->max_tokens;
    const bool new_name = shape->chat && engine->max_completion_tokens;
    if (limit != 0) {
        json_add_i64(arena, options, new_name ? "max_completion_tokens" : "max_tokens", limit);
    }
    json_add_f64(arena, options, "temperature", shape->temperature);
    json_add_i64(arena, options, "seed", (int64_t)(shape->seed & SEED_MASK));
    json_add_bool(arena, options, "stream", shape->stream);
    if (shape->stream) {
        struct json *stream =
            json_add(arena, options, "stream_options", json_new(arena, JSON_OBJECT));
        json_add_bool(arena, stream, "include_usage", true);
        if (engine->continuous_usage) {
            json_add_bool(arena, stream, "continuous_usage_stats", true);
        }
        if (engine->timings_per_token) {
            json_add_bool(arena, options, "timings_per_token", true);
        }
    }
    if (shape->ignore_eos && engine->ignore_eos) {
        json_add_bool(arena, options, "ignore_eos", true);
    }
    return options;
}

static void write_text(struct render *self, const char *text)
{
    json_write_compact(json_new_text(&self->arena, text), &self->body);
}

/* The text that the salt belongs to: with room for it in front. */
static void write_salted_text(struct render *self, const char *text)
{
    if (!self->shape->salt) {
        write_text(self, text);
        return;
    }
    static const char room[] = "[ 0000 0000 0000 0000 0000 0000 0000 0000 ] ";
    _Static_assert(sizeof(room) - 1 == SALT_LEN, "the salt's form and its length belong together");
    const size_t at = self->body.len;
    write_text(self, arena_format(&self->arena, "%s%s", room, text));
    self->salt_at = at + 3; /* behind the quote, the bracket and its blank */
}

static void write_messages(struct render *self)
{
    const struct prompt *prompt = self->prompt;
    bytes_add_text(&self->body, ",\"messages\":[");
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        bytes_add_text(&self->body, i == 0 ? "{\"role\":" : ",{\"role\":");
        write_text(self, prompt->messages[i].role);
        bytes_add_text(&self->body, ",\"content\":");
        if (i == prompt->salt_message) {
            write_salted_text(self, prompt->messages[i].content);
        } else {
            write_text(self, prompt->messages[i].content);
        }
        bytes_add_char(&self->body, '}');
    }
    bytes_add_char(&self->body, ']');
}

static int check_prompt(const struct prompt *prompt, struct error *err)
{
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        const struct message *message = &prompt->messages[i];
        if (!text_is_utf8(message->content, strlen(message->content)) ||
            !text_is_utf8(message->role, strlen(message->role))) {
            return error_set(err, ERROR_USAGE, "message %u of a prompt is not UTF-8", i + 1);
        }
    }
    return 0;
}

static int write_body(struct render *self, struct error *err)
{
    const struct request_shape *shape = self->shape;
    struct json *options = build_options(self);
    if (shape->extra_body != NULL) {
        struct json *extra = NULL;
        int status = json_parse(
            &self->arena, "--extra-body", shape->extra_body, strlen(shape->extra_body), &extra,
            err);
        if (status < 0) {
            err->code = ERROR_USAGE; /* the text is an argument, not a file */
            return -ERROR_USAGE;
        }
        status = check_extra(extra, err);
        if (status < 0) {
            return status;
        }
        merge_extra(&self->arena, options, extra);
    }
    bytes_add_text(&self->body, "{\"model\":");
    write_text(self, self->target->model);
    if (shape->chat) {
        write_messages(self);
    } else {
        if (self->prompt->n_messages != 1) {
            return error_set(
                err, ERROR_USAGE,
                "a prompt of %" PRIu32 " messages is a chat, and /completions takes one text: give "
                "a dataset of single texts, or a benchmark of shape 'chat'",
                self->prompt->n_messages);
        }
        bytes_add_text(&self->body, ",\"prompt\":");
        write_salted_text(self, self->prompt->messages[0].content);
    }
    struct bytes rest;
    bytes_init(&rest, REQUEST_SIZE_MAX);
    json_write_compact(options, &rest);
    /* "stream" cannot be removed, so the object is never empty. */
    assert(rest.len > 2);
    bytes_add_char(&self->body, ',');
    bytes_add(&self->body, rest.data + 1, rest.len - 1);
    bytes_done(&rest);
    return 0;
}

/* Adds a header of ours unless the user gave one of the same name. */
static void add_header(struct render *self, const char *name, const char *value)
{
    const struct engine_target *target = self->target;
    for (size_t i = 0; i < target->n_headers; i++) {
        if (openai_header_is(target->headers[i], name)) {
            return;
        }
    }
    bytes_add_format(&self->all, "%s: %s\r\n", name, value);
}

static void write_head(struct render *self)
{
    const struct engine_target *target = self->target;
    const struct request_shape *shape = self->shape;
    bytes_add_format(
        &self->all, "POST %s/%s HTTP/1.1\r\n", target->endpoint.path,
        shape->chat ? "chat/completions" : "completions");
    add_header(self, "Host", target->endpoint.authority);
    add_header(self, "User-Agent", "bench/" BENCH_VERSION);
    add_header(self, "Accept", shape->stream ? "text/event-stream" : "application/json");
    add_header(self, "Content-Type", "application/json");
    if (target->api_key != NULL) {
        add_header(self, "Authorization", arena_format(&self->arena, "Bearer %s", target->api_key));
    }
    for (size_t i = 0; i < target->n_headers; i++) {
        const char *header = target->headers[i];
        bytes_add_format(
            &self->all, "%.*s: %s\r\n", (int)strcspn(header, ":"), header,
            openai_header_value(header));
    }
    bytes_add_format(&self->all, "Content-Length: %zu\r\n\r\n", self->body.len);
}

int openai_render_request(
    const struct engine_ops *self,
    const struct engine_target *target,
    const struct request_shape *shape,
    const struct prompt *prompt,
    struct rendered *out,
    struct error *err)
{
    CLEANUP(render_done)
    struct render render = {
        .engine = self,
        .target = target,
        .shape = shape,
        .prompt = prompt,
    };
    bytes_init(&render.body, REQUEST_SIZE_MAX);
    bytes_init(&render.all, REQUEST_SIZE_MAX);
    int status = openai_check_headers(target, err);
    if (status < 0) {
        return status;
    }
    status = check_prompt(prompt, err);
    if (status < 0) {
        return status;
    }
    status = write_body(&render, err);
    if (status < 0) {
        return status;
    }
    write_head(&render);
    const size_t head_len = render.all.len;
    bytes_add(&render.all, render.body.data, render.body.len);
    if (render.body.failed || render.all.failed) {
        return error_set(
            err, ERROR_LIMIT, "a request is larger than %zu MiB", REQUEST_SIZE_MAX >> 20);
    }
    *out = (struct rendered){
        .len = (uint32_t)render.all.len,
        .head_len = (uint32_t)head_len,
        .salt_at = render.salt_at > 0 ? (uint32_t)(head_len + render.salt_at) : 0,
    };
    out->bytes = bytes_take(&render.all);
    return 0;
}
