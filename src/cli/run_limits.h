/* run_limits.h - whether this machine can carry a run: descriptors, ports, processors, addresses. */
#pragma once

#include "cli/run_options.h"

/* Of the largest point. */
struct run_needs {
    uint64_t n_connections; /* most that are open at once */
    uint64_t n_requests;    /* counted, as far as that is known beforehand */
};

/* Checks what the run asks of this machine, before any traffic; raises the limit of descriptors.  In virtual
 * time only memory is needed.
 * Errors: ERROR_UNAVAILABLE, one line that names the limit and the way out. */
MUST_CHECK int run_limits_check(
    const struct run_options *options, const struct run_needs *needs, struct error *err);
