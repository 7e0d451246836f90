/* judge.h - asks another model whether answers are right, once the measurement is over.
 *
 * Nothing here is measured, so this is the one place that tries again: a 429, a 5xx, no connection, or no
 * answer in time are retried with waits that double (judge_retry.h).  What the judge says is never asked
 * again for: a verdict is taken as it comes, and what is no verdict is counted as an error.
 *
 * Network and clock come through struct judge_port: tests give their own. */
#pragma once

#include "stats/judgement.h"
#include "suite/judge_prompt.h"

#include <stdatomic.h>

enum {
    JUDGE_CONCURRENCY_MAX =
        64, /* threads, one request each: more would be a load test of the judge */
    JUDGE_CONCURRENCY_DEFAULT = 4,
    /* Questions that fail one after another, retries included, before the rest is not asked: a judge that
     * is gone would cost a minute for each. */
    JUDGE_FAILED_IN_A_ROW_MAX = 8,
    JUDGE_MODEL_SIZE = 256
};

enum judge_reply_kind {
    JUDGE_REPLY_HTTP, /* an HTTP answer, of any status */
    JUDGE_REPLY_TIMEOUT,
    JUDGE_REPLY_CONNECT, /* it may work at another time */
    JUDGE_REPLY_REFUSED, /* it will not: certificate, a body without end */
    JUDGE_REPLY_STOPPED, /* ended because of struct judge_port.stopped */
};

/* What came back for one request. */
struct judge_reply {
    enum judge_reply_kind kind;
    long status;            /* with JUDGE_REPLY_HTTP */
    int64_t retry_after_ns; /* what the server asks to wait; 0: nothing */
    char *body;             /* owned; NULL when empty */
    size_t body_len;
    char error[ERROR_TEXT_MAX]; /* one line, where there is no HTTP answer */
};

void judge_reply_done(struct judge_reply *self);

/* The world that the judge is asked in.  Called from several threads at once. */
struct judge_port {
    void *context;
    /* Sends one request.  `stop` is set when the user wants no more of it. */
    void (*ask)(
        void *context,
        const struct prompt *prompt,
        const atomic_bool *stop,
        struct judge_reply *out);
    int64_t (*now_ns)(void *context);
    void (*sleep_until)(void *context, int64_t ns);
};

struct judge_progress {
    uint32_t n; /* questions */
    uint32_t n_done;
    uint32_t n_verdicts;
    uint32_t n_errors;
    uint32_t n_retries;
};

struct judge_options {
    uint64_t seed;
    uint32_t concurrency; /* 1 .. JUDGE_CONCURRENCY_MAX */
    double max_rps;       /* requests a second, retries included; 0: no limit */
    bool save_text;       /* keep the judge's texts */
    const struct judge_port *port;
    /* Called about ten times a second in the caller's thread; a value above 0 ends the judging.  NULL:
     * never. */
    int (*tick)(void *context, const struct judge_progress *progress);
    void *tick_context;
};

/* What came of one question. */
struct judge_result {
    struct judgement judgement;   /* its texts are the two below */
    char *answer;                 /* owned; NULL: none */
    char *error;                  /* owned; NULL: none */
    char model[JUDGE_MODEL_SIZE]; /* that the answer names; "" */
};

struct judge_results {
    struct judge_result *rows; /* parallel to the questions */
    uint32_t n;
    bool interrupted; /* by the tick */
    bool given_up;    /* after JUDGE_FAILED_IN_A_ROW_MAX */
};

/* Asks the questions in the order in which they are given; the results do not depend on how many are
 * asked at once.  *out is the caller's: judge_results_done. */
void judge_run(
    const struct judge_options *options,
    const struct judge_question *questions,
    uint32_t n,
    struct judge_results *out);
void judge_results_done(struct judge_results *self);

/* Which of `n` questions are asked, and in which order: out_order[0..returned) are indices, drawn by the seed
 * without repetition.  `max` 0: all of them. */
uint32_t judge_draw(uint64_t seed, uint32_t n, uint32_t max, uint32_t *out_order);
