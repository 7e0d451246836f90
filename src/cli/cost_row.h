/* cost_row.h - what an envelope says of its cost, and what it says of what another price would make. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "stats/cost.h"
#include "suite/prices.h"

/* Texts live in the arena; "" where the envelope does not say. */
struct cost_row {
    const char *file; /* without folders */
    const char *benchmark;
    const char *model;
    const char *provider;
    const char *load;
    const char *day; /* of the run: YYYY-MM-DD */
    bool has_usage;  /* the token totals are there */
    struct usage_totals usage;
    struct hour_rates rates;
    struct cost cost; /* source NULL: none; without its date */
    const char *date; /* of the price; "" unknown */
};

/* Reads one envelope.  Errors: those of envelope_read. */
MUST_CHECK int
cost_row_read(struct arena *arena, const char *path, struct cost_row *out, struct error *err);

/* Replaces the cost by that of the list, or of the hour.  False, with the reason in *why, where it gives
 * none. */
bool cost_row_by_list(
    struct cost_row *self, struct arena *arena, const struct price_list *list, const char **why);
bool cost_row_by_hour(struct cost_row *self, double usd_per_hour, const char **why);
