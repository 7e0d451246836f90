/* program.h - runs another program for what it prints, within bounds.
 *
 * No shell; a fixed environment (PATH of the system's folders, LC_ALL=C); no input; its errors are
 * dropped; none of this program's files are open in it.  Never while requests are under way. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct program {
    const char *const *argv; /* ends with NULL; argv[0] is an absolute path */
    int64_t timeout_ns;      /* for all of it; what is still running then is killed */
    size_t max_bytes;        /* of output; likewise */
};

/* Runs it and appends what it prints to `out`, which is initialised.
 * Errors: ERROR_NOT_FOUND when it cannot be started, ERROR_LIMIT beyond time or size, ERROR_UNAVAILABLE
 * when it does not end with exit code 0.  The text names the program. */
MUST_CHECK int program_run(const struct program *self, struct bytes *out, struct error *err);
