#include "stats/judgement.h"

#include "base/text.h"

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
