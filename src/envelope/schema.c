/* One table row for each field.  A row says what the field must be and whether the other side would
 * put in a default where it is missing: then its absence is a fault of the normal form, not of the
 * schema.  In the same way a value of another type is a fault of the normal form where the other side
 * would convert it ("42", 42.0 and true become 42), else of the schema.
 * Source: ENVELOPE.md "Fields"; behaviour of inferencebench-envelope 0.1.0. */
#include "envelope/schema.h"

#include "codec/canonical.h"
#include "envelope/schema_form.h"
#include "hardware/normal_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rule_type {
    RULE_TEXT,
    RULE_TIMESTAMP,
    RULE_INTEGER,
    RULE_BOOL,
    RULE_OBJECT,
    RULE_OBJECT_OR_NULL,
    RULE_ARRAY,
};

enum presence {
    REQUIRED,
    DEFAULTED, /* the other side adds it */
};

struct rule {
    const char *parent; /* path of the object that holds it; "" for the document */
    const char *key;
    enum rule_type type;
    enum presence presence;
    size_t min; /* characters of a text, or least value of an integer */
    size_t max; /* 0: no limit */
    enum schema_form form;
};

/* clang-format off */
#define HF "hardware_fingerprint"
#define SP "software_provenance"

static const struct rule rules[] = {
    {"", "envelope_version", RULE_TEXT, DEFAULTED, 1, 0, FORM_VERSION_1},
    {"", "suite_id", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"", "suite_version", RULE_TEXT, REQUIRED, 1, 0, FORM_SEMVER},
    {"", "run_id", RULE_TEXT, REQUIRED, 1, 0, FORM_UUID7},
    {"", "timestamp", RULE_TIMESTAMP, REQUIRED, 0, 0, FORM_ANY},
    {"", "model", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {"model", "id", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"model", "revision", RULE_TEXT, REQUIRED, 7, 40, FORM_ANY},
    {"model", "provider", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"model", "endpoint_hash", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
    {"", "engine", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {"engine", "name", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"engine", "version", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"engine", "config_hash", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
    {"engine", "image_digest", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {"", "quantization", RULE_OBJECT_OR_NULL, DEFAULTED, 0, 0, FORM_ANY},
    {"quantization", "format", RULE_TEXT, REQUIRED, 0, 0, FORM_ANY},
    {"quantization", "method", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {"", HF, RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {HF, "fingerprint_sha256", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
    {HF, "dmi_uuid", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {HF, "gpus", RULE_ARRAY, DEFAULTED, 0, 0, FORM_ANY},
    {HF, "cpu", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {HF ".cpu", "model", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {HF ".cpu", "microcode", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {HF, "memory", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {HF ".memory", "channels", RULE_INTEGER, REQUIRED, 1, 16, FORM_ANY},
    {HF ".memory", "speed_mts", RULE_INTEGER, REQUIRED, 1, 0, FORM_ANY},
    {HF ".memory", "ecc", RULE_BOOL, DEFAULTED, 0, 0, FORM_ANY},
    {HF, "bios", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {HF ".bios", "version", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {HF ".bios", "resizable_bar", RULE_BOOL, REQUIRED, 0, 0, FORM_ANY},
    {HF ".bios", "above_4g", RULE_BOOL, REQUIRED, 0, 0, FORM_ANY},
    {HF, "numa", RULE_OBJECT, DEFAULTED, 0, 0, FORM_ANY},
    {HF, "driver", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {HF, "cuda", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {HF, "nccl", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {"", SP, RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {SP, "image_digest", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {SP, "pip_freeze_hash", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
    {SP, "git_commit", RULE_TEXT, REQUIRED, 7, 40, FORM_ANY},
    {SP, "nvidia_smi_q_hash", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {"", "dataset", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {"dataset", "id", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"dataset", "hash", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
    {"", "seed", RULE_INTEGER, REQUIRED, 0, 0, FORM_ANY},
    {"", "driver_options", RULE_OBJECT, DEFAULTED, 0, 0, FORM_ANY},
    {"", "metrics", RULE_OBJECT, REQUIRED, 0, 0, FORM_ANY},
    {"", "distributions", RULE_OBJECT, DEFAULTED, 0, 0, FORM_ANY},
    {"", "slo_template", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
    {"", "warnings", RULE_ARRAY, DEFAULTED, 0, 0, FORM_ANY},
    {"", "signature", RULE_OBJECT_OR_NULL, DEFAULTED, 0, 0, FORM_ANY},
    {"signature", "method", RULE_TEXT, REQUIRED, 0, 0, FORM_METHOD},
    {"signature", "certificate", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"signature", "rekor_log_index", RULE_INTEGER, DEFAULTED, 0, 0, FORM_ANY},
    {"signature", "bundle", RULE_TEXT, DEFAULTED, 0, 0, FORM_ANY},
};

/* Of envelopes that this program wrote, where the field is there at all. */
static const struct rule plugin_rules[] = {
    {"", "plugin", RULE_OBJECT_OR_NULL, REQUIRED, 0, 0, FORM_ANY},
    {"plugin", "id", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"plugin", "version", RULE_TEXT, REQUIRED, 1, 0, FORM_SEMVER},
    {"plugin", "kind", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"plugin", "sha256", RULE_TEXT, REQUIRED, 0, 0, FORM_HEX64},
};

static const struct rule gpu_rules[] = {
    {"", "model", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"", "pci_id", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"", "serial", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
    {"", "vbios", RULE_TEXT, REQUIRED, 1, 0, FORM_ANY},
};

/* clang-format on */

struct walk {
    struct schema_findings *out;
    char base[64]; /* path of the object that the rules' parents start from */
};

enum sort {
    SORT_SCHEMA,
    SORT_NORMAL_FORM,
};

/* Where a thing is, for messages: "hardware_fingerprint.gpus[2].serial". */
struct place {
    const struct walk *walk;
    const char *parent;
    const char *key;
    unsigned line; /* 0: nowhere, it is missing */
};

/* Appends a part of a path, with the point that belongs before it. */
static void add_part(char text[ERROR_TEXT_MAX], const char *part)
{
    const size_t used = strlen(text);
    const bool joined = used > 0 && *part != '\0' && *part != '[';
    (void)snprintf(text + used, ERROR_TEXT_MAX - used, "%s%.64s", joined ? "." : "", part);
}

PRINTF_LIKE(3, 4)

static void fault(const struct place *place, enum sort sort, const char *format, ...)
{
    struct schema_findings *out = place->walk->out;
    char *text = sort == SORT_SCHEMA ? out->schema : out->normal_form;
    if (*text != '\0') {
        return;
    }
    add_part(text, place->walk->base);
    add_part(text, place->parent);
    add_part(text, place->key);
    char what[ERROR_TEXT_MAX / 2];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    size_t used = strlen(text);
    (void)snprintf(text + used, ERROR_TEXT_MAX - used, ": %s", what);
    if (place->line > 0) {
        used = strlen(text);
        (void)snprintf(text + used, ERROR_TEXT_MAX - used, " (line %u)", place->line);
    }
}

static void check_text(const struct place *place, const struct rule *rule, const struct json *value)
{
    if (value->kind != JSON_STRING) {
        fault(place, SORT_SCHEMA, "a string is expected");
        return;
    }
    const size_t length = normal_text_length(value->text, value->len);
    if (normal_text_is_padded(value->text, value->len)) {
        fault(place, SORT_NORMAL_FORM, "white space at the ends of the string");
    } else if (length < rule->min || (rule->max > 0 && length > rule->max)) {
        fault(
            place, SORT_SCHEMA,
            rule->max > 0 ? "%zu to %zu characters are expected"
                          : "a string that is not empty is expected",
            rule->min, rule->max);
    } else if (!schema_form_holds(rule->form, value->text, value->len)) {
        fault(place, SORT_SCHEMA, "%s is expected", schema_form_name(rule->form));
    }
}

/* True when the other side would take the value as a whole number. */
static bool converts_to_integer(const struct json *value)
{
    double number = 0.0;
    if (value->kind == JSON_BOOL) {
        return true;
    }
    if (value->kind == JSON_FLOAT && json_f64(value, &number)) {
        char text[CANONICAL_FLOAT_SIZE];
        const size_t len = canonical_float(number, text);
        return len > 2 && strcmp(text + len - 2, ".0") == 0;
    }
    return value->kind == JSON_STRING && schema_form_holds(FORM_INTEGER, value->text, value->len);
}

static void
check_integer(const struct place *place, const struct rule *rule, const struct json *value)
{
    if (value->kind != JSON_INTEGER) {
        fault(
            place, converts_to_integer(value) ? SORT_NORMAL_FORM : SORT_SCHEMA,
            "a whole number is expected, not %s", schema_kind_name(value));
        return;
    }
    int64_t number = 0;
    const bool fits = json_i64(value, &number);
    const bool negative = value->text[0] == '-';
    if (rule->min > 0 && (negative || (fits && number < (int64_t)rule->min))) {
        fault(place, SORT_SCHEMA, "a number from %zu is expected", rule->min);
    } else if (rule->max > 0 && (!fits || number > (int64_t)rule->max)) {
        fault(place, SORT_SCHEMA, "a number up to %zu is expected", rule->max);
    }
}

static void check_bool(const struct place *place, const struct json *value)
{
    if (value->kind == JSON_BOOL) {
        return;
    }
    const bool converts =
        value->kind == JSON_INTEGER || value->kind == JSON_FLOAT || value->kind == JSON_STRING;
    fault(
        place, converts ? SORT_NORMAL_FORM : SORT_SCHEMA, "true or false is expected, not %s",
        schema_kind_name(value));
}

static void check_timestamp(const struct place *place, const struct json *value)
{
    if (value->kind == JSON_STRING && schema_is_timestamp(value->text, value->len)) {
        return;
    }
    const bool is_number = value->kind == JSON_INTEGER || value->kind == JSON_FLOAT;
    const bool is_date =
        value->kind == JSON_STRING && schema_form_holds(FORM_DATE, value->text, value->len);
    fault(
        place, is_number || is_date ? SORT_NORMAL_FORM : SORT_SCHEMA,
        "YYYY-MM-DDTHH:MM:SS.ffffffZ is expected (no fraction when it is zero)");
}

static void
check_value(const struct place *place, const struct rule *rule, const struct json *value)
{
    switch (rule->type) {
    case RULE_TEXT:
        check_text(place, rule, value);
        return;
    case RULE_TIMESTAMP:
        check_timestamp(place, value);
        return;
    case RULE_INTEGER:
        check_integer(place, rule, value);
        return;
    case RULE_BOOL:
        check_bool(place, value);
        return;
    case RULE_OBJECT:
    case RULE_OBJECT_OR_NULL:
        if (value->kind != JSON_OBJECT && (value->kind != JSON_NULL || rule->type == RULE_OBJECT)) {
            fault(place, SORT_SCHEMA, "an object is expected");
        }
        return;
    case RULE_ARRAY:
        if (value->kind != JSON_ARRAY) {
            fault(place, SORT_SCHEMA, "an array is expected");
        }
        return;
    }
}

static void
check_rules(const struct walk *walk, const struct rule *table, size_t n, const struct json *root)
{
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &table[i];
        const struct json *parent = *rule->parent == '\0' ? root : json_path(root, rule->parent);
        if (parent == NULL || parent->kind != JSON_OBJECT) {
            continue; /* told at the parent's own row */
        }
        const struct json *value = json_find(parent, rule->key);
        const struct place place = {walk, rule->parent, rule->key, value == NULL ? 0 : value->line};
        if (value != NULL) {
            check_value(&place, rule, value);
        } else if (rule->presence == REQUIRED) {
            fault(&place, SORT_SCHEMA, "missing");
        } else {
            fault(&place, SORT_NORMAL_FORM, "missing, and the other side would add a default");
        }
    }
}

static void check_gpus(const struct walk *walk, const struct json *gpus)
{
    size_t i = 0;
    for (const struct json *gpu = gpus->first; gpu != NULL; gpu = gpu->next) {
        struct walk inner = *walk;
        (void)snprintf(inner.base, sizeof(inner.base), HF ".gpus[%zu]", i);
        if (gpu->kind != JSON_OBJECT) {
            const struct place place = {walk, inner.base, "", gpu->line};
            fault(&place, SORT_SCHEMA, "an object is expected");
        }
        check_rules(&inner, gpu_rules, ARRAY_LEN(gpu_rules), gpu);
        i++;
    }
}

/* Objects whose keys are data: the other side strips them. */
static void check_keys(const struct walk *walk, const char *path, const struct json *object)
{
    for (const struct json *child = object->first; child != NULL; child = child->next) {
        if (normal_text_is_padded(child->key, child->key_len)) {
            const struct place place = {walk, path, child->key, child->line};
            fault(&place, SORT_NORMAL_FORM, "white space at the ends of the key");
        }
    }
}

static void check_metrics(const struct walk *walk, const struct json *metrics)
{
    if (metrics->len == 0) {
        const struct place place = {walk, "", "metrics", metrics->line};
        fault(&place, SORT_SCHEMA, "at least one metric is expected");
    }
    for (const struct json *metric = metrics->first; metric != NULL; metric = metric->next) {
        const struct place place = {walk, "metrics", metric->key, metric->line};
        if (metric->kind == JSON_BOOL) {
            fault(
                &place, SORT_NORMAL_FORM, "a number, a string or null is expected, not a boolean");
        } else if (metric->kind == JSON_ARRAY || metric->kind == JSON_OBJECT) {
            fault(&place, SORT_SCHEMA, "a number, a string or null is expected");
        } else if (
            metric->kind == JSON_STRING && normal_text_is_padded(metric->text, metric->len)) {
            fault(&place, SORT_NORMAL_FORM, "white space at the ends of the string");
        }
    }
}

/* Every child must be a string without padding. */
static void check_strings(const struct walk *walk, const char *path, const struct json *list)
{
    size_t i = 0;
    for (const struct json *child = list->first; child != NULL; child = child->next) {
        char index[32];
        (void)snprintf(index, sizeof(index), "[%zu]", i++);
        const struct place place = {
            walk, path, child->key == NULL ? index : child->key, child->line};
        if (child->kind != JSON_STRING) {
            fault(&place, SORT_SCHEMA, "a string is expected");
        } else if (normal_text_is_padded(child->text, child->len)) {
            fault(&place, SORT_NORMAL_FORM, "white space at the ends of the string");
        }
    }
}

/* The child with this key and kind, or an empty one: loops over it end at once. */
static const struct json *child_of(const struct json *root, const char *path, enum json_kind kind)
{
    static const struct json empty = {.kind = JSON_NULL, .len = 1};
    const struct json *child = json_path(root, path);
    return child != NULL && child->kind == kind ? child : &empty;
}

/* A row of the object itself is told at its place in a document: "hardware_fingerprint.cpu.model". */
void schema_check_fingerprint(const struct json *fingerprint, struct schema_findings *out)
{
    *out = (struct schema_findings){0};
    const struct walk walk = {.out = out};
    if (fingerprint->kind != JSON_OBJECT) {
        const struct place place = {&walk, "", HF, fingerprint->line};
        fault(&place, SORT_SCHEMA, "an object is expected");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const size_t skip = strlen(HF);
        const char *parent = rules[i].parent;
        if (strncmp(parent, HF, skip) == 0) {
            struct walk inner = {.out = out, .base = HF};
            struct rule rule = rules[i];
            rule.parent = parent[skip] == '.' ? parent + skip + 1 : "";
            check_rules(&inner, &rule, 1, fingerprint);
        }
    }
    check_gpus(&walk, child_of(fingerprint, "gpus", JSON_ARRAY));
    check_keys(&walk, HF ".numa", child_of(fingerprint, "numa", JSON_OBJECT));
}

void schema_check(const struct json *root, struct schema_findings *out)
{
    *out = (struct schema_findings){0};
    const struct walk walk = {.out = out};
    if (root->kind != JSON_OBJECT) {
        const struct place place = {&walk, "", "document", root->line};
        fault(&place, SORT_SCHEMA, "an object is expected");
        return;
    }
    check_rules(&walk, rules, ARRAY_LEN(rules), root);
    if (json_path(root, SP ".bench_version") != NULL && json_find(root, "plugin") != NULL) {
        check_rules(&walk, plugin_rules, ARRAY_LEN(plugin_rules), root);
    }
    check_gpus(&walk, child_of(root, HF ".gpus", JSON_ARRAY));
    check_metrics(&walk, child_of(root, "metrics", JSON_OBJECT));
    check_strings(&walk, "distributions", child_of(root, "distributions", JSON_OBJECT));
    check_strings(&walk, "warnings", child_of(root, "warnings", JSON_ARRAY));
    static const char *const data_objects[] = {
        HF ".numa", "driver_options", "metrics", "distributions"};
    for (size_t i = 0; i < ARRAY_LEN(data_objects); i++) {
        check_keys(&walk, data_objects[i], child_of(root, data_objects[i], JSON_OBJECT));
    }
}
