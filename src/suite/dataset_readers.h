/* dataset_readers.h - the readers of data files: bytes in, prompts out. */
#pragma once

#include "base/error.h"
#include "suite/prompt_list.h"
#include "suite/recipe_keys.h"

#include <stdint.h>

/* What every reader of a text needs. */
struct reader_input {
    const char *name; /* for messages */
    const char *text;
    size_t len;
    const struct recipe_keys *keys; /* other names of fields; NULL: none */
};

/* Reads every line of a JSON Lines text into `out`.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int
jsonl_read(const struct reader_input *input, struct prompt_list *out, struct error *err);

/* Tokens that a text has nominally, for the limits below: four bytes of UTF-8 each, rounded up.  That
 * is near the truth for English, and between half and twice for other scripts. */
uint64_t sharegpt_nominal_tokens(size_t n_bytes);

/* A conversation is used when its first turn is the person's and the model's answer follows, and
 * both have a usual length.  Source: the limits of vLLM's ShareGPT benchmark (vllm/benchmarks/datasets),
 * which counts with the model's own tokenizer. */
enum {
    SHAREGPT_TOKENS_MIN = 4,
    SHAREGPT_PROMPT_TOKENS_MAX = 1024,
    SHAREGPT_TOTAL_TOKENS_MAX = 2048
};

struct sharegpt_counts {
    uint64_t n_conversations;
    uint64_t n_usable;
    uint64_t n_no_turns;  /* no list of turns, or an empty one */
    uint64_t n_not_human; /* the first turn behind a system turn is not the person's */
    uint64_t n_no_answer; /* no answer follows it */
    uint64_t n_bad_text;  /* a text that is no string, is blank, or holds NUL or half a character */
    uint64_t n_too_short;
    uint64_t n_too_long;
};

/* Reads a ShareGPT text and keeps n_wanted (0: all) of the usable conversations, drawn by the seed.
 * `text` is changed where it holds half a character ("lone surrogate").
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT above DATASET_PROMPTS_MAX usable ones. */
struct sharegpt_input {
    const char *name;
    char *text;
    size_t len;
    uint64_t seed;
    uint32_t n_wanted;
};

MUST_CHECK int sharegpt_read(
    const struct sharegpt_input *input,
    struct prompt_list *out,
    struct sharegpt_counts *counts,
    struct error *err);
