/* request.h - what is derived from one request's record: its latencies, its tokens, its verdict.
 *
 * Pure.  Times are returned in ms as doubles.  NAN: this request has no such quantity.
 * Source: MEASUREMENT.md "Definitions". */
#pragma once

#include "stats/record.h"

enum quantity {
    QUANTITY_TTFT_MS,
    QUANTITY_TTFT_FROM_SEND_MS,
    QUANTITY_TTFO_MS,
    QUANTITY_TPOT_MS,
    QUANTITY_TOTAL_MS,
    QUANTITY_TOTAL_FROM_SEND_MS,
    QUANTITY_OUTPUT_TOKENS,
    QUANTITY_PROMPT_TOKENS,
    QUANTITY_SCORE, /* of a quality benchmark's answer, 0..1 */
};

enum {
    QUANTITY_COUNT = QUANTITY_SCORE + 1
};

/* Scheduled or sent inside the window: part of every share and percentile. */
bool request_is_counted(const struct record *record);

/* The moment that latencies count from: scheduled (open loop) or sent (closed loop). */
int64_t request_start_ns(const struct point_facts *facts, const struct record *record);

/* One quantity of a request, whatever its outcome.  Without streaming there is no TTFT, TTFO or
 * TPOT, and the total goes to the end of the answer. */
double request_quantity(
    const struct point_facts *facts, const struct record *record, enum quantity quantity);

/* Ended ok and inside every limit of facts->slo.  A limit on a time that the request does not have
 * is met. */
bool request_passes(const struct point_facts *facts, const struct record *record);

/* Output tokens that arrived in [from_ns, to_ns).
 * The engine's total, where told, is spread over the events in proportion to their own counts (all
 * alike when these are all zero), so that the sum over all time is exactly that total; without a
 * total each event counts for itself.  Without streaming all tokens arrive at end_ns. */
double request_tokens_between(
    const struct point_facts *facts, const struct record *record, int64_t from_ns, int64_t to_ns);
