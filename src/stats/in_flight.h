/* in_flight.h - requests in flight over the window, and Little's law.
 *
 * Pure.  A request is in flight from its send to its end (to the end of the point where it has
 * none).  Source: Little, "A proof for the queuing formula L = lambda W", Operations Research 9
 * (1961); MEASUREMENT.md "Evidence of validity". */
#pragma once

#include "stats/record.h"

#include <stddef.h>

struct in_flight {
    double mean;           /* L: time average over the window; NAN when the window is empty */
    double max;            /* most at one moment of the window; NAN likewise */
    double latency_mean_s; /* W: mean time in flight of the requests sent inside; NAN without any */
    double
        little_residual; /* |L - lambda W| / L, lambda the sends inside a second; NAN when L is 0 */
};

/* Steps of the series below. */
enum {
    IN_FLIGHT_STEPS_MAX = 240
};

/* The load over time: means of steps that follow each other from the window's start.  A step is the
 * smallest number of whole seconds that gives at most IN_FLIGHT_STEPS_MAX of them; what is left of the
 * window after the last whole step is not in it. */
struct in_flight_series {
    double step_s; /* NAN when the window is empty */
    size_t n;
    double means[IN_FLIGHT_STEPS_MAX];
};

void in_flight_series_compute(
    const struct point_facts *facts,
    const struct record_set *records,
    struct in_flight_series *out);

struct in_flight
in_flight_compute(const struct point_facts *facts, const struct record_set *records);
