/* judge_retry.h - whether a judge is asked again, and when.
 *
 * Tried again: no connection, no answer in time, 408, 425, 429, and every 5xx.  Not: other statuses,
 * whose cause is the request, and every answer with status 200.  The waits double from a second up to half a
 * minute, and a quarter of each is drawn, so that requests that failed together do not come back together. */
#pragma once

#include "base/rng.h"
#include "suite/judge.h"

enum {
    JUDGE_ATTEMPTS_MAX = 5 /* requests for one question: waits of 15 s in all */
};

#define JUDGE_WAIT_FIRST_NS INT64_C(1000000000)
#define JUDGE_WAIT_MAX_NS   INT64_C(30000000000)
/* A server that asks for a longer pause (a quota of the day) is not waited for. */
#define JUDGE_RETRY_AFTER_MAX_NS INT64_C(120000000000)

/* Nanoseconds to wait before the next attempt, or -1: there is none.  `n_attempts` have been made, the last
 * of which gave `reply`.  Draws one number of `jitter` where there is a wait. */
int64_t
judge_retry_wait_ns(const struct judge_reply *reply, uint32_t n_attempts, struct rng *jitter);
