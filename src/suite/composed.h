/* composed.h - workloads of prose that is composed by a seed: long documents with a question, retrieved
 * passages with a question, conversations, and prompts behind one system prompt.
 *
 * Texts: prose.h.  Lengths are nominal tokens and exact.  No two prompts of a set begin with the same
 * four words, unless they share a prefix on purpose. */
#pragma once

#include "base/error.h"
#include "codec/json.h"
#include "suite/prompt_list.h"

enum {
    COMPOSED_LENGTHS_MAX = 16,
    COMPOSED_TOKENS_MAX = 1000000,
    COMPOSED_DOCUMENT_MIN = 400,
    COMPOSED_CHUNK_MIN = 80,
    COMPOSED_CHUNKS_MAX = 1000,
    COMPOSED_TURNS_MAX = 100,
    COMPOSED_USER_MIN = 60,
    COMPOSED_ANSWER_MIN = 20,
    COMPOSED_PREFIX_MIN = 200,
    COMPOSED_SUFFIX_MIN = 60,
    COMPOSED_GROUPS_MAX = 10000
};

/* Most nominal tokens of text that one set is composed of, which bounds its memory. */
#define COMPOSED_TOTAL_MAX UINT64_C(100000000)

enum composed_kind {
    COMPOSED_DOCUMENTS,
    COMPOSED_RAG,
    COMPOSED_MULTI_TURN,
    COMPOSED_SHARED_PREFIX,
};

/* One length, a list of lengths that prompts take in turn, or a range drawn from evenly on a
 * logarithmic scale. */
struct composed_lengths {
    uint32_t values[COMPOSED_LENGTHS_MAX];
    uint32_t n;
    bool range; /* values[0] .. values[1] */
};

enum composed_question {
    QUESTION_FACT,    /* about a sentence that was planted */
    QUESTION_SUMMARY, /* of the whole */
};

/* What a recipe says; members that its kind does not have are 0. */
struct composed_plan {
    enum composed_kind kind;
    uint32_t n;      /* prompts; of conversations, their number */
    uint32_t output; /* max_tokens of every prompt; 0: the spec's */
    struct composed_lengths tokens;
    enum composed_question question;
    uint32_t chunks;
    uint32_t chunk_tokens;
    uint32_t turns;
    uint32_t user;
    uint32_t answer;
    uint32_t prefix;
    uint32_t groups;
    uint32_t suffix;
};

/* Reads "key=value,..." of a recipe of this kind.
 * Errors: ERROR_USAGE, names the key and what would be right. */
MUST_CHECK int composed_parse(
    enum composed_kind kind, const char *rest, struct composed_plan *out, struct error *err);

/* Errors: ERROR_USAGE when the set would be larger than COMPOSED_TOTAL_MAX, or has more prompts than
 * there are beginnings. */
MUST_CHECK int composed_check(const struct composed_plan *plan, struct error *err);

/* Rounds of the set: 1, or the turns of conversations (prompt_set.n_rounds). */
uint32_t composed_rounds(const struct composed_plan *plan);

/* Appends the prompts.  Prompt i (conversation i, group i) is a pure function of (plan but for n, seed,
 * i). */
void composed_make(const struct composed_plan *plan, uint64_t seed, struct prompt_list *out);

/* What the keys of the recipe came to, as members of `out`. */
void composed_record(const struct composed_plan *plan, struct arena *arena, struct json *out);
