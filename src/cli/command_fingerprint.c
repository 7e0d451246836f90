/* `bench fingerprint`: the machine as an envelope describes it, and what could not be read. */
#include "base/file.h"
#include "cli/print.h"
#include "hardware/fingerprint.h"

struct fingerprint_options {
    struct option_given given;
    bool json;
    const char *root;
};

static const struct option_row rows[] = {
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct fingerprint_options, json),
     .help = "Print the object hardware_fingerprint of an envelope, with a member 'warnings': what "
             "--engine-host-file of 'bench run' takes."},
    {.name = "root",
     .value_name = "FOLDER",
     .type = OPTION_TEXT,
     .offset = offsetof(struct fingerprint_options, root),
     .help = "Read proc and sys below this folder in place of the machine's own."},
};

static const struct option_table table = {
    rows, ARRAY_LEN(rows), sizeof(struct fingerprint_options)};

/* NOLINTBEGIN(misc-no-recursion): as deep as the fingerprint, which is made here: three levels. */
/* "cpu.model": one row for each text, number and flag; lists as compact JSON. */
static void add_rows(
    struct arena *arena, struct report_table *out, const char *prefix, const struct json *value)
{
    for (const struct json *child = value->first; child != NULL; child = child->next) {
        const char *name =
            arena_format(arena, "%s%s%s", prefix, *prefix != '\0' ? "." : "", child->key);
        if (child->kind == JSON_OBJECT && child->len > 0) {
            add_rows(arena, out, name, child);
            continue;
        }
        struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        json_write_compact(child, &text);
        report_table_add_row(out);
        report_table_text(out, 0, name);
        report_table_text(out, 1, child->kind == JSON_STRING ? child->text : text.data);
        bytes_done(&text);
    }
}

/* NOLINTEND(misc-no-recursion) */

static void
print_rows(const struct cli_context *context, struct arena *arena, const struct json *fingerprint)
{
    static const struct report_column columns[] = {{"field", NULL, false}, {"value", NULL, false}};
    CLEANUP(report_table_done) struct report_table out = {0};
    report_table_init(&out, NULL, columns, ARRAY_LEN(columns));
    add_rows(arena, &out, "", fingerprint);
    print_table(context, &out);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    (void)operands;
    const struct fingerprint_options *given = options;
    if (given->root[0] != '\0' && !file_is_folder(given->root)) {
        return error_set(err, ERROR_NOT_FOUND, "--root: %s is not a folder", given->root);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *warnings = json_new(&arena, JSON_ARRAY);
    struct json *fingerprint = fingerprint_read(&arena, given->root, warnings);
    for (const struct json *row = warnings->first; row != NULL; row = row->next) {
        (void)fprintf(context->log, "bench fingerprint: warning: %s\n", row->text);
    }
    if (given->json) {
        (void)json_add(&arena, fingerprint, "warnings", warnings);
        print_json(context, fingerprint);
    } else {
        print_rows(context, &arena, fingerprint);
    }
    return EXIT_GOOD;
}

const struct command command_fingerprint = {
    .name = "fingerprint",
    .synopsis = "[options]",
    .summary = "what this machine is, as an envelope describes it",
    .description =
        "Reads the machine as 'bench run' does and prints the object hardware_fingerprint with its "
        "hash. What cannot be read is 'unknown', or the smallest number that the format allows, and "
        "is named in a warning that says what root would add. The member 'host' and what stands "
        "beside the format's own fields are not part of the hash.\n",
    .examples = "  bench fingerprint\n"
                "  sudo bench fingerprint --json > host.json\n"
                "  bench run llm.inference.chatbot-short --base-url http://gpu:8000/v1 \\\n"
                "    --engine-host-file host.json\n",
    .options = &table,
    .run = run,
};
