/* Absence has one form for each type (null) and texts from a server may hold any bytes: both are
 * settled here, so that reading back gives the same facts, bit for bit. */
#include "envelope/records_field.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "stats/record.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *phase_text(unsigned value)
{
    return record_phase_name((enum phase)value);
}

static const char *outcome_text(unsigned value)
{
    return record_outcome_name((enum outcome)value);
}

static const char *driver_text(unsigned value)
{
    return driver_name((enum driver)value);
}

static const char *arrival_text(unsigned value)
{
    return arrival_name((enum arrival)value);
}

static const char *gate_text(unsigned value)
{
    return gate_result_name((enum gate_result)value);
}

static const char *price_basis_text(unsigned value)
{
    return price_basis_name((enum price_basis)value);
}

static const char *judge_text(unsigned value)
{
    return judge_outcome_name((enum judge_outcome)value);
}

static const struct field_names phase_names = {phase_text, PHASE_TAIL + 1};
static const struct field_names outcome_names = {outcome_text, OUTCOME_COUNT};
static const struct field_names driver_names = {driver_text, DRIVER_OPEN + 1};
static const struct field_names arrival_names = {arrival_text, ARRIVAL_TRACE + 1};
static const struct field_names gate_names = {gate_text, GATE_TIMEOUT + 1};
static const struct field_names price_basis_names = {price_basis_text, PRICE_HOUR + 1};

static const struct field_names judge_names = {judge_text, JUDGE_OUTCOME_COUNT};

_Static_assert(sizeof(enum driver) == sizeof(unsigned), "FIELD_ENUM reads an unsigned int");

/* clang-format off */
#define POINT(key, type, member)   {key, type, offsetof(struct point_facts, member), NULL}
#define WORKER(key, type, member)  {key, type, offsetof(struct worker_facts, member), NULL}
#define REQUEST(key, type, member) {key, type, offsetof(struct record, member), NULL}
#define JUDGE(key, type, member)   {key, type, offsetof(struct judgement, member), NULL}
#define ITEM(key, type, member)    {key, type, offsetof(struct record_item, member), NULL}

const struct field field_point[] = {
    POINT("seed", FIELD_U64, seed),
    {"driver", FIELD_ENUM, offsetof(struct point_facts, driver), &driver_names},
    {"arrival", FIELD_ENUM, offsetof(struct point_facts, arrival), &arrival_names},
    POINT("rate_rps", FIELD_F64, rate_rps),
    POINT("burstiness", FIELD_F64, burstiness),
    POINT("concurrency", FIELD_U32, concurrency),
    POINT("max_concurrency", FIELD_U32, max_concurrency),
    POINT("start_mono_ns", FIELD_I64, start_mono_ns),
    POINT("start_real_ns", FIELD_I64, start_real_ns),
    POINT("window_start_ns", FIELD_I64, window_start_ns),
    POINT("window_end_ns", FIELD_I64, window_end_ns),
    POINT("requested_duration_ns", FIELD_I64, requested_duration_ns),
    POINT("end_ns", FIELD_I64, end_ns),
    POINT("cold_start_ns", FIELD_TIME, cold_start_ns),
    POINT("interrupted", FIELD_BOOL, interrupted),
    POINT("streaming", FIELD_BOOL, streaming),
    {"gate", FIELD_ENUM, offsetof(struct point_facts, gate), &gate_names},
    POINT("gate_cov", FIELD_F64, gate_cov),
    POINT("n_warmup", FIELD_U32, n_warmup),
    POINT("slo_ttft_ms", FIELD_LIMIT, slo.ttft_ms),
    POINT("slo_tpot_ms", FIELD_LIMIT, slo.tpot_ms),
    POINT("slo_total_ms", FIELD_LIMIT, slo.total_ms),
    {"price_basis", FIELD_ENUM, offsetof(struct point_facts, price.basis), &price_basis_names},
    POINT("price_source", FIELD_TEXT, price.source),
    POINT("price_input_usd_per_mtok", FIELD_F64, price.input_usd_per_mtok),
    POINT("price_cached_input_usd_per_mtok", FIELD_F64, price.cached_input_usd_per_mtok),
    POINT("price_output_usd_per_mtok", FIELD_F64, price.output_usd_per_mtok),
    POINT("price_usd_per_hour", FIELD_F64, price.usd_per_hour),
    POINT("engine_changed", FIELD_BOOL, engine_changed),
    POINT("tokens_from_events", FIELD_BOOL, tokens_from_events),
};
const size_t field_point_len = ARRAY_LEN(field_point);

const struct field field_worker[] = {
    WORKER("cpu_ns", FIELD_I64, cpu_ns),
    WORKER("awake_ns", FIELD_I64, awake_ns),
    WORKER("wall_ns", FIELD_I64, wall_ns),
    WORKER("n_token_events", FIELD_U64, n_token_events),
    WORKER("n_shared_reads", FIELD_U64, n_shared_reads),
    WORKER("n_kernel_stamps", FIELD_U64, n_kernel_stamps),
    WORKER("n_user_stamps", FIELD_U64, n_user_stamps),
    WORKER("n_connects", FIELD_U64, n_connects),
    WORKER("n_clock_steps", FIELD_U64, n_clock_steps),
    WORKER("gap_max_ns", FIELD_I64, gap_max_ns),
    WORKER("lag_max_ns", FIELD_I64, lag_max_ns),
    WORKER("lag", FIELD_HISTOGRAM, lag),
};
const size_t field_worker_len = ARRAY_LEN(field_worker);

const struct field field_request[] = {
    REQUEST("index", FIELD_U64, index),
    REQUEST("worker", FIELD_U16, worker),
    {"phase", FIELD_ENUM8, offsetof(struct record, phase), &phase_names},
    REQUEST("prompt_index", FIELD_U32, prompt_index),
    REQUEST("scheduled_ns", FIELD_TIME, scheduled_ns),
    REQUEST("sent_ns", FIELD_TIME, sent_ns),
    REQUEST("headers_ns", FIELD_TIME, headers_ns),
    REQUEST("role_ns", FIELD_TIME, role_ns),
    REQUEST("reasoning_ns", FIELD_TIME, reasoning_ns),
    REQUEST("content_ns", FIELD_TIME, content_ns),
    REQUEST("tool_ns", FIELD_TIME, tool_ns),
    REQUEST("first_token_ns", FIELD_TIME, first_token_ns),
    REQUEST("last_token_ns", FIELD_TIME, last_token_ns),
    REQUEST("end_ns", FIELD_TIME, end_ns),
    REQUEST("connect_ns", FIELD_TIME, connect_ns),
    REQUEST("prompt_tokens", FIELD_COUNT, prompt_tokens),
    REQUEST("output_tokens", FIELD_COUNT, output_tokens),
    REQUEST("cached_tokens", FIELD_COUNT, cached_tokens),
    REQUEST("reasoning_tokens", FIELD_COUNT, reasoning_tokens),
    REQUEST("output_tokens_usage", FIELD_BOOL, output_tokens_usage),
    REQUEST("cost_usd", FIELD_F64, cost_usd),
    REQUEST("finish", FIELD_FINISH, finish),
    {"outcome", FIELD_ENUM8, offsetof(struct record, outcome), &outcome_names},
    REQUEST("http_status", FIELD_U16, http_status),
    REQUEST("bytes_received", FIELD_U64, bytes_received),
    REQUEST("text_sha256", FIELD_SHA256, text_sha256),
    REQUEST("error_body", FIELD_TEXT, error_body),
    REQUEST("text", FIELD_TEXT, text),
};
const size_t field_request_len = ARRAY_LEN(field_request);

const struct field field_judgement[] = {
    {"outcome", FIELD_ENUM8, offsetof(struct judgement, outcome), &judge_names},
    JUDGE("http_status", FIELD_U16, http_status),
    JUDGE("n_attempts", FIELD_U32, n_attempts),
    JUDGE("prompt_tokens", FIELD_COUNT, prompt_tokens),
    JUDGE("output_tokens", FIELD_COUNT, output_tokens),
    JUDGE("scorer", FIELD_F64, scorer),
    JUDGE("answer_sha256", FIELD_SHA256, answer_sha256),
    JUDGE("answer", FIELD_TEXT, answer),
    JUDGE("error", FIELD_TEXT, error),
};
const size_t field_judgement_len = ARRAY_LEN(field_judgement);
const struct field field_content = REQUEST("content", FIELD_TEXT, content);

const struct field field_item[] = {
    ITEM("item", FIELD_TEXT, id),
    ITEM("category", FIELD_TEXT, category),
    ITEM("scoring", FIELD_TEXT, scoring),
    ITEM("score", FIELD_F64, score),
};
const size_t field_item_len = ARRAY_LEN(field_item);
/* clang-format on */

_Static_assert(
    ARRAY_LEN(field_request) <= FIELD_TABLE_MAX && ARRAY_LEN(field_point) <= FIELD_TABLE_MAX &&
        ARRAY_LEN(field_worker) <= FIELD_TABLE_MAX,
    "a mask has 64 bits");

/* ---- Writing. ---- */

static void write_u64(uint64_t value, struct bytes *out)
{
    if (value <= INT64_MAX) {
        bytes_add_i64(out, (int64_t)value);
    } else {
        bytes_add_format(out, "%llu", (unsigned long long)value);
    }
}

static void write_i64_or_null(int64_t value, int64_t none, struct bytes *out)
{
    if (value == none) {
        bytes_add_text(out, "null");
    } else {
        bytes_add_i64(out, value);
    }
}

static void write_f64(double value, struct bytes *out)
{
    char text[CANONICAL_FLOAT_SIZE];
    if (!isfinite(value)) {
        bytes_add_text(out, "null");
    } else {
        bytes_add(out, text, canonical_float(value, text));
    }
}

void field_write_text(const char *text, struct bytes *out)
{
    const size_t len = strlen(text);
    if (!text_is_utf8(text, len)) {
        bytes_add_text(out, "{\"base64\":\"");
        base64_encode(text, len, out);
        bytes_add_text(out, "\"}");
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    json_write_compact(json_new_bytes(&arena, text, len), out);
}

static void write_histogram(const uint64_t *counts, struct bytes *out)
{
    bool first = true;
    bytes_add_char(out, '[');
    for (size_t b = 0; b < LAG_BUCKETS; b++) {
        if (counts[b] != 0) {
            bytes_add_text(out, first ? "[" : ",[");
            write_u64(b, out);
            bytes_add_char(out, ',');
            write_u64(counts[b], out);
            bytes_add_char(out, ']');
            first = false;
        }
    }
    bytes_add_char(out, ']');
}

static void write_sha256(const uint8_t *digest, struct bytes *out)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    bytes_add_format(out, "\"%s\"", hex);
}

static void write_name(const struct field *field, unsigned value, struct bytes *out)
{
    bytes_add_char(out, '"');
    bytes_add_text(out, field->names->name(value));
    bytes_add_char(out, '"');
}

static void write_text_or_null(const char *text, struct bytes *out)
{
    if (text == NULL) {
        bytes_add_text(out, "null");
    } else {
        field_write_text(text, out);
    }
}

static void write_value(const struct field *field, const void *object, struct bytes *out)
{
    const char *at = (const char *)object + field->offset;
    const void *value = at;
    switch (field->type) {
    case FIELD_I64:
        bytes_add_i64(out, *(const int64_t *)value);
        break;
    case FIELD_TIME:
        write_i64_or_null(*(const int64_t *)value, RECORD_NONE, out);
        break;
    case FIELD_U64:
        write_u64(*(const uint64_t *)value, out);
        break;
    case FIELD_U32:
        bytes_add_i64(out, *(const uint32_t *)value);
        break;
    case FIELD_U16:
        bytes_add_i64(out, *(const uint16_t *)value);
        break;
    case FIELD_COUNT:
        write_i64_or_null(*(const int32_t *)value, RECORD_COUNT_UNKNOWN, out);
        break;
    case FIELD_BOOL:
        bytes_add_text(out, *(const bool *)value ? "true" : "false");
        break;
    case FIELD_F64:
    case FIELD_LIMIT:
        write_f64(*(const double *)value, out);
        break;
    case FIELD_ENUM:
        write_name(field, *(const unsigned *)value, out);
        break;
    case FIELD_ENUM8:
        write_name(field, *(const uint8_t *)value, out);
        break;
    case FIELD_SHA256:
        write_sha256(value, out);
        break;
    case FIELD_FINISH:
        field_write_text(value, out);
        break;
    case FIELD_TEXT:
        write_text_or_null(*(const char *const *)value, out);
        break;
    case FIELD_HISTOGRAM:
        write_histogram(value, out);
        break;
    }
}

void field_write_all(const struct field *fields, size_t n, const void *object, struct bytes *out)
{
    for (size_t i = 0; i < n; i++) {
        bytes_add_text(out, i == 0 ? "\"" : ",\"");
        bytes_add_text(out, fields[i].key);
        bytes_add_text(out, "\":");
        write_value(&fields[i], object, out);
    }
}
