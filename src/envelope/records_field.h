/* records_field.h - the members of the raw facts, one table row each, read and written by one code.
 *
 * A row gives the name in the file, how the value is written, and where it lies in its struct.  The
 * writer and the reader walk the same tables, so a member cannot be written and not read.
 * Internal to envelope/. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "codec/json_pull.h"

#include <stdbool.h>
#include <stdint.h>

enum field_type {
    FIELD_I64,
    FIELD_TIME, /* int64_t ns; null is RECORD_NONE */
    FIELD_U64,
    FIELD_U32,
    FIELD_U16,
    FIELD_COUNT, /* int32_t; null is RECORD_COUNT_UNKNOWN */
    FIELD_BOOL,
    FIELD_F64,       /* null is NAN */
    FIELD_LIMIT,     /* double; null is INFINITY */
    FIELD_ENUM,      /* an enum by name; unsigned int in memory */
    FIELD_ENUM8,     /* an enum by name; uint8_t in memory */
    FIELD_SHA256,    /* 32 bytes as hex digits */
    FIELD_FINISH,    /* char[RECORD_FINISH_SIZE] */
    FIELD_TEXT,      /* const char *; null is NULL */
    FIELD_HISTOGRAM, /* uint64_t[LAG_BUCKETS] as pairs [bucket, count] of what is not 0 */
};

/* Name of the enum value, for value = 0..n-1. */
struct field_names {
    const char *(*name)(unsigned value);
    unsigned n;
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
    const struct field_names *names; /* FIELD_ENUM, FIELD_ENUM8 */
};

extern const struct field field_point[]; /* struct point_facts but for its workers */
extern const size_t field_point_len;
extern const struct field field_worker[]; /* struct worker_facts */
extern const size_t field_worker_len;
extern const struct field field_request[]; /* struct record but for its events */
extern const size_t field_request_len;
extern const struct field field_judgement[]; /* struct judgement */
extern const size_t field_judgement_len;
/* Members of a request that not every one has: the content of an answer that is more than content, and, all
 * of them or none, those of a quality benchmark. */
extern const struct field field_content; /* of struct record */
extern const struct field field_item[];  /* struct record_item */
extern const size_t field_item_len;

/* Bits of a mask must suffice for every table. */
enum {
    FIELD_TABLE_MAX = 64
};

/* Appends `"key":value` of every row, separated by commas. */
void field_write_all(const struct field *fields, size_t n, const void *object, struct bytes *out);

/* Appends a C string as a JSON string, or, where it is not UTF-8, as {"base64":"..."}. */
void field_write_text(const char *text, struct bytes *out);

/* The row with the key that `pull` has just read, or n.  `hint` is where it is expected. */
size_t field_find(const struct field *fields, size_t n, size_t hint, const struct json_pull *pull);

/* Reads the value that comes next into the object.  Returns NULL, or what is wrong. */
const char *
field_read(const struct field *field, struct json_pull *pull, struct arena *arena, void *object);

/* Reads an unsigned number token (already taken).  False when it is none or does not fit. */
bool field_read_u64(enum json_token token, const struct json_pull *pull, uint64_t *out);
