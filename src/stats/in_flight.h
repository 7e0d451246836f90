/* in_flight.h - requests in flight over the window, and Little's law.
 *
 * Pure.  A request is in flight from its send to its end (to the end of the point where it has
 * none).  Source: Little, "A proof for the queuing formula L = lambda W", Operations Research 9
 * (1961); MEASUREMENT.md "Evidence of validity". */
#pragma once

#include "stats/record.h"

struct in_flight {
    double mean;           /* L: time average over the window; NAN when the window is empty */
    double max;            /* most at one moment of the window; NAN likewise */
    double latency_mean_s; /* W: mean time in flight of the requests sent inside; NAN without any */
    double
        little_residual; /* |L - lambda W| / L, lambda the sends inside a second; NAN when L is 0 */
};

struct in_flight
in_flight_compute(const struct point_facts *facts, const struct record_set *records);
