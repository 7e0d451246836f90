/* `bench verify`: every check with its outcome, then one sentence that says what is proved. */
#include "base/mem.h"
#include "cli/print.h"
#include "envelope/verify.h"

#include <string.h>

enum {
    NAME_COLUMNS = 14,
    TEXT_COLUMN = 23
};

struct verify_flags {
    struct option_given given;
    bool recompute;
    const char *dev_public_key;
    const char *records;
    bool json;
    const char *unbuilt;
};

#define AT(member) .offset = offsetof(struct verify_flags, member)
#define UNBUILT    AT(unbuilt), .type = OPTION_TEXT, .unbuilt = true

static const struct option_row rows[] = {
    {.name = "recompute",
     .type = OPTION_FLAG,
     AT(recompute),
     .help = "Compute every metric again from the records; they must be the same to the last bit."},
    {.name = "dev-public-key",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(dev_public_key),
     .not_empty = true,
     .help = "Public key of the signer, PEM. Without it a signature proves only that the file was "
             "not changed since it was signed."},
    {.name = "records",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(records),
     .default_shown = "beside the envelope",
     .not_empty = true,
     .help = "The records file."},
    {.name = "json", .type = OPTION_FLAG, AT(json), .help = "Print the outcome as JSON."},
    {.name = "certificate-identity",
     .value_name = "ID",
     UNBUILT,
     .help = "Who must have signed, for keyless signatures."},
    {.name = "certificate-oidc-issuer",
     .value_name = "URL",
     UNBUILT,
     .help = "Who must have vouched for the signer."},
    {.name = "trusted-root",
     .value_name = "FILE",
     UNBUILT,
     .help = "Roots that keyless signatures are checked against."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct verify_flags)};

static const char *result_name(enum check_result result)
{
    switch (result) {
    case CHECK_PASS:
        return "ok";
    case CHECK_FAIL:
        return "FAILED";
    case CHECK_SKIP:
        break;
    }
    return "skipped";
}

static const struct check *first_failed(const struct verify_report *report)
{
    for (size_t i = 0; i < report->n_checks; i++) {
        if (report->checks[i].result == CHECK_FAIL) {
            return &report->checks[i];
        }
    }
    return NULL;
}

static bool has_passed(const struct verify_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_checks; i++) {
        if (strcmp(report->checks[i].name, name) == 0) {
            return report->checks[i].result == CHECK_PASS;
        }
    }
    return false;
}

/* What all the passed checks come to. */
static const char *conclusion(const struct verify_report *report)
{
    if (!report->good) {
        return "not verified";
    }
    const bool pinned = has_passed(report, "signer");
    if (has_passed(report, "recompute")) {
        return pinned ? "verified: unchanged, signed by the owner of the given key, and every "
                        "metric follows from the records"
                      : "verified: unchanged since it was signed, and every metric follows from "
                        "the records; who signed is not proved";
    }
    return pinned ? "verified: unchanged, and signed by the owner of the given key"
                  : "verified: unchanged since it was signed; who signed is not proved";
}

/* Hashes stay in one piece: a fold never splits a word. */
static void
print_text(const struct cli_context *context, const char *path, const struct verify_report *report)
{
    (void)fprintf(context->out, "%s\n", path);
    const struct print_fold fold = {
        .indent = TEXT_COLUMN,
        .at = TEXT_COLUMN,
        .width = context->columns > 0 ? context->columns : SIZE_MAX,
    };
    for (size_t i = 0; i < report->n_checks; i++) {
        const struct check *check = &report->checks[i];
        (void)fprintf(
            context->out, "%-*s%-*s", NAME_COLUMNS, check->name, TEXT_COLUMN - NAME_COLUMNS,
            result_name(check->result));
        print_folded(context->out, check->text, &fold);
    }
    if (report->content_hash[0] != '\0') {
        (void)fprintf(context->out, "content_hash %s\n", report->content_hash);
    }
    if (report->key_sha256[0] != '\0') {
        (void)fprintf(context->out, "signer key   %s\n", report->key_sha256);
    }
    const struct print_fold whole = {.width = fold.width};
    print_folded(context->out, conclusion(report), &whole);
}

static void print_document(
    const struct cli_context *context, const char *path, const struct verify_report *report)
{
    struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    json_add_text(&arena, root, "path", path);
    json_add_bool(&arena, root, "good", report->good);
    json_add_text(&arena, root, "conclusion", conclusion(report));
    json_add_text(&arena, root, "content_hash", report->content_hash);
    json_add_text(&arena, root, "signer", report->signer);
    json_add_text(&arena, root, "signer_key_sha256", report->key_sha256);
    struct json *checks = json_add(&arena, root, "checks", json_new(&arena, JSON_ARRAY));
    for (size_t i = 0; i < report->n_checks; i++) {
        struct json *check = json_append(checks, json_new(&arena, JSON_OBJECT));
        json_add_text(&arena, check, "name", report->checks[i].name);
        json_add_text(&arena, check, "result", result_name(report->checks[i].result));
        json_add_text(&arena, check, "text", report->checks[i].text);
    }
    print_json(context, root);
    arena_done(&arena);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    const struct verify_flags *flags = options;
    const bool records_named = flags->records[0] != '\0';
    const struct verify_options wanted = {
        .path = operands[0],
        .records_path = records_named ? flags->records : NULL,
        .dev_public_key = flags->dev_public_key[0] != '\0' ? flags->dev_public_key : NULL,
        .recompute = flags->recompute,
        .require_records = flags->recompute || records_named,
    };
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const int result = envelope_verify(&wanted, report, err);
    if (result < 0) {
        return result;
    }
    if (flags->json) {
        print_document(context, operands[0], report);
    } else {
        print_text(context, operands[0], report);
    }
    const struct check *failed = first_failed(report);
    if (failed != NULL) {
        return error_set(err, ERROR_VERIFY, "%s: %s: %s", operands[0], failed->name, failed->text);
    }
    return EXIT_GOOD;
}

const struct command command_verify = {
    .name = "verify",
    .synopsis = "<envelope> [options]",
    .summary = "check what an envelope proves",
    .description =
        "Checks form, hardware fingerprint, content hash and signature of an envelope, and the "
        "digest of its records file where it is there. Nothing is repaired: a file has one hash, "
        "or it is refused with the reason.\n",
    .examples = "  bench verify results/c4-4a7ac8857dbf.json --dev-public-key cosign.pub\n"
                "  bench verify results/c4-4a7ac8857dbf.json --recompute\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
