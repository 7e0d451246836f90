/* plugin_paths.h - where plugins lie: the usual folders, and what in a folder may be one. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* True when the folder holds plugin.yaml. */
bool plugin_paths_is_pack(const char *folder);

/* Candidates of one folder, in the order of the bytes of their names.  Heap. */
struct plugin_paths {
    char **paths;
    size_t n;
};

/* The folder itself where it is a pack; else its packs, its *.so files, and those in its folders.  Names that begin
 * with '.' are passed over.
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_LIMIT. */
MUST_CHECK int plugin_paths_list(const char *folder, struct plugin_paths *out, struct error *err);
void plugin_paths_done(struct plugin_paths *self);
