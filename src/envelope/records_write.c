/* The bytes are made directly, without a tree: a million token events take a fraction of a second.  They
 * leave in pieces, because the text of a long run is larger than all else that the program holds.
 *
 * Token events are four columns.  Arrivals are gaps (small numbers compress), tokens and kinds are
 * runs of equal values (nearly always one run), shared reads are the indices of the few events that
 * have it. */
#include "envelope/records_field.h"
#include "envelope/records_file.h"
#include "envelope/records_telemetry.h"
#include "stats/token_events.h"

#include <assert.h>

static void write_gaps(const struct record *record, struct bytes *out)
{
    int64_t previous_ns = 0;
    bytes_add_text(out, ",\"gaps_ns\":[");
    const char *before = "";
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        bytes_add_text(out, before);
        bytes_add_i64(out, event.arrival_ns - previous_ns);
        previous_ns = event.arrival_ns;
        before = ",";
    }
    bytes_add_char(out, ']');
}

/* What a run is made of. */
enum column {
    COLUMN_TOKENS,
    COLUMN_KINDS,
};

static uint32_t column_value(const struct token_event *event, enum column column)
{
    return column == COLUMN_TOKENS ? event->tokens : event->kind;
}

static void write_run(enum column column, uint32_t value, uint32_t n, struct bytes *out)
{
    bytes_add_char(out, '[');
    if (column == COLUMN_KINDS) {
        bytes_add_char(out, '"');
        bytes_add_text(out, record_token_kind_name((enum token_kind)value));
        bytes_add_char(out, '"');
    } else {
        bytes_add_i64(out, value);
    }
    bytes_add_char(out, ',');
    bytes_add_i64(out, n);
    bytes_add_char(out, ']');
}

static void
write_runs(const char *key, const struct record *record, enum column column, struct bytes *out)
{
    bytes_add_text(out, key);
    uint32_t value = 0;
    uint32_t n = 0; /* length of the run so far */
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        const uint32_t next = column_value(&event, column);
        if (n > 0 && next != value) {
            write_run(column, value, n, out);
            bytes_add_char(out, ',');
            n = 0;
        }
        value = next;
        n++;
    }
    write_run(column, value, n, out);
    bytes_add_char(out, ']');
}

static void write_shared(const struct record *record, struct bytes *out)
{
    const char *before = "";
    bytes_add_text(out, ",\"shared\":[");
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    for (uint32_t i = 0; token_reader_next(&reader, &event); i++) {
        if (event.shared_read) {
            bytes_add_text(out, before);
            bytes_add_i64(out, i);
            before = ",";
        }
    }
    bytes_add_char(out, ']');
}

static void write_request(const struct record *record, bool events, struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"request\",");
    field_write_all(field_request, field_request_len, record, out);
    if (record->content != NULL) {
        bytes_add_char(out, ',');
        field_write_all(&field_content, 1, record, out);
    }
    if (record->item != NULL) {
        bytes_add_char(out, ',');
        field_write_all(field_item, field_item_len, record->item, out);
    }
    bytes_add_text(out, ",\"n_events\":");
    bytes_add_i64(out, record->n_events);
    if (events && record->n_events > 0) {
        write_gaps(record, out);
        write_runs(",\"tokens\":[", record, COLUMN_TOKENS, out);
        write_runs(",\"kinds\":[", record, COLUMN_KINDS, out);
        write_shared(record, out);
    }
    if (record->judgement != NULL) {
        bytes_add_text(out, ",\"judge\":{");
        field_write_all(field_judgement, field_judgement_len, record->judgement, out);
        bytes_add_char(out, '}');
    }
    bytes_add_text(out, "}\n");
}

static void write_worker(const struct worker_facts *facts, uint32_t index, struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"worker\",\"worker\":");
    bytes_add_i64(out, index);
    bytes_add_char(out, ',');
    field_write_all(field_worker, field_worker_len, facts, out);
    bytes_add_text(out, "}\n");
}

static void write_header(const struct records_source *source, bool events, struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"header\",\"schema\":\"" RECORDS_SCHEMA "\",\"run_id\":");
    field_write_text(source->run_id, out);
    bytes_add_text(
        out,
        ",\"clock\":\"CLOCK_MONOTONIC\",\"unit\":\"ns\",\"origin\":\"start_mono_ns\",\"level\":");
    bytes_add_text(out, events ? "\"full\"" : "\"requests\"");
    bytes_add_text(out, ",\"n_workers\":");
    bytes_add_i64(out, source->facts->n_workers);
    bytes_add_text(out, ",\"n_requests\":");
    bytes_add_i64(out, (int64_t)source->records->n);
    bytes_add_text(out, ",\"point\":{");
    field_write_all(field_point, field_point_len, source->facts, out);
    bytes_add_text(out, "}}\n");
}

/* The text that has not been passed on. */
struct writer {
    const struct records_sink *sink;
    struct bytes piece;
};

static int pass_on(struct writer *self, struct error *err)
{
    if (self->piece.failed) {
        return error_set(
            err, ERROR_LIMIT, "a line of the records is larger than %zu bytes", RECORDS_SIZE_MAX);
    }
    if (self->piece.len == 0) {
        return 0;
    }
    const int result =
        self->sink->take(self->sink->context, self->piece.data, self->piece.len, err);
    bytes_clear(&self->piece);
    return result;
}

static int end_line(struct writer *self, struct error *err)
{
    return self->piece.len >= RECORDS_PIECE_LEN || self->piece.failed ? pass_on(self, err) : 0;
}

static int write_lines(
    struct writer *self, const struct records_source *source, bool events, struct error *err)
{
    const struct point_facts *facts = source->facts;
    int result = 0;
    for (uint32_t i = 0; i < facts->n_workers && result == 0; i++) {
        write_worker(&facts->workers[i], i, &self->piece);
        result = end_line(self, err);
    }
    for (uint64_t i = 0; i < source->records->n && result == 0; i++) {
        write_request(&source->records->records[i], events, &self->piece);
        result = end_line(self, err);
    }
    if (facts->telemetry == NULL || result < 0) {
        return result;
    }
    records_write_telemetry(facts->telemetry, &self->piece);
    for (uint32_t i = 0; i < facts->telemetry->n_tracks && result == 0; i++) {
        records_write_track(&facts->telemetry->tracks[i], &self->piece);
        result = end_line(self, err);
    }
    return result;
}

int records_write(
    const struct records_source *source, const struct records_sink *sink, struct error *err)
{
    assert(source->level != RECORDS_OFF);
    const bool events = source->level == RECORDS_FULL && source->records->has_events;
    struct writer writer = {.sink = sink};
    bytes_init(&writer.piece, RECORDS_SIZE_MAX);
    write_header(source, events, &writer.piece);
    int result = write_lines(&writer, source, events, err);
    if (result == 0) {
        result = pass_on(&writer, err);
    }
    bytes_done(&writer.piece);
    return result;
}
