/* The bytes are made directly, without a tree: a million token events take a fraction of a second.
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
    bytes_add_text(out, ",\"n_events\":");
    bytes_add_i64(out, record->n_events);
    if (events && record->n_events > 0) {
        write_gaps(record, out);
        write_runs(",\"tokens\":[", record, COLUMN_TOKENS, out);
        write_runs(",\"kinds\":[", record, COLUMN_KINDS, out);
        write_shared(record, out);
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

static void write_header(
    const char *run_id,
    const struct point_facts *facts,
    const struct record_set *records,
    bool events,
    struct bytes *out)
{
    bytes_add_text(out, "{\"type\":\"header\",\"schema\":\"" RECORDS_SCHEMA "\",\"run_id\":");
    field_write_text(run_id, out);
    bytes_add_text(
        out,
        ",\"clock\":\"CLOCK_MONOTONIC\",\"unit\":\"ns\",\"origin\":\"start_mono_ns\",\"level\":");
    bytes_add_text(out, events ? "\"full\"" : "\"requests\"");
    bytes_add_text(out, ",\"n_workers\":");
    bytes_add_i64(out, facts->n_workers);
    bytes_add_text(out, ",\"n_requests\":");
    bytes_add_i64(out, (int64_t)records->n);
    bytes_add_text(out, ",\"point\":{");
    field_write_all(field_point, field_point_len, facts, out);
    bytes_add_text(out, "}}\n");
}

void records_write(
    const char *run_id,
    const struct point_facts *facts,
    const struct record_set *records,
    enum records_level level,
    struct bytes *out)
{
    assert(level != RECORDS_OFF);
    const bool events = level == RECORDS_FULL && records->has_events;
    write_header(run_id, facts, records, events, out);
    for (uint32_t i = 0; i < facts->n_workers; i++) {
        write_worker(&facts->workers[i], i, out);
    }
    for (uint64_t i = 0; i < records->n; i++) {
        write_request(&records->records[i], events, out);
    }
    records_write_telemetry(facts->telemetry, out);
}
