/* trace.h - recorded traffic: when each request came, and how long it and its answer were.
 *
 * Two public forms, told apart by their content: the JSON Lines of Mooncake ({"timestamp": ms,
 * "input_length", "output_length", "hash_ids"}) and the CSV of the Azure LLM inference traces (TIMESTAMP,
 * ContextTokens, GeneratedTokens).  Neither holds texts: prompts of the recorded lengths are composed.
 * hash_ids name the blocks of 512 tokens that a prompt is made of; equal ids are equal texts here, so
 * what an engine's prefix cache could share then, it can share now.
 * Source: https://github.com/kvcache-ai/Mooncake (FAST25-release/traces),
 * https://github.com/Azure/AzurePublicDataset (AzureLLMInferenceDataset2023.md, ...2024.md). */
#pragma once

#include "base/bytes.h"
#include "suite/dataset.h"
#include "suite/dataset_readers.h"
#include "suite/recipe.h"

enum {
    TRACE_BLOCK_TOKENS = 512, /* of each of hash_ids */
    TRACE_TOKENS_MAX = 1000000
};

enum trace_format {
    TRACE_MOONCAKE,
    TRACE_AZURE,
};

/* Times and ids above are refused: no clock or cache has such. */
#define TRACE_TIME_MAX_NS INT64_C(4000000000000000000)
#define TRACE_HASH_ID_MAX (INT64_C(1) << 48)

struct trace_request {
    int64_t at_ns;  /* since the first; not scaled */
    uint32_t input; /* tokens */
    uint32_t output;
    uint32_t n_blocks; /* 0: no hash_ids */
    const uint64_t *blocks;
};

/* Borrowed from the arena that it was read into. */
struct trace {
    enum trace_format format;
    struct trace_request *requests; /* in the file's order, times ascending */
    uint32_t n;
    uint32_t n_raised; /* lengths below the least that can be sent, and what they became */
    uint64_t n_blocks;
};

/* Reads the first n_wanted requests (0: all).  Times must not go back.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT above DATASET_PROMPTS_MAX requests or
 * SYNTHETIC_TOTAL_MAX input tokens. */
MUST_CHECK int trace_read(
    const struct reader_input *input,
    uint32_t n_wanted,
    struct arena *arena,
    struct trace *out,
    struct error *err);

/* Writes prompt `index` with n_tokens nominal tokens (at least SYNTHETIC_INPUT_MIN): its blocks one after
 * the other, the last one cut or stretched; without blocks a text that no other prompt begins like.
 * `variant` as synthetic_write.  A pure function.  Threads: any, at once. */
struct trace_text {
    const struct trace *trace;
    uint64_t seed;
    uint32_t index;
    uint32_t n_tokens;
    uint32_t variant;
};

void trace_write(const struct trace_text *self, struct bytes *out);

/* Reads a trace and makes its prompts: the set's texts, arrivals, maker and recipe's facts.
 * Errors: those of trace_read. */
MUST_CHECK int trace_load(
    const struct reader_input *input,
    const struct trace_plan *plan,
    uint64_t seed,
    struct prompt_set *set,
    struct error *err);

/* A time of the Azure form, "2023-11-16 18:15:46.6805900", as ns since 1970: with T for the blank, up to
 * nine digits of fraction, and Z or an offset as "+00:00".  False for any other text. */
bool trace_time_parse(const char *text, size_t len, int64_t *out_ns);
