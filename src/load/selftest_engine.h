/* selftest_engine.h - the simulated engine in a process of its own, for measuring the client.
 *
 * The engine must not share the client's memory, locks or CPU accounting, so it is a child process.
 * It keeps its truth in its own memory while it serves, and hands it over when it has stopped.
 * Threads: one; start it before other threads of the process hold locks that a child would need. */
#pragma once

#include "sim/sim.h"
#include "sim/sim_truth.h"

struct selftest_engine;

/* What the engine knows in the end.  entries belong to this: selftest_truth_done. */
struct selftest_truth {
    const struct sim_truth *entries; /* in order of writing */
    uint64_t n;
    uint64_t n_tokens; /* written in all */
    int64_t cpu_ns;    /* of the engine's whole process */
    void *map;         /* own; entries lie in it */
    size_t map_len;
};

/* Forks the engine and waits until it listens on a free port of 127.0.0.1.  *out is the caller's:
 * selftest_engine_stop.  The child ends with its parent, whatever happens to it.
 * Errors: ERROR_IO, and those of sim_server_start. */
MUST_CHECK int selftest_engine_start(
    const struct sim_options *sim, struct selftest_engine **out, struct error *err);

unsigned selftest_engine_port(const struct selftest_engine *self);

/* Ends the engine, takes its truth over (`out` may be NULL: it is dropped) and frees.  NULL is allowed.
 * Errors: ERROR_IO when the engine ended before it was told to. */
MUST_CHECK int
selftest_engine_stop(struct selftest_engine *self, struct selftest_truth *out, struct error *err);

void selftest_truth_done(struct selftest_truth *self);
