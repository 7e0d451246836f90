/* plugin_init.h - a new plugin that builds, passes its check and runs. */
#pragma once

#include "suite/plugin.h"

/* Writes a plugin called `id` into the folder of that name, which must not exist, below `parent` ("": this
 * folder).  Nothing of it is writable by others, whatever the umask.
 * Errors: ERROR_USAGE for an id that cannot be one or is taken by `known`, and for a folder that exists;
 * ERROR_IO. */
MUST_CHECK int plugin_init(
    const char *parent,
    const char *id,
    enum plugin_kind kind,
    const struct spec_table *known,
    struct error *err);
