/* host_file.h - a fingerprint that was made on another machine, by `bench fingerprint --json`.
 *
 * The file is trusted in nothing but what it says: it must have the form of the envelope's
 * hardware_fingerprint and the hash of its own fields. */
#pragma once

#include "codec/json.h"

enum {
    HOST_FILE_MAX = 1 << 20 /* bytes; a machine of 1024 processors in 64 nodes has some 20 000 */
};

/* Reads a file.  *out is the object hardware_fingerprint, in `arena`; its member `warnings` is taken out,
 * and its texts are appended to `warnings`.
 * Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_USAGE for what is wrong in the file; the text names path,
 * field and line. */
MUST_CHECK int host_file_read(
    struct arena *arena,
    const char *path,
    struct json *warnings,
    struct json **out,
    struct error *err);
