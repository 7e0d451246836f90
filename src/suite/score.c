/* The table.  What is common to all methods happens here: reasoning is left out, and the row's function
 * scores what is left. */
#include "suite/score.h"

#include "base/text.h"
#include "suite/score_rules.h"
#include "suite/score_text.h"

#include <math.h>

const struct scorer scorer_table[] = {
    {"exact_match", SCORING_EXACT_MATCH, SCORER_NEEDS_ANSWERS,
     "the answer is one of the expected texts, but for case, white space, punctuation around words and "
     "a leading article",
     score_exact_match, NULL},
    {"substring_match", SCORING_SUBSTRING_MATCH, SCORER_NEEDS_ANSWERS,
     "the words of an expected text stand in the answer one after another, whole words only",
     score_substring_match, NULL},
    {"regex", SCORING_REGEX, SCORER_NEEDS_PATTERN,
     "the pattern (POSIX extended) matches somewhere in the answer; case counts", score_regex,
     score_regex_check},
    {"numeric", SCORING_NUMERIC, SCORER_NEEDS_ANSWERS,
     "the last number of the answer (or of its last \\boxed{}) is an expected one, within the tolerance",
     score_numeric, score_numeric_check},
    {"f1_token", SCORING_F1_TOKEN, SCORER_NEEDS_ANSWERS,
     "F1 of the words of answer and expected text, without articles: a share, not a verdict",
     score_f1_token, NULL},
    {"multiple_choice", SCORING_MULTIPLE_CHOICE, SCORER_NEEDS_ANSWERS | SCORER_NEEDS_CHOICES,
     "the answer chooses the right letter", score_multiple_choice, score_multiple_choice_check},
    {"persona_markers", SCORING_PERSONA_MARKERS, SCORER_NEEDS_MARKERS,
     "at least one marker stands in the answer, and nothing forbidden; whole words",
     score_persona_markers, NULL},
    {"judge_llm", SCORING_JUDGE_LLM, SCORER_NEEDS_REFERENCE,
     "another model compares the answer with the reference", NULL, NULL},
    {"judge_llm_persona", SCORING_JUDGE_LLM_PERSONA, SCORER_NEEDS_NOTHING,
     "another model says how well the answer keeps its persona", NULL, NULL},
    {"plugin", SCORING_PLUGIN, SCORER_NEEDS_NOTHING, "the benchmark's plugin scores", NULL, NULL},
};

const size_t scorer_table_len = ARRAY_LEN(scorer_table);

const struct scorer *scorer_of(enum scoring scoring)
{
    for (size_t i = 0; i < ARRAY_LEN(scorer_table); i++) {
        if (scorer_table[i].scoring == scoring) {
            return &scorer_table[i];
        }
    }
    return NULL;
}

const struct scorer *scorer_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(scorer_table); i++) {
        if (text_equal(scorer_table[i].name, name)) {
            return &scorer_table[i];
        }
    }
    return NULL;
}

bool scoring_needs_judge(enum scoring scoring)
{
    return scoring == SCORING_JUDGE_LLM || scoring == SCORING_JUDGE_LLM_PERSONA;
}

double item_score(const struct item *item, const char *answer)
{
    const struct scorer *scorer = scorer_of(item->scoring);
    if (scorer == NULL || scorer->score == NULL) {
        return (double)NAN;
    }
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    score_strip_reasoning(answer, &text);
    return scorer->score(item, text.data);
}
