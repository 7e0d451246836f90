/* dataset_hub.h - the hub's files as datasets: which one a recipe means, and what is recorded of it. */
#pragma once

#include "suite/dataset.h"
#include "suite/hub_cache.h"

/* The file that a recipe names.  Settings are the environment's and the options'.  *out is the caller's.
 * Errors: those of hub_get and hub_settings_init. */
MUST_CHECK int dataset_hub_get(
    const struct dataset_options *options,
    const struct hub_name *name,
    struct hub_entry *out,
    struct error *err);

/* What 'bench fetch' left in the cache of a known dataset; nothing is fetched.  Returns 0, HUB_ABSENT when it did not,
 * or ERROR_IO. */
MUST_CHECK int
dataset_hub_find_known(const struct known_dataset *known, struct hub_entry *out, struct error *err);

/* Adds to a recorded recipe which file it was, as far as it must be known to get the same again. */
void dataset_hub_record(struct arena *arena, struct json *recipe, const struct hub_entry *entry);
