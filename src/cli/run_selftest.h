/* run_selftest.h - `bench run --selftest`: the client's own error at the load of a point that was just measured. */
#pragma once

#include "cli/run_plan.h"
#include "load/selftest.h"

struct run_selftest {
    bool asked; /* with --selftest */
    bool done;  /* the row is there */
    struct selftest_recipe recipe;
    double scale; /* of selftest_recipe_like */
    struct selftest_row row;
};

/* Drives the simulated engine at the point's load, after its last byte and before its envelope is written, and
 * shows progress under the point's name.  What broke a limit, and why it did not run, are warnings of the
 * plan: a self-test never fails a point. */
void run_selftest(
    struct run_plan *plan,
    const char *point_name,
    const struct point_facts *facts,
    const struct summary *summary,
    struct run_selftest *out);

/* Warns of what a self-test says against the point that it stands beside: a broken limit, requests that could
 * not be compared. */
void run_selftest_warn(struct run_plan *plan, const struct selftest_row *row);

/* {"recipe": {...}, and the keys of `bench selftest --json`}; null where none was done. */
struct json *run_selftest_json(const struct run_selftest *self, struct arena *arena);
