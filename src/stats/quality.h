/* quality.h - how many answers of a quality benchmark are right, and how sure that is.
 *
 * Pure: from the scores in the records.  A request that failed has no score; accuracy is over the answers
 * that were scored, and accuracy_incl_failures says what it is when failures count as wrong. */
#pragma once

#include "stats/bootstrap.h"
#include "stats/record.h"

/* Counted requests of one category, or all of them. */
struct quality_part {
    const char *category; /* borrowed from the records; NULL: all, or those without one */
    uint64_t n;           /* counted requests */
    uint64_t n_ok;        /* of them ended ok */
    uint64_t n_scored;    /* of those have a score */
    double accuracy;      /* mean score; NAN without any */
    struct interval wilson;
    double accuracy_incl_failures; /* sum of scores / (scored and failed requests) */
    struct interval wilson_incl_failures;
};

struct quality {
    bool known; /* the requests are those of a quality benchmark */
    struct quality_part all;
    struct quality_part *categories; /* by name, those without one last; owned */
    size_t n_categories;             /* 0 when no item has a category */
};

/* *out is the caller's: quality_done. */
void quality_compute(const struct record_set *records, struct quality *out);
void quality_done(struct quality *self);

/* True when some request is an item's. */
bool quality_is_known(const struct record_set *records);

/* Wilson's score interval, 95 %, for a mean score over n answers: exact in its form where every score is 0 or
 * 1; for scores between, which vary less than those with the same mean, wider than it need be.  Both NAN
 * for n = 0.  Source: E. B. Wilson, JASA 22 (1927), 209-212. */
struct interval quality_wilson(double mean, uint64_t n);
