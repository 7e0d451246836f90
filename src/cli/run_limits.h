/* run_limits.h - whether this machine can carry a run: descriptors, ports, processors, addresses. */
#pragma once

#include "cli/run_options.h"

/* Checks what the run asks of this machine, before any traffic; raises the limit of descriptors.
 * `n_connections`: most that are open at once.  Nothing is needed in virtual time.
 * Errors: ERROR_UNAVAILABLE, one line that names the limit and the way out. */
MUST_CHECK int
run_limits_check(const struct run_options *options, uint64_t n_connections, struct error *err);
