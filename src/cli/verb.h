/* verb.h - the first operand of a command that does several things: "bench spec lint". */
#pragma once

#include "base/error.h"

#include <stddef.h>

/* Finds `verb` among the names, of which there are 1 to VERBS_MAX.
 * Errors: ERROR_USAGE with the nearest name, or with all of them. */
MUST_CHECK int
verb_find(const char *verb, const char *const *names, size_t n, size_t *out, struct error *err);

enum {
    VERBS_MAX = 8,
    VERB_NAMES_SIZE = 128 /* room for all names of a command in one line */
};
