/* From argv to an exit code: the command is found, its options are read, it runs, and what went wrong
 * becomes one line.  Nothing else in the program prints errors. */
#include "cli/command.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/help.h"
#include "cli/print.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

const struct command *const command_table[] = {
    &command_run,         &command_sim,     &command_selftest, &command_keygen, &command_canonical,
    &command_verify,      &command_summary, &command_cost,     &command_fetch,  &command_cache,
    &command_fingerprint, &command_doctor,  &command_list,     &command_plugin, &command_spec,
    &command_help,        &command_version,
};
const size_t command_table_len = ARRAY_LEN(command_table);

/* Source: CLI.md "The other commands". */
const struct planned_command planned_table[] = {
    {"audit", "verify all envelopes of a folder"},
    {"compare", "Pareto frontiers of envelopes"},
    {"diff", "two envelopes, metric by metric, with a verdict"},
    {"replay", "run what an envelope ran, and compare"},
    {"schema", "the JSON schema of envelopes"},
    {"explain", "what a metric means"},
    {"export", "envelopes as Markdown, CSV or JSON of other tools"},
    {"report", "one HTML page for a run or a folder"},
    {"leaderboard", "a static site of results"},
    {"history", "one metric over time"},
    {"matrix", "run a matrix of benchmarks"},
    {"publish", "publish envelopes"},
    {"bundle", "envelopes and their evidence in one file"},
    {"ci", "compare with a baseline in continuous integration"},
    {"watch", "follow an engine over time"},
    {"profile", "profile an engine under load"},
    {"tour", "a guided first run"},
};
const size_t planned_table_len = ARRAY_LEN(planned_table);

const struct option_table option_table_none = {NULL, 0, sizeof(struct option_given)};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < command_table_len; i++) {
        const struct command *command = command_table[i];
        assert(command != NULL);
        if (text_equal(command->name, name)) {
            return command;
        }
    }
    return NULL;
}

int exit_code_of(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:
        return EXIT_GOOD;
    case ERROR_USAGE:
    case ERROR_NOT_FOUND:
    case ERROR_PARSE: /* of a file that was named */
    case ERROR_LIMIT:
    case ERROR_KEY:
        return EXIT_INVOCATION;
    case ERROR_INTERRUPTED:
        return EXIT_INTERRUPTED;
    case ERROR_IO:
    case ERROR_UNAVAILABLE:
    case ERROR_VERIFY:
        return EXIT_OPERATION;
    }
    return EXIT_OPERATION;
}

static int unknown_command(const char *name, struct error *err)
{
    const char *names[ARRAY_LEN(command_table) + ARRAY_LEN(planned_table)];
    size_t n = 0;
    for (size_t i = 0; i < command_table_len; i++) {
        names[n++] = command_table[i]->name;
    }
    for (size_t i = 0; i < planned_table_len; i++) {
        if (text_equal(planned_table[i].name, name)) {
            return error_set(err, ERROR_USAGE, "%s: not built yet", name);
        }
        names[n++] = planned_table[i].name;
    }
    const char *nearest = text_nearest(name, names, n);
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "unknown command '%s': did you mean '%s'?", name, nearest);
    }
    return error_set(err, ERROR_USAGE, "unknown command '%s': 'bench help' lists them", name);
}

static int
check_operands(const struct command *command, int n_operands, char **operands, struct error *err)
{
    if (n_operands < command->n_operands_min) {
        return error_set(err, ERROR_USAGE, "an operand is missing: %s", command->synopsis);
    }
    if (n_operands > command->n_operands_max) {
        return error_set(
            err, ERROR_USAGE, "'%s' is one operand too many: see 'bench help %s'",
            operands[command->n_operands_max], command->name);
    }
    return 0;
}

static int run_command(
    const struct cli_context *context,
    const struct command *command,
    int argc,
    char **argv,
    struct error *err)
{
    CLEANUP(mem_freep) void *options = mem_alloc(1, command->options->size);
    int n_operands = 0;
    int result = option_parse(command->options, argc, argv, options, &n_operands, err);
    if (result == OPTION_ASKS_HELP) {
        help_print_command(context, command);
        return EXIT_GOOD;
    }
    if (result == OPTION_ASKS_VERSION) {
        print_version(context);
        return EXIT_GOOD;
    }
    if (result == 0) {
        result = check_operands(command, n_operands, argv, err);
    }
    return result == 0 ? command->run(context, options, n_operands, argv, err) : result;
}

/* Options in place of a command. */
static int run_option(const struct cli_context *context, const char *word, struct error *err)
{
    if (text_equal(word, "--help") || text_equal(word, "-h")) {
        help_print_overview(context, false);
        return EXIT_GOOD;
    }
    if (text_equal(word, "--version") || text_equal(word, "-V")) {
        print_version(context);
        return EXIT_GOOD;
    }
    return error_set(
        err, ERROR_USAGE, "unknown option '%s': options follow the command, see 'bench help'",
        word);
}

/* Results that did not reach their file are a failure, whatever the command says.  A reader that has
 * seen enough (`| head`) is one without a message. */
static int flush_results(const struct cli_context *context, struct error *err)
{
    errno = 0;
    if (fflush(context->out) == 0 && ferror(context->out) == 0) {
        return EXIT_GOOD;
    }
    if (errno == EPIPE) {
        return EXIT_OPERATION;
    }
    return error_set_os(
        err, ERROR_IO, errno != 0 ? errno : EIO, "the results could not be written to stdout");
}

int cli_main(const struct cli_context *context, int argc, char **argv)
{
    struct error err = {0};
    int result = 0;
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = command_find(name);
    if (argc < 2) {
        result = error_set(&err, ERROR_USAGE, "no command is given: 'bench help' lists them");
    } else if (command != NULL) {
        result = run_command(context, command, argc - 2, argv + 2, &err);
    } else if (name[0] == '-') {
        result = run_option(context, name, &err);
    } else {
        result = unknown_command(name, &err);
    }
    if (result == EXIT_GOOD) {
        result = flush_results(context, &err);
    }
    (void)fflush(context->out);
    if (result >= 0) {
        return result;
    }
    (void)fprintf(
        context->log, "bench%s%s: %s\n", command != NULL ? " " : "",
        command != NULL ? command->name : "", err.text);
    return exit_code_of(err.code);
}
