/* A template is a small YAML file: an id and up to three limits.  What a run is judged by is the
 * template times the multiplier of its hardware, written out in words so that an envelope shows the
 * numbers and not only the name. */
#include "suite/slo.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/yaml.h"
#include "suite/embedded.h"
#include "suite/fields.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLO_FOLDER    "slo/"
#define SLO_EXTENSION ".yaml"
#define LIMIT_MIN_MS  0.001
#define LIMIT_MAX_MS  1e9

enum {
    SLO_FILE_MAX = 1 << 16,
    SLO_TEMPLATES_MAX = 16
};

struct template
{
    const char *id;
    const char *title;
    unsigned kind; /* index into kinds */
    const struct json *limits;
    struct slo_limits values;
};

/* In the order of enum slo_for. */
static const char *const kinds[] = {"any", "perf", "quality", NULL};

static const struct field template_fields[] = {
    {.key = "id", .kind = FIELD_TEXT, .required = true, .offset = offsetof(struct template, id)},
    {.key = "title", .kind = FIELD_TEXT, .offset = offsetof(struct template, title)},
    {.key = "kind",
     .kind = FIELD_CHOICE,
     .offset = offsetof(struct template, kind),
     .choices = kinds},
    {.key = "limits",
     .kind = FIELD_OBJECT,
     .required = true,
     .offset = offsetof(struct template, limits)},
};

static const struct field limit_fields[] = {
    {.key = "ttft_ms",
     .kind = FIELD_F64,
     .offset = offsetof(struct slo_limits, ttft_ms),
     .min = LIMIT_MIN_MS,
     .max = LIMIT_MAX_MS},
    {.key = "tpot_ms",
     .kind = FIELD_F64,
     .offset = offsetof(struct slo_limits, tpot_ms),
     .min = LIMIT_MIN_MS,
     .max = LIMIT_MAX_MS},
    {.key = "total_ms",
     .kind = FIELD_F64,
     .offset = offsetof(struct slo_limits, total_ms),
     .min = LIMIT_MIN_MS,
     .max = LIMIT_MAX_MS},
};

bool slo_is_path(const char *name)
{
    return strchr(name, '/') != NULL || text_ends_with(name, ".yaml") ||
           text_ends_with(name, ".yml");
}

static const struct embedded_file *find_built_in(const char *name)
{
    CLEANUP(mem_freep) char *file = mem_format("%s%s%s", SLO_FOLDER, name, SLO_EXTENSION);
    return embedded_find(file);
}

/* Template ids are the names of the files: "slo/llm.standard.yaml". */
static int fail_unknown(const char *name, struct error *err)
{
    char *ids[SLO_TEMPLATES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < embedded_table_len && n < SLO_TEMPLATES_MAX; i++) {
        const char *file = embedded_table[i].name;
        if (text_starts_with(file, SLO_FOLDER)) {
            const char *id = file + strlen(SLO_FOLDER);
            ids[n++] = mem_copy_bytes(id, strlen(id) - strlen(SLO_EXTENSION));
        }
    }
    const char *nearest = text_nearest(name, (const char *const *)ids, n);
    const int rc =
        nearest != NULL
            ? error_set(
                  err, ERROR_USAGE, "unknown SLO template '%s': did you mean '%s'?", name, nearest)
            : error_set(
                  err, ERROR_USAGE,
                  "unknown SLO template '%s': give llm.standard, llm.relaxed, llm.quality or a .yaml file",
                  name);
    for (size_t i = 0; i < n; i++) {
        free(ids[i]);
    }
    return rc;
}

int slo_check(const char *name, struct error *err)
{
    return slo_is_path(name) || find_built_in(name) != NULL ? 0 : fail_unknown(name, err);
}

static int
read_template(const char *name, const struct json *root, struct template *out, struct error *err)
{
    struct template template = {.values = {HUGE_VAL, HUGE_VAL, HUGE_VAL}};
    int rc = fields_read(name, root, template_fields, ARRAY_LEN(template_fields), &template, err);
    if (rc != 0) {
        return rc;
    }
    if (strlen(template.id) >= SLO_ID_SIZE) {
        return fields_fail(
            err, name, json_find(root, "id"), "'id' is longer than %d bytes", SLO_ID_SIZE - 1);
    }
    rc = fields_read(
        name, template.limits, limit_fields, ARRAY_LEN(limit_fields), &template.values, err);
    if (rc != 0) {
        return rc;
    }
    if (template.limits->len == 0) {
        return fields_fail(err, name, template.limits, "'limits' must hold at least one limit");
    }
    *out = template;
    return 0;
}

static size_t write_limit(char *text, size_t len, const char *name, double limit_ms)
{
    if (isinf(limit_ms)) {
        return len;
    }
    /* As the Python suite writes it: whole numbers plain, others with six digits. */
    const bool whole = fabs(limit_ms - rint(limit_ms)) <= 0.0;
    const char *comma = len == 0 ? "" : ", ";
    const size_t room = SLO_TEXT_MAX - len;
    const int n = whole ? snprintf(text + len, room, "%s%s<%.0fms", comma, name, limit_ms)
                        : snprintf(text + len, room, "%s%s<%gms", comma, name, limit_ms);
    return len + (size_t)n;
}

static void resolve(const struct template *template, const char *hardware, struct slo *out)
{
    const struct hardware_class *class = hardware_class_find(hardware);
    const double multiplier = class != NULL ? class->multiplier : 1.0;
    const struct slo_limits *base = &template->values;
    struct slo slo = {
        .for_kind = (enum slo_for) template->kind,
        .limits = {
            .ttft_ms = base->ttft_ms * multiplier,
            .tpot_ms = base->tpot_ms * multiplier,
            .total_ms = base->total_ms * multiplier,
        }};
    (void)snprintf(slo.id, sizeof(slo.id), "%s", template->id);
    (void)snprintf(
        slo.hardware_class, sizeof(slo.hardware_class), "%s",
        class != NULL ? class->name : "unknown");
    size_t len = write_limit(slo.resolved, 0, "ttft", slo.limits.ttft_ms);
    len = write_limit(slo.resolved, len, "tpot", slo.limits.tpot_ms);
    (void)write_limit(slo.resolved, len, "total", slo.limits.total_ms);
    *out = slo;
}

int slo_load(const char *name, const char *hardware, struct slo *out, struct error *err)
{
    CLEANUP(mem_freep) char *from_disk = NULL;
    const char *text = NULL;
    size_t len = 0;
    int rc = slo_check(name, err);
    if (rc == 0 && slo_is_path(name)) {
        rc = file_read(name, SLO_FILE_MAX, &from_disk, &len, err);
        text = from_disk;
    } else if (rc == 0) {
        const struct embedded_file *file = find_built_in(name);
        text = file->text;
        len = file->len;
    }
    if (rc != 0) {
        return rc;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct template template = {0};
    rc = yaml_parse(&arena, name, text, len, &root, err);
    if (rc == 0) {
        rc = read_template(name, root, &template, err);
    }
    if (rc == 0) {
        resolve(&template, hardware, out);
    }
    return rc;
}
