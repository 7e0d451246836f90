/* between_runs.h - how much a metric differs between independent launches of one point.
 *
 * Pure.  The interval inside a launch (bootstrap.h) speaks of its requests alone; what changes from
 * launch to launch (placement, clocks, state of the engine) is seen only between launches.
 * Source: Georges, Buytaert and Eeckhout, "Statistically rigorous Java performance evaluation",
 * OOPSLA 2007, section 3.2: means of invocations, Student's t below 30 of them. */
#pragma once

#include <stddef.h>

struct between_runs {
    size_t n;    /* launches that have the metric */
    double mean; /* NAN where n is 0; so are min and max */
    double sd;   /* standard deviation of the sample (n - 1); NAN where n < 2 */
    double half; /* half the width of the 95 % Student-t interval mean - half .. mean + half; NAN
                    where n < 2, and where all values are alike: an interval of width 0 would claim
                    a certainty that is not there */
    double min;
    double max;
};

/* Of values[0..n), one a launch, in any order; NAN: the launch does not have the metric and is left
 * out.  All others are finite. */
void between_runs_compute(const double *values, size_t n, struct between_runs *out);
