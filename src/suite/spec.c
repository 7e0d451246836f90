/* A spec is read in two steps: tables of keys find typing errors, wrong kinds and ranges; then a few
 * rules check what only shows when several keys are seen together. */
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/yaml.h"
#include "suite/dataset.h"
#include "suite/fields.h"
#include "suite/names.h"
#include "suite/score.h"
#include "suite/slo.h"
#include "suite/suite.h"

#include <string.h>

enum {
    MAX_TOKENS_MAX = 1000000,
    CONCURRENCY_MAX = 100000,
    WARMUP_MAX = 1000,
    EXTRA_BODY_MAX = 1 << 16
};

#define TEMPERATURE_MAX 10.0
#define RATE_MIN_RPS    0.001
#define RATE_MAX_RPS    1e6

_Static_assert((int)FIELD_LIST_MAX == (int)SPEC_POINTS_MAX, "lists of points fit");

/* The mappings of a spec, as written. */
struct draft {
    const char *id;
    const char *plugin;
    const char *version;
    const char *title;
    unsigned kind;
    const struct json *dataset;
    const struct json *request;
    const struct json *load;
    const struct json *warmup;
    const char *slo_template;
    struct text_list metrics;
    const char *scoring; /* NULL: none */
    const struct json *scoring_options;
};

struct dataset_draft {
    const char *recipe;
    const char *help;
};

struct request_draft {
    unsigned shape;
    bool stream;
    uint32_t max_tokens;
    double temperature;
    bool ignore_eos;
    const struct json *extra_body;
};

struct load_draft {
    unsigned driver;
    struct u32_list concurrency;
    struct f64_list rates_rps;
};

struct scoring_draft {
    double tolerance;
};

struct warmup_draft {
    uint32_t requests_per_stream;
};

/* In the order of the enums. */
static const char *const kinds[] = {"perf", "quality", NULL};
static const char *const drivers[] = {"closed", "open", NULL};
static const char *const shapes[] = {"chat", "completion", NULL};

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field draft_fields[] = {
    {.key = "id", .kind = FIELD_TEXT, .required = true, AT(draft, id)},
    {.key = "plugin", .kind = FIELD_TEXT, .required = true, AT(draft, plugin)},
    {.key = "version", .kind = FIELD_TEXT, .required = true, AT(draft, version)},
    {.key = "title", .kind = FIELD_TEXT, .required = true, AT(draft, title)},
    {.key = "kind", .kind = FIELD_CHOICE, .required = true, AT(draft, kind), .choices = kinds},
    {.key = "dataset", .kind = FIELD_OBJECT, .required = true, AT(draft, dataset)},
    {.key = "request", .kind = FIELD_OBJECT, .required = true, AT(draft, request)},
    {.key = "load", .kind = FIELD_OBJECT, .required = true, AT(draft, load)},
    {.key = "warmup", .kind = FIELD_OBJECT, AT(draft, warmup)},
    {.key = "metrics", .kind = FIELD_TEXT_LIST, AT(draft, metrics)},
    {.key = "slo_template", .kind = FIELD_TEXT, .required = true, AT(draft, slo_template)},
    {.key = "scoring", .kind = FIELD_TEXT, AT(draft, scoring)},
    {.key = "scoring_options", .kind = FIELD_OBJECT, AT(draft, scoring_options)},
};

static const struct field scoring_fields[] = {
    {.key = "tolerance",
     .kind = FIELD_F64,
     AT(scoring_draft, tolerance),
     .min = 0.0,
     .max = ITEM_TOLERANCE_MAX},
};

static const struct field dataset_fields[] = {
    {.key = "recipe", .kind = FIELD_TEXT, .required = true, AT(dataset_draft, recipe)},
    {.key = "help", .kind = FIELD_TEXT, AT(dataset_draft, help)},
};

static const struct field request_fields[] = {
    {.key = "shape",
     .kind = FIELD_CHOICE,
     .required = true,
     AT(request_draft, shape),
     .choices = shapes},
    {.key = "stream", .kind = FIELD_BOOL, AT(request_draft, stream)},
    {.key = "max_tokens",
     .kind = FIELD_U32,
     .required = true,
     AT(request_draft, max_tokens),
     .min = 1,
     .max = MAX_TOKENS_MAX},
    {.key = "temperature",
     .kind = FIELD_F64,
     AT(request_draft, temperature),
     .min = 0.0,
     .max = TEMPERATURE_MAX},
    {.key = "ignore_eos", .kind = FIELD_BOOL, AT(request_draft, ignore_eos)},
    {.key = "extra_body", .kind = FIELD_OBJECT, AT(request_draft, extra_body)},
};

static const struct field load_fields[] = {
    {.key = "driver",
     .kind = FIELD_CHOICE,
     .required = true,
     AT(load_draft, driver),
     .choices = drivers},
    {.key = "concurrency",
     .kind = FIELD_U32_LIST,
     AT(load_draft, concurrency),
     .min = 1,
     .max = CONCURRENCY_MAX},
    {.key = "rates_rps",
     .kind = FIELD_F64_LIST,
     AT(load_draft, rates_rps),
     .min = RATE_MIN_RPS,
     .max = RATE_MAX_RPS},
};

static const struct field warmup_fields[] = {
    {.key = "requests_per_stream",
     .kind = FIELD_U32,
     AT(warmup_draft, requests_per_stream),
     .min = 0,
     .max = WARMUP_MAX},
};

/* Where a spec comes from and where it goes. */
struct spec_reader {
    struct arena *arena;
    const char *name;
    const struct json *root;
    struct error *err;
};

static int fail(const struct spec_reader *self, const char *key, const char *what)
{
    return fields_fail(
        self->err, self->name, json_find(self->root, key), "'%s' must be %s", key, what);
}

static int check_names(const struct spec_reader *self, const struct draft *draft)
{
    if (!name_is_id(draft->plugin)) {
        return fail(self, "plugin", "words of a-z, 0-9 and '-' joined by dots");
    }
    if (!name_is_id(draft->id)) {
        return fail(self, "id", "words of a-z, 0-9 and '-' joined by dots");
    }
    const size_t plugin_len = strlen(draft->plugin);
    if (!text_starts_with(draft->id, draft->plugin) || draft->id[plugin_len] != '.') {
        return fail(self, "id", "the plugin's id, a dot and a name");
    }
    if (strlen(draft->id) >= SPEC_ID_MAX) {
        return fail(self, "id", "shorter than 128 bytes");
    }
    return name_is_semver(draft->version) ? 0 : fail(self, "version", "a version like 1.0.0");
}

/* A failure of another module's check, at the place of `value`. */
static int place(const struct spec_reader *self, const struct json *value, int rc)
{
    if (rc == 0) {
        return 0;
    }
    const struct error inner = *self->err;
    error_clear(self->err);
    return fields_fail(self->err, self->name, value, "%s", inner.text);
}

static int
read_dataset(const struct spec_reader *self, const struct json *object, struct spec *spec)
{
    struct dataset_draft draft = {.help = ""};
    const int rc = fields_read(
        self->name, object, dataset_fields, ARRAY_LEN(dataset_fields), &draft, self->err);
    if (rc != 0) {
        return rc;
    }
    spec->dataset = draft.recipe;
    spec->dataset_help = draft.help;
    return place(self, json_find(object, "recipe"), dataset_check(draft.recipe, self->err));
}

static int
read_request(const struct spec_reader *self, const struct json *object, struct spec *spec)
{
    struct request_draft draft = {.stream = true};
    const int rc = fields_read(
        self->name, object, request_fields, ARRAY_LEN(request_fields), &draft, self->err);
    if (rc != 0) {
        return rc;
    }
    spec->shape = (struct request_shape){
        .chat = draft.shape == 0,
        .stream = draft.stream,
        .max_tokens = draft.max_tokens,
        .temperature = draft.temperature,
        .ignore_eos = draft.ignore_eos,
        .salt = true,
    };
    if (draft.extra_body == NULL) {
        return 0;
    }
    CLEANUP(bytes_done) struct bytes body;
    bytes_init(&body, EXTRA_BODY_MAX);
    json_write_compact(draft.extra_body, &body);
    if (body.failed) {
        return fields_fail(self->err, self->name, draft.extra_body, "'extra_body' is too large");
    }
    spec->shape.extra_body = arena_copy(self->arena, body.data, body.len);
    return 0;
}

static int read_load(const struct spec_reader *self, const struct json *object, struct spec *spec)
{
    struct load_draft draft = {0};
    const int rc =
        fields_read(self->name, object, load_fields, ARRAY_LEN(load_fields), &draft, self->err);
    if (rc != 0) {
        return rc;
    }
    spec->driver = draft.driver == 0 ? DRIVER_CLOSED : DRIVER_OPEN;
    spec->n_concurrency = draft.concurrency.n;
    spec->n_rates = draft.rates_rps.n;
    memcpy(spec->concurrency, draft.concurrency.values, sizeof(spec->concurrency));
    memcpy(spec->rates_rps, draft.rates_rps.values, sizeof(spec->rates_rps));
    if (spec->driver == DRIVER_CLOSED && spec->n_concurrency == 0) {
        return fields_fail(
            self->err, self->name, object, "driver 'closed' needs 'concurrency: [...]'");
    }
    if (spec->driver == DRIVER_OPEN && spec->n_rates == 0) {
        return fields_fail(self->err, self->name, object, "driver 'open' needs 'rates_rps: [...]'");
    }
    return 0;
}

static int read_warmup(const struct spec_reader *self, const struct json *object, struct spec *spec)
{
    /* Three, as MEASUREMENT.md has it, unless the spec says otherwise. */
    struct warmup_draft draft = {.requests_per_stream = 3};
    const int rc = object == NULL ? 0
                                  : fields_read(
                                        self->name, object, warmup_fields, ARRAY_LEN(warmup_fields),
                                        &draft, self->err);
    spec->warmup_per_stream = draft.requests_per_stream;
    return rc;
}

static int fail_metric(const struct spec_reader *self, const struct json *value, const char *key)
{
    CLEANUP(mem_freep) const char **keys = mem_alloc(metric_table_len, sizeof(*keys));
    for (size_t i = 0; i < metric_table_len; i++) {
        keys[i] = metric_table[i].key;
    }
    const char *nearest = text_nearest(key, keys, metric_table_len);
    if (nearest == NULL) {
        return fields_fail(self->err, self->name, value, "unknown metric '%s'", key);
    }
    return fields_fail(
        self->err, self->name, value, "unknown metric '%s': did you mean '%s'?", key, nearest);
}

static int
read_metrics(const struct spec_reader *self, const struct text_list *keys, struct spec *spec)
{
    const struct json *list = json_find(self->root, "metrics");
    if (keys->n > SPEC_METRICS_MAX) {
        return fields_fail(
            self->err, self->name, list, "'metrics' must be at most %d", SPEC_METRICS_MAX);
    }
    for (uint32_t i = 0; i < keys->n; i++) {
        spec->metrics[i] = metric_find(keys->values[i]);
        if (spec->metrics[i] == NULL) {
            return fail_metric(self, json_at(list, i), keys->values[i]);
        }
    }
    spec->n_metrics = keys->n;
    return 0;
}

static int find_scoring(const struct spec_reader *self, const char *name, enum scoring *out)
{
    const struct scorer *scorer = scorer_find(name);
    if (scorer != NULL) {
        *out = scorer->scoring;
        return 0;
    }
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; i < scorer_table_len && n < ARRAY_LEN(names); i++) {
        names[n++] = scorer_table[i].name;
    }
    const char *near = text_nearest(name, names, n);
    return fields_fail(
        self->err, self->name, json_find(self->root, "scoring"), "unknown scoring '%s'%s%s%s", name,
        near != NULL ? ": did you mean '" : ": 'bench list scorers' names the methods",
        near != NULL ? near : "", near != NULL ? "'?" : "");
}

/* What a quality benchmark has and has not: each item is asked once, so nothing is warmed up with
 * them, and a prompt is sent as it is. */
static int
read_quality(const struct spec_reader *self, const struct draft *draft, struct spec *spec)
{
    if (draft->scoring == NULL) {
        return fields_fail(
            self->err, self->name, self->root, "a benchmark of kind 'quality' needs 'scoring'");
    }
    int rc = find_scoring(self, draft->scoring, &spec->scoring.scoring);
    if (rc != 0) {
        return rc;
    }
    if (draft->warmup != NULL) {
        return fields_fail(
            self->err, self->name, draft->warmup,
            "a quality benchmark has no 'warmup': each item is asked once");
    }
    struct scoring_draft options = {0};
    if (draft->scoring_options != NULL) {
        rc = fields_read(
            self->name, draft->scoring_options, scoring_fields, ARRAY_LEN(scoring_fields), &options,
            self->err);
    }
    spec->scoring.tolerance = options.tolerance;
    spec->warmup_per_stream = 0;
    spec->shape.salt = false;
    if (spec->n_metrics == 0) {
        spec->metrics[spec->n_metrics++] = metric_find("accuracy");
    }
    return rc;
}

static int
read_scoring(const struct spec_reader *self, const struct draft *draft, struct spec *spec)
{
    if (spec->kind == SPEC_QUALITY) {
        return read_quality(self, draft, spec);
    }
    if (draft->scoring != NULL || draft->scoring_options != NULL) {
        const char *key = draft->scoring != NULL ? "scoring" : "scoring_options";
        return fields_fail(
            self->err, self->name, json_find(self->root, key), "'%s' needs 'kind: quality'", key);
    }
    return 0;
}

static int read_draft(const struct spec_reader *self, const struct draft *draft, struct spec *spec)
{
    int rc = check_names(self, draft);
    if (rc == 0) {
        rc = read_dataset(self, draft->dataset, spec);
    }
    if (rc == 0) {
        rc = read_request(self, draft->request, spec);
    }
    if (rc == 0) {
        rc = read_load(self, draft->load, spec);
    }
    if (rc == 0) {
        rc = read_warmup(self, draft->warmup, spec);
    }
    if (rc == 0) {
        rc = read_metrics(self, &draft->metrics, spec);
    }
    if (rc == 0) {
        rc = read_scoring(self, draft, spec);
    }
    if (rc == 0) {
        const struct json *value = json_find(self->root, "slo_template");
        rc = place(self, value, slo_check(draft->slo_template, self->err));
    }
    return rc;
}

int spec_read(
    struct arena *arena, const struct spec_text *text, struct spec *out, struct error *err)
{
    struct json *root = NULL;
    int rc = yaml_parse(arena, text->name, text->text, text->len, &root, err);
    if (rc != 0) {
        return rc;
    }
    const struct spec_reader reader = {arena, text->name, root, err};
    struct draft draft = {0};
    rc = fields_read(text->name, root, draft_fields, ARRAY_LEN(draft_fields), &draft, err);
    if (rc != 0) {
        return rc;
    }
    struct spec spec = {
        .id = draft.id,
        .plugin = draft.plugin,
        .version = draft.version,
        .title = draft.title,
        .source = arena_copy_text(arena, text->source),
        .text = arena_copy(arena, text->text, text->len),
        .kind = draft.kind == 0 ? SPEC_PERF : SPEC_QUALITY,
        .slo_template = draft.slo_template,
    };
    digest_sha256_hex(text->text, text->len, spec.sha256);
    rc = read_draft(&reader, &draft, &spec);
    if (rc == 0) {
        *out = spec;
    }
    return rc;
}
