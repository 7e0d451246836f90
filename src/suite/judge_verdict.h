/* judge_verdict.h - reads what a judge says, strictly.
 *
 * The whole text must be one JSON object with exactly the members "reason" and "verdict", both strings, the
 * verdict one of the method's two words in lower case.  White space around it and one Markdown code fence
 * around it (``` or ```json, alone on its line) are allowed, because models add them unasked and they change
 * nothing.  Every other text is no verdict: it is counted as an error of the judge and never scored. */
#pragma once

#include "base/error.h"
#include "suite/judge_prompt.h"

/* *right is true for "correct" and "consistent".
 * Errors: ERROR_PARSE, what is wrong with the text. */
MUST_CHECK int judge_verdict_read(
    enum judge_method method, const char *text, size_t len, bool *right, struct error *err);
