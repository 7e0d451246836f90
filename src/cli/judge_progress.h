/* judge_progress.h - the line that moves while answers are judged; on a terminal rewritten ten times a second,
 * elsewhere a plain line every ten seconds (progress.h). */
#pragma once

#include "cli/command.h"
#include "suite/judge.h"

struct judge_progress_line {
    const struct cli_context *context;
    const char *label; /* of the point */
    int64_t began_ns;
    int64_t plain_ns; /* when the last plain line was written */
    bool drawn;
};

/* For judge_options.tick with a struct judge_progress_line as its context. */
int judge_progress_tick(void *context, const struct judge_progress *progress);

/* Wipes the line. */
void judge_progress_end(struct judge_progress_line *self);
