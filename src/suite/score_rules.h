/* score_rules.h - the functions of the table of scorers, and the checks of items.  Internal to suite/.
 *
 * Each takes an answer without reasoning blocks and returns 0..1.  A check returns what is wrong. */
#pragma once

#include "suite/item.h"

/* score_words.c: by words. */
double score_exact_match(const struct item *item, const char *answer);
double score_substring_match(const struct item *item, const char *answer);
double score_f1_token(const struct item *item, const char *answer);
double score_persona_markers(const struct item *item, const char *answer);

/* True when the words of `part` stand in `whole` one after another; where `part` has no word, when its
 * folded text stands there. */
bool score_contains(const char *whole, const char *part);

/* score_number.c: the last number of a text. */
double score_numeric(const struct item *item, const char *answer);
const char *score_numeric_check(const struct item *item, struct arena *arena);

/* The number that a text ends up with: in the last \boxed{...}, else the last of all.  False: none. */
bool score_last_number(const char *text, double *out);

/* score_regex.c: POSIX extended regular expressions, in the C locale. */
enum {
    SCORE_PATTERN_MAX = 1000, /* bytes */
    SCORE_PATTERN_DEPTH = 50, /* groups inside groups */
    /* Elements of a pattern when its repetitions are written out, as regcomp does: x{3} is three x, x+ is
     * two, and both multiply what is inside x. */
    SCORE_PATTERN_ELEMENTS = 1000,
    SCORE_REGEX_TEXT_MAX =
        8192, /* bytes of an answer that are looked at: a search can take their square,
                                    and a state of all elements for each */
};

double score_regex(const struct item *item, const char *answer);
const char *score_regex_check(const struct item *item, struct arena *arena);

/* score_choice.c: the letter that an answer chooses. */
double score_multiple_choice(const struct item *item, const char *answer);
const char *score_multiple_choice_check(const struct item *item, struct arena *arena);

/* The letter, 'A' and up, or '\0': none, or more than one. */
char score_chosen_letter(const struct item_texts *choices, const char *answer);
