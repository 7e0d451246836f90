/* Each function finds its call by the host's address, which is that of the call: a plugin carries one
 * pointer and no state of ours. */
#include "suite/plugin_host.h"

#include "base/bytes.h"
#include "base/text.h"
#include "codec/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The plugin holds the host as const; the call around it is ours to change. */
static struct plugin_call *call_of(const struct bench_host *host)
{
    struct plugin_call *call = NULL;
    memcpy(
        &call, &host, sizeof(host)); /* NOLINT(bugprone-sizeof-expression): the pointer is meant */
    return call;
}

static void host_warn(const struct bench_host *host, const char *text)
{
    const struct plugin_call *call = call_of(host);
    if (call->on_warn != NULL && text != NULL) {
        call->on_warn(call->warn_context, text);
    }
}

static void host_fail(const struct bench_host *host, const char *text)
{
    struct plugin_call *call = call_of(host);
    (void)snprintf(
        call->failure, sizeof(call->failure), "%s",
        text != NULL && *text != '\0' ? text : "it failed");
}

static void *host_alloc(const struct bench_host *host, size_t bytes)
{
    struct plugin_call *call = call_of(host);
    if (bytes > PLUGIN_CALL_MEMORY_MAX - call->n_allocated) {
        return NULL;
    }
    call->n_allocated += bytes;
    return arena_alloc(&call->arena, bytes);
}

static uint64_t host_random(const struct bench_host *host)
{
    return rng_next(&call_of(host)->rng);
}

/* Below nothing there is no number: 0 keeps a plugin's mistake harmless. */
static uint64_t host_below(const struct bench_host *host, uint64_t n)
{
    return n > 0 ? rng_below(&call_of(host)->rng, n) : 0;
}

static double host_uniform(const struct bench_host *host)
{
    return rng_uniform(&call_of(host)->rng);
}

static const char *host_json_quote(const struct bench_host *host, const char *text)
{
    struct plugin_call *call = call_of(host);
    if (text == NULL || !text_is_utf8(text, strlen(text))) {
        return NULL;
    }
    CLEANUP(bytes_done) struct bytes quoted;
    bytes_init(&quoted, PLUGIN_CALL_MEMORY_MAX);
    json_write_compact(json_new_text(&call->arena, text), &quoted);
    char *out = quoted.failed ? NULL : host_alloc(host, quoted.len + 1);
    if (out != NULL) {
        memcpy(out, quoted.data, quoted.len);
    }
    return out;
}

/* The value of a key of a JSON text, or NULL. */
static const struct json *
find_value(const struct bench_host *host, const char *json, const char *key)
{
    struct plugin_call *call = call_of(host);
    struct json *root = NULL;
    struct error err = {0};
    if (json == NULL || key == NULL ||
        json_parse(&call->arena, "", json, strlen(json), &root, &err) < 0) {
        return NULL;
    }
    return json_path(root, key);
}

static const char *host_json_text(const struct bench_host *host, const char *json, const char *key)
{
    const struct json *value = find_value(host, json, key);
    return value != NULL && value->kind == JSON_STRING ? value->text : NULL;
}

static int
host_json_number(const struct bench_host *host, const char *json, const char *key, double *out)
{
    return out != NULL && json_f64(find_value(host, json, key), out) ? 1 : 0;
}

void plugin_call_init(struct plugin_call *self)
{
    *self = (struct plugin_call){
        .host = {
            .abi = BENCH_PLUGIN_ABI,
            .size = sizeof(struct bench_host),
            .warn = host_warn,
            .fail = host_fail,
            .alloc = host_alloc,
            .random = host_random,
            .below = host_below,
            .uniform = host_uniform,
            .json_quote = host_json_quote,
            .json_text = host_json_text,
            .json_number = host_json_number,
        }};
    rng_init(&self->rng, 0, RNG_STREAM_PLUGIN);
}

void plugin_call_done(struct plugin_call *self)
{
    arena_done(&self->arena);
}

void plugin_call_begin(struct plugin_call *self, uint64_t seed, uint64_t index)
{
    arena_done(&self->arena);
    self->arena = (struct arena){0};
    self->n_allocated = 0;
    self->failure[0] = '\0';
    rng_init_sub(&self->rng, seed, RNG_STREAM_PLUGIN, index);
}
