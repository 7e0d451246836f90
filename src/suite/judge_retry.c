#include "suite/judge_retry.h"

#define JITTER_SHARE 0.25

static bool may_work_later(const struct judge_reply *reply)
{
    switch (reply->kind) {
    case JUDGE_REPLY_TIMEOUT:
    case JUDGE_REPLY_CONNECT:
        return true;
    case JUDGE_REPLY_REFUSED:
    case JUDGE_REPLY_STOPPED:
        return false;
    case JUDGE_REPLY_HTTP:
        break;
    }
    const long status = reply->status;
    return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

int64_t
judge_retry_wait_ns(const struct judge_reply *reply, uint32_t n_attempts, struct rng *jitter)
{
    if (!may_work_later(reply) || n_attempts >= JUDGE_ATTEMPTS_MAX ||
        reply->retry_after_ns > JUDGE_RETRY_AFTER_MAX_NS) {
        return -1;
    }
    int64_t wait_ns = JUDGE_WAIT_FIRST_NS;
    for (uint32_t i = 1; i < n_attempts && wait_ns < JUDGE_WAIT_MAX_NS; i++) {
        wait_ns *= 2;
    }
    if (wait_ns > JUDGE_WAIT_MAX_NS) {
        wait_ns = JUDGE_WAIT_MAX_NS;
    }
    wait_ns -= (int64_t)(JITTER_SHARE * rng_uniform(jitter) * (double)wait_ns);
    /* Not before the server's own word. */
    return wait_ns > reply->retry_after_ns ? wait_ns : reply->retry_after_ns;
}
