#include "cli/print.h"

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)options;
    (void)n_operands;
    (void)operands;
    (void)err;
    print_version(context);
    return EXIT_GOOD;
}

const struct command command_version = {
    .name = "version",
    .synopsis = "",
    .summary = "print the version",
    .description = "Prints the version of this program and the commit that it was built from.\n",
    .options = &option_table_none,
    .run = run,
};
