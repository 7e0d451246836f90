/* Any two texts as an expected answer (a pattern, a marker) and an answer, split at the first NUL: every
 * scorer gives 0 to 1, twice the same; a text is exactly itself; what is exact shares words. */
#include "base/mem.h"
#include "base/text.h"
#include "require.h"
#include "suite/score.h"
#include "suite/score_rules.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    TEXT_MAX = 4096 /* two searches of words take the product of both lengths */
};

static double score_of(struct item *item, enum scoring scoring, const char *answer)
{
    item->scoring = scoring;
    const double score = item_score(item, answer);
    require(score >= 0.0 && score <= 1.0);
    const double again = item_score(item, answer);
    require(memcmp(&score, &again, sizeof(score)) == 0);
    return score;
}

static void check_words(struct item *item, const char *expected, const char *answer)
{
    const double exact = score_of(item, SCORING_EXACT_MATCH, answer);
    (void)score_of(item, SCORING_SUBSTRING_MATCH, answer);
    const double f1 = score_of(item, SCORING_F1_TOKEN, answer);
    require(exact <= 0.0 || f1 > 0.0);
    require((score_substring_match(item, answer) > 0.0) == score_contains(answer, expected));
    require(score_exact_match(item, expected) >= 1.0);
    require(score_substring_match(item, expected) >= 1.0);
    require(score_f1_token(item, expected) >= 1.0 - 1e-9);
    (void)score_of(item, SCORING_PERSONA_MARKERS, answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *expected = mem_copy_bytes(data, size < TEXT_MAX ? size : TEXT_MAX);
    const size_t len = strlen(expected);
    const size_t rest = size > len + 1 ? size - len - 1 : 0;
    char *answer = mem_copy_bytes(data + size - rest, rest < TEXT_MAX ? rest : TEXT_MAX);
    struct arena arena = {0};
    const char *texts[] = {expected, "lima"};
    struct item item = {
        .id = "1",
        .answers = {texts, len > 0 ? 1 : 0},
        .pattern = expected,
        .choices = {texts, len > 0 ? 2 : 0},
        .markers = {texts, len > 0 ? 1 : 0},
    };
    if (len > 0) {
        check_words(&item, expected, answer);
        (void)score_of(&item, SCORING_MULTIPLE_CHOICE, answer);
        const char letter = score_chosen_letter(&item.choices, answer);
        require(letter == '\0' || letter == 'A' || letter == 'B');
        if (score_numeric_check(&item, &arena) == NULL) {
            (void)score_of(&item, SCORING_NUMERIC, answer);
            require(score_numeric(&item, expected) >= 1.0);
        }
        if (score_regex_check(&item, &arena) == NULL) {
            (void)score_of(&item, SCORING_REGEX, answer);
        }
    }
    arena_done(&arena);
    free(expected);
    free(answer);
    return 0;
}
