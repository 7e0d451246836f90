/* arrival_test.h - did requests leave as the declared arrival process says?
 *
 * Pure.  Times in ns, gaps in s.  Source: MEASUREMENT.md "Evidence of validity". */
#pragma once

#include "stats/record.h"

/* Gaps of a constant process within this share of its gap count as equal to it: no clock hits a
 * moment exactly, and a distribution without width could not be tested otherwise. */
#define ARRIVAL_CONSTANT_TOLERANCE 0.05

struct arrival_process {
    enum arrival arrival; /* not ARRIVAL_NONE */
    double rate_rps;      /* > 0 */
    double burstiness;    /* gamma: shape of the gaps, > 0 */
};

/* The distribution function of the gaps; the two continuous processes only. */
double arrival_cdf(const struct arrival_process *process, double gap_s);

/* Largest distance between the distribution of gaps_s[0..n), ascending, n > 0, and the declared one.
 * For the constant process: the larger of the shares of gaps that are too short or too long. */
double arrival_ks_distance(const struct arrival_process *process, const double *gaps_s, size_t n);

/* Kolmogorov-Smirnov p-value of the gaps between times_ns[0..n), ascending; NAN under two times. */
double arrival_ks_p_value(const struct arrival_process *process, const double *times_ns, size_t n);

/* Variance over mean of the numbers of times in the whole seconds of [from_ns, to_ns): 1 for a
 * Poisson process, below for a more even and above for a burstier one.  NAN under ten seconds or
 * without any time.  Times need no order. */
double arrival_dispersion_1s(const double *times_ns, size_t n, double from_ns, double to_ns);
