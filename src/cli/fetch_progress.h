/* fetch_progress.h - the line that moves while a file is fetched. */
#pragma once

#include "cli/command.h"
#include "suite/hub.h"

struct fetch_progress {
    const struct cli_context *context;
    const char *name; /* of the file, borrowed */
    int64_t began_ns; /* of the first piece; 0: none yet */
    int64_t last_ns;  /* when a line was last written */
    uint64_t had;     /* bytes that were here before the first piece */
    bool drawn;
};

/* A watch that draws on `self`, which outlives it.  Ctrl-C stops the fetch once progress_catch_signals was
 * called. */
struct hub_watch fetch_progress_watch(struct fetch_progress *self);

/* Wipes the line. */
void fetch_progress_end(struct fetch_progress *self);
