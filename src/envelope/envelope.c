/* The body is one list of fields in the order of ENVELOPE.md.  A text that is not known goes through
 * one function, so that none is written without its warning and none is left out. */
#include "envelope/envelope.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "envelope/quality_json.h"
#include "envelope/summary_json.h"
#include "envelope/telemetry_json.h"
#include "hardware/normal_text.h"

#include <math.h>
#include <string.h>

enum {
    REVISION_MIN = 7,
    REVISION_MAX = 40
};

struct body {
    struct arena *arena;
    const struct envelope_inputs *inputs;
    struct json *root;
    struct json *warnings;
};

/* One warning for one thing, also when the run and the body both see it. */
static void warn(struct body *self, const char *text)
{
    for (const struct json *row = self->warnings->first; row != NULL; row = row->next) {
        if (text_equal(row->text, text)) {
            return;
        }
    }
    (void)json_append(self->warnings, json_new_text(self->arena, text));
}

/* A text in normal form; `unknown` with a warning when there is none. */
static const char *
known_text(struct body *self, const char *path, const char *text, const char *unknown)
{
    const char *copy = normal_text_copy(self->arena, text == NULL ? "" : text);
    if (*copy != '\0' && !text_equal(copy, "unknown")) {
        return copy;
    }
    warn(self, arena_format(self->arena, "%s is unknown", path));
    return unknown;
}

static struct json *add_object(struct body *self, const char *key)
{
    return json_add(self->arena, self->root, key, json_new(self->arena, JSON_OBJECT));
}

static void add_text(struct body *self, struct json *object, const char *key, const char *text)
{
    json_add_text(self->arena, object, key, text);
}

/* A given object, or an empty one. */
static void add_copy(struct body *self, const char *key, const struct json *value)
{
    if (value == NULL) {
        (void)add_object(self, key);
    } else {
        (void)json_add(self->arena, self->root, key, json_copy(self->arena, value));
    }
}

static void add_copy_or_null(struct body *self, const char *key, const struct json *value)
{
    if (value == NULL) {
        json_add_null(self->arena, self->root, key);
    } else {
        add_copy(self, key, value);
    }
}

static const char *revision_of(struct body *self)
{
    const char *text = known_text(self, "model.revision", self->inputs->model_revision, "unknown");
    const size_t length = normal_text_length(text, strlen(text));
    if (length >= REVISION_MIN && length <= REVISION_MAX) {
        return text;
    }
    warn(
        self, arena_format(
                  self->arena,
                  "model.revision '%s' is not written: the format takes 7 to 40 characters", text));
    return "unknown";
}

static void add_model(struct body *self)
{
    const struct envelope_inputs *inputs = self->inputs;
    struct json *model = add_object(self, "model");
    char hash[DIGEST_HEX_SIZE];
    digest_sha256_hex(inputs->endpoint_normal, strlen(inputs->endpoint_normal), hash);
    add_text(self, model, "id", known_text(self, "model.id", inputs->model_id, "unknown"));
    add_text(self, model, "revision", revision_of(self));
    add_text(
        self, model, "provider",
        known_text(self, "model.provider", inputs->model_provider, "unknown"));
    add_text(self, model, "endpoint_hash", hash);
}

/* What config_hash is the hash of: what the engine told, and what every request asked for. */
static struct json *engine_config(struct body *self)
{
    const struct envelope_inputs *inputs = self->inputs;
    struct json *config = json_new(self->arena, JSON_OBJECT);
    if (inputs->engine_config == NULL) {
        json_add_null(self->arena, config, "engine");
        warn(
            self, "the engine told nothing of its configuration: engine.config_hash covers the "
                  "request parameters alone");
    } else {
        (void)json_add(
            self->arena, config, "engine", json_copy(self->arena, inputs->engine_config));
    }
    const struct json *request = json_find(inputs->driver_options, "request");
    if (request == NULL) {
        json_add_null(self->arena, config, "request");
    } else {
        (void)json_add(self->arena, config, "request", json_copy(self->arena, request));
    }
    return config;
}

static void add_engine(struct body *self, const struct json *config)
{
    const struct envelope_inputs *inputs = self->inputs;
    struct json *engine = add_object(self, "engine");
    char hash[DIGEST_HEX_SIZE];
    canonical_sha256(config, NULL, hash);
    add_text(self, engine, "name", known_text(self, "engine.name", inputs->engine_name, "unknown"));
    add_text(
        self, engine, "version",
        known_text(self, "engine.version", inputs->engine_version, "unknown"));
    add_text(self, engine, "config_hash", hash);
    const char *image = inputs->engine_image_digest;
    if (image != NULL && *image == '\0') {
        add_text(self, engine, "image_digest", ""); /* it runs in no container */
    } else {
        add_text(self, engine, "image_digest", known_text(self, "engine.image_digest", image, ""));
    }
}

static void add_quantization(struct body *self)
{
    const char *format = known_text(self, "quantization", self->inputs->quantization_format, "");
    if (*format == '\0') {
        json_add_null(self->arena, self->root, "quantization");
        return;
    }
    struct json *quantization = add_object(self, "quantization");
    add_text(self, quantization, "format", format);
    add_text(self, quantization, "method", known_text(self, "quantization.method", NULL, ""));
}

static void add_dataset(struct body *self)
{
    struct json *dataset = add_object(self, "dataset");
    add_text(
        self, dataset, "id", known_text(self, "dataset.id", self->inputs->dataset_id, "unknown"));
    add_text(self, dataset, "hash", self->inputs->dataset_hash);
}

static void add_metrics(struct body *self)
{
    struct json *metrics = add_object(self, "metrics");
    const struct envelope_inputs *inputs = self->inputs;
    summary_json_metrics(self->arena, inputs->summary, metrics);
    add_text(
        self, metrics, "slo_hardware_class",
        known_text(self, "metrics.slo_hardware_class", inputs->slo_hardware_class, "unknown"));
    add_text(
        self, metrics, "slo_template_resolved",
        normal_text_copy(self->arena, inputs->slo_resolved == NULL ? "" : inputs->slo_resolved));
    const struct json *of_plugin = inputs->plugin_metrics;
    for (const struct json *row = of_plugin == NULL ? NULL : of_plugin->first; row != NULL;
         row = row->next) {
        (void)json_add(self->arena, metrics, row->key, json_copy(self->arena, row));
    }
    if (isfinite(summary_get(inputs->summary, "power_avg_w"))) {
        return;
    }
    warn(
        self, "telemetry: no power was sampled: power_avg_w, power_peak_w, energy_joules_total and "
              "joules_per_token are absent");
}

/* Columns that a reader can derive from the records file; which stamps make which is in
 * docs/envelope.md. */
static void add_distributions(struct body *self)
{
    static const char *const names[] = {"ttft_ms", "tpot_ms", "total_ms", "itl_ms", "icl_ms"};
    const size_t n_without_events = 3;
    struct json *distributions = add_object(self, "distributions");
    if (self->inputs->records_level == RECORDS_OFF) {
        return;
    }
    const bool events = self->inputs->records_level == RECORDS_FULL;
    for (size_t i = 0; i < (events ? ARRAY_LEN(names) : n_without_events); i++) {
        add_text(self, distributions, names[i], arena_format(self->arena, "records#%s", names[i]));
    }
}

/* Whose machine hardware_fingerprint describes. */
static void add_host_role(struct body *self)
{
    static const char *const names[] = {
        [FINGERPRINT_OF_CLIENT] = "client",
        [FINGERPRINT_OF_BOTH] = "engine_and_client",
        [FINGERPRINT_OF_ENGINE] = "engine",
    };
    const struct envelope_inputs *inputs = self->inputs;
    struct json *role = add_object(self, "host_role");
    add_text(self, role, "hardware_fingerprint", names[inputs->fingerprint_of]);
    add_text(self, role, "engine_address", inputs->engine_address);
    if (inputs->fingerprint_of == FINGERPRINT_OF_CLIENT) {
        warn(
            self,
            "hardware_fingerprint describes the client's machine; that of the engine is not known");
    }
    add_copy_or_null(self, "engine_process", inputs->engine_process);
    add_copy_or_null(self, "client_fingerprint", inputs->client_fingerprint);
}

/* Who answered before and after the point: a flat object of numbers and of texts from a server. */
static void
add_identity(struct body *self, struct json *out, const char *key, const struct json *identity)
{
    if (identity == NULL) {
        json_add_null(self->arena, out, key);
        return;
    }
    struct json *copy = json_add(self->arena, out, key, json_new(self->arena, JSON_OBJECT));
    for (const struct json *row = identity->first; row != NULL; row = row->next) {
        if (row->kind == JSON_STRING) {
            add_text(self, copy, row->key, normal_text_copy(self->arena, row->text));
        } else {
            (void)json_add(self->arena, copy, row->key, json_copy(self->arena, row));
        }
    }
}

static void add_measurement(struct body *self)
{
    const struct envelope_inputs *inputs = self->inputs;
    struct json *measurement =
        summary_json_measurement(self->arena, inputs->facts, inputs->summary);
    const struct json *kernel = json_find(inputs->software_provenance, "kernel");
    json_add_text(self->arena, measurement, "kernel_version", json_text(kernel, "unknown"));
    add_identity(self, measurement, "engine_before", inputs->engine_before);
    add_identity(self, measurement, "engine_after", inputs->engine_after);
    (void)json_add(self->arena, self->root, "measurement", measurement);
}

/* Not of this point's requests: no part of `measurement`, whose figures follow from the records. */
static void add_selftest(struct body *self)
{
    const struct json *selftest = self->inputs->selftest;
    if (selftest == NULL) {
        json_add_null(self->arena, self->root, "selftest");
    } else {
        (void)json_add(self->arena, self->root, "selftest", json_copy(self->arena, selftest));
    }
}

/* Who judged is the run's to say; what came of it follows from the records. */
static void add_judge(struct body *self)
{
    const struct envelope_inputs *inputs = self->inputs;
    if (inputs->judge == NULL) {
        json_add_null(self->arena, self->root, "judge");
        return;
    }
    struct json *judge = json_copy(self->arena, inputs->judge);
    (void)json_add(self->arena, self->root, "judge", judge);
    summary_json_judge(self->arena, &inputs->summary->judge, judge);
}

/* What follows from the records, and the method that is not in them. */
static void add_quality(struct body *self)
{
    struct json *quality = quality_json(self->arena, self->inputs->records);
    if (quality->kind == JSON_OBJECT && self->inputs->scoring != NULL) {
        add_text(self, quality, "scoring", self->inputs->scoring);
    }
    (void)json_add(self->arena, self->root, "quality", quality);
}

static int add_records(struct body *self, struct bytes *compressed, struct error *err)
{
    const struct envelope_inputs *inputs = self->inputs;
    if (inputs->records_level == RECORDS_OFF) {
        json_add_null(self->arena, self->root, "records");
        warn(self, "records are off: the metrics cannot be computed again from raw facts");
        return 0;
    }
    const struct records_source source = {
        inputs->run_id, inputs->facts, inputs->records, inputs->records_level};
    char hash[DIGEST_HEX_SIZE];
    const int rc = records_pack(&source, compressed, hash, err);
    if (rc < 0) {
        return rc;
    }
    struct json *records = add_object(self, "records");
    add_text(self, records, "sha256", hash);
    json_add_i64(self->arena, records, "n_requests", (int64_t)inputs->records->n);
    add_text(self, records, "schema", RECORDS_SCHEMA);
    add_text(self, records, "level", inputs->records_level == RECORDS_FULL ? "full" : "requests");
    return 0;
}

static void copy_warnings(struct body *self)
{
    const struct json *given = self->inputs->warnings;
    for (const struct json *row = given == NULL ? NULL : given->first; row != NULL;
         row = row->next) {
        warn(self, normal_text_copy(self->arena, json_text(row, "")));
    }
}

static void add_head(struct body *self)
{
    const struct envelope_inputs *inputs = self->inputs;
    char timestamp[CLOCK_TIMESTAMP_SIZE];
    clock_format_timestamp(inputs->timestamp_real_ns, timestamp);
    add_text(self, self->root, "envelope_version", "v1");
    add_text(
        self, self->root, "suite_id", known_text(self, "suite_id", inputs->suite_id, "unknown"));
    add_text(self, self->root, "suite_version", inputs->suite_version);
    add_text(self, self->root, "run_id", inputs->run_id);
    add_text(self, self->root, "timestamp", timestamp);
    add_model(self);
}

/* Fields from `engine` on, in the order of ENVELOPE.md. */
static int add_rest(struct body *self, struct bytes *records, struct error *err)
{
    const struct envelope_inputs *inputs = self->inputs;
    struct json *config = engine_config(self);
    add_engine(self, config);
    add_quantization(self);
    add_copy(self, "hardware_fingerprint", inputs->hardware_fingerprint);
    add_copy(self, "software_provenance", inputs->software_provenance);
    add_dataset(self);
    (void)json_add(self->arena, self->root, "seed", json_new_u64(self->arena, inputs->seed));
    add_copy(self, "driver_options", inputs->driver_options);
    add_metrics(self);
    add_distributions(self);
    add_text(
        self, self->root, "slo_template",
        known_text(self, "slo_template", inputs->slo_template, ""));
    (void)json_add(self->arena, self->root, "warnings", self->warnings);
    (void)json_add(
        self->arena, self->root, "intervals", summary_json_intervals(self->arena, inputs->summary));
    add_measurement(self);
    (void)json_add(
        self->arena, self->root, "validity", summary_json_validity(self->arena, inputs->summary));
    const int rc = add_records(self, records, err);
    if (rc < 0) {
        return rc;
    }
    (void)json_add(self->arena, self->root, "engine_config", config);
    (void)json_add(
        self->arena, self->root, "telemetry", telemetry_json(self->arena, inputs->facts));
    add_host_role(self);
    add_selftest(self);
    add_quality(self);
    add_copy_or_null(self, "plugin", inputs->plugin);
    add_judge(self);
    json_add_null(self->arena, self->root, "signature");
    return 0;
}

int envelope_build(const struct envelope_inputs *inputs, struct envelope *out, struct error *err)
{
    struct envelope built = {0};
    bytes_init(&built.records, RECORDS_SIZE_MAX);
    struct body body = {.arena = &built.arena, .inputs = inputs};
    body.root = json_new(&built.arena, JSON_OBJECT);
    body.warnings = json_new(&built.arena, JSON_ARRAY);
    copy_warnings(&body);
    add_head(&body);
    const int rc = add_rest(&body, &built.records, err);
    if (rc < 0) {
        envelope_done(&built);
        return rc;
    }
    canonical_sha256(body.root, "signature", built.content_hash);
    built.body = body.root;
    *out = built;
    return 0;
}

void envelope_done(struct envelope *self)
{
    arena_done(&self->arena);
    bytes_done(&self->records);
    self->body = NULL;
}
