/* dataset_file.h - data files: where they are looked for, and their bytes. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <stddef.h>

/* A file's bytes, mapped privately: writing to them changes neither the file nor what others see.
 * Bounded memory: pages that were only read can be dropped by the kernel.  A zstd file is unpacked into memory. */
struct mapped_file {
    char *bytes; /* not NUL-terminated */
    size_t len;
    bool unpacked;
};

/* Errors: ERROR_NOT_FOUND (absent, a folder), ERROR_LIMIT above DATASET_FILE_MAX (unpacked, too), ERROR_PARSE
 * when it is empty or damaged zstd, ERROR_IO; every text names the path. */
MUST_CHECK int mapped_file_open(const char *path, struct mapped_file *out, struct error *err);
void mapped_file_close(struct mapped_file *self);

/* Looks for `name` in $BENCH_DATA_DIR, then $XDG_DATA_HOME/bench/datasets (by default
 * ~/.local/share/bench/datasets), then ./data.  Returns its path, the caller's to free, or NULL.
 * `searched` (may be NULL) gets the paths that were tried, joined by ", ". */
char *dataset_file_find(const char *name, struct bytes *searched);

/* $BENCH_DATA_DIR/name where it exists, the caller's to free, else NULL. */
char *dataset_file_override(const char *name);
