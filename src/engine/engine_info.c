/* Metrics that are no measurements: by Prometheus' convention a sample whose name ends with "_info" has the
 * value 1 and tells what it knows in its labels.  vLLM shows its cache's configuration so, and every Python
 * program its interpreter.
 * Source: https://prometheus.io/docs/practices/naming/; fixtures of vLLM (/metrics). */
#include "base/mem.h"
#include "codec/canonical.h"
#include "codec/prometheus.h"
#include "engine/engine_openai.h"

#include <stdlib.h>
#include <string.h>

enum {
    INFO_ROWS_MAX = 256,    /* of one answer; more are no configuration, and none is kept */
    INFO_VALUE_MAX = 65536, /* bytes of one label; a longer one is left out */
};

/* Labels that name a process and not what it was told. */
static bool is_of_process(const char *name)
{
    return strcmp(name, "pid") == 0;
}

static struct json *labels_of(struct arena *arena, const struct prometheus *sample)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    struct prometheus_label label;
    for (size_t at = 0; prometheus_label_next(sample, &at, &label);) {
        const char *name = arena_copy(arena, label.name, label.name_len);
        if (is_of_process(name) || label.value_len > INFO_VALUE_MAX ||
            json_find(out, name) != NULL) {
            continue;
        }
        char *value = arena_alloc(arena, label.value_len + 1);
        const size_t len = prometheus_unescape(label.value, label.value_len, value);
        (void)json_add(arena, out, name, json_new_bytes(arena, value, len));
    }
    return out;
}

static bool is_info(const struct prometheus *sample)
{
    static const char ending[] = "_info";
    const size_t n = sizeof(ending) - 1;
    return sample->name_len > n && memcmp(sample->name + sample->name_len - n, ending, n) == 0 &&
           sample->value > 0.0;
}

struct row {
    char hash[65];
    const struct json *labels;
};

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->hash, ((const struct row *)b)->hash);
}

/* Rows of one metric in an order that does not depend on the answer's. */
static struct json *sorted(struct arena *arena, const struct json *list)
{
    struct json *out = json_new(arena, JSON_ARRAY);
    CLEANUP(mem_freep) struct row *rows = mem_alloc(list->len, sizeof(struct row));
    size_t n = 0;
    for (const struct json *row = list->first; row != NULL; row = row->next) {
        rows[n].labels = row;
        canonical_sha256(row, NULL, rows[n].hash);
        n++;
    }
    qsort(rows, n, sizeof(*rows), compare_rows);
    for (size_t i = 0; i < n; i++) {
        (void)json_append(out, config_strip(arena, rows[i].labels));
    }
    return out;
}

struct json *engine_info_rows(struct arena *arena, const char *text, size_t len)
{
    struct json *found = json_new(arena, JSON_OBJECT);
    struct prometheus sample;
    int outcome = PROMETHEUS_END;
    size_t n = 0;
    prometheus_init(&sample, text, len);
    while ((outcome = prometheus_next(&sample)) == PROMETHEUS_SAMPLE && n <= INFO_ROWS_MAX) {
        if (!is_info(&sample)) {
            continue;
        }
        const char *name = arena_copy(arena, sample.name, sample.name_len);
        struct json *list = json_find(found, name);
        if (list == NULL) {
            list = json_add(arena, found, name, json_new(arena, JSON_ARRAY));
        }
        (void)json_append(list, labels_of(arena, &sample));
        n++;
    }
    if (outcome != PROMETHEUS_END || n == 0 || n > INFO_ROWS_MAX) {
        return NULL;
    }
    struct json *out = json_new(arena, JSON_OBJECT);
    for (const struct json *list = found->first; list != NULL; list = list->next) {
        (void)json_add(arena, out, list->key, sorted(arena, list));
    }
    return out;
}
