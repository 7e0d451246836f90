/* trend.h - is there a trend in a short series?
 *
 * Pure.  Source: Mann, "Nonparametric tests against trend", Econometrica 13 (1945); Kendall, "Rank
 * correlation methods" (1975), with the correction of the variance for ties and for continuity. */
#pragma once

#include "base/attr.h"

/* Mann-Kendall z of values[0..n) in order of time: above 0 rising, below 0 falling, standard normal
 * when there is no trend.  0 when n < 2 or all values are equal.  O(n^2): meant for short series. */
double trend_mann_kendall_z(const double *values, size_t n);
