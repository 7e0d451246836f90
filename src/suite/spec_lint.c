/* Each rule looks at the read spec, and at the tree of its text for the line that it names. */
#include "suite/spec_lint.h"

#include "base/file.h"
#include "base/text.h"
#include "codec/yaml.h"
#include "suite/slo.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Longer titles do not fit beside the other columns of `bench list` on a wide terminal. */
    TITLE_MAX = 80
};

struct linting {
    const struct spec *spec;
    const struct json *root;
    const char *rule;
    struct spec_findings *out;
};

/* A finding at a key of the mapping `section` (NULL: the spec itself), or at the mapping. */
PRINTF_LIKE(4, 5)

static void
found(struct linting *self, const char *section, const char *key, const char *format, ...)
{
    assert(self->out->n < SPEC_FINDINGS_MAX);
    struct spec_finding *item = &self->out->items[self->out->n++];
    const struct json *at = section != NULL ? json_find(self->root, section) : self->root;
    const struct json *value = at != NULL && key != NULL ? json_find(at, key) : NULL;
    item->rule = self->rule;
    item->line = value != NULL ? value->line : at != NULL ? at->line : 1;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(item->text, sizeof(item->text), format, args);
    va_end(args);
}

static void lint_file_name(struct linting *self)
{
    const struct spec *spec = self->spec;
    const char *name = file_base_name(spec->source);
    const size_t len = strlen(spec->id);
    if (text_equal(spec->source, "built in") || spec->provider != NULL ||
        (text_starts_with(name, spec->id) && text_equal(name + len, ".yaml"))) {
        return;
    }
    found(self, NULL, "id", "the file is called %s, not %s.yaml", name, spec->id);
}

static void lint_version(struct linting *self)
{
    if (text_starts_with(self->spec->version, "0.")) {
        found(
            self, NULL, "version", "version %s says that results may change their meaning",
            self->spec->version);
    }
}

static void lint_title(struct linting *self)
{
    const char *title = self->spec->title;
    const size_t len = strlen(title);
    if (len > TITLE_MAX) {
        found(self, NULL, "title", "the title has %zu bytes; %d fit into lists", len, TITLE_MAX);
    } else if (title[len - 1] == '.') {
        found(self, NULL, "title", "the title ends with a full stop");
    }
}

static void lint_points(struct linting *self)
{
    const struct spec *spec = self->spec;
    for (uint32_t i = 1; i < spec->n_concurrency; i++) {
        if (spec->concurrency[i] <= spec->concurrency[i - 1]) {
            found(self, "load", "concurrency", "the points do not ascend");
            break;
        }
    }
    for (uint32_t i = 1; i < spec->n_rates; i++) {
        if (spec->rates_rps[i] <= spec->rates_rps[i - 1]) {
            found(self, "load", "rates_rps", "the points do not ascend");
            break;
        }
    }
}

static void lint_warmup(struct linting *self)
{
    if (self->spec->kind == SPEC_PERF && self->spec->warmup_per_stream == 0) {
        found(
            self, "warmup", "requests_per_stream",
            "no request is discarded: the first ones pay for cold caches");
    }
}

static void lint_one_token(struct linting *self)
{
    if (self->spec->kind == SPEC_PERF && self->spec->shape.max_tokens == 1) {
        found(self, "request", "max_tokens", "an answer of one token has no TPOT, and no gaps");
    }
}

static void lint_sampled(struct linting *self)
{
    const double temperature = self->spec->shape.temperature;
    if (temperature > 0.0) {
        found(
            self, "request", "temperature",
            "with temperature %g answers, and their lengths, differ from run to run", temperature);
    }
}

static void lint_answer_length(struct linting *self)
{
    if (text_starts_with(self->spec->dataset, "synthetic:") && !self->spec->shape.ignore_eos) {
        found(
            self, "request", "ignore_eos",
            "without ignore_eos the answers end before the length that synthetic: asks for");
    }
}

/* Path of a recipe that reads a file: behind its scheme; NULL for others. */
static const char *recipe_path(const char *recipe)
{
    static const char *const schemes[] = {"jsonl:", "sharegpt:", "trace:"};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (text_starts_with(recipe, schemes[i])) {
            return recipe + strlen(schemes[i]);
        }
    }
    return NULL;
}

static void lint_path(struct linting *self)
{
    const char *path = recipe_path(self->spec->dataset);
    if (path != NULL && path[0] == '/') {
        found(self, "dataset", "recipe", "an absolute path is not there on another machine");
    }
}

static void lint_help(struct linting *self)
{
    if (self->spec->provider != NULL) {
        return; /* the data lie in the pack */
    }
    if (recipe_path(self->spec->dataset) != NULL && self->spec->dataset_help[0] == '\0') {
        found(self, "dataset", NULL, "'help' does not say how to get the data");
    }
}

static void lint_quality_load(struct linting *self)
{
    if (self->spec->kind == SPEC_QUALITY && self->spec->driver == DRIVER_OPEN) {
        found(
            self, "load", "driver",
            "a quality benchmark at a rate fails questions that only came too fast");
    }
}

static void lint_slo_of_stream(struct linting *self)
{
    struct slo slo;
    struct error ignored = {0};
    if (self->spec->shape.stream ||
        slo_load(self->spec->slo_template, "h100", &slo, &ignored) < 0) {
        return;
    }
    if (!isinf(slo.limits.ttft_ms) || !isinf(slo.limits.tpot_ms)) {
        found(
            self, NULL, "slo_template",
            "%s limits TTFT or TPOT, which answers without a stream do not have",
            self->spec->slo_template);
    }
}

static void lint_extra_body(struct linting *self)
{
    static const char *const set_elsewhere[] = {
        "max_tokens", "max_completion_tokens", "temperature", "ignore_eos", "seed"};
    const struct json *request = json_find(self->root, "request");
    const struct json *body = request != NULL ? json_find(request, "extra_body") : NULL;
    for (size_t i = 0; body != NULL && i < ARRAY_LEN(set_elsewhere); i++) {
        if (json_find(body, set_elsewhere[i]) != NULL) {
            found(
                self, "request", "extra_body",
                "'%s' in extra_body overrides what the request and the options say",
                set_elsewhere[i]);
        }
    }
}

static const struct {
    struct spec_rule rule;
    void (*check)(struct linting *self);
} rules[] = {
    {{"file-name", "the file is not called by its id"}, lint_file_name},
    {{"version", "a version below 1.0.0"}, lint_version},
    {{"title", "a title that does not fit lists"}, lint_title},
    {{"points", "points that do not ascend"}, lint_points},
    {{"warm-up", "a perf benchmark that discards nothing"}, lint_warmup},
    {{"one-token", "answers without gaps"}, lint_one_token},
    {{"temperature", "answers drawn by chance"}, lint_sampled},
    {{"answer-length", "synthetic answers that may end early"}, lint_answer_length},
    {{"path", "data at an absolute path"}, lint_path},
    {{"help", "data of a file, without a word on how to get it"}, lint_help},
    {{"quality-load", "a quality benchmark at a rate"}, lint_quality_load},
    {{"slo-of-stream", "limits that answers without a stream cannot meet or miss"},
     lint_slo_of_stream},
    {{"extra-body", "members that the request sets already"}, lint_extra_body},
};

const size_t spec_rule_table_len = ARRAY_LEN(rules);

const struct spec_rule *spec_rule_at(size_t i)
{
    return i < ARRAY_LEN(rules) ? &rules[i].rule : NULL;
}

void spec_lint(const struct spec *spec, struct spec_findings *out)
{
    out->n = 0;
    CLEANUP(arena_done) struct arena arena = {0};
    struct error err = {0};
    struct linting linting = {.spec = spec, .out = out};
    struct json *root = NULL;
    const int rc = yaml_parse(&arena, spec->source, spec->text, strlen(spec->text), &root, &err);
    assert(rc == 0); /* it was read before */
    (void)rc;
    linting.root = root;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        linting.rule = rules[i].rule.name;
        rules[i].check(&linting);
    }
}
