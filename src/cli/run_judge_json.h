/* run_judge_json.h - who judged, and how it was asked: what the envelope's `judge` says besides what follows
 * from the records. */
#pragma once

#include "cli/run_plan.h"
#include "suite/judge.h"

/* In the plan's arena; `n_items` is how many of the items that were asked a judge decides. */
struct json *run_judge_json(
    struct run_plan *plan,
    const struct run_work *work,
    const struct judge_results *results,
    uint32_t n_items);
