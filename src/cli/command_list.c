/* `bench list`: every name that a command takes, from the tables that the commands look it up in. */
#include "base/text.h"
#include "cli/plugins.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "engine/engine.h"
#include "engine/engine_check.h"
#include "hardware/check.h"
#include "suite/embedded.h"
#include "suite/recipe.h"
#include "suite/score.h"
#include "suite/slo.h"
#include "suite/spec_lint.h"
#include "suite/suite.h"

#include <string.h>

struct list_options {
    struct option_given given;
    const char *spec_dir;
    struct option_texts plugin_dirs;
    bool json;
};

static const struct option_row rows[] = {
    {.name = "spec-dir",
     .value_name = "FOLDER",
     .type = OPTION_TEXT,
     .offset = offsetof(struct list_options, spec_dir),
     .help = SPEC_DIR_HELP},
    PLUGIN_DIR_ROW(struct list_options, plugin_dirs),
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct list_options, json),
     .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct list_options)};

/* One call of the command. */
struct list_call {
    const struct cli_context *context;
    const struct list_options *given;
};

/* "1,4,16": the points of a spec. */
static void write_points(const struct spec *spec, char *out, size_t out_size)
{
    out[0] = '\0';
    const bool open = spec->driver == DRIVER_OPEN;
    const uint32_t n = open ? spec->n_rates : spec->n_concurrency;
    for (uint32_t i = 0; i < n; i++) {
        const size_t used = strlen(out);
        (void)snprintf(
            out + used, out_size - used, "%s%.10g", i > 0 ? "," : "",
            open ? spec->rates_rps[i] : (double)spec->concurrency[i]);
    }
}

/* The benchmarks of this program, of a folder, and of all plugins. */
static int load_specs(
    const struct list_call *call,
    struct spec_table *specs,
    struct plugin_registry *plugins,
    struct error *err)
{
    const struct plugins_source source = {
        .context = call->context,
        .folders = &call->given->plugin_dirs,
        .table = specs,
        .plugins = plugins,
    };
    const int result = specs_load(call->given->spec_dir, specs, err);
    return result < 0 ? result : plugins_load_specs(&source, err);
}

static int
fill_benchmarks(const struct list_call *call, struct report_table *out, struct error *err)
{
    static const struct report_column columns[] = {
        {"id", NULL, false},     {"version", NULL, false}, {"driver", NULL, false},
        {"points", NULL, false}, {"dataset", NULL, false}, {"title", NULL, false},
    };
    report_table_init(out, "Benchmarks", columns, ARRAY_LEN(columns));
    struct spec_table specs = {0};
    struct plugin_registry plugins = {0};
    const int result = load_specs(call, &specs, &plugins, err);
    for (size_t i = 0; result == 0 && i < specs.n; i++) {
        const struct spec *spec = &specs.specs[i];
        char points[512];
        write_points(spec, points, sizeof(points));
        report_table_add_row(out);
        report_table_text(out, 0, spec->id);
        report_table_text(out, 1, spec->version);
        report_table_text(out, 2, driver_name(spec->driver));
        report_table_text(out, 3, points);
        report_table_text(out, 4, spec->dataset);
        report_table_text(out, 5, spec->title);
    }
    spec_table_done(&specs);
    plugin_registry_done(&plugins);
    return result;
}

static int fill_engines(const struct list_call *call, struct report_table *out, struct error *err)
{
    (void)call;
    (void)err;
    static const struct report_column columns[] = {
        {"name", NULL, false}, {"port", "default_port", true}, {"what it is", "summary", false}};
    report_table_init(out, "Engines", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct engine_ops *engine = engine_table[i];
        report_table_add_row(out);
        report_table_text(out, 0, engine->name);
        if (engine->default_port != 0) {
            report_table_number(out, 1, engine->default_port, 0);
        }
        report_table_text(out, 2, engine->summary);
    }
    return 0;
}

static int fill_datasets(const struct list_call *call, struct report_table *out, struct error *err)
{
    (void)call;
    (void)err;
    static const struct report_column columns[] = {
        {"recipe", NULL, false}, {"where the prompts come from", "source", false}};
    report_table_init(out, "Datasets", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < known_dataset_table_len; i++) {
        const struct known_dataset *known = &known_dataset_table[i];
        report_table_add_row(out);
        report_table_text(out, 0, known->id);
        char source[512] = "built in";
        if (known->embedded == NULL) {
            (void)snprintf(source, sizeof(source), "'bench fetch %s' (%s)", known->id, known->size);
        }
        report_table_text(out, 1, source);
    }
    static const char *const forms[][2] = {
        {"synthetic:input=N,output=N", "made from the seed, with these lengths"},
        {"trace:FILE", "recorded times and lengths, Mooncake JSONL or Azure CSV"},
        {"documents:tokens=N..N",
         "long texts made from the seed, with a question about a fact in them"},
        {"rag:chunks=N,chunk-tokens=N", "a question and passages, one of which holds the answer"},
        {"multi-turn:turns=N", "conversations, turn by turn, with scripted answers"},
        {"shared-prefix:prefix=N,suffix=N", "letters behind one system prompt"},
        {"jsonl:FILE", "one JSON object a line"},
        {"sharegpt:FILE", "a ShareGPT JSON file"},
        {"plugin:n=N", "made by the code of the benchmark's plugin"},
        {"hf://datasets/OWNER/NAME/FILE[@REVISION]", "the Hugging Face hub, and then the cache"},
    };
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        report_table_add_row(out);
        report_table_text(out, 0, forms[i][0]);
        report_table_text(out, 1, forms[i][1]);
    }
    return 0;
}

static int fill_templates(const struct list_call *call, struct report_table *out, struct error *err)
{
    static const struct report_column columns[] = {
        {"id", NULL, false}, {"limits on an h100", "limits_h100", false}};
    static const char folder[] = "slo/";
    (void)call;
    report_table_init(out, "SLO templates", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < embedded_table_len; i++) {
        if (!text_starts_with(embedded_table[i].name, folder)) {
            continue;
        }
        const char *name = embedded_table[i].name + strlen(folder);
        char id[SPEC_ID_MAX];
        (void)snprintf(id, sizeof(id), "%.*s", (int)(strlen(name) - strlen(".yaml")), name);
        struct slo slo = {0};
        const int result = slo_load(id, "h100", &slo, err);
        if (result < 0) {
            return result;
        }
        report_table_add_row(out);
        report_table_text(out, 0, id);
        report_table_text(out, 1, slo.resolved);
    }
    return 0;
}

static int fill_hardware(const struct list_call *call, struct report_table *out, struct error *err)
{
    (void)call;
    (void)err;
    static const struct report_column columns[] = {
        {"class", NULL, false}, {"multiplier", NULL, true}, {"title", NULL, false}};
    report_table_init(out, "Hardware classes", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < hardware_class_table_len; i++) {
        report_table_add_row(out);
        report_table_text(out, 0, hardware_class_table[i].name);
        report_table_number(out, 1, hardware_class_table[i].multiplier, 2);
        report_table_text(out, 2, hardware_class_table[i].title);
    }
    return 0;
}

/* The rows of host and GPU, then those of an engine. */
static const struct check *any_check_at(size_t i)
{
    size_t n = 0;
    while (check_at(n) != NULL) {
        n++;
    }
    return i < n ? check_at(i) : engine_check_at(i - n);
}

static int fill_checks(const struct list_call *call, struct report_table *out, struct error *err)
{
    (void)call;
    (void)err;
    static const struct report_column columns[] = {
        {"check", "name", false}, {"wanted", "limit", false},          {"if not", "trip", false},
        {"run", "in_run", false}, {"where it looks", "source", false},
    };
    report_table_init(out, "Checks of bench doctor", columns, ARRAY_LEN(columns));
    for (size_t i = 0; any_check_at(i) != NULL; i++) {
        const struct check *check = any_check_at(i);
        char limit[CHECK_TEXT_SIZE];
        check_limit_text(check, limit);
        report_table_add_row(out);
        report_table_text(out, 0, check->name);
        report_table_text(out, 1, limit);
        report_table_text(out, 2, check_status_name(check->trip));
        report_table_flag(out, 3, !check->slow);
        report_table_text(out, 4, check->source);
    }
    return 0;
}

static int fill_rules(const struct list_call *call, struct report_table *out, struct error *err)
{
    (void)call;
    (void)err;
    static const struct report_column columns[] = {
        {"rule", "name", false}, {"what it finds", "what", false}};
    report_table_init(out, "Rules of bench spec lint", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < spec_rule_table_len; i++) {
        report_table_add_row(out);
        report_table_text(out, 0, spec_rule_at(i)->name);
        report_table_text(out, 1, spec_rule_at(i)->what);
    }
    return 0;
}

static int fill_scorers(const struct list_call *given, struct report_table *out, struct error *err)
{
    (void)given;
    (void)err;
    static const struct report_column columns[] = {
        {"scoring", "name", false}, {"what it looks at", "summary", false}};
    report_table_init(
        out, "Scorers of quality benchmarks (docs/scoring.md)", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < scorer_table_len; i++) {
        report_table_add_row(out);
        report_table_text(out, 0, scorer_table[i].name);
        report_table_text(out, 1, scorer_table[i].summary);
    }
    return 0;
}

static const struct {
    const char *name;
    int (*fill)(const struct list_call *call, struct report_table *out, struct error *err);
} lists[] = {
    {"benchmarks", fill_benchmarks}, {"engines", fill_engines},   {"datasets", fill_datasets},
    {"templates", fill_templates},   {"hardware", fill_hardware}, {"checks", fill_checks},
    {"rules", fill_rules},           {"scorers", fill_scorers},
};

static int check_name(const char *name, struct error *err)
{
    const char *names[ARRAY_LEN(lists)];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        names[i] = lists[i].name;
        if (text_equal(name, names[i])) {
            return 0;
        }
    }
    const char *nearest = text_nearest(name, names, ARRAY_LEN(names));
    if (nearest != NULL) {
        return error_set(err, ERROR_USAGE, "no list '%s': did you mean '%s'?", name, nearest);
    }
    return error_set(
        err, ERROR_USAGE,
        "no list '%s': it is one of benchmarks, engines, datasets, templates, hardware, checks, rules, "
        "scorers",
        name);
}

/* Prints or collects the lists that are asked for. */
static int print_lists(
    const struct list_call *call,
    const char *wanted,
    struct arena *arena,
    struct json *collected,
    struct error *err)
{
    bool first = true;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (wanted != NULL && !text_equal(wanted, lists[i].name)) {
            continue;
        }
        CLEANUP(report_table_done) struct report_table rows_of = {0};
        const int result = lists[i].fill(call, &rows_of, err);
        if (result < 0) {
            return result;
        }
        if (collected != NULL) {
            (void)json_add(arena, collected, lists[i].name, report_table_json(&rows_of, arena));
            continue;
        }
        (void)fputs(first ? "" : "\n", call->context->out);
        print_table(call->context, &rows_of);
        first = false;
    }
    return EXIT_GOOD;
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    const struct list_options *given = options;
    const char *wanted = n_operands > 0 ? operands[0] : NULL;
    if (wanted != NULL && check_name(wanted, err) < 0) {
        return -(int)err->code;
    }
    const struct list_call call = {context, given};
    struct arena arena = {0};
    struct json *collected = given->json ? json_new(&arena, JSON_OBJECT) : NULL;
    const int result = print_lists(&call, wanted, &arena, collected, err);
    if (result == EXIT_GOOD && collected != NULL) {
        print_json(context, collected);
    }
    arena_done(&arena);
    return result;
}

const struct command command_list = {
    .name = "list",
    .synopsis = "[LIST] [options]",
    .summary = "what there is: benchmarks, engines, datasets, ...",
    .description =
        "Lists the names that other commands take: all of them, or one LIST of benchmarks, engines, "
        "datasets, templates, hardware, checks, rules.\n",
    .examples = "  bench list\n"
                "  bench list engines --json\n",
    .options = &table,
    .n_operands_max = 1,
    .run = run,
};
