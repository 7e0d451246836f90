/* fields.h - reads a mapping of a YAML file into a struct by a table of its keys.
 *
 * Unknown keys are refused with the nearest known one, so that a typing error is never a default.
 * Texts are borrowed from the tree.  Errors: ERROR_PARSE "NAME:LINE:COLUMN: what". */
#pragma once

#include "base/error.h"
#include "codec/json.h"

enum {
    FIELD_LIST_MAX = 32
};

enum field_kind {
    FIELD_TEXT,      /* const char *: not empty, no white space at its ends */
    FIELD_BOOL,      /* bool */
    FIELD_U32,       /* uint32_t in [min, max] */
    FIELD_F64,       /* double in [min, max] */
    FIELD_CHOICE,    /* unsigned: index into choices */
    FIELD_OBJECT,    /* const struct json * of kind JSON_OBJECT */
    FIELD_ARRAY,     /* const struct json * of kind JSON_ARRAY */
    FIELD_U32_LIST,  /* struct u32_list */
    FIELD_F64_LIST,  /* struct f64_list */
    FIELD_TEXT_LIST, /* struct text_list: each as FIELD_TEXT */
};

/* Lists hold 1 to FIELD_LIST_MAX values, each in [min, max]. */
struct u32_list {
    uint32_t n;
    uint32_t values[FIELD_LIST_MAX];
};

struct f64_list {
    uint32_t n;
    double values[FIELD_LIST_MAX];
};

struct text_list {
    uint32_t n;
    const char *values[FIELD_LIST_MAX];
};

struct field {
    const char *key;
    enum field_kind kind;
    bool required;
    size_t offset; /* of the member in the struct that is filled */
    double min;
    double max;
    const char *const *choices; /* FIELD_CHOICE: ends with NULL */
};

/* Reads `object` into `out`; members whose key is absent keep their value.  `name` is the file's. */
MUST_CHECK int fields_read(
    const char *name,
    const struct json *object,
    const struct field *fields,
    size_t n_fields,
    void *out,
    struct error *err);

/* A failure at the place of `value`: "NAME:LINE:COLUMN: " and the formatted text. */
MUST_CHECK PRINTF_LIKE(4, 5) int fields_fail(
    struct error *err, const char *name, const struct json *value, const char *format, ...);
