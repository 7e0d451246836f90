/* plugin_object.h - a shared object's functions, each task of it in a process of its own.
 *
 * Errors of all: what the plugin says or does wrong, in one line without its name; ERROR_UNAVAILABLE
 * when it crashes, ERROR_LIMIT when it hangs. */
#pragma once

#include "suite/plugin.h"

/* Reads what the object says of itself, and its specs.  `path` is absolute. */
MUST_CHECK int
plugin_object_read(struct arena *arena, const char *path, struct plugin *out, struct error *err);

/* Requests of a pool. */
struct plugin_pool {
    const char *benchmark;
    uint64_t seed;
    uint32_t n;
    bool
        backwards; /* asks for the last one first, and for each twice: what comes must be the same */
};

/* Appends the requests as JSON Lines to `out`; fewer than n where the plugin has no more. */
MUST_CHECK int plugin_object_requests(
    const struct plugin *self,
    const struct plugin_pool *pool,
    struct bytes *out,
    struct error *err);

/* Answers to be judged. */
struct plugin_scoring {
    const char *benchmark;
    uint64_t seed;
    const struct bench_answer *answers;
    size_t n;
};

/* Sets n scores, 0..1, NAN where there is none.  The first reason why one is missing, if the plugin
 * gave one, goes to `reason` ("" else). */
MUST_CHECK int plugin_object_score(
    const struct plugin *self,
    const struct plugin_scoring *scoring,
    double *scores,
    char reason[ERROR_TEXT_MAX],
    struct error *err);

/* Sets self->n_metrics values, NAN where one does not exist. */
MUST_CHECK int plugin_object_metrics(
    const struct plugin *self,
    const struct bench_result *result,
    double *values,
    struct error *err);

/* Appends the plugin's warnings to `out`, each with a newline. */
MUST_CHECK int plugin_object_validate(
    const struct plugin *self, const struct bench_plan *plan, struct bytes *out, struct error *err);
