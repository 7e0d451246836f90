/* run_quality.h - what a quality benchmark asks of a run: each item once, and every answer scored. */
#pragma once

#include "cli/run_plan.h"
#include "load/point.h"

/* Refuses what has no meaning where each item is asked once: --duration and the warm-up; and more
 * --requests than there are items, but with --all-benchmarks.  Perf benchmarks pass.
 * Errors: ERROR_USAGE. */
MUST_CHECK int run_quality_check_options(
    const struct run_options *options, const struct spec *spec, struct error *err);
MUST_CHECK int run_quality_check_items(
    const struct run_options *options, const struct run_work *work, struct error *err);

/* Turns a point's options into those of a quality benchmark: a window of as many requests as there are
 * items (or --requests), none before it, texts kept.  Perf benchmarks stay as they are. */
void run_quality_apply(const struct run_work *work, struct point_options *options);

/* Scores of a point's answers, parallel to its records. */
struct run_quality {
    struct record_item *items; /* owned; NULL: of a perf benchmark */
};

/* Scores the answers and names their items in the records, which borrow from *out: run_quality_done. */
void run_quality_score(
    const struct run_work *work, struct point_result *result, struct run_quality *out);
void run_quality_done(struct run_quality *self);
