/* digest.h - SHA-256, and SHA-1 where git wants it, by OpenSSL. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DIGEST_SIZE = 32,
    DIGEST_HEX_SIZE = 65,
    DIGEST_GIT_HEX_SIZE = 41
};

struct digest; /* an unfinished hash; heap, one owner */

struct digest *digest_new(void);
void digest_free(struct digest *self);
void digest_freep(struct digest **self);
void digest_add(struct digest *self, const void *data, size_t len);
/* Writes the hash of all that was added and starts anew. */
void digest_finish(struct digest *self, uint8_t out[DIGEST_SIZE]);

/* One call for bytes that lie together. */
void digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_SIZE]);
void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX_SIZE]);

/* Lower-case hex of a digest, NUL-terminated. */
void digest_hex(const uint8_t digest[DIGEST_SIZE], char out[DIGEST_HEX_SIZE]);

/* The name that git gives to a file's content: SHA-1 of "blob LENGTH", NUL and the bytes, as lower-case hex.
 * Errors: ERROR_NOT_FOUND, ERROR_IO. */
MUST_CHECK int digest_git_blob(const char *path, char out[DIGEST_GIT_HEX_SIZE], struct error *err);

/* SHA-256 of a file read in pieces.  Errors: ERROR_NOT_FOUND, ERROR_IO. */
MUST_CHECK int digest_file(const char *path, uint8_t out[DIGEST_SIZE], struct error *err);
