/* `bench spec`: benchmark specs as files: shown, checked, and looked at with a critical eye. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/plugins.h"
#include "cli/print.h"
#include "cli/run_plugin.h"
#include "cli/specs.h"
#include "cli/verb.h"
#include "suite/score.h"
#include "suite/slo.h"
#include "suite/spec_lint.h"

#include <string.h>

enum {
    SPEC_OPERANDS_MAX = 1 + 256
};

struct spec_options {
    struct option_given given;
    const char *spec_dir;
    struct option_texts plugin_dirs;
    bool strict;
    bool json;
};

#define AT(member) .offset = offsetof(struct spec_options, member)

static const struct option_row rows[] = {
    {.name = "spec-dir",
     .value_name = "FOLDER",
     .type = OPTION_TEXT,
     AT(spec_dir),
     .help = SPEC_DIR_HELP},
    PLUGIN_DIR_ROW(struct spec_options, plugin_dirs),
    {.name = "strict",
     .type = OPTION_FLAG,
     AT(strict),
     .help = "With 'lint': exit 1 when anything is found."},
    {.name = "json", .type = OPTION_FLAG, AT(json), .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct spec_options)};

/* One call of a verb. */
struct spec_call {
    const struct cli_context *context;
    const struct spec_options *options;
    struct spec_table specs;
    struct plugin_registry plugins; /* once a name is not found without them */
    char **names;
    int n_names;
};

/* What a name means: also a plugin's benchmark. */
static int
find_spec(struct spec_call *self, const char *name, const struct spec **out, struct error *err)
{
    const struct plugins_source source = {
        .context = self->context,
        .folders = &self->options->plugin_dirs,
        .table = &self->specs,
        .plugins = &self->plugins,
    };
    return plugins_find_spec(&source, name, out, err);
}

static void add_concurrency(struct arena *arena, struct json *object, const struct spec *spec)
{
    struct json *list = json_add(arena, object, "concurrency", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < spec->n_concurrency; i++) {
        (void)json_append(list, json_new_i64(arena, spec->concurrency[i]));
    }
}

/* What a run makes of the text: every default filled in. */
static struct json *resolved(struct arena *arena, const struct spec *spec)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "id", spec->id);
    json_add_text(arena, out, "plugin", spec->plugin);
    json_add_text(arena, out, "version", spec->version);
    json_add_text(arena, out, "title", spec->title);
    json_add_text(arena, out, "kind", spec->kind == SPEC_PERF ? "perf" : "quality");
    json_add_text(arena, out, "source", spec->source);
    json_add_text(arena, out, "sha256", spec->sha256);
    json_add_text(arena, out, "dataset", spec->dataset);
    json_add_text(arena, out, "api", spec->shape.chat ? "chat" : "completions");
    json_add_bool(arena, out, "stream", spec->shape.stream);
    json_add_i64(arena, out, "max_tokens", spec->shape.max_tokens);
    json_add_f64(arena, out, "temperature", spec->shape.temperature);
    json_add_bool(arena, out, "ignore_eos", spec->shape.ignore_eos);
    json_add_text(arena, out, "driver", driver_name(spec->driver));
    add_concurrency(arena, out, spec);
    struct json *rates = json_add(arena, out, "rates_rps", json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < spec->n_rates; i++) {
        (void)json_append(rates, json_new_f64(arena, spec->rates_rps[i]));
    }
    json_add_text(arena, out, "slo_template", spec->slo_template);
    json_add_i64(arena, out, "warmup_per_stream", spec->warmup_per_stream);
    if (spec->kind == SPEC_QUALITY) {
        json_add_text(arena, out, "scoring", scorer_of(spec->scoring.scoring)->name);
        json_add_f64(arena, out, "tolerance", spec->scoring.tolerance);
    }
    return out;
}

/* The YAML as it is written, so that `bench spec show ID > my.yaml` begins a new one. */
static int show(struct spec_call *self, struct error *err)
{
    if (self->n_names != 1) {
        return error_set(err, ERROR_USAGE, "'show' takes one benchmark");
    }
    const struct spec *spec = NULL;
    const int result = find_spec(self, self->names[0], &spec, err);
    if (result < 0) {
        return result;
    }
    if (self->options->json) {
        CLEANUP(arena_done) struct arena arena = {0};
        print_json(self->context, resolved(&arena, spec));
        return EXIT_GOOD;
    }
    const size_t len = strlen(spec->text);
    (void)fprintf(
        self->context->out, "%s%s", spec->text, len > 0 && spec->text[len - 1] == '\n' ? "" : "\n");
    return EXIT_GOOD;
}

/* Reads one spec and what it names besides data. */
static int
check_spec(struct spec_call *self, const char *name, const struct spec **out, struct error *err)
{
    const int result = find_spec(self, name, out, err);
    if (result < 0) {
        return result;
    }
    struct slo slo;
    CLEANUP(arena_done) struct arena arena = {0};
    return slo_load(run_plugin_slo(&arena, *out), "h100", &slo, err);
}

static void begin_table(struct report_table *out)
{
    static const struct report_column columns[] = {
        {"spec", NULL, false}, {"result", NULL, false}, {"what", "text", false}};
    report_table_init(out, NULL, columns, ARRAY_LEN(columns));
}

static void print_result(struct spec_call *self, const struct report_table *results)
{
    if (!self->options->json) {
        print_table(self->context, results);
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    print_json(self->context, report_table_json(results, &arena));
}

static int validate(struct spec_call *self, struct error *err)
{
    CLEANUP(report_table_done) struct report_table results = {0};
    begin_table(&results);
    int n_failed = 0;
    for (int i = 0; i < self->n_names; i++) {
        const struct spec *spec = NULL;
        struct error why = {0};
        const int result = check_spec(self, self->names[i], &spec, &why);
        if (result == -ERROR_NOT_FOUND || result == -ERROR_USAGE) {
            *err = why;
            return result;
        }
        report_table_add_row(&results);
        report_table_text(&results, 0, self->names[i]);
        report_table_text(&results, 1, result < 0 ? "FAIL" : "ok");
        if (result < 0) {
            report_table_text(&results, 2, why.text);
            n_failed++;
        } else {
            CLEANUP(mem_freep) char *what = mem_format("%s %s", spec->id, spec->version);
            report_table_text(&results, 2, what);
        }
    }
    print_result(self, &results);
    return n_failed == 0 ? EXIT_GOOD : EXIT_OPERATION;
}

static void
add_findings(struct report_table *results, const char *name, const struct spec_findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        CLEANUP(mem_freep) char *place = mem_format("%s:%u", name, findings->items[i].line);
        report_table_add_row(results);
        report_table_text(results, 0, place);
        report_table_text(results, 1, findings->items[i].rule);
        report_table_text(results, 2, findings->items[i].text);
    }
}

static int lint(struct spec_call *self, struct error *err)
{
    static const struct report_column columns[] = {
        {"place", NULL, false}, {"rule", NULL, false}, {"what", "text", false}};
    CLEANUP(report_table_done) struct report_table results = {0};
    report_table_init(&results, NULL, columns, ARRAY_LEN(columns));
    size_t n = 0;
    CLEANUP(mem_freep) struct spec_findings *findings = MEM_NEW(struct spec_findings);
    for (int i = 0; i < self->n_names; i++) {
        const struct spec *spec = NULL;
        const int result = check_spec(self, self->names[i], &spec, err);
        if (result < 0) {
            return result;
        }
        spec_lint(spec, findings);
        add_findings(&results, self->names[i], findings);
        n += findings->n;
    }
    if (n > 0 || self->options->json) {
        print_result(self, &results);
    } else {
        (void)fprintf(
            self->context->out, "%d spec%s: nothing found\n", self->n_names,
            self->n_names == 1 ? "" : "s");
    }
    return n > 0 && self->options->strict ? EXIT_OPERATION : EXIT_GOOD;
}

static const struct {
    const char *name;
    int (*run)(struct spec_call *self, struct error *err);
} verbs[] = {{"show", show}, {"validate", validate}, {"lint", lint}};

static int run_verb(struct spec_call *self, const char *verb, struct error *err)
{
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        names[i] = verbs[i].name;
    }
    size_t at = 0;
    const int result = verb_find(verb, names, ARRAY_LEN(names), &at, err);
    return result < 0 ? result : verbs[at].run(self, err);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    struct spec_call call = {
        .context = context, .options = options, .names = operands + 1, .n_names = n_operands - 1};
    int result = specs_load(call.options->spec_dir, &call.specs, err);
    if (result == 0) {
        result = run_verb(&call, operands[0], err);
    }
    spec_table_done(&call.specs);
    plugin_registry_done(&call.plugins);
    return result;
}

const struct command command_spec = {
    .name = "spec",
    .synopsis = "show|validate|lint <benchmark>... [options]",
    .summary = "show and check benchmark specs",
    .description =
        "A benchmark is an id, or the path of a YAML file: docs/adding-a-benchmark.md explains its "
        "keys.\n\n"
        "'show' prints the YAML, with --json what a run makes of it. 'validate' reads each one as "
        "'bench run' would, and exits 1 when one is refused, with its file, line and column. "
        "'lint' finds what is allowed and hardly meant: figures that cannot be compared or "
        "repeated.\n",
    .examples = "  bench spec show llm.inference.chatbot-short > my.pack.short.yaml\n"
                "  bench spec validate specs/*.yaml\n"
                "  bench spec lint my.pack.short.yaml --strict\n",
    .options = &table,
    .n_operands_min = 2,
    .n_operands_max = SPEC_OPERANDS_MAX,
    .run = run,
};
