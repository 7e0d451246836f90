/* plugin_files.h - the files of a plugin: whose they are, and what they hash to. */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    PLUGIN_FILES_MAX = 10000, /* of one pack */
    PLUGIN_DEPTH_MAX = 16     /* folders below each other in a pack */
};

/* Refuses what another user could have put there or could change: `path` must be a file or folder, no
 * link, owned by root or by this user, and writable by nobody else.
 * Errors: ERROR_KEY "unsafe permissions: ..." with the command that mends it; ERROR_NOT_FOUND, ERROR_IO. */
MUST_CHECK int plugin_check_safe(const char *path, struct error *err);

/* Files below a folder, by their names inside it, in the order of their bytes. */
struct plugin_files {
    const char **names;
    size_t n;
};

/* Lists all files, but for those whose name (or folder's name) begins with '.', and checks each file and
 * folder as plugin_check_safe does.  Texts go to `arena`.
 * Errors: those, ERROR_LIMIT, ERROR_USAGE for a name with control characters or a backslash. */
MUST_CHECK int plugin_files_list(
    struct arena *arena, const char *folder, struct plugin_files *out, struct error *err);

/* True when `name` is one of the files. */
bool plugin_files_has(const struct plugin_files *self, const char *name);

/* SHA-256, as lower-case hex, of the text that `sha256sum` prints for the files in their order: for each
 * "HASH  NAME\n". */
MUST_CHECK int plugin_files_hash(
    const struct plugin_files *self, const char *folder, char out_hex[65], struct error *err);
