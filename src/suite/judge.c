/* A few threads take the questions one after another; one gate lets their requests out, no faster than
 * asked for and not before a server that is overloaded wants to be asked again.  Results have their places,
 * so that only the counters and the gate are shared. */
#include "suite/judge.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/record.h"
#include "suite/judge_reply.h"
#include "suite/judge_retry.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Longest sleep at a time: an interruption is seen this soon. */
#define NAP_NS INT64_C(50000000)
/* Time between two looks of the caller's thread. */
#define TICK_NS INT64_C(100000000)

struct judge {
    const struct judge_options *options;
    const struct judge_question *questions;
    struct judge_results *results;
    atomic_bool stop;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t ended;  /* a thread has */
    int64_t open_ns;       /* when the gate lets the next request out */
    uint32_t next;
    uint32_t n_running;
    uint32_t n_failed_in_a_row;
    struct judge_progress progress;
};

static int64_t now_ns(const struct judge *self)
{
    return self->options->port->now_ns(self->options->port->context);
}

/* False: judging ends. */
static bool sleep_until(struct judge *self, int64_t until_ns)
{
    const struct judge_port *port = self->options->port;
    int64_t at_ns = now_ns(self);
    while (at_ns < until_ns && !atomic_load(&self->stop)) {
        port->sleep_until(port->context, until_ns - at_ns < NAP_NS ? until_ns : at_ns + NAP_NS);
        at_ns = now_ns(self);
    }
    return !atomic_load(&self->stop);
}

/* Takes the next place in the row of requests and waits for it. */
static bool gate_pass(struct judge *self)
{
    const double rps = self->options->max_rps;
    const int64_t gap_ns = rps > 0.0 ? (int64_t)((double)NS_PER_S / rps) : 0;
    (void)pthread_mutex_lock(&self->mutex);
    const int64_t at_ns = now_ns(self);
    const int64_t turn_ns = self->open_ns > at_ns ? self->open_ns : at_ns;
    self->open_ns = turn_ns + gap_ns;
    (void)pthread_mutex_unlock(&self->mutex);
    return sleep_until(self, turn_ns);
}

/* Nobody asks before `until_ns`. */
static void gate_hold(struct judge *self, int64_t until_ns)
{
    (void)pthread_mutex_lock(&self->mutex);
    if (self->open_ns < until_ns) {
        self->open_ns = until_ns;
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

static void count_retry(struct judge *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->progress.n_retries++;
    (void)pthread_mutex_unlock(&self->mutex);
}

/* Sends until there is an answer that counts.  False: judging ends. */
static bool
ask(struct judge *self,
    const struct judge_question *question,
    const struct prompt *prompt,
    struct judge_result *out,
    struct judge_reply *reply)
{
    const struct judge_port *port = self->options->port;
    struct rng jitter;
    rng_init_sub(&jitter, self->options->seed, RNG_STREAM_JUDGE_JITTER, question->id);
    while (gate_pass(self)) {
        judge_reply_done(reply);
        port->ask(port->context, prompt, &self->stop, reply);
        out->judgement.n_attempts++;
        if (reply->kind == JUDGE_REPLY_STOPPED) {
            return false;
        }
        const int64_t wait_ns = judge_retry_wait_ns(reply, out->judgement.n_attempts, &jitter);
        if (wait_ns < 0) {
            return true;
        }
        count_retry(self);
        const int64_t until_ns = now_ns(self) + wait_ns;
        if (reply->retry_after_ns > 0) {
            gate_hold(self, until_ns);
        }
        if (!sleep_until(self, until_ns)) {
            return false;
        }
    }
    return false;
}

static void judge_one(struct judge *self, uint32_t i)
{
    const struct judge_question *question = &self->questions[i];
    struct judge_result *out = &self->results->rows[i];
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(judge_reply_done) struct judge_reply reply = {0};
    struct error err = {0};
    struct prompt prompt;
    const int status =
        judge_prompt_write(&arena, self->options->seed, question, NULL, &prompt, &err);
    if (status < 0) {
        out->judgement.outcome = JUDGE_TOO_LONG;
        out->error = mem_copy_text(err.text);
        out->judgement.error = out->error;
    } else if (ask(self, question, &prompt, out, &reply)) {
        judge_reply_read(&reply, question->method, self->options->save_text, out);
    }
}

static bool is_judge_failing(uint8_t outcome)
{
    return outcome == JUDGE_STATUS || outcome == JUDGE_TIMEOUT || outcome == JUDGE_CONNECT ||
           outcome == JUDGE_MALFORMED;
}

/* Counts a question that has been settled. */
static void settle(struct judge *self, const struct judgement *judgement)
{
    (void)pthread_mutex_lock(&self->mutex);
    struct judge_progress *progress = &self->progress;
    const bool settled = judgement->outcome != JUDGE_NOT_ASKED;
    const bool verdict = !isnan(judge_outcome_score((enum judge_outcome)judgement->outcome));
    progress->n_done += settled;
    progress->n_verdicts += verdict;
    progress->n_errors += settled && !verdict;
    if (is_judge_failing(judgement->outcome)) {
        self->n_failed_in_a_row++;
    } else if (settled) {
        self->n_failed_in_a_row = 0;
    }
    if (self->n_failed_in_a_row == JUDGE_FAILED_IN_A_ROW_MAX) {
        self->results->given_up = true;
        atomic_store(&self->stop, true);
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

/* False: there is none left. */
static bool take_question(struct judge *self, uint32_t *out)
{
    (void)pthread_mutex_lock(&self->mutex);
    const bool taken = !atomic_load(&self->stop) && self->next < self->results->n;
    if (taken) {
        *out = self->next++;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return taken;
}

static void *work(void *user)
{
    struct judge *self = user;
    uint32_t i = 0;
    while (take_question(self, &i)) {
        judge_one(self, i);
        settle(self, &self->results->rows[i].judgement);
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->n_running--;
    (void)pthread_cond_signal(&self->ended);
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

/* Called and left with the mutex held. */
static void look(struct judge *self)
{
    const struct judge_options *options = self->options;
    const struct judge_progress progress = self->progress;
    (void)pthread_mutex_unlock(&self->mutex);
    const bool interrupted =
        options->tick != NULL && options->tick(options->tick_context, &progress) > 0;
    (void)pthread_mutex_lock(&self->mutex);
    if (interrupted) {
        self->results->interrupted = true;
        atomic_store(&self->stop, true);
    }
}

static void watch(struct judge *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    while (self->n_running > 0) {
        look(self);
        const int64_t until_ns = clock_mono_ns() + TICK_NS;
        const struct timespec until = {
            .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
        if (self->n_running > 0) {
            (void)pthread_cond_timedwait(&self->ended, &self->mutex, &until);
        }
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

static void init_sync(struct judge *self)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&self->ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&self->mutex, NULL);
}

static void run_threads(struct judge *self, uint32_t n_threads)
{
    pthread_t threads[JUDGE_CONCURRENCY_MAX];
    uint32_t n_started = 0;
    self->n_running = n_threads;
    while (n_started < n_threads && pthread_create(&threads[n_started], NULL, work, self) == 0) {
        n_started++;
    }
    /* Fewer do the same work. */
    (void)pthread_mutex_lock(&self->mutex);
    self->n_running -= n_threads - n_started;
    (void)pthread_mutex_unlock(&self->mutex);
    if (n_started == 0) {
        self->n_running = 1;
        (void)work(self);
    }
    watch(self);
    for (uint32_t i = 0; i < n_started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

void judge_run(
    const struct judge_options *options,
    const struct judge_question *questions,
    uint32_t n,
    struct judge_results *out)
{
    assert(options->concurrency >= 1 && options->concurrency <= JUDGE_CONCURRENCY_MAX);
    *out = (struct judge_results){.rows = mem_alloc(n, sizeof(*out->rows)), .n = n};
    for (uint32_t i = 0; i < n; i++) {
        out->rows[i].judgement = (struct judgement){
            .outcome = JUDGE_NOT_ASKED,
            .prompt_tokens = RECORD_COUNT_UNKNOWN,
            .output_tokens = RECORD_COUNT_UNKNOWN,
            .scorer = (double)NAN,
        };
    }
    struct judge judge = {
        .options = options,
        .questions = questions,
        .results = out,
        .progress = {.n = n},
    };
    atomic_init(&judge.stop, false);
    init_sync(&judge);
    const int stop =
        options->tick != NULL ? options->tick(options->tick_context, &judge.progress) : 0;
    out->interrupted = n > 0 && stop > 0;
    if (n > 0 && !out->interrupted) {
        run_threads(&judge, options->concurrency < n ? options->concurrency : n);
    }
    (void)pthread_cond_destroy(&judge.ended);
    (void)pthread_mutex_destroy(&judge.mutex);
}

void judge_results_done(struct judge_results *self)
{
    for (uint32_t i = 0; i < self->n; i++) {
        free(self->rows[i].answer);
        free(self->rows[i].error);
    }
    free(self->rows);
    *self = (struct judge_results){0};
}

uint32_t judge_draw(uint64_t seed, uint32_t n, uint32_t max, uint32_t *out_order)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_STREAM_JUDGE_ORDER);
    rng_permutation(&rng, out_order, n);
    return max > 0 && max < n ? max : n;
}
