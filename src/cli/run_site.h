/* run_site.h - whose machine the fingerprint is of: the engine's, this client's, or both. */
#pragma once

#include "cli/run_plan.h"

/* Fills plan->fingerprint: from --engine-host-file where it is given, else of this machine.
 * Errors: those of host_file_read, behind the option's name. */
MUST_CHECK int run_site_fingerprint(struct run_plan *plan, struct error *err);

/* Finds where the engine runs, as which process and with which software, once its addresses are known; sends
 * nothing.  Fills plan->site and plan->provenance. */
void run_site_find(struct run_plan *plan);

/* True when the engine runs on this machine; after run_site_find. */
bool run_site_is_local(const struct run_plan *plan);

/* Whose machine plan->fingerprint is; after run_site_find. */
enum fingerprint_of run_site_fingerprint_of(const struct run_plan *plan);
