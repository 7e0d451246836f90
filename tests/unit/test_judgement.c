#include "stats/judgement.h"
#include "support/test.h"

static void test_judge_outcome_name__reads_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < JUDGE_OUTCOME_COUNT; i++) {
        enum judge_outcome outcome = JUDGE_CORRECT;
        assert_true(judge_outcome_parse(judge_outcome_name((enum judge_outcome)i), &outcome));
        assert_int_equal(outcome, i);
    }
    enum judge_outcome outcome = JUDGE_CORRECT;
    assert_false(judge_outcome_parse("right", &outcome));
    assert_int_equal(outcome, JUDGE_CORRECT);
}

static void test_judge_outcome_score__only_verdicts_have_one(void **state)
{
    (void)state;
    assert_near(judge_outcome_score(JUDGE_CORRECT), 1.0, 0.0);
    assert_near(judge_outcome_score(JUDGE_INCORRECT), 0.0, 0.0);
    for (unsigned i = JUDGE_NO_VERDICT; i < JUDGE_OUTCOME_COUNT; i++) {
        assert_true(isnan(judge_outcome_score((enum judge_outcome)i)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_outcome_name__reads_back),
        cmocka_unit_test(test_judge_outcome_score__only_verdicts_have_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
