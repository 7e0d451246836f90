/* What a task of the object gives back, checked: nothing of a plugin is believed because of its type. */
#include "suite/plugin_object.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "suite/dataset.h"
#include "suite/plugin_child.h"
#include "suite/plugin_files.h"
#include "suite/plugin_spec.h"
#include "suite/plugin_task.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* Time for a task; a plugin that needs longer hangs. */
#define DESCRIBE_TIMEOUT_NS (10 * NS_PER_S)
#define TASK_TIMEOUT_NS     (300 * NS_PER_S)

enum {
    DESCRIBE_BYTES_MAX = 16 << 20,
    WARNINGS_BYTES_MAX = 1 << 16,
    METRIC_KEY_MAX = 64,
    METRIC_DECIMALS = 3 /* at most, in tables */
};

#define METRIC_PREFIX "plugin_"

static bool is_metric_key(const char *key)
{
    const size_t len = strlen(key);
    return len > 0 && len < METRIC_KEY_MAX &&
           strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* One metric among those before it; `key` is the plugin's own. */
static int
check_metric(const struct plugin *self, const struct json *row, int64_t better, struct error *err)
{
    const char *key = json_text(json_find(row, "key"), "");
    if (!is_metric_key(key)) {
        return error_set(
            err, ERROR_USAGE, "metric '%s': a key has 1 to %d of a-z, 0-9 and '_'", key,
            METRIC_KEY_MAX - 1);
    }
    if (better < BENCH_BETTER_NONE || better > BENCH_BETTER_LOWER) {
        return error_set(
            err, ERROR_USAGE, "metric '%s': 'better' is %" PRId64 " and not 0, 1 or 2", key,
            better);
    }
    for (size_t i = 0; i < self->n_metrics; i++) {
        if (text_equal(self->metrics[i].key + strlen(METRIC_PREFIX), key)) {
            return error_set(err, ERROR_USAGE, "metric '%s' is there twice", key);
        }
    }
    return 0;
}

static int
take_metrics(struct arena *arena, const struct json *rows, struct plugin *out, struct error *err)
{
    static const enum better betters[] = {
        [BENCH_BETTER_NONE] = BETTER_NONE,
        [BENCH_BETTER_HIGHER] = BETTER_HIGHER,
        [BENCH_BETTER_LOWER] = BETTER_LOWER,
    };
    struct metric *metrics = arena_alloc(arena, PLUGIN_METRICS_MAX * sizeof(*metrics));
    out->metrics = metrics;
    for (const struct json *row = rows->first; row != NULL; row = row->next) {
        int64_t better = -1;
        (void)json_i64(json_find(row, "better"), &better);
        const int rc = check_metric(out, row, better, err);
        if (rc != 0) {
            return rc;
        }
        metrics[out->n_metrics++] = (struct metric){
            .key = arena_format(arena, METRIC_PREFIX "%s", json_text(json_find(row, "key"), "")),
            .unit = json_text(json_find(row, "unit"), ""),
            .better = betters[better],
            .decimals = METRIC_DECIMALS,
            .title = out->title,
            .definition = json_text(json_find(row, "definition"), ""),
        };
    }
    return 0;
}

static int
take_specs(struct arena *arena, const struct json *rows, struct plugin *out, struct error *err)
{
    plugin_specs_init(arena, out);
    size_t i = 0;
    for (const struct json *row = rows->first; row != NULL; row = row->next, i++) {
        const struct json *spec = json_find(row, "spec");
        const char *name = arena_format(arena, "list(%zu)", i);
        const struct spec_text text = {name, name, spec->text, spec->len};
        const int rc = plugin_spec_add(arena, out, &text, err);
        if (rc != 0) {
            return rc;
        }
    }
    return i > 0 ? 0 : error_set(err, ERROR_USAGE, "it has no benchmarks: list gives none");
}

static int take_description(
    struct arena *arena, const struct json *root, struct plugin *out, struct error *err)
{
    out->id = json_text(json_find(root, "id"), "");
    out->version = json_text(json_find(root, "version"), "");
    out->title = json_text(json_find(root, "title"), "");
    out->license = json_text(json_find(root, "license"), "");
    (void)json_bool(json_find(root, "next_request"), &out->has_next_request);
    (void)json_bool(json_find(root, "score"), &out->has_score);
    (void)json_bool(json_find(root, "validate"), &out->has_validate);
    int rc = plugin_names_check(out, "bench_plugin", err);
    if (rc == 0) {
        rc = take_metrics(arena, json_find(root, "metrics"), out, err);
    }
    return rc == 0 ? take_specs(arena, json_find(root, "specs"), out, err) : rc;
}

/* The file's folder and the file itself: who can change either can change what is loaded. */
static int check_place(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(mem_freep)
    char *folder = mem_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
    const int rc = plugin_check_safe(folder, err);
    return rc == 0 ? plugin_check_safe(path, err) : rc;
}

static int mark_file(struct plugin *self, struct error *err)
{
    struct stat info;
    if (stat(self->path, &info) != 0 || !S_ISREG(info.st_mode)) {
        return error_set(err, ERROR_NOT_FOUND, "%s is not a file", self->path);
    }
    self->mark = (struct plugin_mark){
        .device = info.st_dev,
        .inode = info.st_ino,
        .n_bytes = info.st_size,
        .mtime_s = info.st_mtim.tv_sec,
        .mtime_ns = info.st_mtim.tv_nsec,
    };
    return 0;
}

int plugin_object_read(struct arena *arena, const char *path, struct plugin *out, struct error *err)
{
    struct plugin plugin = {.kind = PLUGIN_SHARED_OBJECT, .path = arena_copy_text(arena, path)};
    int rc = check_place(path, err);
    if (rc == 0) {
        rc = mark_file(&plugin, err);
    }
    uint8_t hash[DIGEST_SIZE];
    if (rc == 0) {
        rc = digest_file(path, hash, err);
    }
    if (rc != 0) {
        return rc;
    }
    char hex[DIGEST_HEX_SIZE];
    digest_hex(hash, hex);
    plugin.sha256 = arena_copy_text(arena, hex);
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DESCRIBE_BYTES_MAX);
    const struct plugin_child child = {
        .work = plugin_task_describe,
        .context = &plugin,
        .timeout_ns = DESCRIBE_TIMEOUT_NS,
        .max_bytes = DESCRIBE_BYTES_MAX,
    };
    struct json *root = NULL;
    rc = plugin_child_run(&child, &text, err);
    if (rc == 0) {
        rc = json_parse(arena, "plugin", text.data, text.len, &root, err);
    }
    if (rc == 0) {
        rc = take_description(arena, root, &plugin, err);
    }
    if (rc == 0) {
        *out = plugin;
    }
    return rc;
}

int plugin_object_requests(
    const struct plugin *self, const struct plugin_pool *pool, struct bytes *out, struct error *err)
{
    struct plugin_pool_work work = {self, pool};
    const struct plugin_child child = {
        .work = pool->backwards ? plugin_task_requests_backwards : plugin_task_requests,
        .context = &work,
        .timeout_ns = TASK_TIMEOUT_NS,
        .max_bytes = DATASET_FILE_MAX,
    };
    return plugin_child_run(&child, out, err);
}

int plugin_object_score(
    const struct plugin *self,
    const struct plugin_scoring *scoring,
    double *scores,
    char reason[ERROR_TEXT_MAX],
    struct error *err)
{
    struct plugin_score_work work = {self, scoring};
    const size_t size = scoring->n * sizeof(*scores);
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, size + ERROR_TEXT_MAX);
    const struct plugin_child child = {
        .work = plugin_task_score,
        .context = &work,
        .timeout_ns = TASK_TIMEOUT_NS,
        .max_bytes = out.max,
    };
    const int rc = plugin_child_run(&child, &out, err);
    if (rc != 0) {
        return rc;
    }
    if (out.len != size + ERROR_TEXT_MAX) {
        return error_set(err, ERROR_UNAVAILABLE, "score: its process ended early");
    }
    memcpy(scores, out.data, size);
    memcpy(reason, out.data + size, ERROR_TEXT_MAX);
    return 0;
}

int plugin_object_metrics(
    const struct plugin *self, const struct bench_result *result, double *values, struct error *err)
{
    struct plugin_metrics_work work = {self, result};
    const size_t size = self->n_metrics * sizeof(*values);
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, size);
    const struct plugin_child child = {
        .work = plugin_task_metrics,
        .context = &work,
        .timeout_ns = TASK_TIMEOUT_NS,
        .max_bytes = size,
    };
    const int rc = plugin_child_run(&child, &out, err);
    if (rc != 0) {
        return rc;
    }
    if (out.len != size) {
        return error_set(err, ERROR_UNAVAILABLE, "metrics: its process ended early");
    }
    memcpy(values, out.data, size);
    return 0;
}

int plugin_object_validate(
    const struct plugin *self, const struct bench_plan *plan, struct bytes *out, struct error *err)
{
    struct plugin_validate_work work = {self, plan};
    const struct plugin_child child = {
        .work = plugin_task_validate,
        .context = &work,
        .timeout_ns = TASK_TIMEOUT_NS,
        .max_bytes = WARNINGS_BYTES_MAX,
    };
    return plugin_child_run(&child, out, err);
}
