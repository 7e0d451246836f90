/* zstd.h - whole buffers through zstd. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Appends one zstd frame of `data` (level 3, with content size and checksum). */
MUST_CHECK int zstd_compress(const void *data, size_t len, struct bytes *out, struct error *err);

/* Appends the content of the frames in `data`; the limit is out->max, checked while decompressing.
 * Errors: ERROR_PARSE for bytes that are no zstd or damaged, ERROR_LIMIT. */
MUST_CHECK int zstd_decompress(const void *data, size_t len, struct bytes *out, struct error *err);
