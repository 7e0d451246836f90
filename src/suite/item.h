/* item.h - what is known of a right answer to a prompt: the items of a quality benchmark.
 *
 * A data file for quality benchmarks is a dataset whose lines also say how an answer is scored
 * (docs/scoring.md).  Items are read only where a benchmark wants them: to others the same keys are
 * labels of a data file, and are left alone.  All texts are borrowed from the prompt set's arena. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "codec/json.h"

#include <stdbool.h>
#include <stdint.h>

/* How an answer is scored; names and rules: scorer_table (score.h). */
enum scoring {
    SCORING_NONE, /* not at all: performance only */
    SCORING_EXACT_MATCH,
    SCORING_SUBSTRING_MATCH,
    SCORING_REGEX,
    SCORING_NUMERIC,
    SCORING_F1_TOKEN,
    SCORING_MULTIPLE_CHOICE,
    SCORING_PERSONA_MARKERS,
    SCORING_JUDGE_LLM,
    SCORING_JUDGE_LLM_PERSONA,
    SCORING_PLUGIN,
};

enum {
    ITEM_ID_MAX = 128, /* bytes */
    ITEM_CATEGORY_MAX = 64,
    ITEM_CATEGORIES_MAX = 1000, /* different ones of a set: each is an object in the envelope */
    ITEM_TEXT_MAX = 1 << 16,    /* bytes of any other text */
    ITEM_LIST_MAX = 1000, /* texts of a list; a search for all of them in an answer stays short */
    ITEM_CHOICES_MIN = 2,
    ITEM_CHOICES_MAX = 26, /* letters */
};

#define ITEM_TOLERANCE_MAX 1e300

struct item_texts {
    const char *const *texts; /* not empty, UTF-8, without NUL */
    uint32_t n;
};

struct item {
    const char *id;            /* unique in its file; without one its number there, from 1 */
    const char *category;      /* NULL: none */
    enum scoring scoring;      /* never SCORING_NONE: its own, else the benchmark's */
    struct item_texts answers; /* any of them is right; multiple choice: letters A..Z */
    double tolerance;          /* numeric, absolute; its own, else the benchmark's */
    const char *pattern;       /* regex: POSIX extended; NULL: none */
    struct item_texts choices;
    struct item_texts markers;   /* persona: at least one of them is in the answer ... */
    struct item_texts forbidden; /* ... and none of these */
    const char *reference;       /* judge: what a right answer says; NULL: none */
    const char *rubric;          /* judge: how to decide; NULL: none */
    uint32_t line;               /* of its file */
};

/* What a benchmark says of its items. */
struct item_options {
    enum scoring scoring; /* of items that name none; SCORING_NONE: items are not read */
    double tolerance;     /* of numeric items that name none */
};

/* Reads the item of a line; `number` is its place among the prompts, from 1.  `out->line` is the
 * caller's.  On failure *what is what is wrong, static or in `arena`, and the value that is (never NULL)
 * is returned; else NULL. */
MUST_CHECK const struct json *item_read(
    struct arena *arena,
    const struct json *root,
    const struct item_options *options,
    uint32_t number,
    struct item *out,
    const char **what);

/* SHA-256, as lower-case hex, of the canonical JSON of the list of items, each an object with the keys
 * of docs/scoring.md that it has, its id and its method among them.  What is asked is not part of it:
 * that is the dataset's hash. */
void items_hash(const struct item *items, uint32_t n, char out_hex[65]);
