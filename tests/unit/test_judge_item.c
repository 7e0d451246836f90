#include "suite/judge_item.h"
#include "support/test.h"

static const char *const two[] = {"Lima", "Ciudad de los Reyes"};
static const char *const one[] = {"Lima"};
static const struct message asked[] = {{"user", "Capital of Peru?"}};
static const struct prompt prompt = {.messages = asked, .n_messages = 1};

static void test_judge_item_question__what_a_right_answer_says(void **state)
{
    (void)state;

    static const struct {
        struct item item;
        const char *reference;
    } rows[] = {
        {{.scoring = SCORING_JUDGE_LLM, .reference = "It is Lima."}, "It is Lima."},
        {{.scoring = SCORING_JUDGE_LLM, .reference = "It is Lima.", .answers = {one, 1}},
         "It is Lima."},
        {{.scoring = SCORING_JUDGE_LLM, .answers = {one, 1}}, "Lima"},
        {{.scoring = SCORING_JUDGE_LLM, .answers = {two, 2}},
         "Any one of these:\n- Lima\n- Ciudad de los Reyes"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct judge_question question;
        judge_item_question(&arena, &rows[i].item, &prompt, "Lima", &question);
        assert_string_equal(question.reference, rows[i].reference);
        assert_int_equal(question.method, JUDGE_LLM);
        assert_null(question.rubric);
        arena_done(&arena);
    }
}

static void test_judge_item_question__without_reasoning(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct judge_question question;
    const struct item item = {
        .scoring = SCORING_JUDGE_LLM_PERSONA, .rubric = "Be strict.", .reference = "r"};
    judge_item_question(&arena, &item, &prompt, "<think>Lima?</think>It is Quito.", &question);
    assert_string_equal(question.answer, "It is Quito.");
    assert_string_equal(question.rubric, "Be strict.");
    assert_int_equal(question.method, JUDGE_LLM_PERSONA);
    judge_item_question(&arena, &item, &prompt, "<think>for ever", &question);
    assert_string_equal(question.answer, "");
    arena_done(&arena);
}

static void test_judge_item_scorer__where_the_item_has_its_rules(void **state)
{
    (void)state;
    const struct item with_answers = {.scoring = SCORING_JUDGE_LLM, .answers = {one, 1}};
    assert_near(judge_item_scorer(&with_answers, "The capital is Lima."), 1.0, 0.0);
    assert_near(judge_item_scorer(&with_answers, "The capital is Quito."), 0.0, 0.0);
    const struct item with_markers = {.scoring = SCORING_JUDGE_LLM_PERSONA, .markers = {one, 1}};
    assert_near(judge_item_scorer(&with_markers, "I live in Lima."), 1.0, 0.0);
    const struct item with_forbidden = {
        .scoring = SCORING_JUDGE_LLM_PERSONA, .forbidden = {one, 1}};
    assert_near(judge_item_scorer(&with_forbidden, "I live in Lima."), 0.0, 0.0);
    const struct item without = {.scoring = SCORING_JUDGE_LLM, .reference = "Lima"};
    assert_true(isnan(judge_item_scorer(&without, "Lima")));
}

static void test_judge_item_check__a_persona_is_told(void **state)
{
    (void)state;
    static const struct message told[] = {{"system", "You are Ada."}, {"user", "Who are you?"}};
    const struct prompt with = {.messages = told, .n_messages = 2};
    const struct item persona = {.scoring = SCORING_JUDGE_LLM_PERSONA};
    const struct item plain = {.scoring = SCORING_JUDGE_LLM};
    assert_null(judge_item_check(&persona, &with));
    assert_non_null(judge_item_check(&persona, &prompt));
    assert_null(judge_item_check(&plain, &prompt));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_item_question__what_a_right_answer_says),
        cmocka_unit_test(test_judge_item_question__without_reasoning),
        cmocka_unit_test(test_judge_item_scorer__where_the_item_has_its_rules),
        cmocka_unit_test(test_judge_item_check__a_persona_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
