/* student.h - quantiles of Student's t distribution, for intervals of a mean of few values. */
#pragma once

/* The value that a variate of Student's t distribution with `degrees` of freedom stays below with
 * `probability`.  0 < probability < 1, degrees > 0.  Relative error below 1e-12 between the
 * probabilities 0.0005 and 0.9995.
 * Source: Abramowitz and Stegun, "Handbook of mathematical functions", 26.7.3 and 26.7.4. */
double student_quantile(double probability, unsigned degrees);
