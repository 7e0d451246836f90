/* dataset.h - prompts from where the recipe says, never from anywhere else.
 *
 * Recipes: a known id ("chatbot-short", "sharegpt-v3"), "synthetic:input=512,output=128[,...]",
 * "jsonl:FILE", "sharegpt:FILE".  Missing data is an error that says how to get it: nothing is ever
 * substituted. */
#pragma once

#include "codec/json.h"
#include "engine/prompt.h"

/* Prompts of one dataset, in the dataset's order. */
struct prompt_set {
    struct arena arena;
    const char *id; /* recorded as dataset.id */
    struct prompt *prompts;
    uint32_t n;
    char hash[65];       /* SHA-256 of the canonical JSON of the list of prompts (ENVELOPE.md) */
    struct json *recipe; /* what was asked and what came of it, for driver_options */
};

/* Longest data file that is read, and most prompts that are kept of it. */
#define DATASET_FILE_MAX ((size_t)1 << 30)

enum {
    DATASET_PROMPTS_MAX = 1000000
};

struct dataset_options {
    const char *recipe;
    uint64_t seed;
    uint32_t n_wanted; /* prompts to make or keep; 0: the recipe's own number */
};

/* Errors: ERROR_USAGE (unknown id, with the nearest; bad value in a recipe), ERROR_NOT_FOUND (a named
 * file does not exist: exit 2), ERROR_UNAVAILABLE (a known dataset's data is not here: exit 1 with
 * how to get it), ERROR_PARSE "FILE:LINE: what". */
MUST_CHECK int
dataset_load(const struct dataset_options *options, struct prompt_set *out, struct error *err);
void prompt_set_done(struct prompt_set *self);

/* Checks a recipe's form without reading data: for validation before anything else. */
MUST_CHECK int dataset_check(const char *recipe, struct error *err);
