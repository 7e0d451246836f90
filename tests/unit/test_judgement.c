#include "stats/judgement.h"
#include "stats/record.h"
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

enum {
    ROWS_MAX = 64
};

struct rows {
    struct record records[ROWS_MAX];
    struct judgement judgements[ROWS_MAX];
    uint64_t n;
};

static void add(struct rows *self, unsigned n, struct judgement judgement)
{
    for (unsigned i = 0; i < n; i++) {
        self->judgements[self->n] = judgement;
        self->records[self->n].judgement = &self->judgements[self->n];
        self->n++;
    }
}

static struct judgement said(enum judge_outcome outcome, double scorer)
{
    return (struct judgement){
        .outcome = (uint8_t)outcome,
        .n_attempts = 1,
        .prompt_tokens = 100,
        .output_tokens = 10,
        .scorer = scorer,
    };
}

static void compute(const struct rows *self, struct judge_summary *out)
{
    const struct record_set set = {
        .records = (struct record *)(uintptr_t)self->records, .n = self->n};
    judge_summary_compute(&set, out);
}

/* The example of the article on Cohen's kappa: 20, 5, 10, 15 give 0.7 and 0.4. */
static void test_judge_summary__agreement(void **state)
{
    (void)state;
    struct rows rows = {0};
    add(&rows, 20, said(JUDGE_CORRECT, 1.0));
    add(&rows, 5, said(JUDGE_CORRECT, 0.75)); /* some of its points are not all of them */
    add(&rows, 10, said(JUDGE_INCORRECT, 1.0));
    add(&rows, 15, said(JUDGE_INCORRECT, 0.0));
    add(&rows, 1, said(JUDGE_NO_VERDICT, 1.0));
    add(&rows, 1, said(JUDGE_CORRECT, (double)NAN));
    struct judge_summary summary;
    compute(&rows, &summary);
    assert_int_equal(summary.n_both[1][1], 20);
    assert_int_equal(summary.n_both[1][0], 5);
    assert_int_equal(summary.n_both[0][1], 10);
    assert_int_equal(summary.n_both[0][0], 15);
    assert_near(summary.agreement, 0.7, 1e-15);
    assert_near(summary.cohen_kappa, 0.4, 1e-15);
}

static void test_judge_summary__kappa_needs_both_verdicts(void **state)
{
    (void)state;
    struct rows rows = {0};
    struct judge_summary summary;
    compute(&rows, &summary);
    assert_true(isnan(summary.agreement) && isnan(summary.cohen_kappa));
    assert_true(isnan(judge_error_share(&summary)));
    add(&rows, 3, said(JUDGE_CORRECT, 1.0));
    compute(&rows, &summary);
    assert_near(summary.agreement, 1.0, 0.0);
    assert_true(isnan(summary.cohen_kappa));
}

static void test_judge_summary__counts(void **state)
{
    (void)state;
    struct rows rows = {0};
    rows.n = 2; /* not to be judged */
    add(&rows, 3, said(JUDGE_CORRECT, (double)NAN));
    add(&rows, 1, said(JUDGE_INCORRECT, (double)NAN));
    struct judgement retried = said(JUDGE_STATUS, (double)NAN);
    retried.n_attempts = 5;
    retried.prompt_tokens = RECORD_COUNT_UNKNOWN;
    retried.output_tokens = RECORD_COUNT_UNKNOWN;
    add(&rows, 1, retried);
    retried.outcome = JUDGE_NOT_ASKED;
    retried.n_attempts = 0;
    add(&rows, 2, retried);
    struct judge_summary summary;
    compute(&rows, &summary);
    assert_int_equal(summary.n_questions, 7);
    assert_int_equal(summary.n_judged, 4);
    assert_int_equal(summary.n_errors, 1);
    assert_int_equal(summary.n_outcome[JUDGE_CORRECT], 3);
    assert_int_equal(summary.n_outcome[JUDGE_NOT_ASKED], 2);
    assert_int_equal(summary.n_retries, 4);
    assert_int_equal(summary.n_with_usage, 4);
    assert_int_equal(summary.prompt_tokens, 400);
    assert_int_equal(summary.output_tokens, 40);
    assert_near(judge_error_share(&summary), 0.2, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_outcome_name__reads_back),
        cmocka_unit_test(test_judge_outcome_score__only_verdicts_have_one),
        cmocka_unit_test(test_judge_summary__agreement),
        cmocka_unit_test(test_judge_summary__kappa_needs_both_verdicts),
        cmocka_unit_test(test_judge_summary__counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
