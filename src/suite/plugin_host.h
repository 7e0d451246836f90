/* plugin_host.h - the services that a plugin's functions are given (inferencebench/plugin.h). */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/rng.h"

#include <inferencebench/plugin.h>
#include <stdbool.h>

/* What one call may ask for with host->alloc, in all. */
#define PLUGIN_CALL_MEMORY_MAX ((size_t)64 << 20)

/* One call of a plugin's function, or several one after the other. */
struct plugin_call {
    struct bench_host host; /* first: the functions find the call by it */
    struct arena arena;
    size_t n_allocated;
    struct rng rng;
    char failure[ERROR_TEXT_MAX];                     /* of host->fail; "" */
    void (*on_warn)(void *context, const char *text); /* NULL: texts go nowhere */
    void *warn_context;
};

void plugin_call_init(struct plugin_call *self);
void plugin_call_done(struct plugin_call *self);

/* Before each call: memory and failure of the one before are gone, and random numbers begin anew in the
 * stream of (seed, index). */
void plugin_call_begin(struct plugin_call *self, uint64_t seed, uint64_t index);
