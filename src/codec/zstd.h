/* zstd.h - zstd frames: written piece by piece, read whole. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct zstd_writer; /* an unfinished frame; heap, one owner */

/* Begins a frame at the end of `out`, which is borrowed until zstd_writer_finish.  Level 3, with content
 * size and checksum. */
struct zstd_writer *zstd_writer_new(struct bytes *out);
void zstd_writer_freep(struct zstd_writer **self);

/* Compresses what comes next; what is done of it is appended to `out`.  After a failure the frame is of no
 * use, and `out` has as much of it as fitted.  Errors: ERROR_LIMIT when it passes out->max. */
MUST_CHECK int
zstd_writer_add(struct zstd_writer *self, const void *data, size_t len, struct error *err);

/* Ends the frame.  Errors: ERROR_LIMIT. */
MUST_CHECK int zstd_writer_finish(struct zstd_writer *self, struct error *err);

/* Appends the content of the frames in `data`; the limit is out->max, checked while decompressing.
 * Errors: ERROR_PARSE for bytes that are no zstd or damaged, ERROR_LIMIT. */
MUST_CHECK int zstd_decompress(const void *data, size_t len, struct bytes *out, struct error *err);

/* Version of the library underneath.  Static text. */
const char *zstd_library_version(void);
