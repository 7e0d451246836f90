/* prompt.h - what is asked, before any engine's wire form. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct message {
    const char *role; /* "system", "user", "assistant" */
    const char *content;
};

/* One prompt of a dataset.  A chat has messages, a plain completion has exactly one with role
 * "user".  Borrowed from the prompt set's arena. */
struct prompt {
    const struct message *messages;
    uint32_t n_messages;
    uint32_t max_tokens; /* 0: the request shape's */
};

/* What every request of a point asks for besides its prompt. */
struct request_shape {
    bool chat; /* /chat/completions, else /completions */
    bool stream;
    uint32_t max_tokens; /* 0: no limit is sent, the engine's own holds */
    double temperature;
    bool ignore_eos; /* ask the engine to fill max_tokens, where it can */
    /* JSON object whose members replace those of every body, a null removes one (the top level of
     * RFC 7396); NULL: none.  What belongs to the run cannot be replaced: model, messages, prompt,
     * stream, and n other than 1 (a request is one answer). */
    const char *extra_body;
    bool salt;     /* put a unique salt in front of the first message */
    uint64_t seed; /* its low 31 bits are sent as "seed" */
};

/* The salt is SALT_LEN bytes at a known place in the rendered body: "[0123456789ab] ".  Its 48 bits
 * are an injective function of the request's index (a keyed permutation), so no two requests of a
 * run share one, and the length never changes.  The rendered bytes hold zeros there. */
enum {
    SALT_HEX_LEN = 12,
    SALT_LEN = SALT_HEX_LEN + 3
};

/* Bytes of a request as sent: head and body in one piece. */
struct rendered {
    char *bytes;
    uint32_t len;
    uint32_t head_len;
    uint32_t salt_at; /* offset of the salt's first hex digit; 0: no salt */
};

/* Writes the salt of request `index` (below 2^48) of a run with `seed` into rendered bytes, as
 * SALT_HEX_LEN lower-case hex digits without a NUL: a pure function, so that the same run sends the
 * same bytes.  Needs no memory. */
void prompt_salt_write(char *hex, uint64_t seed, uint64_t index);
