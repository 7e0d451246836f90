/* error.h - one failure, described once, carried to the command line.
 *
 * A function that can fail returns int: 0 is success, a negative value is a failure that has been
 * described in `err`, a positive value is an expected outcome documented by that function. */
#pragma once

#include "base/attr.h"

enum error_code {
    ERROR_NONE = 0,
    ERROR_USAGE,       /* the invocation is wrong: exit code 2 */
    ERROR_NOT_FOUND,   /* a file or a name that was asked for does not exist: exit code 2 */
    ERROR_IO,          /* a system call on a file or socket failed */
    ERROR_PARSE,       /* input text is malformed; the text names line and column where known */
    ERROR_LIMIT,       /* input exceeds a named limit */
    ERROR_UNAVAILABLE, /* a thing outside this program is not there: engine, library, counter */
    ERROR_KEY,         /* a key is missing, of another kind, or readable by others: exit code 2 */
    ERROR_VERIFY,      /* a proof does not hold */
    ERROR_INTERRUPTED, /* the user asked to stop: exit code 130 */
};

/* One line, without a final newline. */
enum {
    ERROR_TEXT_MAX = 1024
};

struct error {
    enum error_code code;
    int os_errno; /* 0 unless a system call failed */
    char text[ERROR_TEXT_MAX];
};

/* Describes a failure. `err` must be untouched; `code` must not be ERROR_NONE.
 * Control characters in the result are replaced by '?', so that the text stays one line.
 * Returns -code, so that callers can write: return error_set(err, ERROR_IO, ...); */
MUST_CHECK PRINTF_LIKE(3, 4) int error_set(
    struct error *err, enum error_code code, const char *format, ...);

/* As error_set, and appends ": " and the text of `os_errno`. */
MUST_CHECK PRINTF_LIKE(4, 5) int error_set_os(
    struct error *err, enum error_code code, int os_errno, const char *format, ...);

/* Puts context in front of a failure that is already described.  Used at layer borders only.
 * Returns -err->code. */
MUST_CHECK PRINTF_LIKE(2, 3) int error_prefix(struct error *err, const char *format, ...);

/* Makes `err` untouched again, for a caller that has dealt with the failure. */
void error_clear(struct error *err);
