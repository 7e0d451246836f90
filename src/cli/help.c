/* Pages for a terminal: 80 columns, fewer where the terminal has fewer, and the same in a pipe. */
#include "cli/help.h"

#include "cli/print.h"

#include <stdarg.h>
#include <string.h>

enum {
    PAGE_WIDTH = 80,
    PAGE_WIDTH_MIN = 40,
    TEXT_COLUMN = 27 /* where the text of an option begins */
};

static size_t page_width(const struct cli_context *context)
{
    if (context->columns == 0 || context->columns > PAGE_WIDTH) {
        return PAGE_WIDTH;
    }
    return context->columns < PAGE_WIDTH_MIN ? PAGE_WIDTH_MIN : context->columns;
}

PRINTF_LIKE(2, 3) static void add_fact(char *out, const char *format, ...)
{
    const size_t used = strlen(out);
    if (used + 3 >= HELP_FACTS_SIZE) {
        return;
    }
    (void)snprintf(out + used, HELP_FACTS_SIZE - used, "%s", used > 0 ? "; " : "");
    const size_t start = strlen(out);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out + start, HELP_FACTS_SIZE - start, format, args);
    va_end(args);
}

static void add_list(char *out, const char *text)
{
    const size_t used = strlen(out);
    (void)snprintf(out + used, HELP_FACTS_SIZE - used, "%s", text);
}

static void add_choices(const struct option_row *row, char *out)
{
    if (option_choice(row, 0) == NULL) {
        return;
    }
    add_fact(out, "one of");
    for (size_t i = 0; option_choice(row, i) != NULL; i++) {
        add_list(out, i > 0 ? ", " : " ");
        add_list(out, option_choice(row, i));
    }
}

static void add_range(const struct option_row *row, char *out)
{
    if (row->above_min) {
        add_fact(out, "above %.10g", row->min);
    } else if (row->min > 0.0) {
        add_fact(out, "at least %.10g", row->min);
    }
    if (row->max > 0.0) {
        add_fact(out, "at most %.10g", row->max);
    }
}

static void add_exclusions(const struct option_row *row, char *out)
{
    if (row->excludes == NULL) {
        return;
    }
    add_fact(out, "not with");
    for (const char *p = row->excludes; *p != '\0';) {
        const size_t len = strcspn(p, " ");
        char name[64];
        (void)snprintf(
            name, sizeof(name), "%s--%.*s", p == row->excludes ? " " : ", ", (int)len, p);
        add_list(out, name);
        p += len + (p[len] == ' ' ? 1 : 0);
    }
}

void help_option_facts(const struct option_row *row, char out[HELP_FACTS_SIZE])
{
    out[0] = '\0';
    if (row->unbuilt) {
        add_fact(out, "not built yet");
        return;
    }
    add_choices(row, out);
    add_range(row, out);
    if (row->default_shown != NULL) {
        add_fact(out, "default: %s", row->default_shown);
    } else if (row->default_text != NULL) {
        add_fact(out, "default: %s", row->default_text);
    }
    add_exclusions(row, out);
}

/* A term at `indent` and its text in the text column, or below where the term is long. */
static void print_item(const struct cli_context *context, const char *term, const char *text)
{
    const int term_len = fprintf(context->out, "  %s", term);
    size_t at = term_len > 0 ? (size_t)term_len : 0;
    if (at + 2 > TEXT_COLUMN) {
        (void)fputc('\n', context->out);
        at = 0;
    }
    const struct print_fold fold = {.indent = TEXT_COLUMN, .at = at, .width = page_width(context)};
    print_folded(context->out, text, &fold);
}

static void print_option(const struct cli_context *context, const struct option_row *row)
{
    char term[128];
    char letter[8] = "    ";
    if (row->letter != '\0') {
        (void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    }
    (void)snprintf(
        term, sizeof(term), "%s--%s%s%s", letter, row->name, row->value_name != NULL ? " " : "",
        row->value_name != NULL ? row->value_name : "");
    char facts[HELP_FACTS_SIZE];
    help_option_facts(row, facts);
    char text[2 * HELP_FACTS_SIZE];
    (void)snprintf(
        text, sizeof(text), "%s%s%s%s", row->help, facts[0] != '\0' ? " [" : "", facts,
        facts[0] != '\0' ? "]" : "");
    print_item(context, term, text);
}

static void print_head(const struct cli_context *context, const char *head)
{
    (void)fprintf(
        context->out, "\n%s%s:%s\n", context->color ? "\033[1m" : "", head,
        context->color ? "\033[0m" : "");
}

static void print_text(const struct cli_context *context, const char *text)
{
    const struct print_fold fold = {.width = page_width(context)};
    print_folded(context->out, text, &fold);
}

void help_print_overview(const struct cli_context *context, bool planned)
{
    (void)fprintf(context->out, "Usage: bench <command> [operands] [options]\n\n");
    print_text(
        context,
        "Measures inference engines for large language models over HTTP, and writes signed "
        "results that anybody can verify and compute again.");
    print_head(context, "Commands");
    for (size_t i = 0; i < command_table_len; i++) {
        print_item(context, command_table[i]->name, command_table[i]->summary);
    }
    if (planned) {
        print_head(context, "Not built yet");
        for (size_t i = 0; i < planned_table_len; i++) {
            print_item(context, planned_table[i].name, planned_table[i].summary);
        }
    }
    print_head(context, "Topics");
    for (size_t i = 0; i < topic_table_len; i++) {
        print_item(context, topic_table[i].name, topic_table[i].summary);
    }
    (void)fputc('\n', context->out);
    print_text(
        context, "'bench help <command or topic>' tells more, 'bench help --all' names what is "
                 "planned. Every command knows --help and --version.");
}

void help_print_command(const struct cli_context *context, const struct command *command)
{
    (void)fprintf(context->out, "Usage: bench %s %s\n\n", command->name, command->synopsis);
    print_text(context, command->description);
    const struct option_table *options = command->options;
    for (size_t i = 0; i < options->n; i++) {
        const struct option_row *row = &options->rows[i];
        if (row->group != NULL || i == 0) {
            print_head(context, row->group != NULL ? row->group : "Options");
        }
        print_option(context, row);
    }
    print_head(context, "Common");
    print_item(context, "-h, --help", "Print this page and exit.");
    print_item(context, "-V, --version", "Print the version and exit.");
    if (command->examples != NULL) {
        print_head(context, "Examples");
        (void)fputs(command->examples, context->out);
    }
}

void help_print_topic(const struct cli_context *context, const struct topic *topic)
{
    print_text(context, topic->text);
}
