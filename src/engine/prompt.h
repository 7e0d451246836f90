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
    uint32_t max_tokens;   /* 0: the request shape's */
    uint32_t input_tokens; /* wanted length in the engine's own tokens, template and salt included;
                              0: the text is what it is */
    uint32_t
        salt_message; /* the message that the salt goes in front of; the ones before stay shared */
    uint32_t n_nominal; /* nominal tokens of all messages; 0: not counted */
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
    bool salt;     /* put a unique salt in front of the prompt's salt_message */
    uint64_t seed; /* its low 31 bits are sent as "seed" */
};

/* The salt is SALT_LEN bytes at a known place in the rendered body: "[ iron week ... moon ] ", eight
 * words of four letters.  Its 48 bits are an injective function of the request's index (a keyed
 * permutation), so no two requests of a run share one, and neither its bytes nor its tokens ever
 * change in number: each word is one token behind a blank in the vocabularies that
 * tests/oracle/word_tokens.mjs checks.  The rendered bytes hold zeros in the words' place. */
enum {
    SALT_WORDS = 8,
    SALT_WORD_LEN = 4,
    SALT_WORD_COUNT = 64, /* different words: 6 bits each */
    SALT_TEXT_LEN = SALT_WORDS * (SALT_WORD_LEN + 1) - 1,
    SALT_LEN = SALT_TEXT_LEN + 5, /* "[ " before, " ] " behind */
    SALT_TOKENS = SALT_WORDS + 2  /* where words and brackets are one token each */
};

extern const char prompt_salt_words[SALT_WORD_COUNT][SALT_WORD_LEN + 1];

/* Bytes of a request as sent: head and body in one piece. */
struct rendered {
    char *bytes;
    uint32_t len;
    uint32_t head_len;
    uint32_t salt_at; /* offset of the salt's first word; 0: no salt */
};

/* Writes the words of the salt of request `index` (below 2^48) of a run with `seed` into rendered
 * bytes: SALT_TEXT_LEN of them, no NUL.  A pure function, so that the same run sends the same bytes.
 * Needs no memory. */
void prompt_salt_write(char *out, uint64_t seed, uint64_t index);

/* A whole salt, with brackets and the blank behind it, of words that no other group (below
 * SALT_WORD_COUNT / SALT_WORDS) has: all groups together are every word that a salt can have. */
void prompt_salt_sample(unsigned group, char out[SALT_LEN + 1]);
