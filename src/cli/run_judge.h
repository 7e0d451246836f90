/* run_judge.h - the judge of a run: which answers it is for, how it is reached, what it says.
 *
 * Options are judged against the benchmarks before traffic, the judge's endpoint is asked whether it serves
 * the model before traffic, and the answers are judged when a point's measurement is over. */
#pragma once

#include "cli/run_options.h"
#include "engine/engine.h"
#include "load/point.h"
#include "suite/judge.h"

struct run_plan;
struct run_work;
struct run_quality;

/* In the plan; {0} of a run without a judge. */
struct run_judge {
    bool wanted; /* a benchmark of the run has answers for it */
    const struct engine_ops *engine;
    struct engine_target target;
    struct engine_identity identity; /* once it is reached */
};

/* Refuses a benchmark with answers for a judge that no --judge-model names, and items that lack what the
 * judge is to be told.  Errors: ERROR_USAGE; with --all-benchmarks ERROR_UNAVAILABLE for the model. */
MUST_CHECK int
run_judge_check_work(const struct run_plan *plan, const struct run_work *work, struct error *err);

/* Refuses options of the judge where no benchmark has answers for it; finds its endpoint and key.  Sends
 * nothing.  Errors: ERROR_USAGE. */
MUST_CHECK int
run_judge_open(struct run_plan *plan, const struct run_work *works, size_t n, struct error *err);

/* Asks the judge's endpoint for the model; the engine has been reached.  Errors: those of a probe, whose
 * messages name the judge's options. */
MUST_CHECK int run_judge_reach(struct run_plan *plan, struct error *err);

/* What came of a point's answers; the records borrow from it: run_judged_done. */
struct run_judged {
    struct judge_results results;
    struct json
        *settings; /* for the envelope, in the plan's arena; NULL: nothing was to be judged */
    bool failed;   /* it was given up, or not one verdict came */
};

/* Judges the answers of a point and puts scores and judgements into the records. */
void run_judge_answers(
    struct run_plan *plan,
    const struct run_work *work,
    const char *point_name,
    struct point_result *result,
    struct run_quality *quality,
    struct run_judged *out);
void run_judged_done(struct run_judged *self);
