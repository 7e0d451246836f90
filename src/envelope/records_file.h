/* records_file.h - the raw facts of a point as zstd-compressed JSON lines.
 *
 * A header line (schema, run_id, units, point_facts), one line per worker, one line per request.
 * Everything that summary_compute needs is in it: writing and reading back gives equal facts.
 * Source: MEASUREMENT.md "Records: the raw facts". */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "stats/record.h"

/* --records */
enum records_level {
    RECORDS_FULL,     /* with every token event */
    RECORDS_REQUESTS, /* without token events */
    RECORDS_OFF,
};

#define RECORDS_SCHEMA   "bench-records-1"
#define RECORDS_SIZE_MAX ((size_t)8 << 30) /* uncompressed; 1e8 token gaps are about 1 GB */

/* Appends the uncompressed JSON lines. */
void records_write(
    const char *run_id,
    const struct point_facts *facts,
    const struct record_set *records,
    enum records_level level,
    struct bytes *out);

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
