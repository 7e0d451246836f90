/* progress.h - the line that moves while a point is measured.
 *
 * On a terminal one line is rewritten about ten times a second; elsewhere a plain line appears every
 * PROGRESS_PLAIN_NS.  Runs in the main thread, which also watches for Ctrl-C. */
#pragma once

#include "cli/command.h"
#include "load/point.h"

/* Period of plain lines in a pipe or a log. */
#define PROGRESS_PLAIN_NS INT64_C(10000000000)

struct progress {
    const struct cli_context *context;
    const char *label;   /* "c4", "rps0.5": borrowed */
    int64_t duration_ns; /* of the window; CLOCK_NEVER: a number of requests */
    uint64_t n_requests;
    bool stream; /* the median is that of TTFT, else of whole latencies */
    int64_t last_plain_ns;
    bool drawn;
};

/* Watches SIGINT and SIGTERM: the first asks to stop sending and drain, the second to stop now. */
void progress_catch_signals(void);

/* Signals so far: 0, 1, or 2 for more. */
int progress_signals(void);

/* For point_options.tick with a struct progress as its context. */
int progress_tick(void *context, const struct point_snapshot *snapshot);

/* Wipes the line. */
void progress_end(struct progress *self);
