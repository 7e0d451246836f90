/* The deterministic scorer is the item's own rules under another method: so agreement needs no second
 * data. */
#include "suite/judge_item.h"

#include "base/text.h"
#include "suite/score.h"
#include "suite/score_text.h"

#include <math.h>

const char *judge_item_check(const struct item *item, const struct prompt *prompt)
{
    const bool has_persona =
        prompt->n_messages > 0 && text_equal(prompt->messages[0].role, "system");
    if (item->scoring == SCORING_JUDGE_LLM_PERSONA && !has_persona) {
        return "judge_llm_persona needs 'messages' whose first is a system message: who the persona is";
    }
    return NULL;
}

/* The reference, or the right answers as one. */
static const char *reference_of(struct arena *arena, const struct item *item)
{
    if (item->reference != NULL || item->answers.n == 0) {
        return item->reference;
    }
    if (item->answers.n == 1) {
        return item->answers.texts[0];
    }
    const char *text = "Any one of these:";
    for (uint32_t i = 0; i < item->answers.n; i++) {
        text = arena_format(arena, "%s\n- %s", text, item->answers.texts[i]);
    }
    return text;
}

void judge_item_question(
    struct arena *arena,
    const struct item *item,
    const struct prompt *prompt,
    const char *answer,
    struct judge_question *out)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    score_strip_reasoning(answer, &text);
    *out = (struct judge_question){
        .method = item->scoring == SCORING_JUDGE_LLM_PERSONA ? JUDGE_LLM_PERSONA : JUDGE_LLM,
        .messages = prompt->messages,
        .n_messages = prompt->n_messages,
        .reference = reference_of(arena, item),
        .rubric = item->rubric,
        .answer = arena_copy(arena, text.len > 0 ? text.data : "", text.len),
    };
}

double judge_item_scorer(const struct item *item, const char *answer)
{
    struct item other = *item;
    if (item->markers.n > 0 || item->forbidden.n > 0) {
        other.scoring = SCORING_PERSONA_MARKERS;
    } else if (item->answers.n > 0) {
        other.scoring = SCORING_SUBSTRING_MATCH;
    } else {
        return (double)NAN;
    }
    return item_score(&other, answer);
}
