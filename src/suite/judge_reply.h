/* judge_reply.h - from what came back to a verdict or the kind of error.  Internal to the judge. */
#pragma once

#include "suite/judge.h"

/* Longest answer of a judge that is read: with its reasoning. */
#define JUDGE_BODY_MAX ((size_t)8 << 20)

/* Fills everything of *out but n_attempts and what the scorer says. */
void judge_reply_read(
    const struct judge_reply *reply,
    enum judge_method method,
    bool save_text,
    struct judge_result *out);
