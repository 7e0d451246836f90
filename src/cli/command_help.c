/* `bench help`: pages for people, and the documents that are generated from the same tables. */
#include "base/text.h"
#include "cli/help.h"

#include <assert.h>

enum format {
    FORMAT_TEXT,
    FORMAT_MARKDOWN,
    FORMAT_MAN,
    FORMAT_BASH,
    FORMAT_ZSH,
    FORMAT_FISH,
};

struct help_options {
    struct option_given given;
    int format;
    bool all;
};

static const char *const formats[] = {"text", "markdown", "man", "bash", "zsh", "fish", NULL};

static const struct option_row rows[] = {
    {.name = "all",
     .type = OPTION_FLAG,
     .offset = offsetof(struct help_options, all),
     .help = "Name the commands too that are not built yet."},
    {.name = "format",
     .value_name = "FORMAT",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct help_options, format),
     .default_text = "text",
     .choices = formats,
     .help = "Text for the terminal, or a document of all commands: the reference (markdown), man "
             "pages (man), or completion for a shell. 'man' takes a command for its own page."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct help_options)};

static const struct topic *topic_find(const char *name)
{
    for (size_t i = 0; i < topic_table_len; i++) {
        if (text_equal(topic_table[i].name, name)) {
            return &topic_table[i];
        }
    }
    return NULL;
}

static int unknown_topic(const char *name, struct error *err)
{
    const char *names[64];
    size_t n = 0;
    assert(command_table_len + topic_table_len + planned_table_len <= ARRAY_LEN(names));
    for (size_t i = 0; i < planned_table_len; i++) {
        if (text_equal(planned_table[i].name, name)) {
            return error_set(err, ERROR_USAGE, "%s: not built yet", name);
        }
    }
    for (size_t i = 0; i < command_table_len; i++) {
        names[n++] = command_table[i]->name;
    }
    for (size_t i = 0; i < topic_table_len; i++) {
        names[n++] = topic_table[i].name;
    }
    const char *nearest = text_nearest(name, names, n);
    if (nearest != NULL) {
        return error_set(err, ERROR_USAGE, "no help for '%s': did you mean '%s'?", name, nearest);
    }
    return error_set(err, ERROR_USAGE, "no help for '%s': 'bench help' lists what there is", name);
}

static int print_page(const struct cli_context *context, const char *name, struct error *err)
{
    const struct command *command = command_find(name);
    const struct topic *topic = topic_find(name);
    if (command != NULL) {
        help_print_command(context, command);
    } else if (topic != NULL) {
        help_print_topic(context, topic);
    } else {
        return unknown_topic(name, err);
    }
    return EXIT_GOOD;
}

static int print_man(const struct cli_context *context, const char *name, struct error *err)
{
    const struct command *command = name != NULL ? command_find(name) : NULL;
    if (name != NULL && command == NULL) {
        return error_set(err, ERROR_USAGE, "--format man: no command '%s'", name);
    }
    reference_print_man(context, command);
    return EXIT_GOOD;
}

static int print_document(
    const struct cli_context *context, enum format format, const char *name, struct error *err)
{
    if (name != NULL && format != FORMAT_MAN) {
        return error_set(
            err, ERROR_USAGE, "--format %s takes no operand: '%s'", formats[format], name);
    }
    switch (format) {
    case FORMAT_TEXT:
        break;
    case FORMAT_MARKDOWN:
        reference_print_markdown(context);
        break;
    case FORMAT_MAN:
        return print_man(context, name, err);
    case FORMAT_BASH:
        completion_print_bash(context);
        break;
    case FORMAT_ZSH:
        completion_print_zsh(context);
        break;
    case FORMAT_FISH:
        completion_print_fish(context);
        break;
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
    const struct help_options *given = options;
    const char *name = n_operands > 0 ? operands[0] : NULL;
    if (given->format != (int)FORMAT_TEXT) {
        return print_document(context, (enum format)given->format, name, err);
    }
    if (name != NULL) {
        return print_page(context, name, err);
    }
    help_print_overview(context, given->all);
    return EXIT_GOOD;
}

const struct command command_help = {
    .name = "help",
    .synopsis = "[command or topic]",
    .summary = "tell about a command or a topic",
    .description = "Prints the page of a command or a topic; without one, what there is.\n",
    .options = &table,
    .n_operands_max = 1,
    .run = run,
};
