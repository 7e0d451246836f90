/* file.h - whole files in and out; results appear complete or not at all.
 *
 * Writing goes to a temporary file in the same folder, which is fsynced, given its name without
 * replacing anything, and followed by an fsync of the folder. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads the whole file.  *out is the caller's (free), NUL-terminated after *out_len bytes.
 * Errors: ERROR_NOT_FOUND when it does not exist or is a folder, ERROR_LIMIT above `max` bytes,
 * ERROR_IO otherwise; every text names the path. */
MUST_CHECK int
file_read(const char *path, size_t max, char **out, size_t *out_len, struct error *err);

/* Writes a new file with `mode` permissions.  Errors: ERROR_IO; ERROR_USAGE when `path` exists.
 * On failure nothing is left behind under any name. */
MUST_CHECK int
file_write_new(const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* Writes a file whole, in place of one that may be there.  Errors: ERROR_IO; what was there is there still,
 * or, where only the folder cannot be synced, has been replaced. */
MUST_CHECK int
file_replace(const char *path, const void *data, size_t len, mode_t mode, struct error *err);

/* Makes the folder and its parents.  Not an error when it exists; "" is the current folder. */
MUST_CHECK int file_make_folder(const char *path, struct error *err);

/* Checks that files can be made in the folder by making and removing one. */
MUST_CHECK int file_check_writable(const char *folder, struct error *err);

bool file_exists(const char *path);
bool file_is_folder(const char *path);

/* "folder/name" (or "name" when folder is ""), the caller's to free. */
char *file_join(const char *folder, const char *name) __attribute__((returns_nonnull));

/* The part after the last '/': borrowed from `path`. */
const char *file_base_name(const char *path);
