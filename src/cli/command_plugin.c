/* `bench plugin`: which plugins there are and which are refused, what one is, a new one, and whether one
 * keeps to the rules. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/plugins.h"
#include "cli/print.h"
#include "cli/specs.h"
#include "cli/verb.h"
#include "stats/summary.h"
#include "suite/plugin_check.h"
#include "suite/plugin_init.h"

#include <string.h>

struct plugin_options {
    struct option_given given;
    struct option_texts plugin_dirs;
    int kind; /* enum plugin_kind */
    bool json;
};

static const char *kind_choice(size_t i)
{
    return i <= (size_t)PLUGIN_SHARED_OBJECT ? plugin_kind_name((enum plugin_kind)i) : NULL;
}

static const struct option_row rows[] = {
    PLUGIN_DIR_ROW(struct plugin_options, plugin_dirs),
    {.name = "kind",
     .value_name = "KIND",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct plugin_options, kind),
     .default_text = "pack",
     .choice_at = kind_choice,
     .help = "With 'init': what to write."},
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct plugin_options, json),
     .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct plugin_options)};

/* One call of a verb. */
struct call {
    const struct cli_context *context;
    const struct plugin_options *options;
    const char *name; /* NULL: none is given */
    struct spec_table specs;
    struct plugin_registry registry;
    struct arena arena;
};

static int load(struct call *self, struct error *err)
{
    return plugins_load(&self->options->plugin_dirs, &self->specs, &self->registry, err);
}

static void fill_plugins(struct report_table *out, const struct plugin_registry *registry)
{
    static const struct report_column columns[] = {
        {"id", NULL, false},        {"version", NULL, false}, {"kind", NULL, false},
        {"benchmarks", NULL, true}, {"sha256", NULL, false},  {"path", NULL, false},
    };
    report_table_init(out, "Plugins", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < registry->n; i++) {
        const struct plugin *plugin = registry->plugins[i];
        report_table_add_row(out);
        report_table_text(out, 0, plugin->id);
        report_table_text(out, 1, plugin->version);
        report_table_text(out, 2, plugin_kind_name(plugin->kind));
        report_table_number(out, 3, (double)plugin->n_specs, 0);
        report_table_text(out, 4, plugin->sha256);
        report_table_text(out, 5, plugin->path);
    }
}

static void fill_refused(struct report_table *out, const struct plugin_registry *registry)
{
    static const struct report_column columns[] = {{"path", NULL, false}, {"reason", NULL, false}};
    report_table_init(out, "Refused", columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < registry->n_refusals; i++) {
        report_table_add_row(out);
        report_table_text(out, 0, registry->refusals[i].path);
        report_table_text(out, 1, registry->refusals[i].reason);
    }
}

static void print_list_json(
    struct call *self, const struct report_table *plugins, const struct report_table *refused)
{
    struct arena *arena = &self->arena;
    struct json *out = json_new(arena, JSON_OBJECT);
    (void)json_add(arena, out, "plugins", report_table_json(plugins, arena));
    (void)json_add(arena, out, "refused", report_table_json(refused, arena));
    struct json *folders = json_add(arena, out, "searched", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < self->registry.n_folders; i++) {
        (void)json_append(folders, json_new_text(arena, self->registry.folders[i]));
    }
    print_json(self->context, out);
}

static void print_none(const struct call *self)
{
    const struct plugin_registry *registry = &self->registry;
    (void)fputs("no plugins; looked in\n", self->context->log);
    for (size_t i = 0; i < registry->n_folders; i++) {
        (void)fprintf(self->context->log, "  %s\n", registry->folders[i]);
    }
}

static int run_list(struct call *self, struct error *err)
{
    const int result = load(self, err);
    if (result < 0) {
        return result;
    }
    CLEANUP(report_table_done) struct report_table plugins = {0};
    CLEANUP(report_table_done) struct report_table refused = {0};
    fill_plugins(&plugins, &self->registry);
    fill_refused(&refused, &self->registry);
    if (self->options->json) {
        print_list_json(self, &plugins, &refused);
        return EXIT_GOOD;
    }
    if (plugins.n_rows > 0) {
        print_table(self->context, &plugins);
    }
    if (refused.n_rows > 0) {
        (void)fputs(plugins.n_rows > 0 ? "\n" : "", self->context->out);
        print_table(self->context, &refused);
    }
    if (plugins.n_rows + refused.n_rows == 0) {
        print_none(self);
    }
    return EXIT_GOOD;
}

/* The plugin at a path, or of an id. */
static int find(struct call *self, const struct plugin **out, struct error *err)
{
    if (strchr(self->name, '/') != NULL || text_ends_with(self->name, ".so")) {
        struct plugin *plugin = arena_alloc(&self->arena, sizeof(*plugin));
        *out = plugin;
        return plugin_read(&self->arena, self->name, plugin, err) < 0
                   ? error_prefix(err, "%s: ", self->name)
                   : 0;
    }
    const int result = load(self, err);
    if (result < 0) {
        return result;
    }
    *out = plugin_find(&self->registry, self->name);
    if (*out != NULL) {
        return 0;
    }
    const char *names[PLUGINS_MAX];
    for (size_t i = 0; i < self->registry.n; i++) {
        names[i] = self->registry.plugins[i]->id;
    }
    const char *nearest = text_nearest(self->name, names, self->registry.n);
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "no plugin '%s': did you mean '%s'?", self->name, nearest);
    }
    return error_set(
        err, ERROR_USAGE, "no plugin '%s': 'bench plugin list' shows them and those refused",
        self->name);
}

static const char *better_text(enum better better)
{
    static const char *const texts[] = {
        [BETTER_NONE] = "",
        [BETTER_HIGHER] = ", higher is better",
        [BETTER_LOWER] = ", lower is better",
    };
    return texts[better];
}

static void print_info(const struct call *self, const struct plugin *plugin)
{
    FILE *out = self->context->out;
    (void)fprintf(
        out, "id          %s\nversion     %s\ntitle       %s\nlicense     %s\nkind        %s\n",
        plugin->id, plugin->version, plugin->title,
        *plugin->license != '\0' ? plugin->license : "-", plugin_kind_name(plugin->kind));
    (void)fprintf(out, "path        %s\nsha256      %s\n", plugin->path, plugin->sha256);
    if (plugin->kind == PLUGIN_SHARED_OBJECT) {
        (void)fprintf(
            out, "ABI         %u\nfunctions   list%s%s%s%s\n", BENCH_PLUGIN_ABI,
            plugin->has_next_request ? ", next_request" : "", plugin->has_score ? ", score" : "",
            plugin->has_validate ? ", validate" : "", plugin->n_metrics > 0 ? ", metrics" : "");
    }
    for (size_t i = 0; i < plugin->n_specs; i++) {
        const struct spec *spec = &plugin->specs[i];
        (void)fprintf(
            out, "benchmark   %s %s: %s (dataset %s)\n", spec->id, spec->version, spec->title,
            spec->dataset);
    }
    for (size_t i = 0; i < plugin->n_metrics; i++) {
        const struct metric *metric = &plugin->metrics[i];
        (void)fprintf(
            out, "metric      %s (%s%s): %s\n", metric->key, metric->unit,
            better_text(metric->better), metric->definition);
    }
}

static void add_specs(struct arena *arena, struct json *out, const struct plugin *plugin)
{
    struct json *list = json_add(arena, out, "benchmarks", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < plugin->n_specs; i++) {
        const struct spec *spec = &plugin->specs[i];
        struct json *row = json_append(list, json_new(arena, JSON_OBJECT));
        json_add_text(arena, row, "id", spec->id);
        json_add_text(arena, row, "version", spec->version);
        json_add_text(arena, row, "title", spec->title);
        json_add_text(arena, row, "dataset", spec->dataset);
        json_add_text(arena, row, "sha256", spec->sha256);
    }
}

static void add_metrics(struct arena *arena, struct json *out, const struct plugin *plugin)
{
    struct json *list = json_add(arena, out, "metrics", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < plugin->n_metrics; i++) {
        const struct metric *metric = &plugin->metrics[i];
        struct json *row = json_append(list, json_new(arena, JSON_OBJECT));
        json_add_text(arena, row, "key", metric->key);
        json_add_text(arena, row, "unit", metric->unit);
        json_add_text(arena, row, "better", better_name(metric->better));
        json_add_text(arena, row, "definition", metric->definition);
    }
}

static struct json *info_json(struct arena *arena, const struct plugin *plugin)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "id", plugin->id);
    json_add_text(arena, out, "version", plugin->version);
    json_add_text(arena, out, "title", plugin->title);
    json_add_text(arena, out, "license", plugin->license);
    json_add_text(arena, out, "kind", plugin_kind_name(plugin->kind));
    json_add_text(arena, out, "path", plugin->path);
    json_add_text(arena, out, "sha256", plugin->sha256);
    if (plugin->kind == PLUGIN_SHARED_OBJECT) {
        json_add_i64(arena, out, "abi", BENCH_PLUGIN_ABI);
    } else {
        json_add_null(arena, out, "abi");
    }
    json_add_bool(arena, out, "next_request", plugin->has_next_request);
    json_add_bool(arena, out, "score", plugin->has_score);
    json_add_bool(arena, out, "validate", plugin->has_validate);
    add_specs(arena, out, plugin);
    add_metrics(arena, out, plugin);
    return out;
}

static int run_info(struct call *self, struct error *err)
{
    const struct plugin *plugin = NULL;
    const int result = find(self, &plugin, err);
    if (result < 0) {
        return result;
    }
    if (self->options->json) {
        print_json(self->context, info_json(&self->arena, plugin));
    } else {
        print_info(self, plugin);
    }
    return EXIT_GOOD;
}

static int run_init(struct call *self, struct error *err)
{
    const enum plugin_kind kind = (enum plugin_kind)self->options->kind;
    const int result = plugin_init("", self->name, kind, &self->specs, err);
    if (result < 0) {
        return result;
    }
    (void)fprintf(self->context->out, "%s/  a new %s\n\n", self->name, plugin_kind_name(kind));
    if (kind == PLUGIN_SHARED_OBJECT) {
        (void)fprintf(self->context->out, "  make -C %s\n", self->name);
    }
    (void)fprintf(
        self->context->out,
        "  bench plugin check %s\n  bench run %s --plugin-dir %s --engine sim --duration 5\n",
        self->name, self->name, self->name);
    return EXIT_GOOD;
}

static void fill_findings(struct report_table *out, const struct plugin_findings *findings)
{
    static const struct report_column columns[] = {
        {"check", NULL, false},
        {"result", NULL, false},
        {"benchmark", NULL, false},
        {"what", "text", false},
    };
    report_table_init(out, NULL, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < findings->n; i++) {
        const struct plugin_finding *finding = &findings->items[i];
        report_table_add_row(out);
        report_table_text(out, 0, finding->check);
        report_table_text(out, 1, plugin_verdict_name(finding->verdict));
        if (*finding->about != '\0') {
            report_table_text(out, 2, finding->about);
        }
        report_table_text(out, 3, finding->text);
    }
}

static void
print_check(struct call *self, const struct plugin *plugin, const struct plugin_findings *findings)
{
    CLEANUP(report_table_done) struct report_table results = {0};
    fill_findings(&results, findings);
    if (self->options->json) {
        struct json *out = info_json(&self->arena, plugin);
        (void)json_add(&self->arena, out, "checks", report_table_json(&results, &self->arena));
        json_add_bool(&self->arena, out, "good", findings->good);
        print_json(self->context, out);
        return;
    }
    (void)fprintf(
        self->context->out, "%s %s, %s, sha256 %s\n", plugin->id, plugin->version,
        plugin_kind_name(plugin->kind), plugin->sha256);
    print_table(self->context, &results);
    (void)fprintf(
        self->context->out, "%s\n", findings->good ? "good" : "not good: see what failed above");
}

static int run_check(struct call *self, struct error *err)
{
    struct plugin plugin = {0};
    if (plugin_read(&self->arena, self->name, &plugin, err) < 0) {
        return error_prefix(err, "%s: ", self->name);
    }
    CLEANUP(plugin_findings_done) struct plugin_findings findings = {0};
    plugin_check(&plugin, &findings);
    print_check(self, &plugin, &findings);
    return findings.good ? EXIT_GOOD : EXIT_OPERATION;
}

static const struct {
    const char *name;
    const char *operand; /* NULL: none */
    int (*run)(struct call *self, struct error *err);
} verbs[] = {
    {"list", NULL, run_list},
    {"info", "a plugin's id or path", run_info},
    {"init", "the id of the new plugin", run_init},
    {"check", "the path of a plugin", run_check},
};

static int run_verb(struct call *self, const char *verb, struct error *err)
{
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        names[i] = verbs[i].name;
    }
    size_t at = 0;
    const int result = verb_find(verb, names, ARRAY_LEN(names), &at, err);
    if (result < 0) {
        return result;
    }
    if (verbs[at].operand == NULL && self->name != NULL) {
        return error_set(err, ERROR_USAGE, "'%s' takes no operand: '%s'", verb, self->name);
    }
    if (verbs[at].operand != NULL && self->name == NULL) {
        return error_set(err, ERROR_USAGE, "'%s' takes %s", verb, verbs[at].operand);
    }
    if (!text_equal(verb, "init") && option_is_given(&table, self->options, "kind")) {
        return error_set(err, ERROR_USAGE, "--kind has no effect without 'init'");
    }
    return verbs[at].run(self, err);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    struct call call = {
        .context = context,
        .options = options,
        .name = n_operands > 1 ? operands[1] : NULL,
    };
    int result = specs_load("", &call.specs, err);
    if (result == 0) {
        result = run_verb(&call, operands[0], err);
    }
    spec_table_done(&call.specs);
    plugin_registry_done(&call.registry);
    arena_done(&call.arena);
    return result;
}

const struct command command_plugin = {
    .name = "plugin",
    .synopsis = "list | info <plugin> | init <id> | check <path> [options]",
    .summary = "list, show, start and check plugins",
    .description =
        "A plugin is a pack, a folder of benchmarks and data without code, or a shared object, whose "
        "code makes requests, scores answers or computes metrics, in processes of its own: "
        "docs/plugins.md.\n\n"
        "They are looked for in --plugin-dir, in the folders of BENCH_PLUGIN_PATH (joined by ':'), in "
        "$XDG_DATA_HOME/bench/plugins (by default ~/.local/share/bench/plugins), and in "
        "LIBDIR/bench/plugins of the installation; of two with one id the first is taken. What is "
        "wrong with one refuses that one by name, and the others work.\n\n"
        "'list' shows them, and those refused with the reason. 'info' shows one, by its id or its "
        "path. 'init' writes a new one into a folder of its id, which builds and runs as it is. "
        "'check' does with one all that a run would do, twice, backwards and with another seed, and "
        "exits 1 when something fails.\n",
    .examples = "  bench plugin list\n"
                "  bench plugin info ./my-pack --json\n"
                "  bench plugin init my.words --kind shared-object\n"
                "  make -C my.words && bench plugin check my.words\n"
                "  bench run my.words --plugin-dir my.words --engine sim\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 2,
    .run = run,
};
