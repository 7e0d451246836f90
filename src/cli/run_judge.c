/* The judge is another engine that is asked outside of the measurement: found, checked and told of as the
 * measured one is, with options of its own. */
#include "cli/run_judge.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/judge_progress.h"
#include "cli/run_judge_json.h"
#include "cli/run_plan.h"
#include "cli/run_quality.h"
#include "suite/judge_http.h"
#include "suite/judge_item.h"
#include "suite/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_judged(const struct item *item)
{
    return scoring_needs_judge(item->scoring);
}

static bool work_is_judged(const struct run_work *work)
{
    for (uint32_t i = 0; work->prompts.items != NULL && i < work->prompts.n; i++) {
        if (is_judged(&work->prompts.items[i])) {
            return true;
        }
    }
    return false;
}

int run_judge_check_work(
    const struct run_plan *plan, const struct run_work *work, struct error *err)
{
    if (!work_is_judged(work)) {
        return 0;
    }
    for (uint32_t i = 0; i < work->prompts.n; i++) {
        const struct item *item = &work->prompts.items[i];
        const char *what = judge_item_check(item, &work->prompts.prompts[i]);
        if (what != NULL) {
            return error_set(
                err, ERROR_USAGE, "%s: item '%s' (line %u of its data): %s", work->spec->id,
                item->id, item->line, what);
        }
    }
    if (plan->options->judge.model[0] != '\0') {
        return 0;
    }
    const bool one_of_many = plan->options->mode == RUN_ALL;
    return error_set(
        err, one_of_many ? ERROR_UNAVAILABLE : ERROR_USAGE,
        "%s is scored by a judge: name its model with --judge-model, and where it answers with "
        "--judge-base-url",
        work->spec->id);
}

static int find_endpoint(struct run_plan *plan, struct error *err)
{
    const struct run_judge_options *options = &plan->options->judge;
    struct run_judge *judge = &plan->judge;
    judge->engine = engine_find(options->engine);
    judge->target = (struct engine_target){
        .base_url = options->base_url,
        .model = options->model,
        .option_prefix = "judge-",
    };
    if (endpoint_parse(options->base_url, &judge->target.endpoint, err) < 0) {
        return error_prefix(err, "--judge-base-url: ");
    }
    if (options->api_key_env[0] == '\0') {
        return 0;
    }
    judge->target.api_key = secure_getenv(options->api_key_env);
    if (judge->target.api_key == NULL || judge->target.api_key[0] == '\0') {
        return error_set(
            err, ERROR_USAGE, "--judge-api-key-env: environment variable %s is not set",
            options->api_key_env);
    }
    return 0;
}

int run_judge_open(struct run_plan *plan, const struct run_work *works, size_t n, struct error *err)
{
    const struct run_judge_options *options = &plan->options->judge;
    for (size_t i = 0; i < n; i++) {
        const bool runs = works[i].missing.code == ERROR_NONE;
        plan->judge.wanted = plan->judge.wanted || (runs && work_is_judged(&works[i]));
    }
    if (!plan->judge.wanted) {
        return options->given == NULL
                   ? 0
                   : error_set(
                         err, ERROR_USAGE,
                         "--%s: no answer of %s is scored by a judge: that is for benchmarks with "
                         "'scoring: judge_llm' or 'judge_llm_persona'",
                         options->given, plan->options->suite);
    }
    if (options->base_url[0] != '\0') {
        return find_endpoint(plan, err);
    }
    if (plan->options->virtual_time) {
        return error_set(
            err, ERROR_USAGE,
            "--judge-base-url is needed with --virtual-time: nobody answers at the simulated engine's "
            "address");
    }
    return 0; /* the engine's own endpoint, when it has been found */
}

/* The judge is what is judged. */
static bool is_the_model(const struct run_plan *plan)
{
    char measured[ENDPOINT_NORMAL_MAX];
    char judging[ENDPOINT_NORMAL_MAX];
    endpoint_normal(&plan->target.endpoint, measured);
    endpoint_normal(&plan->judge.target.endpoint, judging);
    return !plan->options->virtual_time && text_equal(measured, judging) &&
           text_equal(plan->identity.model, plan->options->judge.model);
}

int run_judge_reach(struct run_plan *plan, struct error *err)
{
    struct run_judge *judge = &plan->judge;
    if (!judge->wanted) {
        return 0;
    }
    if (plan->options->judge.base_url[0] == '\0') {
        judge->engine = plan->engine;
        judge->target = plan->target;
        judge->target.model = plan->options->judge.model;
        judge->target.option_prefix = "judge-";
    }
    const int result =
        judge->engine->probe(judge->engine, &judge->target, &plan->arena, &judge->identity, err);
    if (result < 0) {
        return error_prefix(err, "the judge: ");
    }
    if (is_the_model(plan)) {
        run_plan_warn(
            plan, "the model judges its own answers: name another with --judge-model, or another "
                  "server with --judge-base-url");
    }
    return 0;
}

/* The questions of one point. */
struct round {
    struct arena arena; /* of the texts */
    struct judge_question *questions;
    struct record **records; /* parallel */
    double *scorers;         /* parallel: what the deterministic scorer says; NAN */
    uint32_t n;
    uint32_t n_items; /* that a judge decides, of those that were asked */
};

static void round_done(struct round *self)
{
    free(self->questions);
    free(self->records);
    free(self->scorers);
    arena_done(&self->arena);
}

static const char *answer_of(const struct record *record)
{
    return record->content != NULL ? record->content : record->text;
}

/* The records whose items a judge decides, in the order of sending. */
static uint32_t
find_judged(const struct run_work *work, const struct record_set *set, struct record **out)
{
    uint32_t n = 0;
    for (uint64_t i = 0; i < set->n; i++) {
        if (is_judged(&work->prompts.items[set->records[i].prompt_index])) {
            out[n++] = &set->records[i];
        }
    }
    return n;
}

static void add_question(struct round *self, const struct run_work *work, struct record *record)
{
    const struct item *item = &work->prompts.items[record->prompt_index];
    struct judge_question *question = &self->questions[self->n];
    judge_item_question(
        &self->arena, item, &work->prompts.prompts[record->prompt_index], answer_of(record),
        question);
    question->id = record->index;
    self->records[self->n] = record;
    self->scorers[self->n] = judge_item_scorer(item, answer_of(record));
    self->n++;
}

/* Draws by the seed, among all items and not among those that were answered: so two models are judged on the
 * same items.  Items that are not drawn count for nothing. */
static void prepare(
    struct round *self,
    const struct run_plan *plan,
    const struct run_work *work,
    struct run_quality *quality,
    struct point_result *result)
{
    const struct record_set *set = &result->records;
    CLEANUP(mem_freep) struct record **judged = mem_alloc(set->n, sizeof(struct record *));
    CLEANUP(mem_freep) uint32_t *order = mem_alloc(set->n, sizeof(*order));
    self->n_items = find_judged(work, set, judged);
    const uint32_t n_drawn =
        judge_draw(plan->options->seed, self->n_items, plan->options->judge.max_questions, order);
    self->questions = mem_alloc(n_drawn, sizeof(*self->questions));
    self->records = mem_alloc(n_drawn, sizeof(struct record *));
    self->scorers = mem_alloc(n_drawn, sizeof(*self->scorers));
    for (uint32_t i = 0; i < self->n_items; i++) {
        struct record *record = judged[order[i]];
        if (i >= n_drawn) {
            quality->items[record - set->records].scoring = RECORD_SCORING_NOT_DRAWN;
        } else if (record->outcome == OUTCOME_OK && answer_of(record) != NULL) {
            add_question(self, work, record);
        }
    }
}

static void take_results(
    const struct round *self,
    const struct record_set *set,
    struct run_quality *quality,
    struct run_judged *out)
{
    for (uint32_t i = 0; i < self->n; i++) {
        struct judgement *judgement = &out->results.rows[i].judgement;
        struct record *record = self->records[i];
        judgement->scorer = self->scorers[i];
        record->judgement = judgement;
        quality->items[record - set->records].score =
            judge_outcome_score((enum judge_outcome)judgement->outcome);
    }
}

/* How many answers are not settled, and why: for the person, and for the envelope. */
static void warn_of_rest(struct run_plan *plan, const struct judge_results *results)
{
    uint32_t n[JUDGE_OUTCOME_COUNT] = {0};
    const char *example[JUDGE_OUTCOME_COUNT] = {0};
    for (uint32_t i = 0; i < results->n; i++) {
        const struct judgement *judgement = &results->rows[i].judgement;
        n[judgement->outcome]++;
        if (example[judgement->outcome] == NULL) {
            example[judgement->outcome] = judgement->error;
        }
    }
    for (unsigned i = JUDGE_NO_VERDICT; i < JUDGE_NOT_ASKED; i++) {
        if (n[i] > 0) {
            run_plan_warn(
                plan, "judge: %u of %u answers have no verdict: %s: %.300s", n[i], results->n,
                judge_outcome_name((enum judge_outcome)i), example[i] != NULL ? example[i] : "");
        }
    }
    if (n[JUDGE_NOT_ASKED] > 0) {
        run_plan_warn(
            plan, "judge: %u of %u answers were not judged: %s", n[JUDGE_NOT_ASKED], results->n,
            results->given_up ? "it failed too often in a row and was given up"
                              : "judging was interrupted");
    }
}

static bool has_verdict(const struct judge_results *results)
{
    for (uint32_t i = 0; i < results->n; i++) {
        if (!isnan(judge_outcome_score((enum judge_outcome)results->rows[i].judgement.outcome))) {
            return true;
        }
    }
    return false;
}

static void judge_round(
    struct run_plan *plan,
    const struct round *round,
    const char *point_name,
    struct judge_results *out)
{
    const struct run_judge_options *given = &plan->options->judge;
    struct judge_http http = {
        .engine = plan->judge.engine,
        .target = &plan->judge.target,
        .max_tokens = given->max_tokens,
        .timeout_ns = clock_ns_of_seconds(given->timeout_s),
        .seed = plan->options->seed,
    };
    const struct judge_port port = judge_http_port(&http);
    struct judge_progress_line line = {.context = plan->context, .label = point_name};
    const struct judge_options options = {
        .seed = plan->options->seed,
        .concurrency = given->concurrency,
        .max_rps = given->max_rps,
        .save_text = plan->options->save_text,
        .port = &port,
        .tick = judge_progress_tick,
        .tick_context = &line,
    };
    judge_run(&options, round->questions, round->n, out);
    judge_progress_end(&line);
}

void run_judge_answers(
    struct run_plan *plan,
    const struct run_work *work,
    const char *point_name,
    struct point_result *result,
    struct run_quality *quality,
    struct run_judged *out)
{
    *out = (struct run_judged){.failed = false};
    if (!plan->judge.wanted || !work_is_judged(work)) {
        return;
    }
    CLEANUP(round_done) struct round round = {.n = 0};
    prepare(&round, plan, work, quality, result);
    judge_round(plan, &round, point_name, &out->results);
    take_results(&round, &result->records, quality, out);
    warn_of_rest(plan, &out->results);
    out->failed = out->results.given_up || (round.n > 0 && !has_verdict(&out->results));
    out->settings = run_judge_json(plan, work, &out->results, round.n_items);
}

void run_judged_done(struct run_judged *self)
{
    judge_results_done(&self->results);
    *self = (struct run_judged){.failed = false};
}
