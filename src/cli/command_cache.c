/* `bench cache`: what was fetched and where it lies, and room again. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/print.h"
#include "cli/verb.h"
#include "suite/hub_store.h"
#include "suite/recipe.h"

#include <inttypes.h>
#include <string.h>

struct cache_options {
    struct option_given given;
    bool all;
    bool dry_run;
    bool json;
};

static const struct option_row rows[] = {
    {.name = "all",
     .type = OPTION_FLAG,
     .offset = offsetof(struct cache_options, all),
     .help = "'prune': remove what is whole, too."},
    {.name = "dry-run",
     .type = OPTION_FLAG,
     .offset = offsetof(struct cache_options, dry_run),
     .help = "'prune': tell what would be removed, and remove nothing."},
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct cache_options, json),
     .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct cache_options)};

struct call {
    const struct cli_context *context;
    const struct cache_options *options;
    const char *operand; /* NULL: none */
    struct hub_settings settings;
};

static uint64_t bytes_of(const struct hub_store *store)
{
    uint64_t total = 0;
    for (size_t i = 0; i < store->n; i++) {
        total += store->rows[i].size;
    }
    return total;
}

static void add_row(struct report_table *out, const struct hub_kept *row)
{
    report_table_add_row(out);
    report_table_text(out, 0, row->name);
    report_table_text(out, 1, hub_kept_kind_name(row->kind));
    report_table_number(out, 2, (double)row->size, 0);
    if (row->kind == HUB_KEPT_FILE) {
        report_table_text(out, 3, row->entry.fetched_at);
        report_table_text(out, 4, row->entry.sha256);
    }
}

static void print_store(const struct call *self, const struct hub_store *store)
{
    static const struct report_column columns[] = {
        {"name", NULL, false},         {"kind", NULL, false},
        {"bytes", "size_bytes", true}, {"fetched", "fetched_at", false},
        {"sha256", NULL, false},
    };
    CLEANUP(report_table_done) struct report_table out;
    report_table_init(&out, NULL, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < store->n; i++) {
        add_row(&out, &store->rows[i]);
    }
    if (!self->options->json) {
        print_table(self->context, &out);
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    print_json(self->context, report_table_json(&out, &arena));
}

static int run_list(struct call *self, struct error *err)
{
    CLEANUP(hub_store_done) struct hub_store store = {0};
    const int rc = hub_store_read(&self->settings, &store, err);
    if (rc != 0) {
        return rc;
    }
    if (store.n > 0 || self->options->json) {
        print_store(self, &store);
    } else {
        (void)fprintf(self->context->log, "nothing was fetched into %s\n", self->settings.cache);
    }
    return EXIT_GOOD;
}

static int run_path(struct call *self, struct error *err)
{
    (void)err;
    (void)fprintf(self->context->out, "%s\n", self->settings.cache);
    return EXIT_GOOD;
}

/* The operand of prune: a file of the hub with or without a revision, or a known id. */
static int read_name(const char *text, struct hub_name *out, bool *any_revision, struct error *err)
{
    struct recipe recipe;
    const int rc = recipe_parse(text, &recipe, err);
    if (rc != 0) {
        return rc;
    }
    *any_revision = strchr(text, '@') == NULL;
    if (recipe.kind == RECIPE_HUB) {
        *out = recipe.hub;
        return 0;
    }
    if (recipe.kind == RECIPE_KNOWN && recipe.known->hub != NULL) {
        return hub_name_parse(recipe.known->hub, strlen(recipe.known->hub), out, err);
    }
    return error_set(err, ERROR_USAGE, "'%s' is nothing that is kept in the cache", text);
}

static int run_prune(struct call *self, struct error *err)
{
    struct hub_name name;
    struct hub_prune prune = {.all = self->options->all, .dry_run = self->options->dry_run};
    if (self->operand != NULL) {
        if (prune.all) {
            return error_set(err, ERROR_USAGE, "--all and a name exclude each other");
        }
        const int rc = read_name(self->operand, &name, &prune.any_revision, err);
        if (rc != 0) {
            return rc;
        }
        prune.name = &name;
    }
    CLEANUP(hub_store_done) struct hub_store removed = {0};
    const int rc = hub_store_prune(&self->settings, &prune, &removed, err);
    if (rc != 0) {
        return rc;
    }
    if (prune.name != NULL && removed.n == 0) {
        return error_set(
            err, ERROR_UNAVAILABLE, "'%s' is not in the cache (%s)", self->operand,
            self->settings.cache);
    }
    if (removed.n > 0 || self->options->json) {
        print_store(self, &removed);
    }
    (void)fprintf(
        self->context->log, "%s: %zu file%s, %.1f MiB\n",
        prune.dry_run ? "would be removed" : "removed", removed.n, removed.n == 1 ? "" : "s",
        (double)bytes_of(&removed) / 1024.0 / 1024.0);
    return EXIT_GOOD;
}

static const struct {
    const char *name;
    bool takes_name;
    int (*run)(struct call *self, struct error *err);
} verbs[] = {{"list", false, run_list}, {"path", false, run_path}, {"prune", true, run_prune}};

static int check_options(const struct call *self, const char *verb, struct error *err)
{
    const bool prune = text_equal(verb, "prune");
    if (!prune && self->options->all) {
        return error_set(err, ERROR_USAGE, "--all is for 'prune'");
    }
    if (!prune && self->options->dry_run) {
        return error_set(err, ERROR_USAGE, "--dry-run is for 'prune'");
    }
    return 0;
}

static int run_verb(struct call *self, const char *verb, struct error *err)
{
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        names[i] = verbs[i].name;
    }
    size_t at = 0;
    int rc = verb_find(verb, names, ARRAY_LEN(names), &at, err);
    if (rc != 0) {
        return rc;
    }
    if (!verbs[at].takes_name && self->operand != NULL) {
        return error_set(err, ERROR_USAGE, "'%s' takes no operand: '%s'", verb, self->operand);
    }
    rc = check_options(self, verb, err);
    return rc != 0 ? rc : verbs[at].run(self, err);
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
        .operand = n_operands > 1 ? operands[1] : NULL,
    };
    int result = hub_settings_init(&call.settings, err);
    if (result == 0) {
        result = run_verb(&call, operands[0], err);
    }
    hub_settings_done(&call.settings);
    return result;
}

const struct command command_cache = {
    .name = "cache",
    .synopsis = "list | path | prune [<dataset>] [options]",
    .summary = "what was fetched, where it lies, and room again",
    .description =
        "The cache is $BENCH_CACHE_DIR, $XDG_CACHE_HOME/bench or ~/.cache/bench: 'path' says "
        "which. 'list' shows the files that were fetched, those that came in part, and waste: what no "
        "fetch can use, after a crash or a hand in the folder. Bytes are not hashed for the list; "
        "'bench fetch NAME --offline' does that for one file, and every run for what it reads.\n"
        "\n"
        "'prune' removes partial files and waste, with --all everything, with a dataset its file of "
        "every commit, or of the one revision that is given. What another process fetches at the "
        "time stays.\n",
    .examples = "  bench cache list\n"
                "  bench cache prune --dry-run\n"
                "  bench cache prune sharegpt-v3\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 2,
    .run = run,
};
