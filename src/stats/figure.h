/* figure.h - rates, shares and counts of a point: numbers that are no percentile.
 *
 * Pure.  Rates are per second of the window [window_start_ns, window_end_ns) and NAN when it is
 * empty; they look at all requests, whatever their phase.  Shares look at the counted requests and
 * are NAN without any.  The definitions stand in the metric table. */
#pragma once

#include "stats/record.h"

/* Length of the window in seconds; NAN when it is empty. */
double figure_window_s(const struct point_facts *facts);

/* True when the moment lies inside the window. */
bool figure_in_window(const struct point_facts *facts, int64_t at_ns);

double figure_throughput(const struct point_facts *facts, const struct record_set *records);
double figure_req_per_s_all(const struct point_facts *facts, const struct record_set *records);
double figure_req_per_s_passing(const struct point_facts *facts, const struct record_set *records);
double figure_prompt_tok_per_s(const struct point_facts *facts, const struct record_set *records);
double figure_cold_start_ms(const struct point_facts *facts, const struct record_set *records);
double
figure_connect_wait_max_ms(const struct point_facts *facts, const struct record_set *records);

/* Counted requests; those that ended ok; those that also met every limit. */
double figure_n_counted(const struct point_facts *facts, const struct record_set *records);
double figure_n_ok(const struct point_facts *facts, const struct record_set *records);
/* Of those that ended ok, those with a score. */
double figure_n_scored(const struct point_facts *facts, const struct record_set *records);
double figure_n_passing(const struct point_facts *facts, const struct record_set *records);
