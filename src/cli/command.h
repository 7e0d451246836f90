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
    FILE *out;      /* results */
    FILE *log;      /* progress, notes, warnings, errors */
    bool log_is_tty;
    bool color;     /* NO_COLOR, TERM=dumb and pipes switch it off */
    unsigned columns; /* of the terminal; 0: not a terminal */
};

/* One row of the command table. */
struct command {
    const char *name;
    const char *synopsis;    /* operands and options in one line, without the name */
    const char *summary;     /* a few words, for lists */
    const char *description; /* paragraphs, for help and man page */
    const struct option_row *options;
    size_t n_options;
    size_t options_size; /* bytes of the struct that option_parse fills; 0: no options */
    unsigned n_operands_min;
    unsigned n_operands_max;

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
