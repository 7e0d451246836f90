/* `bench fetch`: a dataset into the cache, so that runs need no network. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/fetch_progress.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "suite/hub.h"
#include "suite/recipe.h"

#include <inttypes.h>
#include <string.h>

enum {
    BYTES_PER_MB = 1 << 20
};

struct fetch_options {
    struct option_given given;
    bool json;
    bool offline;
    uint32_t max_mb;
};

static const struct option_row rows[] = {
    {.name = "max-mb",
     .value_name = "N",
     .type = OPTION_U32,
     .offset = offsetof(struct fetch_options, max_mb),
     .default_shown = "$BENCH_FETCH_MAX_MB, else 1024: no larger file can be read",
     .min = 1,
     .max = (double)HUB_FILE_BYTES_MAX / BYTES_PER_MB,
     .help = "Largest file that is fetched, in MiB."},
    {.name = "offline",
     .type = OPTION_FLAG,
     .offset = offsetof(struct fetch_options, offline),
     .help = "Only look into the cache, as with HF_HUB_OFFLINE=1: is it there, and is it whole?"},
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct fetch_options, json),
     .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct fetch_options)};

/* The file of the hub that a recipe or a known id means, and the hash it must have (NULL: any). */
static int find_name(const char *text, struct hub_name *out, const char **sha256, struct error *err)
{
    struct recipe recipe;
    const int rc = recipe_parse(text, &recipe, err);
    *sha256 = NULL;
    if (rc != 0) {
        return rc;
    }
    if (recipe.kind == RECIPE_HUB) {
        *out = recipe.hub;
        return 0;
    }
    if (recipe.kind == RECIPE_KNOWN && recipe.known->hub != NULL) {
        *sha256 = recipe.known->sha256;
        return hub_name_parse(recipe.known->hub, strlen(recipe.known->hub), out, err);
    }
    return error_set(
        err, ERROR_USAGE,
        "'%s' needs no fetching: give sharegpt-v3 or hf://datasets/OWNER/NAME/FILE[@REVISION]",
        text);
}

static void print_text(const struct cli_context *context, const struct hub_entry *entry)
{
    (void)fprintf(
        context->out,
        "file      hf://datasets/%s/%s/%s@%s\npath      %s\nsize      %" PRIu64
        " bytes\nsha256    %s  (%s)\n",
        entry->name.owner, entry->name.dataset, entry->name.file, entry->commit, entry->path,
        entry->size, entry->sha256,
        entry->checked ? "checked against the hub's" : "of the bytes that came; the hub told none");
    (void)fprintf(
        context->out, "fetched   %s from %s%s\n", entry->fetched_at, entry->endpoint,
        entry->fetched ? "" : ", in the cache already");
}

static void print_entry_json(const struct cli_context *context, const struct hub_entry *entry)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    char recipe[HUB_TEXT_SIZE];
    hub_name_write(&entry->name, entry->commit, recipe);
    json_add_text(&arena, root, "recipe", recipe);
    json_add_text(&arena, root, "path", entry->path);
    json_add_i64(&arena, root, "size_bytes", (int64_t)entry->size);
    json_add_text(&arena, root, "sha256", entry->sha256);
    json_add_bool(&arena, root, "checked_by_hub", entry->checked);
    json_add_text(&arena, root, "commit", entry->commit);
    json_add_text(&arena, root, "endpoint", entry->endpoint);
    json_add_text(&arena, root, "etag", entry->etag);
    json_add_text(&arena, root, "fetched_at", entry->fetched_at);
    json_add_bool(&arena, root, "was_in_cache", !entry->fetched);
    print_json(context, root);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    const struct fetch_options *given = options;
    struct hub_name name;
    const char *sha256 = NULL;
    int result = find_name(operands[0], &name, &sha256, err);
    if (result < 0) {
        return result;
    }
    CLEANUP(hub_settings_done) struct hub_settings settings = {0};
    result = hub_settings_init(&settings, err);
    if (result < 0) {
        return result;
    }
    struct fetch_progress progress = {.context = context, .name = name.file};
    const struct hub_watch watch = fetch_progress_watch(&progress);
    settings.watch = &watch;
    settings.offline = settings.offline || given->offline;
    if (given->max_mb != 0) {
        settings.max_bytes = (uint64_t)given->max_mb * BYTES_PER_MB;
    }
    progress_catch_signals();
    CLEANUP(hub_entry_done) struct hub_entry entry = {0};
    result = hub_get(&settings, &name, sha256, &entry, err);
    fetch_progress_end(&progress);
    if (result < 0) {
        return result;
    }
    if (given->json) {
        print_entry_json(context, &entry);
    } else {
        print_text(context, &entry);
    }
    return EXIT_GOOD;
}

const struct command command_fetch = {
    .name = "fetch",
    .synopsis = "<dataset> [options]",
    .summary = "download a dataset into the cache",
    .description =
        "Fetches one file of a dataset from the Hugging Face hub: sharegpt-v3, or "
        "hf://datasets/OWNER/NAME/FILE[@REVISION]. A branch or tag becomes the commit that it is "
        "now, which is recorded. The bytes are checked against the SHA-256 that the hub tells of "
        "large files and the hash that git has of small ones, kept under their hash, and hashed again whenever they are used. A fetch that "
        "was cut is gone on with by the next one.\n"
        "\n"
        "The cache is $BENCH_CACHE_DIR, $XDG_CACHE_HOME/bench or ~/.cache/bench. HF_TOKEN is sent "
        "to the hub's own host and to no other; HF_ENDPOINT names another hub; HF_HUB_OFFLINE=1 "
        "allows what is in the cache and nothing else.\n",
    .examples = "  bench fetch sharegpt-v3\n"
                "  bench fetch hf://datasets/OWNER/NAME/FILE.jsonl@main --json\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
