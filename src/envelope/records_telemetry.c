/* Times are gaps and running totals are whole numbers, so that the lines compress.  The file comes from
 * outside: every number of samples is held against the length of its line first. */
#include "envelope/records_telemetry.h"

#include "codec/canonical.h"
#include "stats/record.h"

#include <math.h>
#include <string.h>

/* Times of samples stay below 2^61 ns (73 years), so that no difference overflows. */
#define SAMPLE_TIME_MAX (INT64_C(1) << 61)

static const char *role_text(unsigned value)
{
    return column_role_name((enum column_role)value);
}

static const struct field_names role_names = {role_text, TRACK_ENERGY + 1};

#define TRACK(key, type)                              \
    {                                                 \
#key, type, offsetof(struct track, key), NULL \
    }
#define COLUMN(key, type)                                    \
    {                                                        \
#key, type, offsetof(struct track_column, key), NULL \
    }

#define HEAD(key, type)                                   \
    {                                                     \
#key, type, offsetof(struct telemetry, key), NULL \
    }

/* clang-format off */
const struct field field_telemetry[] = {
    HEAD(n_tracks, FIELD_U32),
    HEAD(idle_start_ns, FIELD_I64),
    HEAD(idle_end_ns, FIELD_I64),
    HEAD(recorder_cpu_ns, FIELD_I64),
    HEAD(recorder_wall_ns, FIELD_I64),
};
const size_t field_telemetry_len = ARRAY_LEN(field_telemetry);

const struct field field_track[] = {
    TRACK(sampler, FIELD_TEXT),
    TRACK(source, FIELD_TEXT),
    TRACK(part, FIELD_TEXT),
    TRACK(counted, FIELD_BOOL),
    TRACK(period_ns, FIELD_I64),
    TRACK(n_missed, FIELD_U64),
    TRACK(n_failed, FIELD_U64),
    TRACK(cpu_ns, FIELD_I64),
    TRACK(n, FIELD_U64),
};
const size_t field_track_len = ARRAY_LEN(field_track);

static const struct field field_column[] = {
    COLUMN(key, FIELD_TEXT),
    {"role", FIELD_ENUM, offsetof(struct track_column, role), &role_names},
    COLUMN(resolution, FIELD_F64),
    COLUMN(range, FIELD_F64),
};
/* clang-format on */

static const struct field field_number = {"", FIELD_F64, 0, NULL};
static const struct field field_time = {"", FIELD_I64, 0, NULL};

static void write_number(double value, struct bytes *out)
{
    const double whole = floor(value);
    if (!isfinite(value)) {
        bytes_add_text(out, "null");
    } else if (fabs(value) < 9e15 && !(value > whole)) {
        bytes_add_i64(out, (int64_t)value);
    } else {
        char text[CANONICAL_FLOAT_SIZE];
        bytes_add(out, text, canonical_float(value, text));
    }
}

static void
write_column(const struct track *track, const struct track_column *column, struct bytes *out)
{
    bytes_add_char(out, '{');
    field_write_all(field_column, ARRAY_LEN(field_column), column, out);
    bytes_add_text(out, ",\"values\":[");
    for (uint64_t i = 0; i < track->n; i++) {
        if (i > 0) {
            bytes_add_char(out, ',');
        }
        write_number(column->values[i], out);
    }
    bytes_add_text(out, "]}");
}

void records_write_track(const struct track *track, struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"track\",");
    field_write_all(field_track, field_track_len, track, out);
    bytes_add_text(out, ",\"gaps_ns\":[");
    for (uint64_t i = 0; i < track->n; i++) {
        if (i > 0) {
            bytes_add_char(out, ',');
        }
        bytes_add_i64(out, i == 0 ? track->at_ns[0] : track->at_ns[i] - track->at_ns[i - 1]);
    }
    bytes_add_text(out, "],\"columns\":[");
    for (uint32_t c = 0; c < track->n_columns; c++) {
        if (c > 0) {
            bytes_add_char(out, ',');
        }
        write_column(track, &track->columns[c], out);
    }
    bytes_add_text(out, "]}\n");
}

void records_write_telemetry(const struct telemetry *telemetry, struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"telemetry\",");
    field_write_all(field_telemetry, field_telemetry_len, telemetry, out);
    bytes_add_text(out, "}\n");
}

static const char *read_times(struct track *track, struct json_pull *pull, struct arena *arena)
{
    if (json_pull_next(pull) != JSON_TOKEN_ARRAY_BEGIN) {
        return "an array is expected";
    }
    track->at_ns = arena_alloc(arena, (track->n + 1) * sizeof(*track->at_ns));
    int64_t at_ns = 0;
    for (uint64_t i = 0; i < track->n; i++) {
        int64_t gap_ns = 0;
        if (field_read(&field_time, pull, arena, &gap_ns) != NULL || (i > 0 && gap_ns <= 0) ||
            __builtin_add_overflow(at_ns, gap_ns, &at_ns) || at_ns > SAMPLE_TIME_MAX ||
            at_ns < -SAMPLE_TIME_MAX) {
            return "n rising times are expected";
        }
        track->at_ns[i] = at_ns;
    }
    return json_pull_next(pull) == JSON_TOKEN_ARRAY_END ? NULL : "n rising times are expected";
}

static const char *read_values(
    const struct track *track,
    struct track_column *column,
    struct json_pull *pull,
    struct arena *arena)
{
    if (json_pull_next(pull) != JSON_TOKEN_KEY || !json_pull_is(pull, "values") ||
        json_pull_next(pull) != JSON_TOKEN_ARRAY_BEGIN) {
        return "values are expected";
    }
    column->values = arena_alloc(arena, (track->n + 1) * sizeof(*column->values));
    for (uint64_t i = 0; i < track->n; i++) {
        if (field_read(&field_number, pull, arena, &column->values[i]) != NULL ||
            isinf(column->values[i])) {
            return "n numbers or nulls are expected";
        }
    }
    if (json_pull_next(pull) != JSON_TOKEN_ARRAY_END) {
        return "n numbers or nulls are expected";
    }
    return json_pull_next(pull) == JSON_TOKEN_OBJECT_END ? NULL : "a column ends after its values";
}

/* Members in the order in which they are written; the brace has been taken. */
static const char *read_column(
    const struct track *track,
    struct track_column *column,
    struct json_pull *pull,
    struct arena *arena)
{
    for (size_t i = 0; i < ARRAY_LEN(field_column); i++) {
        if (json_pull_next(pull) != JSON_TOKEN_KEY || !json_pull_is(pull, field_column[i].key)) {
            return "key, role, resolution, range and values are expected";
        }
        const char *fault = field_read(&field_column[i], pull, arena, column);
        if (fault != NULL) {
            return fault;
        }
    }
    if (column->key == NULL) {
        return "a key is expected";
    }
    return read_values(track, column, pull, arena);
}

static const char *read_columns(struct track *track, struct json_pull *pull, struct arena *arena)
{
    if (json_pull_next(pull) != JSON_TOKEN_ARRAY_BEGIN) {
        return "an array is expected";
    }
    track->columns = arena_alloc(arena, TRACK_COLUMNS_MAX * sizeof(*track->columns));
    for (;;) {
        const enum json_token token = json_pull_next(pull);
        if (token == JSON_TOKEN_ARRAY_END) {
            return NULL;
        }
        if (token != JSON_TOKEN_OBJECT_BEGIN || track->n_columns >= TRACK_COLUMNS_MAX) {
            return "up to 16 objects are expected";
        }
        const char *fault = read_column(track, &track->columns[track->n_columns], pull, arena);
        if (fault != NULL) {
            return fault;
        }
        track->n_columns++;
    }
}

const char *
track_read_member(struct track *track, struct json_pull *pull, struct arena *arena, bool *known)
{
    const bool times = json_pull_is(pull, "gaps_ns");
    *known = times || json_pull_is(pull, "columns");
    if (!*known) {
        return NULL;
    }
    if (times ? track->at_ns != NULL : track->columns != NULL) {
        return "given twice";
    }
    /* A sample takes two bytes of its line at least. */
    if (track->n > (uint64_t)(pull->end - pull->begin) / 2 || track->n > TRACK_SAMPLES_MAX) {
        return "fewer samples are expected";
    }
    return times ? read_times(track, pull, arena) : read_columns(track, pull, arena);
}

const char *track_finish(const struct track *track)
{
    if (track->at_ns == NULL || track->columns == NULL) {
        return "gaps_ns or columns are missing";
    }
    if (track->sampler == NULL || track->source == NULL || track->part == NULL) {
        return "sampler, source and part are expected";
    }
    return track->period_ns >= 0 ? NULL : "a period is expected";
}
