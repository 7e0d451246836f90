/* workload.h - the requests of a point, rendered before the clock starts, and their order.
 *
 * Which prompt request `index` asks, and with which salt, are pure functions of (seed, index): the
 * order of sending, the workers and the engine's speed change nothing.  The pool is walked through in
 * a new permutation each time around, so every prompt is used once before any is used twice; a
 * trace is walked through in its order.
 * Conversations: a walk is one round for each turn, all in the same order.  So a conversation's next turn
 * is always n / n_rounds requests behind its last, and its turns in one walk have one salt: they share
 * their prefix with each other and with nothing else.
 * Threads: read-only after workload_init. */
#pragma once

#include "engine/engine.h"

struct workload {
    const struct engine_ops *engine;
    struct rendered *requests; /* one for each prompt of the pool */
    uint32_t n;
    uint32_t n_rounds; /* > 0; n is a multiple */
    uint32_t len_max;  /* longest request in bytes */
    uint64_t seed;
    uint32_t max_tokens; /* longest answer that any request asks for */
    bool in_order;       /* request i asks prompt i: replay of a trace */
};

/* What a workload is made of; all borrowed while it is made. */
struct workload_source {
    const struct engine_ops *engine;
    const struct engine_target *target;
    const struct request_shape *shape; /* its seed draws order and salts */
    const struct prompt *prompts;
    uint32_t n_prompts; /* > 0 */
    bool in_order;
    uint32_t n_rounds; /* as in struct prompt_set: 0 is 1; divides n_prompts */
};

/* Renders every prompt.  *out is the caller's: workload_done.  Errors: those of render_request. */
MUST_CHECK int
workload_init(struct workload *out, const struct workload_source *source, struct error *err);
void workload_done(struct workload *self);

/* Prompt of request `index`. */
uint32_t workload_prompt_of(const struct workload *self, uint64_t index);

/* Writes the bytes of request `index` to `out` (room for len_max); returns their number. */
uint32_t workload_render(const struct workload *self, uint64_t index, char *out);

/* What is sent, in one number: SHA-256, as lower-case hex, over the bodies of the requests 0 to n - 1
 * (one walk through the pool) by rising index, each as it is sent, with its salt, and followed by a line
 * feed.  Heads are left out: they hold keys and addresses.  Later walks follow from the same seed, so
 * the digest depends neither on time nor on workers nor on how many requests are sent. */
void workload_digest(const struct workload *self, char out_hex[65]);
