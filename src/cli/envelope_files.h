/* envelope_files.h - the envelopes that a command is about: one file, or all of a folder. */
#pragma once

#include "cli/command.h"

/* Takes one file.  Errors: the file's, naming it. */
struct envelope_visit {
    int (*take)(void *context, const char *path, struct error *err);
    void *context;
};

/* Gives `path`, or every *.json of the folder `path` by name, to the visit.  Files of a folder that it
 * refuses are named on the log under `command`, and counted in *n_bad.
 * Errors: those of the file that was named; ERROR_IO for a folder, ERROR_UNAVAILABLE when it has no
 * envelope. */
MUST_CHECK int envelope_files_visit(
    const struct cli_context *context,
    const char *command,
    const char *path,
    const struct envelope_visit *visit,
    size_t *n_bad,
    struct error *err);
