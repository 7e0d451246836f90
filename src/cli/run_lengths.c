/* The engine is asked through net/web.h; in virtual time the simulated engine's rule is applied here. */
#include "cli/run_lengths.h"

#include "base/clock.h"
#include "engine/engine_tokens.h"
#include "sim/sim_ask.h"
#include "suite/lengths.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What takes longer than this says so, and goes on saying so. */
#define TELL_FIRST_NS  (2 * NS_PER_S)
#define TELL_PERIOD_NS (5 * NS_PER_S)

/* Whom the questions go to. */
struct asking {
    struct run_plan *plan;
    bool chat;
    struct engine_tokens_ask ask;
    atomic_uint n_requests;
    _Atomic int64_t tell_ns; /* when the next line is due */
};

/* True once in a while, to one of the threads. */
static bool is_time_to_tell(struct asking *self)
{
    const int64_t now_ns = clock_mono_ns();
    int64_t due_ns = atomic_load(&self->tell_ns);
    return now_ns >= due_ns &&
           atomic_compare_exchange_strong(&self->tell_ns, &due_ns, now_ns + TELL_PERIOD_NS);
}

static int tokenize(void *context, const char *text, uint32_t *out, struct error *err)
{
    const struct asking *self = context;
    return engine_tokens_of_text(&self->ask, text, out, err);
}

static int usage(void *context, const char *text, uint32_t *out, struct error *err)
{
    struct asking *self = context;
    const unsigned n = atomic_fetch_add(&self->n_requests, 1);
    if (is_time_to_tell(self)) {
        (void)fprintf(
            self->plan->context->log,
            "bench run: asking the engine how it counts tokens: %u one-token requests answered\n",
            n);
    }
    return engine_tokens_of_request(&self->ask, text, out, err);
}

static int tokenize_virtual(void *context, const char *text, uint32_t *out, struct error *err)
{
    (void)context;
    (void)err;
    *out = sim_ask_count(text, strlen(text));
    return 0;
}

static int usage_virtual(void *context, const char *text, uint32_t *out, struct error *err)
{
    const struct asking *self = context;
    const int rc = tokenize_virtual(context, text, out, err);
    *out += self->chat ? SIM_MESSAGE_TOKENS : 0;
    return rc;
}

static void tick(void *context, uint32_t n_done, uint32_t n)
{
    struct asking *self = context;
    if (!is_time_to_tell(self)) {
        return;
    }
    (void)fprintf(
        self->plan->context->log, "bench run: counting tokens: %u of %u prompts\n", n_done, n);
}

static void warn(struct run_plan *plan, const struct lengths *lengths)
{
    if (lengths->n_exact == lengths->n_prompts) {
        return;
    }
    if (lengths->method == LENGTHS_NOMINAL) {
        run_plan_warn(
            plan, "input lengths are nominal, template and salt come on top: %s", lengths->why);
        return;
    }
    if (lengths->salt_varies) {
        run_plan_warn(
            plan,
            "input lengths are not exact: salts differ in their number of tokens for this engine; "
            "--cache-policy as-is sends none");
        return;
    }
    run_plan_warn(
        plan,
        "input lengths: %u of %u prompts are known to be as long as asked for (%u to %u tokens); %u were "
        "counted (%u to %u tokens, %.1f on average); template and salt take %d%s",
        lengths->n_exact, lengths->n_prompts, lengths->wanted.min, lengths->wanted.max,
        lengths->n_counted, lengths->reached.min, lengths->reached.max, lengths->reached.mean,
        lengths->template_tokens + (int)lengths->salt_tokens,
        lengths->method == LENGTHS_USAGE
            ? "; without a tokenizer exact=require counts every prompt by a request"
            : "");
}

int run_lengths_fit(struct run_work *work, struct run_plan *plan, struct error *err)
{
    const struct run_options *options = plan->options;
    const struct prompt_maker *maker = &work->prompts.maker;
    if (maker->write == NULL || maker->exact == EXACT_OFF ||
        (options->strict && plan->n_warned > 0)) {
        return 0;
    }
    if (options->dry_run) {
        (void)fputs(
            "bench run: input lengths are nominal here: a real run makes them exact by the engine's count\n",
            plan->context->log);
        return 0;
    }
    struct asking asking = {.plan = plan, .chat = work->shape.chat};
    atomic_store(&asking.tell_ns, clock_mono_ns() + TELL_FIRST_NS);
    engine_tokens_init(&asking.ask, plan->engine, &plan->target, &work->shape);
    struct length_source source = {
        .context = &asking,
        .tokenize = plan->engine->tokenize_member != NULL ? tokenize : NULL,
        .usage = usage,
        .tick = tick,
        .salt = work->shape.salt,
    };
    if (options->virtual_time) {
        source.tokenize = tokenize_virtual;
        source.usage = usage_virtual;
    }
    struct lengths lengths;
    const int rc = lengths_fit(&work->prompts, &source, &lengths, err);
    engine_tokens_done(&asking.ask);
    if (rc == 0) {
        warn(plan, &lengths);
        return 0;
    }
    return error_prefix(err, "--dataset: ");
}

void run_lengths_check(
    struct run_plan *plan, const struct run_work *work, const struct point_result *result)
{
    const struct prompt_maker *maker = &work->prompts.maker;
    if (maker->write == NULL || maker->exact == EXACT_OFF) {
        return;
    }
    uint64_t n = 0;
    uint64_t n_other = 0;
    int32_t most = 0; /* furthest from what was asked for */
    for (uint64_t i = 0; i < result->records.n; i++) {
        const struct record *record = &result->records.records[i];
        const uint32_t wanted = work->prompts.prompts[record->prompt_index].input_tokens;
        if (record->phase != PHASE_WINDOW || record->prompt_tokens == RECORD_COUNT_UNKNOWN ||
            wanted == 0) {
            continue;
        }
        const int32_t off = record->prompt_tokens - (int32_t)wanted;
        n++;
        n_other += off != 0 ? 1 : 0;
        most = abs(off) > abs(most) ? off : most;
    }
    if (n_other > 0) {
        run_plan_warn(
            plan,
            "%llu of %llu requests had another input length than was asked for, by up to %+d tokens "
            "(the engine's usage)",
            (unsigned long long)n_other, (unsigned long long)n, most);
    }
}
