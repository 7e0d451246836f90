/* sim_ask.h - what the JSON body of a completion request asks for.
 *
 * Prompt tokens are counted by a plain rule that tests can repeat: every run of characters other than
 * white space counts one token for each 4 bytes of it, rounded up, of the text as it stands in the
 * JSON; a chat adds 4 for each message; a prompt given as token ids counts its ids. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_MODEL_MAX = 256,
    SIM_CHOICES_MAX = 8, /* n times the number of prompts */
    SIM_MESSAGE_TOKENS = 4
};

#define SIM_TOKENS_UNSET UINT32_MAX

/* The first thing wrong with a body, in the order in which real servers look. */
enum sim_ask_error {
    SIM_ASK_OK,
    SIM_ASK_JSON,           /* no JSON */
    SIM_ASK_NO_MESSAGES,    /* chat without messages */
    SIM_ASK_MESSAGES_TYPE,  /* messages is no array */
    SIM_ASK_NO_ROLE,        /* a message without a role */
    SIM_ASK_NO_PROMPT,      /* completion without a prompt, or an empty one */
    SIM_ASK_MAX_TOKENS,     /* max_tokens is no whole number */
    SIM_ASK_STREAM_OPTIONS, /* stream_options without stream */
    SIM_ASK_CHOICES,        /* more than SIM_CHOICES_MAX */
};

struct sim_ask {
    bool chat;
    bool stream;
    bool has_stream_options;
    bool include_usage;
    bool continuous_usage;  /* stream_options.continuous_usage_stats */
    bool timings_per_token; /* llama.cpp */
    bool ignore_eos;
    bool cache_prompt; /* llama.cpp; true unless false is asked for */
    bool prompt_array; /* the prompt is an array of prompts */
    uint32_t n;        /* choices for each prompt */
    uint32_t n_prompts;
    uint32_t max_tokens; /* max_completion_tokens or max_tokens; SIM_TOKENS_UNSET */
    uint32_t min_tokens;
    uint32_t prompt_tokens[SIM_CHOICES_MAX]; /* of each prompt */
    uint64_t prompt_hash;                    /* of the prompts' text */
    char model[SIM_MODEL_MAX];               /* raw; "" none */
    enum sim_ask_error error;
    uint32_t error_at; /* SIM_ASK_JSON: offset of the byte */
};

/* Reads a body.  `chat`: of /v1/chat/completions, else of /v1/completions.  What is wrong is told in
 * out->error. */
void sim_ask_read(const char *body, size_t len, bool chat, struct sim_ask *out);

/* Prompt tokens of a raw text by the rule above. */
uint32_t sim_ask_count(const char *text, size_t len);

/* A fast 64-bit hash, `from` chained: names a body in the truth log, draws its text, keys the prefix
 * cache.  Not cryptographic; stable across runs and machines of one byte order. */
uint64_t sim_hash(uint64_t from, const void *data, size_t len);
