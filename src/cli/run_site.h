/* run_site.h - whose machine the fingerprint is of: the engine's, this client's, or both. */
#pragma once

#include "cli/run_plan.h"

/* Finds where the engine runs and as which process, once its addresses are known; sends nothing. */
void run_site_find(struct run_plan *plan);
