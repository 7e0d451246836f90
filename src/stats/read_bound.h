/* read_bound.h - how far before its stamp an event that shared a read may have arrived.
 *
 * A read has one stamp, that of its last segment.  Of the token events that came in one read, all but the
 * last may have arrived earlier: after what had been read before (the event before the read, the
 * headers, at least the request's send), and no later than the stamp.
 * Pure.  Source: MEASUREMENT.md "Evidence of validity"; timestamping of TCP receives:
 * https://docs.kernel.org/networking/timestamping.html */
#pragma once

#include "stats/record.h"

struct read_bound {
    uint64_t n;    /* token events that another one followed in the same read */
    double p99_us; /* stamp less the earliest possible arrival, over those; NAN without any.  From a
                      histogram, so within 9 % */
    double max_us; /* exact; NAN without any */
};

/* Looks at all requests, whatever their phase.  Without events (has_events false): none, NAN. */
struct read_bound read_bound_compute(const struct record_set *records);
