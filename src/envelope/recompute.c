/* The same functions that made the envelope's objects make them again from the records; then both
 * are compared as canonical text, so that equal means equal bit for bit.
 *
 * Without token events (level "requests") some numbers cannot be had: a null where the envelope has
 * a number is then no difference, but it is counted and said. */
#include "envelope/recompute.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "envelope/quality_json.h"
#include "envelope/records_file.h"
#include "envelope/summary_json.h"
#include "envelope/telemetry_json.h"
#include "envelope/verify_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_MAX = 160
};

struct comparison {
    const struct json *root;
    struct arena arena;
    bool has_events;
    size_t n_compared;
    size_t n_without_events;
    char difference[ERROR_TEXT_MAX]; /* "" while there is none */
};

static void canonical_text(const struct json *value, struct bytes *out)
{
    bytes_init(out, BYTES_MAX_DEFAULT);
    if (value == NULL) {
        bytes_add_text(out, "nothing");
    } else {
        canonical_write(value, NULL, out);
    }
}

static void compare_value(
    struct comparison *self,
    const char *path,
    const char *key,
    const struct json *stored,
    const struct json *computed)
{
    if (self->difference[0] != '\0') {
        return;
    }
    if (!self->has_events && computed != NULL && computed->kind == JSON_NULL && stored != NULL &&
        stored->kind != JSON_NULL) {
        self->n_without_events++;
        return;
    }
    CLEANUP(bytes_done) struct bytes a;
    CLEANUP(bytes_done) struct bytes b;
    canonical_text(stored, &a);
    canonical_text(computed, &b);
    if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0) {
        (void)snprintf(
            self->difference, sizeof(self->difference),
            "%s.%s: the envelope has %.*s, the records give %.*s", path, key, SHOWN_MAX, a.data,
            SHOWN_MAX, b.data);
    }
    self->n_compared++;
}

/* Every member of the computed object; more members in the envelope are not the records' affair. */
static void compare_object(struct comparison *self, const char *path, const struct json *computed)
{
    const struct json *stored = json_find(self->root, path);
    for (const struct json *child = computed->first; child != NULL; child = child->next) {
        if (!self->has_events && text_equal(child->key, "unsupported_percentiles")) {
            continue;
        }
        compare_value(self, path, child->key, json_find(stored, child->key), child);
    }
}

/* Energy, cost and accuracy that the envelope claims and the records do not give. */
static void compare_absent(struct comparison *self, const struct json *computed)
{
    static const char *const keys[] = {
        "joules_per_token",
        "joules_per_request",
        "power_avg_w",
        "power_peak_w",
        "energy_joules_total",
        "energy_uncertainty_joules",
        "cost_usd_per_million_tokens",
        "cost_usd_per_request",
        "cost_usd_total",
        "cost_source",
        "accuracy",
        "accuracy_incl_failures",
        "n_scored"};
    const struct json *stored = json_find(self->root, "metrics");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_find(stored, keys[i]) != NULL && json_find(computed, keys[i]) == NULL) {
            compare_value(self, "metrics", keys[i], json_find(stored, keys[i]), NULL);
        }
    }
}

/* Samples that the envelope claims and the records do not have. */
static void compare_telemetry(struct comparison *self, const struct json *computed)
{
    const struct json *stored = json_find(self->root, "telemetry");
    if (computed->kind == JSON_NULL && stored != NULL && stored->kind != JSON_NULL) {
        compare_value(self, "envelope", "telemetry", stored, NULL);
    }
    compare_object(self, "telemetry", computed);
}

/* Also where one of both has no judge. */
static void compare_judge(struct comparison *self, const struct judge_summary *judge)
{
    const struct json *stored = json_find(self->root, "judge");
    const bool has_judge = stored != NULL && stored->kind != JSON_NULL;
    if (!has_judge && judge->n_questions == 0) {
        return;
    }
    struct json *computed = json_new(&self->arena, JSON_OBJECT);
    summary_json_judge(&self->arena, judge, computed);
    compare_object(self, "judge", computed);
}

/* Accuracy that the envelope claims and the records do not give, and what they give. */
static void compare_quality(struct comparison *self, const struct records_loaded *loaded)
{
    const struct json *computed = quality_json(&self->arena, &loaded->records);
    const struct json *stored = json_find(self->root, "quality");
    if (computed->kind == JSON_NULL) {
        if (stored != NULL && stored->kind != JSON_NULL) {
            compare_value(self, "envelope", "quality", stored, NULL);
        }
        return;
    }
    compare_object(self, "quality", computed);
}

static void compare_identity(struct comparison *self, const struct records_loaded *loaded)
{
    struct arena *arena = &self->arena;
    struct json *records = json_new(arena, JSON_OBJECT);
    json_add_i64(arena, records, "n_requests", (int64_t)loaded->records.n);
    json_add_text(arena, records, "schema", RECORDS_SCHEMA);
    json_add_text(arena, records, "level", loaded->records.has_events ? "full" : "requests");
    compare_object(self, "records", records);
    compare_value(
        self, "envelope", "run_id", json_find(self->root, "run_id"),
        json_new_text(arena, loaded->run_id));
    compare_value(
        self, "envelope", "seed", json_find(self->root, "seed"),
        json_new_u64(arena, loaded->facts.seed));
}

static void compare_summary(struct comparison *self, const struct records_loaded *loaded)
{
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&loaded->facts, &loaded->records, summary);
    struct json *metrics = json_new(&self->arena, JSON_OBJECT);
    summary_json_metrics(&self->arena, summary, metrics);
    compare_object(self, "metrics", metrics);
    compare_absent(self, metrics);
    compare_object(self, "intervals", summary_json_intervals(&self->arena, summary));
    compare_quality(self, loaded);
    compare_object(
        self, "measurement", summary_json_measurement(&self->arena, &loaded->facts, summary));
    compare_judge(self, &summary->judge);
    compare_object(self, "validity", summary_json_validity(&self->arena, summary));
    compare_telemetry(self, telemetry_json(&self->arena, &loaded->facts));
}

/* Numbers of the envelope that no table row computes: of other writers. */
static size_t count_others(const struct json *root)
{
    size_t n = 0;
    const struct json *metrics = json_find(root, "metrics");
    for (const struct json *row = metrics == NULL ? NULL : metrics->first; row != NULL;
         row = row->next) {
        const bool is_number = row->kind == JSON_INTEGER || row->kind == JSON_FLOAT;
        n += is_number && json_find(json_find(root, "intervals"), row->key) == NULL;
    }
    return n;
}

static void report_comparison(const struct comparison *self, struct verify_report *out)
{
    if (self->difference[0] != '\0') {
        verify_add(out, "recompute", CHECK_FAIL, "%.1000s", self->difference);
        return;
    }
    char without_events[96] = "";
    char others[96] = "";
    if (self->n_without_events > 0) {
        (void)snprintf(
            without_events, sizeof(without_events), "; %zu need token events, which were not kept",
            self->n_without_events);
    }
    const size_t n_others = count_others(self->root);
    if (n_others > 0) {
        (void)snprintf(others, sizeof(others), "; %zu metrics are not from the records", n_others);
    }
    const struct json *selftest = json_find(self->root, "selftest");
    const bool has_selftest = selftest != NULL && selftest->kind != JSON_NULL;
    verify_add(
        out, "recompute", CHECK_PASS, "%zu values computed again, all equal%s%s%s",
        self->n_compared, without_events, others,
        has_selftest ? "; the self-test is not from the records" : "");
}

void recompute_check(
    const struct json *root,
    const char *records_name,
    const char *text,
    size_t len,
    struct verify_report *out)
{
    struct records_loaded loaded;
    struct error err = {0};
    if (records_parse(records_name, text, len, &loaded, &err) < 0) {
        verify_add(out, "recompute", CHECK_FAIL, "%.1000s", err.text);
        return;
    }
    CLEANUP(mem_freep) struct comparison *comparison = MEM_NEW(struct comparison);
    comparison->root = root;
    comparison->has_events = loaded.records.has_events;
    compare_identity(comparison, &loaded);
    compare_summary(comparison, &loaded);
    report_comparison(comparison, out);
    arena_done(&comparison->arena);
    records_loaded_done(&loaded);
}
