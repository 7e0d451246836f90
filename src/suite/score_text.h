/* score_text.h - the normal form in which texts are compared: lower-case words.
 *
 * Rules, in this order (docs/scoring.md says them with examples):
 *   1. Bytes that are no UTF-8 separate words.
 *   2. Typographic quotes, hyphens and minus signs, full-width ASCII and wide spaces become their ASCII
 *      relatives; soft hyphens and zero-width characters vanish; other punctuation outside ASCII separates.
 *   3. Letters become lower-case: ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic.
 *   4. Letters, digits and everything else outside ASCII are parts of words.  Punctuation inside ASCII
 *      separates words, except where it belongs to one: it's, 3.14, .5, -5, 12:30, 1/2, 50%, $5, c++, c#,
 *      snake_case.  A comma between digits vanishes where exactly three digits follow (1,000).
 *   5. A final 's is left out ("Peru's" is "peru").
 * Internal to suite/. */
#pragma once

#include "base/attr.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* The words of a text.  Memory is the list's own: score_words_done. */
struct score_words {
    struct bytes text; /* all words, each followed by NUL */
    uint32_t *at;      /* offsets of the words */
    uint32_t n;
    uint32_t cap;
};

void score_words_init(struct score_words *self, const char *text);
void score_words_done(struct score_words *self);
const char *score_word(const struct score_words *self, uint32_t i);

/* True for "a", "an", "the". */
bool score_word_is_article(const char *word);

/* Rules 1 to 3 alone, runs of white space as one blank and none at the ends: what is compared where no
 * word is left of an expected text ("+").  Appends to `out`. */
void score_fold(const char *text, struct bytes *out);

/* Appends the text without reasoning: <think>...</think> and what is in it; all in front of a </think>
 * that nothing opened; all behind a <think> that nothing closes.  The tags may be in either case. */
void score_strip_reasoning(const char *text, struct bytes *out);

/* One character of a text as rules 1 to 3 make it.  0: separates; SCORE_GONE: vanishes.  *len is the
 * number of its bytes; *text must not be "". */
#define SCORE_GONE UINT32_MAX
uint32_t score_character(const char *text, size_t *len);
