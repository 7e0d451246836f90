/* Sums are of whole numbers, so that they do not depend on the order of the records. */
#include "stats/judgement.h"

#include "base/text.h"
#include "stats/record.h"

#include <math.h>

static const char *const names[JUDGE_OUTCOME_COUNT] = {
    [JUDGE_CORRECT] = "correct",       [JUDGE_INCORRECT] = "incorrect",
    [JUDGE_NO_VERDICT] = "no_verdict", [JUDGE_CUT] = "cut",
    [JUDGE_MALFORMED] = "malformed",   [JUDGE_STATUS] = "status",
    [JUDGE_TIMEOUT] = "timeout",       [JUDGE_CONNECT] = "connect",
    [JUDGE_TOO_LONG] = "too_long",     [JUDGE_NOT_ASKED] = "not_asked",
};

const char *judge_outcome_name(enum judge_outcome outcome)
{
    return names[outcome];
}

bool judge_outcome_parse(const char *name, enum judge_outcome *out)
{
    for (unsigned i = 0; i < JUDGE_OUTCOME_COUNT; i++) {
        if (text_equal(names[i], name)) {
            *out = (enum judge_outcome)i;
            return true;
        }
    }
    return false;
}

double judge_outcome_score(enum judge_outcome outcome)
{
    if (outcome == JUDGE_CORRECT) {
        return 1.0;
    }
    return outcome == JUDGE_INCORRECT ? 0.0 : (double)NAN;
}

static void add_usage(struct judge_summary *self, const struct judgement *judgement)
{
    if (judgement->prompt_tokens == RECORD_COUNT_UNKNOWN ||
        judgement->output_tokens == RECORD_COUNT_UNKNOWN) {
        return;
    }
    self->n_with_usage++;
    self->prompt_tokens += (uint64_t)judgement->prompt_tokens;
    self->output_tokens += (uint64_t)judgement->output_tokens;
}

static void add_judgement(struct judge_summary *self, const struct judgement *judgement)
{
    const enum judge_outcome outcome = (enum judge_outcome)judgement->outcome;
    const double score = judge_outcome_score(outcome);
    self->n_questions++;
    self->n_outcome[outcome]++;
    if (!isnan(score)) {
        self->n_judged++;
    } else if (outcome != JUDGE_NOT_ASKED) {
        self->n_errors++;
    }
    self->n_retries += judgement->n_attempts > 1 ? judgement->n_attempts - 1 : 0;
    add_usage(self, judgement);
    if (!isnan(score) && !isnan(judgement->scorer)) {
        self->n_both[outcome == JUDGE_CORRECT][judgement->scorer >= 1.0]++;
    }
}

static void compute_agreement(struct judge_summary *self)
{
    const double wrong_wrong = (double)self->n_both[0][0];
    const double wrong_right = (double)self->n_both[0][1];
    const double right_wrong = (double)self->n_both[1][0];
    const double right_right = (double)self->n_both[1][1];
    const double n = wrong_wrong + wrong_right + right_wrong + right_right;
    self->agreement = (double)NAN;
    self->cohen_kappa = (double)NAN;
    if (n <= 0.0) {
        return;
    }
    self->agreement = (wrong_wrong + right_right) / n;
    const double expected = ((right_wrong + right_right) * (wrong_right + right_right) +
                             (wrong_wrong + wrong_right) * (wrong_wrong + right_wrong)) /
                            (n * n);
    if (expected < 1.0) {
        self->cohen_kappa = (self->agreement - expected) / (1.0 - expected);
    }
}

void judge_summary_compute(const struct record_set *records, struct judge_summary *out)
{
    *out = (struct judge_summary){0};
    for (uint64_t i = 0; i < records->n; i++) {
        if (records->records[i].judgement != NULL) {
            add_judgement(out, records->records[i].judgement);
        }
    }
    compute_agreement(out);
}

double judge_error_share(const struct judge_summary *self)
{
    const uint64_t n_settled = self->n_judged + self->n_errors;
    return n_settled > 0 ? (double)self->n_errors / (double)n_settled : (double)NAN;
}
