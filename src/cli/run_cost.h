/* run_cost.h - which price applies to a run, and what is said where none does. */
#pragma once

#include "cli/run_plan.h"
#include "stats/summary.h"

/* Reads the list of prices.  Before traffic.
 * Errors: those of price_list_load, for --prices-file. */
MUST_CHECK int run_cost_open(struct run_plan *plan, struct error *err);

/* Finds the price; needs the engine's identity.  Warns where --prices-file has none. */
void run_cost_find(struct run_plan *plan);

/* Warns of a point whose cost ought to be known and is not, and of a price that was not used. */
void run_cost_check(struct run_plan *plan, const struct summary *summary);

/* Adds the price as `price`, where one applies. */
void run_cost_add(struct arena *arena, const struct run_plan *plan, struct json *driver_options);

/* A line of --dry-run, where a price applies. */
void run_cost_print(const struct run_plan *plan);

void run_cost_done(struct run_plan *plan);
