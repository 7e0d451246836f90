/* plugin_child.h - foreign code, run in a process of its own.
 *
 * This process never loads a plugin's object: what the plugin gives comes back as bytes.  A plugin that
 * crashes, hangs, prints, starts threads or leaks does that to its own process, and is told by name. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct plugin_child {
    /* Runs in the child, and appends what goes back to `out`.  A failure it describes is the parent's. */
    int (*work)(void *context, struct bytes *out, struct error *err);
    void *context;
    int64_t timeout_ns; /* for all of it; then the child is killed */
    size_t max_bytes;   /* of what goes back */
};

/* Appends what the child gave to `out`, which is initialised.  The child has no input, what it prints goes
 * nowhere but for its stderr, and it leads a process group of its own, which ends with it.
 * Errors: those of `work`; ERROR_UNAVAILABLE when it crashed or ended by itself, ERROR_LIMIT beyond time
 * or size, ERROR_IO. */
MUST_CHECK int
plugin_child_run(const struct plugin_child *self, struct bytes *out, struct error *err);
