/* Four columns, the last of them folded: what was found may be a whole sentence. */
#include "cli/doctor_report.h"

#include "cli/print.h"

#include <string.h>

enum {
    GAP = 2,
    FOLD_DEFAULT = 1000000, /* a pipe: lines stay whole */
    FOLD_MIN = 20           /* narrower, words would stand one below the other */
};

/* Widths of the columns before the last. */
struct layout {
    size_t name;
    size_t wanted;
    size_t fold;
};

static size_t longer(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct layout
choose_layout(const struct cli_context *context, const struct check_list *checks)
{
    struct layout out = {.name = strlen("check"), .wanted = strlen("wanted")};
    for (size_t i = 0; i < checks->n; i++) {
        const struct check *check = checks->results[i].check;
        char limit[CHECK_TEXT_SIZE];
        check_limit_text(check, limit);
        out.name = longer(out.name, strlen(check->name));
        out.wanted = longer(out.wanted, strlen(limit));
    }
    const size_t before = strlen("PASS") + out.name + out.wanted + (size_t)3 * GAP;
    out.fold = context->columns == 0 ? FOLD_DEFAULT : context->columns;
    out.fold = longer(out.fold, before + FOLD_MIN);
    return out;
}

static void print_line(
    const struct cli_context *context,
    const struct layout *layout,
    const char *status,
    const char *name,
    const char *wanted,
    const char *found)
{
    const size_t before = strlen("PASS") + layout->name + layout->wanted + (size_t)3 * GAP;
    (void)fprintf(
        context->out, "%-*s%-*s%-*s", (int)(strlen("PASS") + GAP), status,
        (int)(layout->name + GAP), name, (int)(layout->wanted + GAP), wanted);
    const struct print_fold fold = {.indent = before, .at = before, .width = layout->fold};
    print_folded(context->out, found, &fold);
}

static void print_head(const struct cli_context *context, const struct layout *layout)
{
    (void)fputs(context->color ? "\033[1m" : "", context->out);
    (void)fprintf(
        context->out, "%-*s%-*s%-*sfound%s\n", (int)(strlen("PASS") + GAP), "",
        (int)(layout->name + GAP), "check", (int)(layout->wanted + GAP), "wanted",
        context->color ? "\033[0m" : "");
}

static void print_fixes(
    const struct cli_context *context, const struct layout *layout, const struct check_list *checks)
{
    for (size_t i = 0; i < checks->n; i++) {
        const struct check_result *result = &checks->results[i];
        if (result->status != CHECK_WARN && result->status != CHECK_FAIL) {
            continue;
        }
        (void)fprintf(
            context->out, "\n%s  %s: ", check_status_name(result->status), result->check->name);
        const struct print_fold what = {
            .indent = 6,
            .at = strlen("PASS") + GAP + strlen(result->check->name) + strlen(": "),
            .width = layout->fold};
        print_folded(context->out, result->check->what, &what);
        (void)fprintf(context->out, "      to do: ");
        const struct print_fold fix = {.indent = 13, .at = 13, .width = layout->fold};
        print_folded(context->out, result->check->fix, &fix);
    }
}

static void print_slo(const struct cli_context *context, const struct json *slo)
{
    (void)fprintf(
        context->out, "\nService levels on hardware class '%s'\n",
        json_text(json_find(slo, "hardware_class"), "unknown"));
    for (const struct json *row = json_find(slo, "templates")->first; row != NULL;
         row = row->next) {
        (void)fprintf(
            context->out, "%-14s%s\n", json_text(json_find(row, "id"), ""),
            json_text(json_find(row, "limits"), ""));
    }
}

void doctor_report_print(const struct cli_context *context, const struct doctor_report *report)
{
    const struct check_list *checks = &report->checks;
    const struct layout layout = choose_layout(context, checks);
    print_head(context, &layout);
    for (size_t i = 0; i < checks->n; i++) {
        const struct check_result *result = &checks->results[i];
        char limit[CHECK_TEXT_SIZE];
        check_limit_text(result->check, limit);
        print_line(
            context, &layout, check_status_name(result->status), result->check->name, limit,
            result->found);
    }
    for (size_t i = 0; i < report->n_notes; i++) {
        (void)fprintf(context->out, "%s%s\n", i == 0 ? "\n" : "", report->notes[i]);
    }
    print_fixes(context, &layout, checks);
    if (report->slo != NULL) {
        print_slo(context, report->slo);
    }
    (void)fprintf(
        context->out,
        "\n%zu passed, %zu to look at (WARN), %zu failed (FAIL), %zu not read (SKIP)\n",
        check_list_count(checks, CHECK_PASS), check_list_count(checks, CHECK_WARN),
        check_list_count(checks, CHECK_FAIL), check_list_count(checks, CHECK_SKIP));
}

void doctor_report_json(
    const struct cli_context *context, struct arena *arena, const struct doctor_report *report)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    (void)json_add(arena, out, "checks", check_list_json(&report->checks, arena));
    struct json *notes = json_add(arena, out, "notes", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < report->n_notes; i++) {
        (void)json_append(notes, json_new_text(arena, report->notes[i]));
    }
    struct json *counts = json_add(arena, out, "counts", json_new(arena, JSON_OBJECT));
    json_add_i64(arena, counts, "pass", (int64_t)check_list_count(&report->checks, CHECK_PASS));
    json_add_i64(arena, counts, "warn", (int64_t)check_list_count(&report->checks, CHECK_WARN));
    json_add_i64(arena, counts, "fail", (int64_t)check_list_count(&report->checks, CHECK_FAIL));
    json_add_i64(arena, counts, "skip", (int64_t)check_list_count(&report->checks, CHECK_SKIP));
    if (report->slo != NULL) {
        (void)json_add(arena, out, "slo", json_copy(arena, report->slo));
    }
    print_json(context, out);
}
