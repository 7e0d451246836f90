/* records_file.h - the raw facts of a point as zstd-compressed JSON lines.
 *
 * A header line (schema, run_id, units, point_facts), one line per worker, one line per request.
 * Everything that summary_compute needs is in it: writing and reading back gives equal facts.
 * Source: MEASUREMENT.md "Records: the raw facts". */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "codec/digest.h"
#include "stats/record.h"

/* --records */
enum records_level {
    RECORDS_FULL,     /* with every token event */
    RECORDS_REQUESTS, /* without token events */
    RECORDS_OFF,
};

#define RECORDS_SCHEMA   "bench-records-1"
#define RECORDS_SIZE_MAX ((size_t)8 << 30) /* uncompressed; 1e8 token gaps are about 1 GB */

enum {
    RECORDS_PIECE_LEN = 1 << 16 /* text that is held before it is passed on */
};

/* What a records file is made from; all borrowed. */
struct records_source {
    const char *run_id;
    const struct point_facts *facts;
    const struct record_set *records;
    enum records_level level; /* not RECORDS_OFF */
};

/* Where the JSON lines go: pieces of whole lines, in order; each is borrowed for the call. */
struct records_sink {
    int (*take)(void *context, const char *text, size_t len, struct error *err);
    void *context;
};

/* Gives the uncompressed JSON lines to the sink, in pieces of RECORDS_PIECE_LEN and the rest of a line:
 * the whole text never exists.  Errors: those of the sink. */
MUST_CHECK int records_write(
    const struct records_source *source, const struct records_sink *sink, struct error *err);

/* The same, hashed and compressed: appends one zstd frame to `out`.
 * Errors: ERROR_LIMIT when the text or the frame exceeds its limit. */
MUST_CHECK int records_pack(
    const struct records_source *source,
    struct bytes *out,
    char text_sha256[DIGEST_HEX_SIZE],
    struct error *err);

struct records_loaded {
    struct arena arena; /* owns all below */
    char run_id[40];
    struct point_facts facts;
    struct record_set records;
};

/* Parses uncompressed JSON lines.  Errors: ERROR_PARSE "NAME:LINE: what". */
MUST_CHECK int records_parse(
    const char *name, const char *text, size_t len, struct records_loaded *out, struct error *err);
void records_loaded_done(struct records_loaded *self);
