/* Two answers of the same engine must give the same text here, two differently configured ones must
 * not.  So what moves by itself is named and left out, and everything else is kept, also what this
 * program has never heard of.
 * Source: fixtures of llama.cpp (/props, /v1/models) and vLLM (/v1/models); SGLang's server_args and
 * internal_states. */
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "engine/engine_openai.h"

/* Longer texts (chat templates) are replaced by their hash. */
enum {
    CONFIG_TEXT_MAX = 512
};

static const char *const volatile_keys[] = {
    "created",             /* models: the time of the answer */
    "permission",          /* vLLM: an id made anew for every answer */
    "modified_at",         /* llama.cpp */
    "media_marker",        /* llama.cpp: random at each start */
    "is_sleeping",         /* llama.cpp */
    "is_processing",       /* llama.cpp */
    "internal_states",     /* SGLang: load, throughput, memory in use */
    "last_gen_throughput", /* SGLang */
    "memory_usage",        /* SGLang */
};

/* Parts of names whose values are secrets. */
static const char *const secret_parts[] = {"api_key", "apikey", "password", "secret", "hf_token"};

static bool contains(const char *text, const char *part)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (text_starts_with(p, part)) {
            return true;
        }
    }
    return false;
}

static bool is_left_out(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(volatile_keys); i++) {
        if (text_equal(key, volatile_keys[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(secret_parts); i++) {
        if (contains(key, secret_parts[i])) {
            return true;
        }
    }
    return false;
}

static struct json *strip_text(struct arena *arena, const struct json *text)
{
    if (text->len <= CONFIG_TEXT_MAX) {
        return json_copy(arena, text);
    }
    char hex[DIGEST_HEX_SIZE];
    digest_sha256_hex(text->text, text->len, hex);
    return json_new_text(arena, arena_format(arena, "sha256:%s", hex));
}

/* NOLINTNEXTLINE(misc-no-recursion): the reader limits the depth to JSON_DEPTH_MAX */
struct json *config_strip(struct arena *arena, const struct json *config)
{
    if (config == NULL) {
        return NULL;
    }
    if (config->kind == JSON_STRING) {
        return strip_text(arena, config);
    }
    if (config->kind != JSON_OBJECT && config->kind != JSON_ARRAY) {
        return json_copy(arena, config);
    }
    struct json *out = json_new(arena, config->kind);
    for (const struct json *child = config->first; child != NULL; child = child->next) {
        if (config->kind == JSON_ARRAY) {
            (void)json_append(out, config_strip(arena, child));
        } else if (!is_left_out(child->key)) {
            (void)json_add(arena, out, child->key, config_strip(arena, child));
        }
    }
    return out;
}

/* A copy without the info rows of the metrics. */
static const struct json *without_metrics(struct arena *arena, const struct json *config)
{
    struct json *copy = json_copy(arena, config);
    (void)json_remove(copy, "metrics");
    return copy;
}

/* Info rows count where both tell them: an engine under load may not answer for its metrics in time. */
static bool config_equal(const struct json *a, const struct json *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    if (json_find(a, "metrics") == NULL || json_find(b, "metrics") == NULL) {
        a = without_metrics(&arena, a);
        b = without_metrics(&arena, b);
    }
    char a_hex[65];
    char b_hex[65];
    canonical_sha256(a, NULL, a_hex);
    canonical_sha256(b, NULL, b_hex);
    return text_equal(a_hex, b_hex);
}

bool engine_identity_equal(const struct engine_identity *a, const struct engine_identity *b)
{
    return text_equal(a->version, b->version) && text_equal(a->server, b->server) &&
           text_equal(a->model, b->model) && a->max_model_len == b->max_model_len &&
           config_equal(a->config, b->config);
}

static const char *told(const char *text)
{
    return text[0] == '\0' ? "unknown" : text;
}

struct json *engine_identity_json(struct arena *arena, const struct engine_identity *identity)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "version", told(identity->version));
    json_add_text(arena, out, "model", told(identity->model));
    json_add_i64(arena, out, "max_model_len", identity->max_model_len);
    json_add_i64(arena, out, "n_models", identity->n_models);
    json_add_text(arena, out, "server", told(identity->server));
    if (identity->config == NULL) {
        json_add_null(arena, out, "config_sha256");
        return out;
    }
    char hex[DIGEST_HEX_SIZE];
    canonical_sha256(identity->config, NULL, hex);
    json_add_text(arena, out, "config_sha256", hex);
    return out;
}
