/* run_lengths.h - prompts of exact lengths: the engine is asked before a run, and held to it after. */
#pragma once

#include "cli/run_plan.h"
#include "load/point.h"

/* Makes the prompts as long as their recipe asks for, by the engine's own count.  Says on stderr what
 * it does where that takes time; warns of lengths that are not exact.  In a dry run nothing is asked.
 * Errors: ERROR_UNAVAILABLE, only with exact=require. */
MUST_CHECK int run_lengths_fit(struct run_work *work, struct run_plan *plan, struct error *err);

/* Warns when answered requests of the window had other lengths than were reached before. */
void run_lengths_check(
    struct run_plan *plan, const struct run_work *work, const struct point_result *result);
