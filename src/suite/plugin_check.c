/* What a plugin gives is asked for again, backwards, and with another seed: a plugin that passes gives the
 * same run the same requests, scores and metrics. */
#include "suite/plugin_check.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/dataset.h"
#include "suite/plugin_object.h"
#include "suite/recipe.h"
#include "suite/slo.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEED = 42,
    OTHER_SEED = 43,
    JUDGED_REQUESTS = 20, /* of a pool, whose answers are judged */
    ANSWERS_EACH = 5,
    LONG_ANSWER_BYTES = 1 << 16,
    CHECK_FACTS = 4
};

struct check {
    const struct plugin *plugin;
    struct plugin_findings *out;
};

const char *plugin_verdict_name(enum plugin_verdict verdict)
{
    static const char *const names[] = {"ok", "note", "FAIL"};
    return names[verdict];
}

PRINTF_LIKE(5, 6)

static void
add(struct check *self,
    const char *check,
    const char *about,
    enum plugin_verdict verdict,
    const char *format,
    ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct plugin_findings *out = self->out;
    out->items[out->n++] = (struct plugin_finding){
        arena_copy_text(&out->arena, check), arena_copy_text(&out->arena, about), verdict,
        arena_copy_text(&out->arena, text)};
    out->good = out->good && verdict != PLUGIN_FAIL;
}

static int load(
    const struct check *self,
    const struct spec *spec,
    uint64_t seed,
    struct prompt_set *out,
    struct error *err)
{
    const struct dataset_options options = {
        .recipe = spec->dataset,
        .benchmark = spec->id,
        .provider = self->plugin,
        .seed = seed,
        .items = spec->scoring,
    };
    return dataset_load(&options, out, err);
}

/* The dataset, again with the same seed, and with another one. */
static void check_dataset(struct check *self, const struct spec *spec)
{
    CLEANUP(prompt_set_done) struct prompt_set first = {0};
    CLEANUP(prompt_set_done) struct prompt_set again = {0};
    struct error err = {0};
    int rc = load(self, spec, SEED, &first, &err);
    if (rc == -ERROR_UNAVAILABLE && self->plugin->kind == PLUGIN_PACK) {
        add(self, "dataset", spec->id, PLUGIN_NOTE, "not tried: %s", err.text);
        return;
    }
    if (rc == 0) {
        rc = load(self, spec, SEED, &again, &err);
    }
    if (rc != 0) {
        add(self, "dataset", spec->id, PLUGIN_FAIL, "%s", err.text);
    } else if (!text_equal(first.hash, again.hash)) {
        add(self, "dataset", spec->id, PLUGIN_FAIL, "the same seed gives other requests");
    } else {
        add(self, "dataset", spec->id, PLUGIN_OK, "%u requests, sha256 %s", first.n, first.hash);
    }
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Requests of the plugin's own code: the same whatever was asked before, and others for another seed. */
static void check_requests(struct check *self, const struct spec *spec, uint32_t n)
{
    CLEANUP(bytes_done) struct bytes forwards;
    CLEANUP(bytes_done) struct bytes backwards;
    CLEANUP(bytes_done) struct bytes other;
    struct bytes *const texts[] = {&forwards, &backwards, &other};
    const struct plugin_pool pools[] = {
        {spec->id, SEED, n, false}, {spec->id, SEED, n, true}, {spec->id, OTHER_SEED, n, false}};
    struct error err = {0};
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
        bytes_init(texts[i], DATASET_FILE_MAX);
        if (rc == 0) {
            rc = plugin_object_requests(self->plugin, &pools[i], texts[i], &err);
        }
    }
    if (rc != 0) {
        add(self, "order", spec->id, PLUGIN_FAIL, "%s", err.text);
        return;
    }
    if (!same_bytes(&forwards, &backwards)) {
        add(self, "order", spec->id, PLUGIN_FAIL,
            "a request depends on those asked for before it, not on seed and index alone");
    } else {
        add(self, "order", spec->id, PLUGIN_OK, "the same requests from the last to the first");
    }
    if (same_bytes(&forwards, &other)) {
        add(self, "seed", spec->id, PLUGIN_NOTE, "another seed gives the same requests");
    } else {
        add(self, "seed", spec->id, PLUGIN_OK, "another seed gives other requests");
    }
}

/* Answers to the first requests of a pool: nothing, a word, bytes that are no text, much, and what the
 * request says is right. */
struct answers {
    struct arena arena;
    struct bench_answer *items;
    size_t n;
};

static void add_answer(
    struct answers *self, const struct spec *spec, const char *line, const char *text, size_t len)
{
    self->items[self->n++] = (struct bench_answer){
        .size = sizeof(struct bench_answer),
        .benchmark = spec->id,
        .request = line,
        .text = arena_copy(&self->arena, text, len),
        .len = len,
    };
}

static void
make_answers(struct answers *self, const struct spec *spec, const struct prompt_set *set)
{
    static const char odd[] = "\xff\xfe answer\0 42";
    CLEANUP(mem_freep) char *long_text = mem_alloc(LONG_ANSWER_BYTES, 1);
    memset(long_text, 'a', LONG_ANSWER_BYTES);
    const uint32_t n = set->n < JUDGED_REQUESTS ? set->n : JUDGED_REQUESTS;
    self->items = arena_alloc(&self->arena, (size_t)n * ANSWERS_EACH * sizeof(*self->items));
    for (uint32_t i = 0; i < n; i++) {
        const char *line = set->lines[i];
        struct json *root = NULL;
        struct error err = {0};
        const int rc = json_parse(&self->arena, "", line, strlen(line), &root, &err);
        const char *expected = rc == 0 ? json_text(json_find(root, "answer"), NULL) : NULL;
        if (expected != NULL) {
            add_answer(self, spec, line, expected, strlen(expected));
        }
        add_answer(self, spec, line, "", 0);
        add_answer(self, spec, line, "word", strlen("word"));
        add_answer(self, spec, line, odd, sizeof(odd) - 1);
        add_answer(self, spec, line, long_text, LONG_ANSWER_BYTES);
    }
}

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Equal to the bit; what is absent is absent in both. */
static bool same_values(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool absent = isnan(a[i]) && isnan(b[i]);
        if (!absent && bits_of(a[i]) != bits_of(b[i])) {
            return false;
        }
    }
    return true;
}

static void report_scores(
    struct check *self,
    const struct spec *spec,
    const double *scores,
    const struct answers *answers)
{
    size_t n_scored = 0;
    double low = 1.0;
    double high = 0.0;
    for (size_t i = 0; i < answers->n; i++) {
        if (!isnan(scores[i])) {
            n_scored++;
            low = fmin(low, scores[i]);
            high = fmax(high, scores[i]);
        }
    }
    if (n_scored == 0) {
        add(self, "score", spec->id, PLUGIN_NOTE, "none of %zu answers got a score", answers->n);
    } else {
        add(self, "score", spec->id, PLUGIN_OK, "%zu of %zu answers got one, %.3g to %.3g",
            n_scored, answers->n, low, high);
    }
}

static void judge(struct check *self, const struct spec *spec, const struct answers *answers)
{
    CLEANUP(mem_freep) double *first = mem_alloc(answers->n, sizeof(*first));
    CLEANUP(mem_freep) double *again = mem_alloc(answers->n, sizeof(*again));
    const struct plugin_scoring scoring = {spec->id, SEED, answers->items, answers->n};
    char reason[ERROR_TEXT_MAX];
    struct error err = {0};
    int rc = plugin_object_score(self->plugin, &scoring, first, reason, &err);
    if (rc == 0) {
        rc = plugin_object_score(self->plugin, &scoring, again, reason, &err);
    }
    if (rc != 0) {
        add(self, "score", spec->id, PLUGIN_FAIL, "%s", err.text);
    } else if (reason[0] != '\0') {
        add(self, "score", spec->id, PLUGIN_FAIL, "%s", reason);
    } else if (!same_values(first, again, answers->n)) {
        add(self, "score", spec->id, PLUGIN_FAIL, "the same answer gets another score");
    } else {
        report_scores(self, spec, first, answers);
    }
}

static void check_score(struct check *self, const struct spec *spec)
{
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct error err = {0};
    if (load(self, spec, SEED, &set, &err) != 0 || set.lines == NULL) {
        return; /* told with the dataset */
    }
    struct answers answers = {0};
    make_answers(&answers, spec, &set);
    judge(self, spec, &answers);
    arena_done(&answers.arena);
}

/* No request, a failed one, and some that were answered. */
static void check_metrics(struct check *self)
{
    const struct plugin *plugin = self->plugin;
    static const struct bench_fact facts[CHECK_FACTS] = {
        {0, "{}", BENCH_OK, 200, 0, 1000, 2000000, 9000000, 9100000, 10, 8, 1.0},
        {1, "{}", BENCH_FAILED, 500, 5000000, 5001000, -1, -1, 6000000, -1, -1, (double)NAN},
        {2, "{}", BENCH_OK, 200, 9000000, 9001000, 9500000, 9500000, 9600000, 1, 1, 0.0},
        {3, "{}", BENCH_FAILED, 0, 9900000, -1, -1, -1, -1, -1, -1, (double)NAN},
    };
    struct error err = {0};
    for (uint64_t n = 0; n <= CHECK_FACTS; n++) {
        const struct bench_result result = {
            .size = sizeof(result),
            .stride = sizeof(facts[0]),
            .benchmark = plugin->specs[0].id,
            .seed = SEED,
            .window_ns = 10000000,
            .n = n,
            .facts = facts,
        };
        double first[PLUGIN_METRICS_MAX];
        double again[PLUGIN_METRICS_MAX];
        int rc = plugin_object_metrics(plugin, &result, first, &err);
        if (rc == 0) {
            rc = plugin_object_metrics(plugin, &result, again, &err);
        }
        if (rc != 0) {
            add(self, "metrics", "", PLUGIN_FAIL, "%llu requests: %s", (unsigned long long)n,
                err.text);
            return;
        }
        if (!same_values(first, again, plugin->n_metrics)) {
            add(self, "metrics", "", PLUGIN_FAIL, "the same requests give other values");
            return;
        }
    }
    add(self, "metrics", "", PLUGIN_OK, "%zu, of none to %d requests", plugin->n_metrics,
        CHECK_FACTS);
}

static void check_validate(struct check *self)
{
    static const uint32_t lengths[] = {1, 4096};
    struct error err = {0};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        const struct bench_plan plan = {
            .size = sizeof(plan),
            .benchmark = self->plugin->specs[0].id,
            .engine = "sim",
            .model = "sim",
            .seed = SEED,
            .n_requests = 1,
            .max_tokens = lengths[i],
        };
        CLEANUP(bytes_done) struct bytes lines;
        bytes_init(&lines, BYTES_MAX_DEFAULT);
        if (plugin_object_validate(self->plugin, &plan, &lines, &err) != 0) {
            add(self, "validate", "", PLUGIN_FAIL, "%s", err.text);
            return;
        }
    }
    add(self, "validate", "", PLUGIN_OK, "answers for short and for long requests");
}

static void check_spec(struct check *self, const struct spec *spec)
{
    struct recipe recipe = {0};
    struct error err = {0};
    check_dataset(self, spec);
    if (recipe_parse(spec->dataset, &recipe, &err) == 0 && recipe.kind == RECIPE_PLUGIN) {
        check_requests(self, spec, recipe.n_plugin);
        if (self->plugin->has_score) {
            check_score(self, spec);
        }
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct slo slo;
    const char *path = slo_is_path(spec->slo_template)
                           ? plugin_file(&arena, self->plugin, spec->slo_template)
                           : spec->slo_template;
    error_clear(&err);
    if (slo_load(path, "h100", &slo, &err) != 0) {
        add(self, "slo", spec->id, PLUGIN_FAIL, "%s", err.text);
    }
}

void plugin_check(const struct plugin *plugin, struct plugin_findings *out)
{
    *out = (struct plugin_findings){.good = true};
    out->items = arena_alloc(&out->arena, PLUGIN_FINDINGS_MAX * sizeof(*out->items));
    struct check check = {plugin, out};
    for (size_t i = 0; i < plugin->n_specs; i++) {
        check_spec(&check, &plugin->specs[i]);
    }
    if (plugin->has_validate) {
        check_validate(&check);
    }
    if (plugin->n_metrics > 0) {
        check_metrics(&check);
    }
}

void plugin_findings_done(struct plugin_findings *self)
{
    arena_done(&self->arena);
    *self = (struct plugin_findings){0};
}
