/* Asks an engine who it is, so that everything that can fail fails before minutes are spent.
 *
 * BASE/models comes first: it tells whether somebody answers, whether the key is right, and what is
 * served.  llama.cpp answers it without a key and serves any model name that a request gives, so the
 * model is compared here and the key is tried on the configuration path too.  Version and
 * configuration are asked afterwards; an engine that lacks their paths has none.
 * Source: REAL-ENGINES.md 6. */
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine_openai.h"
#include "net/web.h"

#include <stdio.h>
#include <string.h>

enum {
    PROBE_TIMEOUT_MS = 10000,
    PROBE_ANSWER_MAX = 8 << 20,
    PROBE_ERROR_TEXT = 200,
    PROBE_NAMES_SHOWN = 5 /* models named in an error */
};

struct probe {
    const struct engine_ops *engine;
    const struct engine_target *target;
    struct arena *arena;
    struct engine_ask ask;
};

static void probe_init(
    struct probe *self,
    const struct engine_ops *engine,
    const struct engine_target *target,
    struct arena *arena)
{
    *self = (struct probe){.engine = engine, .target = target, .arena = arena};
    engine_ask_init(&self->ask, target, "application/json", arena);
}

static int
fetch(const struct probe *self, const char *url, struct web_answer *out, struct error *err)
{
    const struct web_request request = {
        .url = url,
        .headers = self->ask.headers,
        .n_headers = self->ask.n_headers,
        .ca_file = self->target->ca_file,
        .insecure = self->target->insecure,
        .timeout_ms = PROBE_TIMEOUT_MS,
        .max_bytes = PROBE_ANSWER_MAX,
    };
    if (web_fetch(&request, out, err) < 0) {
        if (err->code == ERROR_VERIFY) {
            return error_prefix(err, "engine %s is not trusted: ", self->engine->name);
        }
        return error_prefix(
            err, "engine %s does not answer (is it running, and is --%sbase-url right?): ",
            self->engine->name, engine_option_prefix(self->target));
    }
    return 0;
}

/* Says what an answer other than 200 means. */
static int refuse(
    const struct probe *self, const char *url, const struct web_answer *answer, struct error *err)
{
    char text[PROBE_ERROR_TEXT];
    engine_error_text(answer->body.data, answer->body.len, text, sizeof(text));
    const char *name = self->engine->name;
    const char *prefix = engine_option_prefix(self->target);
    if ((answer->status == 401 || answer->status == 403) && self->target->api_key != NULL) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "engine %s refuses the key: is the key that --%sapi-key-env names the right one? (%ld: %s)",
            name, prefix, answer->status, text);
    }
    if (answer->status == 401 || answer->status == 403) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "engine %s refuses a request without a key: name its variable with --%sapi-key-env (%ld: "
            "%s)",
            name, prefix, answer->status, text);
    }
    if (answer->status == 503) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "engine %s is not ready, perhaps still loading its model (503: %s): try again when %s "
            "answers",
            name, text, url);
    }
    if (answer->status == 404) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "engine %s has no %s (404: %s): --%sbase-url must end where the API begins, e.g. /v1",
            name, url, text, prefix);
    }
    return error_set(
        err, ERROR_UNAVAILABLE, "engine %s answers %ld at %s: %s", name, answer->status, url, text);
}

static void read_server(const struct web_answer *answer, struct engine_identity *out)
{
    (void)snprintf(out->server, sizeof(out->server), "%s", answer->server);
}

/* *out is NULL when the engine has no such list and may lack it. */
static int ask_models(
    const struct probe *self,
    struct json **out,
    struct engine_identity *identity,
    struct error *err)
{
    const char *url = arena_format(self->arena, "%s/models", self->ask.base);
    CLEANUP(web_answer_done) struct web_answer answer = {0};
    int status = fetch(self, url, &answer, err);
    if (status < 0) {
        return status;
    }
    read_server(&answer, identity);
    *out = NULL;
    if (answer.status == 404 && self->engine->models_optional && self->target->model[0] != '\0') {
        return 0;
    }
    if (answer.status != 200) {
        return refuse(self, url, &answer, err);
    }
    struct json *list = NULL;
    if (json_parse(self->arena, url, answer.body.data, answer.body.len, &list, err) < 0) {
        err->code = ERROR_UNAVAILABLE;
        return error_prefix(err, "engine %s: the model list is not JSON", self->engine->name);
    }
    struct json *data = json_find(list, "data");
    if (data == NULL || data->kind != JSON_ARRAY) {
        return error_set(
            err, ERROR_UNAVAILABLE, "engine %s: the answer of %s is no model list",
            self->engine->name, url);
    }
    *out = data;
    return 0;
}

static bool is_model(const struct json *entry, const char *name)
{
    if (text_equal(json_text(json_find(entry, "id"), ""), name)) {
        return true;
    }
    const struct json *aliases = json_find(entry, "aliases");
    for (size_t i = 0; json_at(aliases, i) != NULL; i++) {
        if (text_equal(json_text(json_at(aliases, i), ""), name)) {
            return true;
        }
    }
    return false;
}

/* "'a', 'b', 'c' and 7 more". */
static const char *model_names(const struct probe *self, const struct json *models)
{
    const char *text = "";
    for (size_t i = 0; i < models->len && i < PROBE_NAMES_SHOWN; i++) {
        text = arena_format(
            self->arena, "%s%s'%.100s'", text, i == 0 ? "" : ", ",
            json_text(json_find(json_at(models, i), "id"), ""));
    }
    if (models->len > PROBE_NAMES_SHOWN) {
        text = arena_format(self->arena, "%s and %zu more", text, models->len - PROBE_NAMES_SHOWN);
    }
    return text;
}

/* Finds the entry of the model to ask: the given one, or the only one. */
static int choose_model(
    const struct probe *self, const struct json *models, const struct json **out, struct error *err)
{
    const char *wanted = self->target->model;
    const char *name = self->engine->name;
    const char *prefix = engine_option_prefix(self->target);
    if (models->len == 0) {
        return error_set(err, ERROR_UNAVAILABLE, "engine %s serves no model", name);
    }
    if (wanted[0] == '\0') {
        if (models->len > 1) {
            return error_set(
                err, ERROR_USAGE, "engine %s serves several models: choose one with --%smodel: %s",
                name, prefix, model_names(self, models));
        }
        *out = models->first;
        return 0;
    }
    for (const struct json *entry = models->first; entry != NULL; entry = entry->next) {
        if (is_model(entry, wanted)) {
            *out = entry;
            return 0;
        }
    }
    return error_set(
        err, ERROR_USAGE, "engine %s does not serve --%smodel '%s': it serves %s", name, prefix,
        wanted, model_names(self, models));
}

static int keep_model(
    const struct probe *self,
    const struct json *entry,
    struct engine_identity *out,
    struct error *err)
{
    const char *wanted = self->target->model;
    const char *id = wanted[0] != '\0' ? wanted : json_text(json_find(entry, "id"), "");
    if (id[0] == '\0' || strlen(id) >= sizeof(out->model)) {
        return error_set(
            err, ERROR_UNAVAILABLE, "engine %s: the served model has no usable id: give --%smodel",
            self->engine->name, engine_option_prefix(self->target));
    }
    (void)snprintf(out->model, sizeof(out->model), "%s", id);
    return 0;
}

/* A further answer of the engine; *out is NULL when it has no such path or what it says is no JSON
 * object. */
static int
ask_document(const struct probe *self, const char *path, struct json **out, struct error *err)
{
    *out = NULL;
    if (path == NULL) {
        return 0;
    }
    const char *url = arena_format(self->arena, "%s%s", self->ask.root, path);
    CLEANUP(web_answer_done) struct web_answer answer = {0};
    const int status = fetch(self, url, &answer, err);
    if (status < 0) {
        return status;
    }
    if (answer.status == 401 || answer.status == 403) {
        return refuse(self, url, &answer, err);
    }
    struct json *document = NULL;
    if (answer.status != 200 ||
        json_parse(self->arena, url, answer.body.data, answer.body.len, &document, err) < 0) {
        error_clear(err);
        return 0;
    }
    *out = document->kind == JSON_OBJECT ? document : NULL;
    return 0;
}

static void read_version(const struct json *document, struct engine_identity *out)
{
    static const char *const keys[] = {"version", "build_info"};
    for (size_t i = 0; i < ARRAY_LEN(keys) && out->version[0] == '\0'; i++) {
        const char *text = json_text(json_find(document, keys[i]), "");
        (void)snprintf(out->version, sizeof(out->version), "%s", text);
    }
}

/* The first of these paths that holds a length.  llama.cpp's is that of one slot in both places. */
static void
read_length(const struct json *document, const char *const *paths, size_t n_paths, uint32_t *out)
{
    for (size_t i = 0; i < n_paths; i++) {
        int64_t value = 0;
        if (json_i64(json_path(document, paths[i]), &value) && value > 0 && value <= UINT32_MAX) {
            *out = (uint32_t)value;
            return;
        }
    }
}

/* Metrics may be switched off, or have a key of their own: what is not told is left out. */
static void add_info_rows(const struct probe *self, struct json *config)
{
    struct engine_metrics_ask ask;
    CLEANUP(bytes_done) struct bytes text;
    struct error err = {0};
    bytes_init(&text, PROBE_ANSWER_MAX);
    engine_metrics_init(&ask, self->engine, self->target);
    if (ask.url != NULL && engine_metrics_fetch(&ask, &text, &err) == 0 && text.len > 0) {
        struct json *rows = engine_info_rows(self->arena, text.data, text.len);
        if (rows != NULL) {
            (void)json_add(self->arena, config, "metrics", rows);
        }
    }
    engine_metrics_done(&ask);
}

static int ask_details(
    const struct probe *self,
    const struct json *model,
    struct engine_identity *out,
    struct error *err)
{
    static const char *const model_lengths[] = {"max_model_len", "meta.n_ctx"};
    static const char *const config_lengths[] = {
        "default_generation_settings.n_ctx", "max_total_tokens"};
    struct json *version = NULL;
    struct json *config = NULL;
    int status = ask_document(self, self->engine->version_path, &version, err);
    if (status == 0) {
        status = ask_document(self, self->engine->config_path, &config, err);
    }
    if (status < 0) {
        return status;
    }
    read_version(version, out);
    read_version(config, out);
    read_length(model, model_lengths, ARRAY_LEN(model_lengths), &out->max_model_len);
    read_length(config, config_lengths, ARRAY_LEN(config_lengths), &out->max_model_len);
    out->config = json_new(self->arena, JSON_OBJECT);
    if (model != NULL) {
        (void)json_add(self->arena, out->config, "model", config_strip(self->arena, model));
    }
    if (version != NULL) {
        (void)json_add(self->arena, out->config, "version", config_strip(self->arena, version));
    }
    if (config != NULL) {
        (void)json_add(self->arena, out->config, "server", config_strip(self->arena, config));
    }
    add_info_rows(self, out->config);
    return 0;
}

int openai_probe(
    const struct engine_ops *self,
    const struct engine_target *target,
    struct arena *arena,
    struct engine_identity *out,
    struct error *err)
{
    int status = openai_check_headers(target, err);
    if (status < 0) {
        return status;
    }
    struct probe probe;
    probe_init(&probe, self, target, arena);
    struct engine_identity identity = {0};
    struct json *models = NULL;
    const struct json *model = NULL;
    status = ask_models(&probe, &models, &identity, err);
    if (status == 0 && models != NULL) {
        identity.n_models = (uint32_t)models->len;
        status = choose_model(&probe, models, &model, err);
    }
    if (status == 0) {
        status = keep_model(&probe, model, &identity, err);
    }
    if (status == 0) {
        status = ask_details(&probe, model, &identity, err);
    }
    if (status == 0) {
        *out = identity;
    }
    return status;
}
