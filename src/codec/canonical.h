/* canonical.h - the one form of a JSON value that is hashed and signed.
 *
 * The form is what Python 3 writes with json.dumps(x, sort_keys=True, separators=(",", ":")):
 * keys sorted by code point, ASCII only, integers verbatim, floats shortest.
 * Source: ENVELOPE.md "Canonical form and content hash". */
#pragma once

#include "codec/json.h"

/* Room for any double: "-1.2345678901234567e-308" and the NUL. */
enum {
    CANONICAL_FLOAT_SIZE = 32
};

/* The shortest decimal that reads back to `value`, in Python's layout; `value` is finite.
 * Returns the length. */
size_t canonical_float(double value, char out[CANONICAL_FLOAT_SIZE]);

/* Appends the canonical form of `self`.  `skip_key` (may be NULL) names a key of the top-level
 * object that is left out. */
void canonical_write(const struct json *self, const char *skip_key, struct bytes *out);

/* Lower-case hex SHA-256 of the canonical form, 64 characters and the NUL. */
void canonical_sha256(const struct json *self, const char *skip_key, char out_hex[65]);

/* SHA-256, as lower-case hex, of the canonical form of a list of `n` values; form(arena, list, i) makes
 * the i-th in an arena of its own.  Piece by piece: a large list never exists as one text. */
void canonical_list_hash(
    struct json *(*form)(struct arena *arena, const void *list, uint32_t i),
    const void *list,
    uint32_t n,
    char out_hex[65]);
