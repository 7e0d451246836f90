/* engine_tokens.h - how many tokens a text is for the engine.
 *
 * Two ways: its tokenizer, which costs nothing, and the prompt_tokens of a real request for one token
 * of answer, which is what the engine itself counts.  Never on the measured path. */
#pragma once

#include "engine/engine.h"

/* Longest time for one count: a cold engine answers its first request late. */
enum {
    ENGINE_TOKENS_TIMEOUT_MS = 120000
};

struct engine_tokens_ask {
    struct arena arena;
    const struct engine_ops *engine;
    const struct engine_target *target;
    struct request_shape shape; /* of one token, not streamed */
    const char *tokenize_url;
    const char *request_url;
    const char **headers;
    size_t n_headers;
};

/* All borrowed until done; `target` names the model. */
void engine_tokens_init(
    struct engine_tokens_ask *self,
    const struct engine_ops *engine,
    const struct engine_target *target,
    const struct request_shape *shape);
void engine_tokens_done(struct engine_tokens_ask *self);

/* Tokens of the text alone, by the engine's /tokenize.
 * Threads: any, at once.
 * Errors: ERROR_UNAVAILABLE: it has none, does not answer, or with something else; names the URL. */
MUST_CHECK int engine_tokens_of_text(
    const struct engine_tokens_ask *self, const char *text, uint32_t *out, struct error *err);

/* Prompt tokens of a request with `text` as its only message (as its prompt, without chat), by its
 * `usage`: whatever the engine puts around the text is counted.  No salt is added.
 * Threads: any, at once.
 * Errors: ERROR_UNAVAILABLE (no answer, another status, no usage), those of render_request. */
MUST_CHECK int engine_tokens_of_request(
    const struct engine_tokens_ask *self, const char *text, uint32_t *out, struct error *err);
