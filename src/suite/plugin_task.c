/* The object is loaded here and nowhere else, in a process that ends with the task.  What it says of
 * itself leaves as JSON, so that it goes through the checks of a file's text. */
#include "suite/plugin_task.h"

#include "base/mem.h"
#include "base/text.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The table of the first header with this ABI: what was appended since may be missing, and is NULL. */
#define TABLE_BYTES_MIN \
    (offsetof(struct bench_plugin, metrics) + sizeof(((struct bench_plugin *)NULL)->metrics))

struct object {
    struct bench_plugin table;
    struct plugin_call call;
};

/* The bytes that were hashed are those that are loaded. */
static int check_unchanged(const struct plugin *plugin, struct error *err)
{
    struct stat info;
    if (stat(plugin->path, &info) != 0 || info.st_ino != plugin->mark.inode ||
        info.st_dev != plugin->mark.device || info.st_size != plugin->mark.n_bytes ||
        info.st_mtim.tv_sec != plugin->mark.mtime_s ||
        info.st_mtim.tv_nsec != plugin->mark.mtime_ns) {
        return error_set(err, ERROR_UNAVAILABLE, "%s has changed since it was read", plugin->path);
    }
    return 0;
}

static int check_functions(const struct bench_plugin *table, struct error *err)
{
    if (table->id == NULL || table->version == NULL || table->title == NULL) {
        return error_set(err, ERROR_USAGE, "its id, version or title is NULL");
    }
    if (table->list == NULL) {
        return error_set(err, ERROR_USAGE, "its function list is NULL");
    }
    const bool counted = table->n_metrics > 0;
    if (counted != (table->metrics != NULL) || counted != (table->metric_table != NULL)) {
        return error_set(
            err, ERROR_USAGE, "metrics, metric_table and n_metrics do not belong together");
    }
    if (table->n_metrics > PLUGIN_METRICS_MAX) {
        return error_set(
            err, ERROR_LIMIT, "it has %" PRIu32 " metrics; %d are the most", table->n_metrics,
            PLUGIN_METRICS_MAX);
    }
    return 0;
}

static int do_open(const struct plugin *plugin, struct object *out, struct error *err)
{
    if (check_unchanged(plugin, err) != 0) {
        return -(int)err->code;
    }
    void *library = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): this process has one thread */
        return error_set(err, ERROR_USAGE, "it cannot be loaded: %s", dlerror());
    }
    const struct bench_plugin *table = dlsym(library, "bench_plugin");
    if (table == NULL) {
        return error_set(
            err, ERROR_USAGE, "it has no symbol 'bench_plugin': see inferencebench/plugin.h");
    }
    if (table->abi != BENCH_PLUGIN_ABI) {
        return error_set(
            err, ERROR_USAGE,
            "its ABI is %" PRIu32 ", and this bench has %u: build it with this bench's "
            "inferencebench/plugin.h",
            table->abi, BENCH_PLUGIN_ABI);
    }
    if (table->size < TABLE_BYTES_MIN) {
        return error_set(
            err, ERROR_USAGE, "its 'size' is %" PRIu32 ", less than the %zu bytes of ABI %u",
            table->size, TABLE_BYTES_MIN, BENCH_PLUGIN_ABI);
    }
    out->table = (struct bench_plugin){0};
    memcpy(&out->table, table, table->size < sizeof(*table) ? table->size : sizeof(*table));
    plugin_call_init(&out->call);
    return check_functions(&out->table, err);
}

/* The failure that the plugin described, behind the function's name. */
static int fail_call(const struct object *object, const char *function, struct error *err)
{
    const char *why = object->call.failure;
    return error_set(
        err, ERROR_UNAVAILABLE, "%s: %s", function,
        *why != '\0' ? why : "it failed and did not say why");
}

/* Foreign text into JSON. */
static int add_text(
    struct arena *arena, struct json *out, const char *key, const char *text, struct error *err)
{
    if (text == NULL || !text_is_utf8(text, strlen(text))) {
        return error_set(
            err, ERROR_USAGE, "its %s is %s", key, text == NULL ? "NULL" : "not UTF-8");
    }
    json_add_text(arena, out, key, text);
    return 0;
}

static int do_metric(
    struct arena *arena, const struct bench_metric *metric, struct json *out, struct error *err)
{
    int rc = add_text(arena, out, "key", metric->key, err);
    if (rc == 0) {
        rc = add_text(arena, out, "unit", metric->unit, err);
    }
    if (rc == 0) {
        rc = add_text(arena, out, "definition", metric->definition, err);
    }
    json_add_i64(arena, out, "better", metric->better);
    return rc;
}

static int do_list(struct arena *arena, struct object *object, struct json *out, struct error *err)
{
    struct json *specs = json_add(arena, out, "specs", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i <= PLUGIN_SPECS_MAX; i++) {
        plugin_call_begin(&object->call, 0, i);
        const char *text = object->table.list(&object->call.host, i);
        if (object->call.failure[0] != '\0') {
            return fail_call(object, "list", err);
        }
        if (text == NULL) {
            return 0;
        }
        struct json *row = json_append(specs, json_new(arena, JSON_OBJECT));
        const int rc = add_text(arena, row, "spec", text, err);
        if (rc != 0) {
            return rc;
        }
    }
    return error_set(err, ERROR_LIMIT, "it has more than %d benchmarks", PLUGIN_SPECS_MAX);
}

static int
describe_texts(struct arena *arena, struct object *object, struct json *out, struct error *err)
{
    const struct bench_plugin *table = &object->table;
    int rc = add_text(arena, out, "id", table->id, err);
    if (rc == 0) {
        rc = add_text(arena, out, "version", table->version, err);
    }
    if (rc == 0) {
        rc = add_text(arena, out, "title", table->title, err);
    }
    if (rc == 0) {
        rc = add_text(arena, out, "license", table->license != NULL ? table->license : "", err);
    }
    json_add_bool(arena, out, "next_request", table->next_request != NULL);
    json_add_bool(arena, out, "score", table->score != NULL);
    json_add_bool(arena, out, "validate", table->validate != NULL);
    struct json *metrics = json_add(arena, out, "metrics", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; rc == 0 && i < table->n_metrics; i++) {
        struct json *row = json_append(metrics, json_new(arena, JSON_OBJECT));
        rc = do_metric(arena, &table->metric_table[i], row, err);
    }
    return rc;
}

int plugin_task_describe(void *context, struct bytes *out, struct error *err)
{
    struct object object = {0};
    int rc = do_open(context, &object, err);
    if (rc != 0) {
        return rc;
    }
    struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    rc = describe_texts(&arena, &object, root, err);
    if (rc == 0) {
        rc = do_list(&arena, &object, root, err);
    }
    json_write_compact(root, out);
    return rc;
}

/* One request as one line, or none: *out_more is false then. */
static int do_request(
    struct object *object,
    const struct plugin_pool *pool,
    uint32_t index,
    struct bytes *out,
    bool *out_more,
    struct error *err)
{
    const struct bench_ask ask = {sizeof(ask), pool->benchmark, index};
    plugin_call_begin(&object->call, pool->seed, index);
    const char *text = object->table.next_request(&object->call.host, &ask);
    if (object->call.failure[0] != '\0') {
        return fail_call(object, "next_request", err);
    }
    *out_more = text != NULL;
    if (text == NULL) {
        return 0;
    }
    char name[64];
    (void)snprintf(name, sizeof(name), "next_request(%" PRIu32 ")", index);
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    const int rc = json_parse(&arena, name, text, strlen(text), &root, err);
    if (rc == 0) {
        json_write_compact(root, out);
        bytes_add_char(out, '\n');
    }
    return rc;
}

int plugin_task_requests(void *context, struct bytes *out, struct error *err)
{
    const struct plugin_pool_work *work = context;
    const uint32_t n = work->pool->n;
    struct object object = {0};
    int rc = do_open(work->plugin, &object, err);
    bool more = true;
    for (uint32_t i = 0; rc == 0 && more && i < n; i++) {
        rc = do_request(&object, work->pool, i, out, &more, err);
    }
    return rc;
}

/* From the last to the first, each twice: the lines of the second time, turned around. */
int plugin_task_requests_backwards(void *context, struct bytes *out, struct error *err)
{
    const struct plugin_pool_work *work = context;
    const uint32_t n = work->pool->n;
    struct object object = {0};
    int rc = do_open(work->plugin, &object, err);
    struct bytes *lines = mem_alloc(n, sizeof(*lines));
    for (uint32_t i = n; rc == 0 && i > 0; i--) {
        bool more = true;
        struct bytes *line = &lines[i - 1];
        bytes_init(line, out->max);
        for (int k = 0; rc == 0 && k < 2; k++) {
            bytes_clear(line);
            rc = do_request(&object, work->pool, i - 1, line, &more, err);
        }
    }
    for (uint32_t i = 0; rc == 0 && i < n && lines[i].len > 0; i++) {
        bytes_add(out, lines[i].data, lines[i].len);
    }
    return rc; /* the process ends: nothing is freed */
}

/* The score of one answer, NAN with a reason where there is none. */
static double
do_score_one(struct object *object, const struct plugin_scoring *scoring, size_t i, char *reason)
{
    double score = (double)NAN;
    plugin_call_begin(&object->call, scoring->seed, i);
    const int rc = object->table.score(&object->call.host, &scoring->answers[i], &score);
    if (rc == 1 && score >= 0.0 && score <= 1.0) {
        return score;
    }
    if (*reason == '\0' && rc == 1) {
        (void)snprintf(reason, ERROR_TEXT_MAX, "score gave %g, which is not in 0 .. 1", score);
    } else if (*reason == '\0' && rc != 0) {
        const char *why = object->call.failure;
        (void)snprintf(
            reason, ERROR_TEXT_MAX, "score: %.900s",
            *why != '\0' ? why : "it failed and did not say why");
    }
    return (double)NAN;
}

int plugin_task_score(void *context, struct bytes *out, struct error *err)
{
    const struct plugin_score_work *work = context;
    struct object object = {0};
    const int rc = do_open(work->plugin, &object, err);
    if (rc != 0) {
        return rc;
    }
    char reason[ERROR_TEXT_MAX] = "";
    for (size_t i = 0; i < work->scoring->n; i++) {
        const double score = do_score_one(&object, work->scoring, i, reason);
        bytes_add(out, &score, sizeof(score));
    }
    bytes_add(out, reason, sizeof(reason));
    return 0;
}

int plugin_task_metrics(void *context, struct bytes *out, struct error *err)
{
    const struct plugin_metrics_work *work = context;
    struct object object = {0};
    int rc = do_open(work->plugin, &object, err);
    if (rc != 0) {
        return rc;
    }
    double values[PLUGIN_METRICS_MAX];
    for (size_t i = 0; i < PLUGIN_METRICS_MAX; i++) {
        values[i] = (double)NAN;
    }
    plugin_call_begin(&object.call, work->result->seed, 0);
    rc = object.table.metrics(&object.call.host, work->result, values);
    if (rc != 0 || object.call.failure[0] != '\0') {
        return fail_call(&object, "metrics", err);
    }
    bytes_add(out, values, object.table.n_metrics * sizeof(values[0]));
    return 0;
}

/* One line for one warning, whatever the plugin puts into it. */
static void add_warning(void *context, const char *text)
{
    struct bytes *out = context;
    for (const char *p = text; *p != '\0'; p++) {
        const bool control = (unsigned char)*p < ' ' || *p == 0x7f;
        bytes_add(out, control ? "?" : p, 1);
    }
    bytes_add_char(out, '\n');
}

int plugin_task_validate(void *context, struct bytes *out, struct error *err)
{
    const struct plugin_validate_work *work = context;
    struct object object = {0};
    const int rc = do_open(work->plugin, &object, err);
    if (rc != 0) {
        return rc;
    }
    plugin_call_begin(&object.call, work->plan->seed, 0);
    object.call.on_warn = add_warning;
    object.call.warn_context = out;
    object.table.validate(&object.call.host, work->plan);
    return object.call.failure[0] != '\0' ? fail_call(&object, "validate", err) : 0;
}
