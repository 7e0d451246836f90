/* judge_item.h - from an item of a quality benchmark and an answer to a question for the judge. */
#pragma once

#include "suite/item.h"
#include "suite/judge_prompt.h"

/* What is wrong with an item that a judge decides and this prompt, static; NULL: nothing. */
const char *judge_item_check(const struct item *item, const struct prompt *prompt);

/* Fills the question.  The answer goes without its reasoning (docs/scoring.md), and right answers stand in
 * where the item has no reference.  Texts are borrowed or in `arena`. */
void judge_item_question(
    struct arena *arena,
    const struct item *item,
    const struct prompt *prompt,
    const char *answer,
    struct judge_question *out);

/* What a deterministic scorer says of the same answer, 0..1: substring_match where the item has right
 * answers, persona_markers where it has markers.  NAN where it has neither. */
double judge_item_scorer(const struct item *item, const char *answer);
