/* sim_text.h - the words that the simulated engine answers with.
 *
 * Token k of an answer is a pure function of (key, choice, k), and the key one of the seed and the
 * request's body: the same request always gets the same text, whenever it is asked. */
#pragma once

#include "base/attr.h"

#include <stdint.h>

enum sim_text_kind {
    SIM_TEXT_WORDS,   /* one ASCII word a token */
    SIM_TEXT_EMOJI,   /* one emoji for each group of tokens */
    SIM_TEXT_ESCAPES, /* tokens that JSON must escape, multi-byte ones among them */
};

/* The key of a request. */
uint64_t sim_text_key(uint64_t seed, uint64_t body_hash);

/* A piece of text, escaped for JSON; static. */
struct sim_piece {
    const char *text;
    uint32_t len;
};

/* Text of token `token` (from 1).  The first token has no space in front. */
struct sim_piece
sim_text_token(enum sim_text_kind kind, uint64_t key, uint32_t choice, uint32_t token);
