/* run_main.h - `bench run` once its command line has been read. */
#pragma once

#include "cli/command.h"
#include "cli/run_options.h"

/* Resolves, measures, writes and prints.  Returns an exit code, or a negative error. */
MUST_CHECK int command_run_main(
    const struct cli_context *context, const struct run_options *options, struct error *err);
