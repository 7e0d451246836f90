/* synthetic.h - prompts of chosen lengths, composed from a word list by a seed.
 *
 * Nominal tokens: each word with the blank before it, and each full stop, counts as one token.  The
 * word list holds only words for which that is exact in the vocabularies it was checked with
 * (synthetic_words.c).  By the engine's own count, template and salt included, a prompt is made as
 * long as was asked for afterwards (lengths.h): the text is written again with another nominal length. */
#pragma once

#include "base/bytes.h"
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

/* Appends plan->n prompts, each a pure function of (plan but for n, seed, its index).  Their nominal
 * length is also their wanted one. */
void synthetic_make(const struct synthetic_plan *plan, uint64_t seed, struct prompt_list *out);

/* Writes prompt `index` (below 2^56) of a set again, with another length in nominal tokens (at least
 * SYNTHETIC_INPUT_MIN).  `variant` 0 ends as synthetic_make does; each other has other last words.
 * A pure function; `out` is cleared first.  Threads: any, at once. */
void synthetic_write(
    const struct synthetic_plan *plan,
    uint64_t seed,
    uint64_t index,
    uint32_t n_tokens,
    uint32_t variant,
    struct bytes *out);
