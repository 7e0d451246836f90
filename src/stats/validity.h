/* validity.h - the limits that a measurement must keep to count as valid, one row each.
 *
 * Pure.  Source: MEASUREMENT.md "Evidence of validity". */
#pragma once

#include "stats/summary.h"

struct validity_input {
    const struct point_facts *facts;
    const struct measurement *measurement;
    const struct judge_summary *judge; /* of a point that was not judged: all 0 */
    double ok_rate;                    /* NAN without counted requests */
    double latency_in_flight_s; /* mean time in flight of the requests sent in the window, or NAN */
};

struct validity_rule {
    const char *name;            /* as in validity.reasons of the envelope */
    const char *unit;            /* of figure and limit; "" for none */
    const char *source;          /* where the limit comes from */
    const char *text;            /* what the figure is */
    bool is_minimum;             /* trips below the limit, not above it */
    enum validity_status status; /* of a point that trips it */

    /* Sets figure and limit; false when the row does not apply to this point. */
    bool (*judge)(const struct validity_input *input, double *figure, double *limit);
};

extern const struct validity_rule validity_table[];
extern const size_t validity_table_len;

/* Walks the table.  Writes the rows that trip to reasons[0..*n_reasons), at most
 * SUMMARY_REASONS_MAX, and returns the worst of their statuses. */
enum validity_status validity_judge(
    const struct validity_input *input, struct validity_reason *reasons, size_t *n_reasons);
