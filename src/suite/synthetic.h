/* synthetic.h - prompts of chosen lengths, composed from a word list by a seed.
 *
 * Nominal tokens: each word with the blank before it, and each full stop, counts as one token.  The
 * word list holds only words for which that is exact in the vocabularies it was checked with
 * (synthetic_words.c), so for engines with like vocabularies the nominal length is the length of the
 * text; the engine's chat template and the salt come on top. */
#pragma once

#include "base/error.h"
#include "suite/prompt_list.h"
#include "suite/recipe.h"

enum {
    SYNTHETIC_PROMPTS = 1000, /* where the recipe has no n */
    SYNTHETIC_PREFIX = 3,     /* no two prompts of a set share their first three words */
    SYNTHETIC_INPUT_MIN = SYNTHETIC_PREFIX + 1,
    SYNTHETIC_TOKENS_MAX = 1000000
};

/* Most nominal tokens in one set, which bounds its memory. */
#define SYNTHETIC_TOTAL_MAX UINT64_C(100000000)

extern const char *const synthetic_words[];
extern const uint32_t synthetic_words_len;

/* Errors: ERROR_USAGE when the set would be larger than SYNTHETIC_TOTAL_MAX. */
MUST_CHECK int synthetic_check(const struct synthetic_plan *plan, struct error *err);

/* Appends plan->n prompts, each a pure function of (plan but for n, seed, its index). */
void synthetic_make(const struct synthetic_plan *plan, uint64_t seed, struct prompt_list *out);
