/* engine_once.h - one question to an engine outside of the measured path, answered whole. */
#pragma once

#include "engine/engine.h"
#include "net/web.h"

#include <stdatomic.h>

struct engine_once {
    const struct engine_ops *engine;
    const struct engine_target *target;
    const struct request_shape *shape; /* a chat, and no stream */
    const struct prompt *prompt;
    long timeout_ms;
    size_t max_bytes;        /* longest body that is accepted */
    const atomic_bool *stop; /* true ends it within about a second; NULL: never */
};

/* Outcome of engine_ask_once besides 0: it was stopped, and *out is untouched. */
enum {
    ENGINE_ONCE_STOPPED = 1
};

/* Sends it as the measured path would; any HTTP status is an answer.  *out is the caller's:
 * web_answer_done.
 * Threads: may be called from several at once.
 * Errors: those of render_request and of web_fetch. */
MUST_CHECK int
engine_ask_once(const struct engine_once *self, struct web_answer *out, struct error *err);
