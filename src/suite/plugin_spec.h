/* plugin_spec.h - one benchmark of a plugin: a spec that keeps to what its plugin may have. */
#pragma once

#include "suite/plugin.h"

/* Room for a plugin's specs, in `arena`. */
void plugin_specs_init(struct arena *arena, struct plugin *self);

/* Reads a spec and appends it.  Its plugin is this one, its files are the pack's own, and only a shared
 * object that makes requests may have a dataset "plugin:".
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_USAGE "NAME: what", ERROR_LIMIT. */
MUST_CHECK int plugin_spec_add(
    struct arena *arena, struct plugin *self, const struct spec_text *text, struct error *err);

/* Checks the words that name a plugin: id, version, title.  `where` stands before what is wrong.
 * Errors: ERROR_USAGE. */
MUST_CHECK int plugin_names_check(const struct plugin *self, const char *where, struct error *err);
