/* special.h - the one special function that the C library lacks and statistics need here. */
#pragma once

/* Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0: the distribution function of a
 * gamma variate of shape a and scale 1.  Relative error about 1e-12 for a up to 1e4.
 * Source: NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2. */
double special_gamma_p(double a, double x);
