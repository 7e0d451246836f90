/* ks.h - the distribution of the two-sided Kolmogorov-Smirnov statistic.
 *
 * Pure; allocates a small matrix for short samples.
 * Source: Simard and L'Ecuyer, "Computing the two-sided Kolmogorov-Smirnov distribution", Journal of
 * Statistical Software 39(11), 2011, and the methods that it compares. */
#pragma once

#include <stdint.h>

/* P(D_n >= d): the chance that n > 0 independent values of a continuous distribution differ from it
 * by d (0..1) or more.  Absolute error below 3e-6, relative error below 1e-6 where the result is
 * below 0.01 and n <= 100000. */
double ks_p_value(uint64_t n, double d);
