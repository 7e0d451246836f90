/* dataset.h - prompts from where the recipe says, never from anywhere else.
 *
 * Recipes: a known id ("chatbot-short", "sharegpt-v3"), "synthetic:input=512,output=128[,...]",
 * "jsonl:FILE", "sharegpt:FILE", "hf://datasets/OWNER/NAME/FILE[@REVISION]", "trace:FILE[,speed=X]",
 * and those of composed.h.  Missing data is an error that says how to get it: nothing is ever
 * substituted.  The forms of the files: docs/adding-a-dataset.md. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "codec/json.h"
#include "engine/prompt.h"
#include "suite/hub.h"
#include "suite/item.h"
#include "suite/recipe.h"

/* Writes the text of prompt `index` again, with another length in nominal tokens and other last words:
 * of datasets whose prompts have wanted lengths.  Threads: any, at once. */
struct prompt_maker {
    void (*write)(
        const struct prompt_maker *self,
        uint32_t index,
        uint32_t n_tokens,
        uint32_t variant,
        struct bytes *out); /* NULL: texts are what they are */
    enum exact_lengths exact;
    struct synthetic_plan plan;
    const struct trace *trace; /* of trace: recipes, in the set's arena; else NULL */
    uint64_t seed;
};

struct plugin; /* plugin.h */

/* Prompts of one dataset, in the dataset's order. */
struct prompt_set {
    struct arena arena;
    const char *id;           /* recorded as dataset.id */
    const char *recipe_again; /* gives the same data: a revision of the hub is a commit in it */
    struct prompt *prompts;
    struct item *items; /* one for each prompt, where they were wanted; else NULL */
    uint32_t n;
    const char *const *lines; /* of a plugin's code: the JSON text of each prompt; NULL: none */
    uint32_t
        n_rounds; /* turns of conversations: the prompts are this many blocks of equal size, block t
                          holds each conversation's turn t.  0 or 1: prompts of their own */
    char hash[65];       /* SHA-256 of the canonical JSON of the list of prompts (ENVELOPE.md) */
    struct json *recipe; /* what was asked and what came of it, for driver_options */
    struct prompt_maker maker;
    const int64_t
        *arrivals_ns; /* of trace: recipes, when each prompt is due: ascending, from 0, scaled
                                   by speed=; else NULL */
};

/* Longest data file that is read, and most prompts that are kept of it. */
#define DATASET_FILE_MAX ((size_t)1 << 30)

enum {
    DATASET_PROMPTS_MAX = 1000000,
    /* Prompts kept of a ShareGPT file when no number is asked for.  Source: sampling.n of the public
     * Python suite's sharegpt-v3 spec. */
    DATASET_SHAREGPT_PROMPTS = 1000
};

struct dataset_options {
    const char *recipe;
    const char *benchmark; /* id, for a plugin's code; NULL without one */
    const struct plugin
        *provider; /* of the spec that has the recipe: relative paths are its own, and
                                      "plugin:" is its code; NULL: none */
    uint64_t seed;
    uint32_t n_wanted; /* prompts to make or keep; 0: the recipe's own number.  A file with fewer
                          gives what it has */
    struct item_options items;     /* with a method: every prompt has an item, or loading fails */
    bool offline;                  /* hf:// takes what is in the cache, as with HF_HUB_OFFLINE */
    const struct hub_watch *watch; /* of a fetch; NULL: nobody */
};

/* Reads or makes the prompts.  On success *out is the caller's: prompt_set_done.
 * Where a file holds more prompts than are kept, the kept ones are drawn without repetition by the
 * seed and stay in the file's order.
 * Errors: ERROR_USAGE (unknown id, with the nearest; bad value in a recipe), ERROR_NOT_FOUND (a named
 * file does not exist: exit 2), ERROR_UNAVAILABLE (a known dataset's data is not here: exit 1 with
 * how to get it), ERROR_PARSE "FILE:LINE:COLUMN: what", ERROR_LIMIT, ERROR_IO. */
MUST_CHECK int
dataset_load(const struct dataset_options *options, struct prompt_set *out, struct error *err);
void prompt_set_done(struct prompt_set *self);

/* Checks a recipe's form without reading data: for validation before anything else.
 * Errors: ERROR_USAGE. */
MUST_CHECK int dataset_check(const char *recipe, struct error *err);

/* SHA-256 of the canonical JSON of the list of prompts, as lower-case hex.  A prompt of one user
 * message is its text, as in the public Python suite; any other is the list of its messages, each
 * {"content": ..., "role": ...}.  Lengths (max_tokens) are not part of it. */
void dataset_hash(const struct prompt *prompts, uint32_t n, char out_hex[65]);
