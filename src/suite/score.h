/* score.h - the table of scorers: an answer's text and an item in, 0..1 out.
 *
 * Pure functions.  What each leaves out of account (case, white space, punctuation, articles, units, ...)
 * is part of its row and of docs/scoring.md; a second implementation in Python agrees with it
 * (tests/interop/scoring.py).  Rows without a function are scored by others: a judge, a plugin. */
#pragma once

#include "suite/item.h"

/* What an item must have for a method; bits. */
enum scorer_needs {
    SCORER_NEEDS_NOTHING = 0,
    SCORER_NEEDS_ANSWERS = 1,
    SCORER_NEEDS_PATTERN = 2,
    SCORER_NEEDS_CHOICES = 4,
    SCORER_NEEDS_MARKERS = 8,    /* markers or forbidden */
    SCORER_NEEDS_REFERENCE = 16, /* a reference, or an answer that stands for it */
};

struct scorer {
    const char *name;
    enum scoring scoring;
    unsigned needs; /* enum scorer_needs */
    const char *summary;
    double (*score)(const struct item *item, const char *answer); /* NULL: not scored here */
    /* What is wrong with an item that has what it needs, static or in `arena`; NULL: nothing.  May be
     * NULL itself. */
    const char *(*check)(const struct item *item, struct arena *arena);
};

extern const struct scorer scorer_table[];
extern const size_t scorer_table_len;

/* The row of a method (never NULL but for SCORING_NONE), or of a name; NULL: there is none. */
const struct scorer *scorer_of(enum scoring scoring);
const struct scorer *scorer_find(const char *name);

/* True for the methods that a judge decides. */
bool scoring_needs_judge(enum scoring scoring);

/* The score of an answer, 0..1, by the item's method; NAN: it is not scored here.  Reasoning blocks are
 * left out first (score_text.h). */
double item_score(const struct item *item, const char *answer);
