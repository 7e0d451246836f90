/* Model time is the caller's time without the engine-wide stalls: tokens are planned in it and mapped
 * to the caller's clock, so a stall moves everything behind it and nothing else.
 *
 * Fixed: token k comes at arrival + TTFT + (k - 1) ITL, whatever else runs.
 *
 * Batching: the engine runs steps.  At the start of a step waiting requests are admitted, first come
 * first served, up to the largest batch.  The step lasts one ITL plus the prefill of what was just
 * admitted, and ends with one token for every request in the batch.  A request joins the queue
 * TTFT - ITL - prefill after its arrival (never before it), so that alone on an idle engine its first
 * token comes after max(TTFT, ITL + prefill). */
#include "base/clock.h"
#include "sim/sim_core.h"

#include <assert.h>

bool sim_model_batches(const struct sim *self)
{
    return self->options.max_batch > 0;
}

static int64_t model_of_wall(const struct sim *self, int64_t wall_ns)
{
    int64_t model_ns = wall_ns;
    for (uint32_t i = 0; i < self->habits->n_stalls; i++) {
        const struct sim_stall *stall = &self->habits->stalls[i];
        const int64_t into_ns = wall_ns - (self->epoch_ns + stall->at_ns);
        if (into_ns > 0) {
            model_ns -= into_ns < stall->length_ns ? into_ns : stall->length_ns;
        }
    }
    return model_ns;
}

static int64_t wall_of_model(const struct sim *self, int64_t model_ns)
{
    int64_t wall_ns = model_ns;
    for (uint32_t i = 0; i < self->habits->n_stalls; i++) {
        const struct sim_stall *stall = &self->habits->stalls[i];
        if (wall_ns >= self->epoch_ns + stall->at_ns) {
            wall_ns += stall->length_ns;
        }
    }
    return wall_ns;
}

/* A duration with the jitter that was asked for: gamma with this mean. */
static int64_t jittered(const struct sim *self, struct rng *rng, int64_t mean_ns)
{
    const double jitter = self->options.jitter;
    if (!(jitter > 0.0) || mean_ns <= 0) {
        return mean_ns;
    }
    const double shape = 1.0 / (jitter * jitter);
    return (int64_t)rng_gamma(rng, shape, (double)mean_ns / shape);
}

static int64_t prefill_ns(const struct sim *self, const struct sim_seq *seq)
{
    if (!(self->options.prefill_tok_per_s > 0.0)) {
        return 0;
    }
    const uint32_t tokens = seq->prompt_tokens - seq->cached_tokens;
    return (int64_t)((double)tokens / self->options.prefill_tok_per_s * 1e9);
}

static void queue_add(struct sim_queue *queue, struct sim_conn *conn)
{
    conn->seq.before = queue->last;
    conn->seq.after = NULL;
    if (queue->last != NULL) {
        queue->last->seq.after = conn;
    } else {
        queue->first = conn;
    }
    queue->last = conn;
    queue->n++;
}

static void queue_remove(struct sim_queue *queue, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    if (seq->before != NULL) {
        seq->before->seq.after = seq->after;
    } else {
        queue->first = seq->after;
    }
    if (seq->after != NULL) {
        seq->after->seq.before = seq->before;
    } else {
        queue->last = seq->before;
    }
    seq->before = NULL;
    seq->after = NULL;
    queue->n--;
}

static void note_running(struct sim *self)
{
    const uint64_t n = self->running.n + self->n_running_fixed;
    if (n > self->counters.n_running_max) {
        self->counters.n_running_max = n;
    }
}

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Fixed model: the time of the last token, for an answer in one piece. */
static int64_t last_token_ns(const struct sim *self, struct sim_seq *seq)
{
    int64_t model_ns = seq->model_ns;
    for (uint32_t k = 1; k < seq->total; k++) {
        model_ns += jittered(self, &seq->rng, self->options.itl_ns);
    }
    return model_ns;
}

static void begin_fixed(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    const int64_t ttft_ns = jittered(self, &seq->rng, self->options.ttft_ns);
    seq->model_ns = model_of_wall(self, now_ns) + largest(ttft_ns, prefill_ns(self, seq));
    seq->place = SIM_PLACE_RUNNING;
    self->n_running_fixed++;
    note_running(self);
    if (seq->ask.stream) {
        sim_conn_plan(self, conn, SIM_NEXT_HEAD, now_ns);
    } else {
        const int64_t last_ns = last_token_ns(self, seq);
        sim_conn_plan(self, conn, SIM_NEXT_REPLY, wall_of_model(self, last_ns));
    }
}

/* When the request joins the queue. */
static int64_t eligible_ns(const struct sim *self, const struct sim_seq *seq)
{
    const int64_t overhead_ns =
        self->options.ttft_ns - self->options.itl_ns - prefill_ns(self, seq);
    const int64_t model_ns = model_of_wall(self, seq->arrived_ns) + largest(overhead_ns, 0);
    return wall_of_model(self, model_ns);
}

void sim_model_begin(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    rng_init_sub(&seq->rng, self->options.seed, RNG_STREAM_SIM_JITTER, seq->number + 1);
    seq->token_ns = CLOCK_NEVER;
    if (!sim_model_batches(self)) {
        begin_fixed(self, conn, now_ns);
    } else if (seq->ask.stream && self->options.style == SIM_STYLE_VLLM) {
        /* vLLM answers the head before the request has a place in the batch. */
        sim_conn_plan(self, conn, SIM_NEXT_HEAD, now_ns);
    } else {
        sim_conn_plan(self, conn, SIM_NEXT_ADMIT, eligible_ns(self, seq));
    }
}

void sim_model_after_head(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    if (!sim_model_batches(self)) {
        sim_model_token(self, conn);
    } else if (seq->place == SIM_PLACE_NONE && seq->produced == 0) {
        sim_conn_plan(self, conn, SIM_NEXT_ADMIT, eligible_ns(self, seq));
        return;
    }
    sim_conn_plan(self, conn, SIM_NEXT_TOKEN, least(seq->token_ns, seq->ping_ns));
}

void sim_model_token(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    if (sim_model_batches(self)) {
        if (seq->produced <= seq->written) {
            seq->token_ns = CLOCK_NEVER;
        }
        return;
    }
    if (seq->written > 0) {
        seq->model_ns += jittered(self, &seq->rng, self->options.itl_ns);
    }
    seq->token_ns = wall_of_model(self, seq->model_ns);
}

void sim_model_stall(struct sim *self, struct sim_conn *conn, int64_t length_ns)
{
    struct sim_seq *seq = &conn->seq;
    if (!sim_model_batches(self)) {
        seq->model_ns += length_ns;
        seq->token_ns = wall_of_model(self, seq->model_ns);
    }
}

/* Starts a step now, or leaves the engine idle. */
static void step_start(struct sim *self, int64_t now_ns)
{
    int64_t prefill_sum_ns = 0;
    while (self->waiting.first != NULL && self->running.n < self->options.max_batch) {
        struct sim_conn *conn = self->waiting.first;
        queue_remove(&self->waiting, conn);
        queue_add(&self->running, conn);
        conn->seq.place = SIM_PLACE_RUNNING;
        prefill_sum_ns += prefill_ns(self, &conn->seq);
        if (conn->seq.ask.stream && self->options.style == SIM_STYLE_LLAMACPP) {
            sim_conn_plan(self, conn, SIM_NEXT_HEAD, now_ns);
        }
    }
    note_running(self);
    self->step_busy = self->running.n > 0;
    if (!self->step_busy) {
        sim_timer_stop(&self->timers, &self->step_timer);
        return;
    }
    self->step_ns = model_of_wall(self, now_ns) +
                    jittered(self, &self->step_rng, self->options.itl_ns + prefill_sum_ns);
    sim_timer_set(&self->timers, &self->step_timer, wall_of_model(self, self->step_ns));
}

/* One more token of this request is there. */
static void token_made(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    seq->produced++;
    const bool done = seq->produced >= seq->total;
    if (done) {
        sim_model_leave(self, conn);
    }
    if (!seq->ask.stream) {
        if (done) {
            sim_conn_plan(self, conn, SIM_NEXT_REPLY, now_ns);
        }
        return;
    }
    if (seq->token_ns == CLOCK_NEVER) {
        seq->token_ns = now_ns;
        /* A stream that still has to write its head or pauses looks at token_ns later. */
        if (conn->next == SIM_NEXT_TOKEN) {
            sim_conn_plan(self, conn, SIM_NEXT_TOKEN, now_ns);
        }
    }
}

static void step_end(struct sim *self, int64_t now_ns)
{
    self->counters.steps++;
    struct sim_conn *next = NULL;
    for (struct sim_conn *conn = self->running.first; conn != NULL; conn = next) {
        next = conn->seq.after;
        token_made(self, conn, now_ns);
    }
    self->step_busy = false;
    if (self->running.n > 0 || self->waiting.n > 0) {
        /* Requests that become eligible at this very moment still come before the start. */
        sim_timer_set(&self->timers, &self->step_timer, now_ns);
    }
}

void sim_model_step(struct sim *self, int64_t now_ns)
{
    sim_timer_stop(&self->timers, &self->step_timer);
    if (self->step_busy) {
        step_end(self, now_ns);
    } else {
        step_start(self, now_ns);
    }
}

void sim_model_admit(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    seq->place = SIM_PLACE_WAITING;
    queue_add(&self->waiting, conn);
    if (seq->ask.stream) {
        sim_conn_plan(self, conn, SIM_NEXT_TOKEN, seq->ping_ns);
    } else {
        sim_conn_plan(self, conn, SIM_NEXT_NONE, CLOCK_NEVER);
    }
    if (!self->step_busy && self->step_timer.slot == 0) {
        sim_timer_set(&self->timers, &self->step_timer, now_ns);
    }
}

void sim_model_leave(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    if (seq->place == SIM_PLACE_WAITING) {
        queue_remove(&self->waiting, conn);
    } else if (seq->place == SIM_PLACE_RUNNING && sim_model_batches(self)) {
        queue_remove(&self->running, conn);
    } else if (seq->place == SIM_PLACE_RUNNING) {
        assert(self->n_running_fixed > 0);
        self->n_running_fixed--;
    }
    seq->place = SIM_PLACE_NONE;
}
