/* judge_http.h - the judge as it is: a model behind an OpenAI-compatible endpoint, and the real clock. */
#pragma once

#include "engine/engine.h"
#include "suite/judge.h"

enum {
    /* Tokens of a judge's answer: its reason is one sentence; models that reason first need many. */
    JUDGE_MAX_TOKENS_DEFAULT = 1024,
    JUDGE_TIMEOUT_S_DEFAULT = 120
};

struct judge_http {
    const struct engine_ops *engine;
    const struct engine_target *target; /* with the judge's model */
    uint32_t max_tokens;
    int64_t timeout_ns; /* for a whole request */
    uint64_t seed;      /* sent with every request, as the measured ones have it */
};

/* The port over it; `self` is borrowed. */
struct judge_port judge_http_port(struct judge_http *self);
