/* command.h - the table of commands and what each of them is given.
 *
 * Only cli/ prints, and only main picks exit codes from what a command returns. */
#pragma once

#include "base/error.h"
#include "cli/option.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit codes.  Source: CLI.md. */
enum {
    EXIT_GOOD = 0,
    EXIT_OPERATION = 1,  /* operational failure */
    EXIT_INVOCATION = 2, /* bad invocation */
    EXIT_INTERRUPTED = 130,
};

/* Streams and terminal facts, injected so that golden tests are byte-stable. */
struct cli_context {
    FILE *out; /* results */
    FILE *log; /* progress, notes, warnings, errors */
    bool log_is_tty;
    bool color;       /* NO_COLOR, TERM=dumb and pipes switch it off */
    unsigned columns; /* of the terminal; 0: not a terminal */
};

/* One row of the command table. */
struct command {
    const char *name;
    const char *synopsis;    /* operands and options in one line, without the name */
    const char *summary;     /* a few words, for lists */
    const char *description; /* paragraphs by one empty line apart, for help and man page */
    const char *examples;    /* lines as typed, for help and man page; NULL: none */
    const struct option_table *options;
    int n_operands_min;
    int n_operands_max;

    /* `options` points to the filled struct; operands follow.  Returns an exit code (>= 0), or a
     * negative error described in `err`. */
    int (*run)(
        const struct cli_context *context,
        const void *options,
        int n_operands,
        char **operands,
        struct error *err);
};

extern const struct command *const command_table[];
extern const size_t command_table_len;

/* Options of commands that have none: a struct option_given and no rows. */
extern const struct option_table option_table_none;

/* The rows, one file each. */
extern const struct command command_run;
extern const struct command command_sim;
extern const struct command command_selftest;
extern const struct command command_keygen;
extern const struct command command_canonical;
extern const struct command command_verify;
extern const struct command command_summary;
extern const struct command command_fetch;
extern const struct command command_cache;
extern const struct command command_cost;
extern const struct command command_fingerprint;
extern const struct command command_doctor;
extern const struct command command_list;
extern const struct command command_plugin;
extern const struct command command_spec;
extern const struct command command_help;
extern const struct command command_version;

/* The command with this name, or NULL. */
const struct command *command_find(const char *name);

/* Commands that are planned and answer "not built yet": name and summary. */
struct planned_command {
    const char *name;
    const char *summary;
};

extern const struct planned_command planned_table[];
extern const size_t planned_table_len;

/* The exit code for a failure: 2 for a wrong invocation, a file that is not there or a wrong key,
 * 130 for an interruption, else 1. */
int exit_code_of(enum error_code code);

/* Runs `argv[1..argc)` as a command line: finds the command, parses, runs, prints the error.  Returns
 * the exit code. */
int cli_main(const struct cli_context *context, int argc, char **argv);
