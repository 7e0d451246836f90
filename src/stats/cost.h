/* cost.h - what a point cost: by the provider's own figures, by a list of prices, or by the hour.
 *
 * Pure.  Source: docs/cost.md. */
#pragma once

#include "stats/record.h"

/* What the counted requests that ended ok used, by the engine's own counts. */
struct usage_totals {
    uint64_t n_requests;
    uint64_t
        n_with_counts; /* of them, those whose engine told input and output tokens; sums are over
                               these */
    uint64_t input_tokens;        /* cached ones included */
    uint64_t cached_input_tokens; /* 0 where the engine did not tell */
    uint64_t output_tokens;
    uint64_t n_costs_told; /* requests whose provider told a cost */
    double cost_told_usd;  /* their sum, compensated, in order of index */
};

struct cost {
    const char *source; /* "provider", or that of the price; borrowed; NULL: the cost is not known,
                           and nothing below is set */
    double usd_total;   /* NAN: of a window of unknown length */
    double usd_per_million_tokens; /* of output; NAN where no output was counted */
    double usd_per_request;        /* NAN without requests */
};

/* What a deployment did in a time. */
struct hour_rates {
    double window_s;  /* NAN unknown */
    double tok_per_s; /* output; NAN unknown */
    double req_per_s; /* that ended ok; NAN unknown */
};

#define COST_SOURCE_PROVIDER "provider"
#define COST_SOURCE_HOUR     "price-per-hour"

/* No price at all; every number NAN. */
struct price_facts price_none(void);

void usage_totals_compute(const struct record_set *records, struct usage_totals *out);

/* True when the provider told what every request cost, and not always 0: gateways write 0 for models
 * that they have no price for. */
bool usage_has_costs(const struct usage_totals *usage);

/* By a price of tokens.  Unknown unless the engine counted the tokens of every request, and there is
 * output. */
void cost_by_tokens(
    const struct price_facts *price, const struct usage_totals *usage, struct cost *out);

/* By the price of an hour.  Unknown for an empty window, or when nothing was generated in it.  Of a
 * point whose window is not known (NAN) the total is NAN. */
void cost_by_hour(
    const struct price_facts *price, const struct hour_rates *rates, struct cost *out);

/* The provider's own figures first, then facts->price. */
void cost_compute(
    const struct point_facts *facts,
    const struct usage_totals *usage,
    const struct hour_rates *rates,
    struct cost *out);
