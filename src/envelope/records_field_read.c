/* The reading half of the field tables.  Every reader returns NULL or a few words that say what was
 * expected; the caller adds file, line and key. */
#include "base/mem.h"
#include "base/text.h"
#include "codec/base64.h"
#include "envelope/records_field.h"
#include "stats/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    F64_LITERAL_MAX = 64
};

/* Times beyond 2^62 ns (146 years) are refused, so that the difference of two never overflows. */
#define TIME_MAX (INT64_C(1) << 62)

size_t field_find(const struct field *fields, size_t n, size_t hint, const struct json_pull *pull)
{
    if (hint < n && json_pull_is(pull, fields[hint].key)) {
        return hint;
    }
    for (size_t i = 0; i < n; i++) {
        if (json_pull_is(pull, fields[i].key)) {
            return i;
        }
    }
    return n;
}

bool field_read_u64(enum json_token token, const struct json_pull *pull, uint64_t *out)
{
    if (token != JSON_TOKEN_NUMBER) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < pull->len; i++) {
        const char c = pull->text[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(c - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

static const char *
read_unsigned(struct json_pull *pull, uint64_t max, const char *expected, uint64_t *out)
{
    uint64_t value = 0;
    if (!field_read_u64(json_pull_next(pull), pull, &value) || value > max) {
        return expected;
    }
    *out = value;
    return NULL;
}

/* `none` stands for null; a reader without null gives `nullable` false. */
static const char *read_signed(struct json_pull *pull, bool nullable, int64_t none, int64_t *out)
{
    const enum json_token token = json_pull_next(pull);
    if (token == JSON_TOKEN_NULL && nullable) {
        *out = none;
        return NULL;
    }
    if (token != JSON_TOKEN_NUMBER || !json_pull_i64(pull, out)) {
        return nullable ? "a whole number or null is expected" : "a whole number is expected";
    }
    if (*out > TIME_MAX || *out < -TIME_MAX) {
        return "a time of at most 146 years is expected";
    }
    return NULL;
}

static const char *read_count(struct json_pull *pull, int32_t *out)
{
    int64_t value = 0;
    const char *fault = read_signed(pull, true, RECORD_COUNT_UNKNOWN, &value);
    if (fault != NULL) {
        return fault;
    }
    if (value < INT32_MIN || value > INT32_MAX) {
        return "a number of 32 bits is expected";
    }
    *out = (int32_t)value;
    return NULL;
}

static const char *read_bool(struct json_pull *pull, bool *out)
{
    const enum json_token token = json_pull_next(pull);
    if (token != JSON_TOKEN_TRUE && token != JSON_TOKEN_FALSE) {
        return "true or false is expected";
    }
    *out = token == JSON_TOKEN_TRUE;
    return NULL;
}

static const char *read_f64(struct json_pull *pull, double none, double *out)
{
    const enum json_token token = json_pull_next(pull);
    if (token == JSON_TOKEN_NULL) {
        *out = none;
        return NULL;
    }
    char literal[F64_LITERAL_MAX];
    if (token != JSON_TOKEN_NUMBER || pull->len >= sizeof(literal)) {
        return "a number or null is expected";
    }
    memcpy(literal, pull->text, pull->len);
    literal[pull->len] = '\0';
    *out = text_to_f64(literal);
    return NULL;
}

static const char *read_name(const struct field_names *names, struct json_pull *pull, unsigned *out)
{
    if (json_pull_next(pull) != JSON_TOKEN_STRING) {
        return "a name is expected";
    }
    for (unsigned i = 0; i < names->n; i++) {
        if (json_pull_is(pull, names->name(i))) {
            *out = i;
            return NULL;
        }
    }
    return "unknown name";
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *read_sha256(struct json_pull *pull, uint8_t *out)
{
    static const char expected[] = "64 lower-case hex digits are expected";
    const size_t n = RECORD_TEXT_SHA_SIZE;
    if (json_pull_next(pull) != JSON_TOKEN_STRING || pull->len != 2 * n) {
        return expected;
    }
    for (size_t i = 0; i < n; i++) {
        const int high = hex_digit(pull->text[2 * i]);
        const int low = hex_digit(pull->text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return expected;
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return NULL;
}

/* {"base64":"..."}: its brace has been taken. */
static const char *read_base64(struct json_pull *pull, struct arena *arena, const char **out)
{
    if (json_pull_next(pull) != JSON_TOKEN_KEY || !json_pull_is(pull, "base64") ||
        json_pull_next(pull) != JSON_TOKEN_STRING) {
        return "a string or {\"base64\": ...} is expected";
    }
    CLEANUP(bytes_done) struct bytes decoded;
    bytes_init(&decoded, BYTES_MAX_DEFAULT);
    struct error ignored = {0};
    if (base64_decode(pull->text, pull->len, &decoded, &ignored) < 0) {
        return "strict base64 is expected";
    }
    if (decoded.len > 0 && memchr(decoded.data, '\0', decoded.len) != NULL) {
        return "a text without NUL is expected";
    }
    if (json_pull_next(pull) != JSON_TOKEN_OBJECT_END) {
        return "one key is expected in {\"base64\": ...}";
    }
    *out = arena_copy(arena, decoded.len > 0 ? decoded.data : "", decoded.len);
    return NULL;
}

static const char *read_text(struct json_pull *pull, struct arena *arena, const char **out)
{
    const enum json_token token = json_pull_next(pull);
    if (token == JSON_TOKEN_NULL) {
        *out = NULL;
        return NULL;
    }
    if (token == JSON_TOKEN_OBJECT_BEGIN) {
        return read_base64(pull, arena, out);
    }
    if (token != JSON_TOKEN_STRING) {
        return "a string or null is expected";
    }
    char *text = arena_alloc(arena, pull->len + 1);
    const size_t len = json_unescape(pull->text, pull->len, text);
    if (memchr(text, '\0', len) != NULL) {
        return "a text without NUL is expected";
    }
    text[len] = '\0';
    *out = text;
    return NULL;
}

static const char *read_finish(struct json_pull *pull, struct arena *arena, char *out)
{
    const char *text = NULL;
    const char *fault = read_text(pull, arena, &text);
    if (fault != NULL) {
        return fault;
    }
    if (text == NULL || strlen(text) >= RECORD_FINISH_SIZE) {
        return "a string of up to 15 bytes is expected";
    }
    memset(out, 0, RECORD_FINISH_SIZE);
    for (size_t i = 0; text[i] != '\0'; i++) {
        out[i] = text[i];
    }
    return NULL;
}

static const char *read_pair(struct json_pull *pull, uint64_t *first, uint64_t *second)
{
    static const char expected[] = "pairs [bucket, count] are expected";
    const bool good = field_read_u64(json_pull_next(pull), pull, first) &&
                      field_read_u64(json_pull_next(pull), pull, second) &&
                      json_pull_next(pull) == JSON_TOKEN_ARRAY_END;
    return good ? NULL : expected;
}

static const char *read_histogram(struct json_pull *pull, uint64_t *counts)
{
    if (json_pull_next(pull) != JSON_TOKEN_ARRAY_BEGIN) {
        return "an array is expected";
    }
    memset(counts, 0, LAG_BUCKETS * sizeof(*counts));
    uint64_t next = 0;
    for (;;) {
        const enum json_token token = json_pull_next(pull);
        if (token == JSON_TOKEN_ARRAY_END) {
            return NULL;
        }
        uint64_t bucket = 0;
        uint64_t count = 0;
        if (token != JSON_TOKEN_ARRAY_BEGIN || read_pair(pull, &bucket, &count) != NULL) {
            return "pairs [bucket, count] are expected";
        }
        if (bucket < next || bucket >= LAG_BUCKETS) {
            return "rising buckets below 320 are expected";
        }
        counts[bucket] = count;
        next = bucket + 1;
    }
}

/* Numbers that are narrower in memory than in the reader. */
static const char *read_narrow(const struct field *field, struct json_pull *pull, void *value)
{
    uint64_t number = 0;
    unsigned index = 0;
    const char *fault = NULL;
    if (field->type == FIELD_U32) {
        fault = read_unsigned(pull, UINT32_MAX, "a number of 32 bits is expected", &number);
        *(uint32_t *)value = (uint32_t)number;
    } else if (field->type == FIELD_U16) {
        fault = read_unsigned(pull, UINT16_MAX, "a number of 16 bits is expected", &number);
        *(uint16_t *)value = (uint16_t)number;
    } else if (field->type == FIELD_ENUM8) {
        fault = read_name(field->names, pull, &index);
        *(uint8_t *)value = (uint8_t)index;
    }
    return fault;
}

const char *
field_read(const struct field *field, struct json_pull *pull, struct arena *arena, void *object)
{
    void *value = (char *)object + field->offset;
    switch (field->type) {
    case FIELD_I64:
        return read_signed(pull, false, 0, value);
    case FIELD_TIME:
        return read_signed(pull, true, RECORD_NONE, value);
    case FIELD_U64:
        return read_unsigned(pull, UINT64_MAX, "a number of 64 bits is expected", value);
    case FIELD_U32:
    case FIELD_U16:
    case FIELD_ENUM8:
        return read_narrow(field, pull, value);
    case FIELD_COUNT:
        return read_count(pull, value);
    case FIELD_BOOL:
        return read_bool(pull, value);
    case FIELD_F64:
        return read_f64(pull, (double)NAN, value);
    case FIELD_LIMIT:
        return read_f64(pull, (double)INFINITY, value);
    case FIELD_ENUM:
        return read_name(field->names, pull, value);
    case FIELD_SHA256:
        return read_sha256(pull, value);
    case FIELD_FINISH:
        return read_finish(pull, arena, value);
    case FIELD_TEXT:
        return read_text(pull, arena, value);
    case FIELD_HISTOGRAM:
        return read_histogram(pull, value);
    }
    return "unknown type of field";
}
