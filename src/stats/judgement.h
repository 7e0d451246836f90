/* judgement.h - what a judge said of one answer, and what follows from all of it.
 *
 * Raw facts as in record.h: a run fills them once the measurement is over, the records file stores them,
 * and everything else about the judge is computed from them. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

struct record_set;

/* How judging one answer ended.  Only the first two are verdicts and give a score. */
enum judge_outcome {
    JUDGE_CORRECT,    /* or consistent with the persona */
    JUDGE_INCORRECT,  /* or inconsistent */
    JUDGE_NO_VERDICT, /* a whole answer, but not the one JSON object that was asked for */
    JUDGE_CUT,        /* the judge's answer reached its token limit */
    JUDGE_MALFORMED,  /* status 200, but no chat completion */
    JUDGE_STATUS,     /* another HTTP status, also after the retries where they are allowed */
    JUDGE_TIMEOUT,
    JUDGE_CONNECT,   /* no connection, no TLS, or it ended before the answer did */
    JUDGE_TOO_LONG,  /* question and answer are longer than a judge is given */
    JUDGE_NOT_ASKED, /* judging was interrupted or given up before this one was settled: no error */
};

enum {
    JUDGE_OUTCOME_COUNT = JUDGE_NOT_ASKED + 1
};

struct judgement {
    uint8_t outcome;           /* enum judge_outcome */
    uint16_t http_status;      /* of the last attempt; 0: no answer */
    uint32_t n_attempts;       /* requests sent, retries included */
    int32_t prompt_tokens;     /* as the judge's endpoint counts; RECORD_COUNT_UNKNOWN */
    int32_t output_tokens;     /* likewise */
    double scorer;             /* what the deterministic scorer says, 0..1; NAN: there is none */
    uint8_t answer_sha256[32]; /* of the judge's text; all zero when there is none */
    const char *answer;        /* the text itself with --save-text; NULL otherwise */
    const char *error;         /* one line, where the outcome is no verdict; NULL otherwise */
};

/* Names as they stand in records files and envelopes. */
const char *judge_outcome_name(enum judge_outcome outcome);
bool judge_outcome_parse(const char *name, enum judge_outcome *out);

/* 1 for correct, 0 for incorrect, NAN for everything else. */
double judge_outcome_score(enum judge_outcome outcome);

/* What the judgements of a point amount to. */
struct judge_summary {
    uint64_t n_questions; /* answers that were to be judged */
    uint64_t n_outcome[JUDGE_OUTCOME_COUNT];
    uint64_t n_judged; /* verdicts: only these give a score */
    uint64_t n_errors; /* neither verdict nor not asked */
    uint64_t n_retries;
    uint64_t n_with_usage; /* answers whose tokens the judge's endpoint told */
    uint64_t prompt_tokens;
    uint64_t output_tokens;
    /* Answers with a verdict that a deterministic scorer has scored as well: by what the judge says (first
     * index, 1: correct) and what the scorer says (second, 1: all of its points). */
    uint64_t n_both[2][2];
    double agreement; /* share of them where both say the same; NAN without any */
    double
        cohen_kappa; /* (agreement - expected) / (1 - expected), expected from the margins; NAN where the
                           expected agreement is 1 */
};

/* Pure.  Source of kappa: Cohen, Educational and Psychological Measurement 20(1), 1960. */
void judge_summary_compute(const struct record_set *records, struct judge_summary *out);

/* Share of errors among the questions that were settled; NAN without any. */
double judge_error_share(const struct judge_summary *self);
