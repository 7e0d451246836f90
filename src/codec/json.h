/* json.h - a JSON tree that keeps what was written.
 *
 * Numbers keep their literal text, so integers of any size survive and 1, 1.0 and 1e0 stay
 * different things; every value knows its line and column.  This is why no library is used: the
 * canonical form (ENVELOPE.md) is defined over the text of numbers, which tree libraries drop.
 * Ownership: all values live in the arena given to the function that made them.
 * Source: RFC 8259; stricter: a repeated key, a lone surrogate and NaN are errors. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INTEGER, /* literal without fraction and exponent */
    JSON_FLOAT,   /* literal with fraction or exponent, finite as a double */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    enum json_kind kind;
    bool boolean;
    unsigned line;   /* 1-based place of the first character in the source; 0 when built here */
    unsigned column; /* 1-based, in bytes */
    const char *key; /* name inside its object, else NULL; UTF-8, NUL-terminated, key_len bytes */
    size_t key_len;
    const char *text;   /* string content (UTF-8, may hold NUL) or number literal; NUL-terminated */
    size_t len;         /* bytes of text, or number of children of an array or object */
    struct json *first; /* children in order of writing */
    struct json *last;
    struct json *next; /* next sibling */
};

/* Limits on reading, checked before allocating.  Source: ENVELOPE.md "Canonical form". */
enum {
    JSON_DEPTH_MAX = 200
};

#define JSON_SIZE_MAX ((size_t)64 << 20)

/* Reads one JSON text (white space around it allowed; a BOM is not).
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT for depth and size. `name` is the file
 * name for messages. */
MUST_CHECK int json_parse(
    struct arena *arena,
    const char *name,
    const char *text,
    size_t len,
    struct json **out,
    struct error *err);

/* Reads a file and parses it.  Errors: those of file_read and json_parse. */
MUST_CHECK int
json_parse_file(struct arena *arena, const char *path, struct json **out, struct error *err);

/* Child of an object by name, of an array by index; NULL when absent or `self` is NULL or of
 * another kind.  Borrowed. */
struct json *json_find(const struct json *self, const char *key);
struct json *json_at(const struct json *self, size_t index);

/* Follows keys separated by '.': json_path(root, "hardware_fingerprint.cpu.model"). */
struct json *json_path(const struct json *self, const char *path);

/* Text of a string value, or `otherwise` when `self` is NULL or no string. */
const char *json_text(const struct json *self, const char *otherwise);

/* Reads numbers.  Return false and leave *out when `self` is NULL, no number or out of range.
 * json_f64 takes integers too; json_i64 takes integers only. */
bool json_i64(const struct json *self, int64_t *out);
bool json_f64(const struct json *self, double *out);
bool json_bool(const struct json *self, bool *out);

/* Building.  Values are new and belong to no parent. */
struct json *json_new(struct arena *arena, enum json_kind kind);
struct json *json_new_text(struct arena *arena, const char *text);
struct json *json_new_bytes(struct arena *arena, const char *bytes, size_t len);
struct json *json_new_i64(struct arena *arena, int64_t value);
struct json *json_new_u64(struct arena *arena, uint64_t value);
struct json *json_new_bool(struct arena *arena, bool value);
/* A float in shortest form; null when the value is not finite. */
struct json *json_new_f64(struct arena *arena, double value);

/* Appends `value` (which has no parent) to an object under `key`, or to an array.  A key that is
 * there already is a programmer's error.  The key is copied.  Returns `value`. */
struct json *
json_add(struct arena *arena, struct json *object, const char *key, struct json *value);
struct json *json_append(struct json *array, struct json *value);
/* Shorthands for json_add of a new value. */
void json_add_text(struct arena *arena, struct json *object, const char *key, const char *text);
void json_add_i64(struct arena *arena, struct json *object, const char *key, int64_t value);
void json_add_f64(struct arena *arena, struct json *object, const char *key, double value);
void json_add_bool(struct arena *arena, struct json *object, const char *key, bool value);
void json_add_null(struct arena *arena, struct json *object, const char *key);

/* A deep copy in `arena`. */
struct json *json_copy(struct arena *arena, const struct json *self);

/* Removes the child named `key` of an object, if there; returns it or NULL. */
struct json *json_remove(struct json *object, const char *key);

/* Writers.  Canonical: codec/canonical.h.  Compact: one line, keys in order of writing, ASCII only.
 * Pretty: 2 spaces, keys in order of writing, ASCII only, no final newline.  Numbers as stored. */
void json_write_compact(const struct json *self, struct bytes *out);
void json_write_pretty(const struct json *self, struct bytes *out);
