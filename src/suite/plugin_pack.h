/* plugin_pack.h - a folder that is a plugin without code. */
#pragma once

#include "suite/plugin.h"

#define PLUGIN_PACK_FILE "plugin.yaml"

/* Reads the pack in `folder` (absolute).  Every file is looked at: its permissions and its bytes.
 * Errors: ERROR_PARSE "FILE:LINE:COLUMN: what" with the file's name inside the pack; ERROR_KEY for
 * unsafe permissions, ERROR_USAGE for what does not fit together, ERROR_LIMIT, ERROR_IO. */
MUST_CHECK int
plugin_pack_read(struct arena *arena, const char *folder, struct plugin *out, struct error *err);
