/* Documents of all commands: Markdown for docs/commands.md, roff for man pages.  Both walk the same
 * tables in the same order; only the marks differ. */
#include "cli/help.h"
#include "engine/version.h"

#include <string.h>

/* A description line by line: kept lines (behind blanks) come between open and close marks. */
struct marks {
    const char *open;
    const char *close;
    const char *paragraph;                        /* in place of an empty line */
    void (*put)(FILE *out, const char *, size_t); /* one line, escaped */
};

static void put_lines(FILE *out, const char *text, const struct marks *marks)
{
    bool kept = false;
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const bool keep = line[0] == ' ';
        if (keep != kept && len > 0) {
            (void)fputs(keep ? marks->open : marks->close, out);
            kept = keep;
        }
        if (len == 0 && !kept) {
            (void)fputs(marks->paragraph, out);
        } else {
            marks->put(out, line, len);
            (void)fputc('\n', out);
        }
        line += len + (line[len] == '\n' ? 1 : 0);
    }
    if (kept) {
        (void)fputs(marks->close, out);
    }
}

/* ---- Markdown. ---- */

/* Angle brackets would be read as HTML, a bar as the end of a table's cell. */
static void put_markdown(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("<>|*_", text[i]) != NULL) {
            (void)fputc('\\', out);
        }
        (void)fputc(text[i], out);
    }
}

static void put_plain(FILE *out, const char *text, size_t len)
{
    (void)fprintf(out, "%.*s", (int)len, text);
}

static void put_markdown_text(FILE *out, const char *text)
{
    put_markdown(out, text, strlen(text));
}

/* Paragraphs escaped, kept lines as a block of code. */
static void put_markdown_lines(FILE *out, const char *text)
{
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (line[0] == ' ') {
            put_plain(out, line, len);
        } else {
            put_markdown(out, line, len);
        }
        (void)fputc('\n', out);
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

static void markdown_option(FILE *out, const struct option_row *row)
{
    char facts[HELP_FACTS_SIZE];
    help_option_facts(row, facts);
    (void)fputs("| ", out);
    if (row->letter != '\0') {
        (void)fprintf(out, "`-%c`, ", row->letter);
    }
    (void)fprintf(
        out, "`--%s%s%s` | ", row->name, row->value_name != NULL ? " " : "",
        row->value_name != NULL ? row->value_name : "");
    put_markdown_text(out, row->help);
    (void)fputs(" | ", out);
    put_markdown_text(out, facts);
    (void)fputs(" |\n", out);
}

static void markdown_options(FILE *out, const struct option_table *options)
{
    for (size_t i = 0; i < options->n; i++) {
        const struct option_row *row = &options->rows[i];
        if (row->group != NULL) {
            (void)fprintf(out, "\n### %s\n", row->group);
        }
        if (row->group != NULL || i == 0) {
            (void)fputs("\n| option | meaning | values |\n|---|---|---|\n", out);
        }
        markdown_option(out, row);
    }
}

static void markdown_command(FILE *out, const struct command *command)
{
    (void)fprintf(
        out, "\n## bench %s\n\n    bench %s%s%s\n\n", command->name, command->name,
        command->synopsis[0] != '\0' ? " " : "", command->synopsis);
    put_markdown_lines(out, command->description);
    if (command->examples != NULL) {
        (void)fprintf(out, "\nExamples:\n\n```sh\n");
        for (const char *line = command->examples; *line != '\0';) {
            const size_t len = strcspn(line, "\n");
            (void)fprintf(out, "%.*s\n", (int)(len - 2), line + 2);
            line += len + 1;
        }
        (void)fputs("```\n", out);
    }
    markdown_options(out, command->options);
}

void reference_print_markdown(const struct cli_context *context)
{
    FILE *out = context->out;
    (void)fputs(
        "# Commands\n\nThis page is generated: `bench help --format markdown`. Every command also "
        "knows `-h`, `--help` and `-V`, `--version`.\n\n| command | does |\n|---|---|\n",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        const struct command *command = command_table[i];
        (void)fprintf(out, "| [`bench %s`](#bench-%s) | ", command->name, command->name);
        put_markdown_text(out, command->summary);
        (void)fputs(" |\n", out);
    }
    for (size_t i = 0; i < command_table_len; i++) {
        markdown_command(out, command_table[i]);
    }
    for (size_t i = 0; i < topic_table_len; i++) {
        (void)fprintf(out, "\n## %s\n\n", topic_table[i].name);
        put_markdown_lines(out, topic_table[i].text);
    }
    (void)fputs("\n## Not built yet\n\n| command | will do |\n|---|---|\n", out);
    for (size_t i = 0; i < planned_table_len; i++) {
        (void)fprintf(out, "| `bench %s` | ", planned_table[i].name);
        put_markdown_text(out, planned_table[i].summary);
        (void)fputs(" |\n", out);
    }
}

/* ---- roff. ---- */

/* Dashes that can be copied, backslashes that are backslashes, no requests by accident. */
static void put_roff(FILE *out, const char *text, size_t len)
{
    if (len > 0 && (text[0] == '.' || text[0] == '\'')) {
        (void)fputs("\\&", out);
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '-') {
            (void)fputs("\\-", out);
        } else if (text[i] == '\\') {
            (void)fputs("\\e", out);
        } else {
            (void)fputc(text[i], out);
        }
    }
}

static void put_roff_text(FILE *out, const char *text)
{
    put_roff(out, text, strlen(text));
}

static const struct marks roff_marks = {
    .open = ".PP\n.nf\n",
    .close = ".fi\n",
    .paragraph = ".PP\n",
    .put = put_roff,
};

static void roff_title(FILE *out, const char *name, const char *summary)
{
    (void)fprintf(out, ".TH \"");
    for (const char *p = name; *p != '\0'; p++) {
        (void)fputc(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, out);
    }
    (void)fprintf(out, "\" 1 \"\" \"bench %s\" \"bench\"\n.SH NAME\n", BENCH_VERSION);
    put_roff_text(out, name);
    (void)fputs(" \\- ", out);
    put_roff_text(out, summary);
    (void)fputc('\n', out);
}

static void roff_option(FILE *out, const struct option_row *row)
{
    char facts[HELP_FACTS_SIZE];
    help_option_facts(row, facts);
    (void)fputs(".TP\n", out);
    if (row->letter != '\0') {
        (void)fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    }
    (void)fputs("\\fB\\-\\-", out);
    put_roff_text(out, row->name);
    (void)fputs("\\fR", out);
    if (row->value_name != NULL) {
        (void)fputs(" \\fI", out);
        put_roff_text(out, row->value_name);
        (void)fputs("\\fR", out);
    }
    (void)fputc('\n', out);
    put_roff_text(out, row->help);
    (void)fputc('\n', out);
    if (facts[0] != '\0') {
        (void)fputc('[', out);
        put_roff_text(out, facts);
        (void)fputs("]\n", out);
    }
}

static void roff_command(FILE *out, const struct command *command)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "bench-%s", command->name);
    roff_title(out, name, command->summary);
    (void)fprintf(out, ".SH SYNOPSIS\n\\fBbench %s\\fR ", command->name);
    put_roff_text(out, command->synopsis);
    (void)fputs("\n.SH DESCRIPTION\n", out);
    put_lines(out, command->description, &roff_marks);
    (void)fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < command->options->n; i++) {
        const struct option_row *row = &command->options->rows[i];
        if (row->group != NULL) {
            (void)fprintf(out, ".SS %s\n", row->group);
        }
        roff_option(out, row);
    }
    (void)fputs(
        ".SS Common\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint help and exit.\n"
        ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nPrint the version and exit.\n",
        out);
    if (command->examples != NULL) {
        (void)fputs(".SH EXAMPLES\n", out);
        put_lines(out, command->examples, &roff_marks);
    }
    (void)fputs(".SH SEE ALSO\n\\fBbench\\fR(1)\n", out);
}

static void roff_overview(FILE *out)
{
    roff_title(out, "bench", "measure inference engines, with signed results");
    (void)fputs(
        ".SH SYNOPSIS\n\\fBbench\\fR \\fIcommand\\fR [operands] [options]\n.SH COMMANDS\n", out);
    for (size_t i = 0; i < command_table_len; i++) {
        (void)fprintf(out, ".TP\n\\fBbench\\-%s\\fR(1)\n", command_table[i]->name);
        put_roff_text(out, command_table[i]->summary);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < topic_table_len; i++) {
        (void)fputs(".SH ", out);
        for (const char *p = topic_table[i].name; *p != '\0'; p++) {
            (void)fputc(*p == '-' ? ' ' : *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p, out);
        }
        (void)fputc('\n', out);
        put_lines(out, topic_table[i].text, &roff_marks);
    }
}

void reference_print_man(const struct cli_context *context, const struct command *command)
{
    if (command != NULL) {
        roff_command(context->out, command);
    } else {
        roff_overview(context->out);
    }
}
