/* Line by line with the pull reader, straight into the structs.  The file comes from outside, so
 * every count is held against the length of what was read before memory is taken for it, and a
 * member that is missing, unknown in value or given twice is named with its line. */
#include "base/mem.h"
#include "base/text.h"
#include "envelope/records_events.h"
#include "envelope/records_field.h"
#include "envelope/records_file.h"
#include "envelope/records_telemetry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *name;
    struct records_loaded *out;
    struct error *err;
    size_t size; /* of the whole text: bounds every count */
    struct json_pull pull;
    uint64_t line;
    bool has_header;
    uint32_t n_workers_read;
    uint64_t n_requests_read;
    struct telemetry *telemetry; /* NULL: no such line yet */
    uint32_t n_tracks_read;
    struct events_scratch scratch;
};

static int fault_at(const struct reader *self, const char *key, const char *what)
{
    return error_set(
        self->err, ERROR_PARSE, "%s:%llu: %s%s%s", self->name, (unsigned long long)self->line, key,
        *key == '\0' ? "" : ": ", what);
}

/* What a malformed token means, or what the caller expected instead. */
static int fault_token(const struct reader *self, const char *expected)
{
    return fault_at(self, "", self->pull.error != NULL ? self->pull.error : expected);
}

/* Members of a line that no table has; `object` is the line's struct.  Returns 1 when the key is
 * none of them (its value is still to come), 0 when it was read, or an error. */
struct extra {
    int (*read)(struct reader *self, void *object);
    void *object;
};

static int read_member(
    struct reader *self, const struct field *field, void *object, uint64_t *seen, uint64_t bit)
{
    if ((*seen & bit) != 0) {
        return fault_at(self, field->key, "given twice");
    }
    *seen |= bit;
    const char *fault = field_read(field, &self->pull, &self->out->arena, object);
    if (fault != NULL) {
        return fault_at(self, field->key, self->pull.error != NULL ? self->pull.error : fault);
    }
    return 0;
}

static int
check_all_seen(const struct reader *self, const struct field *fields, size_t n, uint64_t seen)
{
    for (size_t i = 0; i < n; i++) {
        if ((seen >> i & 1) == 0) {
            return fault_at(self, fields[i].key, "missing");
        }
    }
    return 0;
}

static int read_other(struct reader *self, const struct extra *extra)
{
    const int rc = extra->read == NULL ? 1 : extra->read(self, extra->object);
    if (rc <= 0) {
        return rc;
    }
    return json_pull_skip(&self->pull) ? 0 : fault_token(self, "malformed");
}

/* Reads members up to the end of the object, whose beginning has been taken. */
static int read_object(
    struct reader *self,
    const struct field *fields,
    size_t n,
    void *object,
    const struct extra *extra)
{
    uint64_t seen = 0;
    size_t hint = 0;
    for (;;) {
        const enum json_token token = json_pull_next(&self->pull);
        if (token == JSON_TOKEN_OBJECT_END) {
            return check_all_seen(self, fields, n, seen);
        }
        if (token != JSON_TOKEN_KEY) {
            return fault_token(self, "malformed");
        }
        const size_t i = field_find(fields, n, hint, &self->pull);
        const int rc = i < n ? read_member(self, &fields[i], object, &seen, UINT64_C(1) << i)
                             : read_other(self, extra);
        if (rc < 0) {
            return rc;
        }
        hint = i + 1;
    }
}

static int expect_line_end(struct reader *self)
{
    return json_pull_next(&self->pull) == JSON_TOKEN_END ? 0 : fault_token(self, "malformed");
}

/* ---- The header. ---- */

struct header {
    uint64_t n_workers;
    uint64_t n_requests;
    unsigned seen;
};

enum {
    HEADER_SCHEMA = 1,
    HEADER_RUN_ID = 2,
    HEADER_LEVEL = 4,
    HEADER_WORKERS = 8,
    HEADER_REQUESTS = 16,
    HEADER_POINT = 32,
    HEADER_ALL = 63
};

static int read_schema(struct reader *self)
{
    if (json_pull_next(&self->pull) != JSON_TOKEN_STRING ||
        !json_pull_is(&self->pull, RECORDS_SCHEMA)) {
        return fault_at(self, "schema", "only \"" RECORDS_SCHEMA "\" can be read");
    }
    return 0;
}

/* Letters, digits and dashes: what a UUID is made of, and what is written as it is read. */
static bool is_run_id(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char c = text[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-') {
            return false;
        }
    }
    return true;
}

static int read_run_id(struct reader *self)
{
    char *run_id = self->out->run_id;
    if (json_pull_next(&self->pull) != JSON_TOKEN_STRING ||
        self->pull.len >= sizeof(self->out->run_id) ||
        !is_run_id(self->pull.text, self->pull.len)) {
        return fault_at(self, "run_id", "a UUID is expected");
    }
    memcpy(run_id, self->pull.text, self->pull.len);
    run_id[self->pull.len] = '\0';
    return 0;
}

static int read_level(struct reader *self)
{
    const bool is_text = json_pull_next(&self->pull) == JSON_TOKEN_STRING;
    if (is_text && json_pull_is(&self->pull, "full")) {
        self->out->records.has_events = true;
    } else if (!is_text || !json_pull_is(&self->pull, "requests")) {
        return fault_at(self, "level", "\"full\" or \"requests\" is expected");
    }
    return 0;
}

static int read_number(struct reader *self, const char *key, uint64_t *out)
{
    if (!field_read_u64(json_pull_next(&self->pull), &self->pull, out) || *out > self->size) {
        return fault_at(self, key, "a number of lines of this file is expected");
    }
    return 0;
}

static int read_point(struct reader *self)
{
    if (json_pull_next(&self->pull) != JSON_TOKEN_OBJECT_BEGIN) {
        return fault_at(self, "point", "an object is expected");
    }
    const struct extra none = {NULL, NULL};
    return read_object(self, field_point, field_point_len, &self->out->facts, &none);
}

static unsigned header_member(const struct json_pull *pull)
{
    static const char *const keys[] = {"schema",    "run_id",     "level",
                                       "n_workers", "n_requests", "point"};
    for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_pull_is(pull, keys[i])) {
            return 1U << i;
        }
    }
    return 0;
}

static int read_header_member(struct reader *self, void *object)
{
    struct header *header = object;
    const unsigned member = header_member(&self->pull);
    if ((header->seen & member) != 0) {
        return fault_at(self, "header", "a member is given twice");
    }
    header->seen |= member;
    switch (member) {
    case HEADER_SCHEMA:
        return read_schema(self);
    case HEADER_RUN_ID:
        return read_run_id(self);
    case HEADER_LEVEL:
        return read_level(self);
    case HEADER_WORKERS:
        return read_number(self, "n_workers", &header->n_workers);
    case HEADER_REQUESTS:
        return read_number(self, "n_requests", &header->n_requests);
    case HEADER_POINT:
        return read_point(self);
    default:
        return 1;
    }
}

static int read_header(struct reader *self)
{
    if (self->has_header) {
        return fault_at(self, "", "a second header");
    }
    struct header header = {0};
    const struct extra extra = {read_header_member, &header};
    const int rc = read_object(self, NULL, 0, NULL, &extra);
    if (rc < 0) {
        return rc;
    }
    if (header.seen != HEADER_ALL) {
        return fault_at(
            self, "header", "schema, run_id, level, n_workers, n_requests or point is missing");
    }
    /* A line has more bytes than this; so counts that lie cannot take much memory. */
    const size_t shortest_line = 64;
    if (header.n_workers > self->size / shortest_line ||
        header.n_requests > self->size / shortest_line) {
        return fault_at(self, "header", "more workers or requests than the file can hold");
    }
    struct records_loaded *out = self->out;
    out->facts.n_workers = (uint32_t)header.n_workers;
    out->facts.workers =
        arena_alloc(&out->arena, header.n_workers * sizeof(struct worker_facts) + 1);
    out->records.n = header.n_requests;
    out->records.records = arena_alloc(&out->arena, header.n_requests * sizeof(struct record) + 1);
    self->has_header = true;
    return 0;
}

/* ---- Workers and requests. ---- */

static int read_worker_member(struct reader *self, void *object)
{
    (void)object;
    if (!json_pull_is(&self->pull, "worker")) {
        return 1;
    }
    uint64_t index = 0;
    if (!field_read_u64(json_pull_next(&self->pull), &self->pull, &index) ||
        index != self->n_workers_read) {
        return fault_at(self, "worker", "workers are expected in order, from 0");
    }
    return 0;
}

static int read_worker(struct reader *self)
{
    if (self->n_workers_read >= self->out->facts.n_workers) {
        return fault_at(self, "worker", "more workers than the header says");
    }
    struct worker_facts *facts = &self->out->facts.workers[self->n_workers_read];
    const struct extra extra = {read_worker_member, NULL};
    const int rc = read_object(self, field_worker, field_worker_len, facts, &extra);
    self->n_workers_read++;
    return rc;
}

/* A request's members besides those of its table. */
struct request_extra {
    struct record *record;
    struct record_item *item; /* NULL: it has no member of one yet */
    uint64_t seen;            /* of the item's members, and of the content */
    struct events events;
};

static int read_judgement(struct reader *self, struct record *record)
{
    if (record->judgement != NULL) {
        return fault_at(self, "judge", "given twice");
    }
    if (json_pull_next(&self->pull) != JSON_TOKEN_OBJECT_BEGIN) {
        return fault_at(self, "judge", "an object is expected");
    }
    struct judgement *judgement = arena_alloc(&self->out->arena, sizeof(*judgement));
    record->judgement = judgement;
    const struct extra none = {NULL, NULL};
    const int rc = read_object(self, field_judgement, field_judgement_len, judgement, &none);
    const bool counts = judgement->prompt_tokens >= RECORD_COUNT_UNKNOWN &&
                        judgement->output_tokens >= RECORD_COUNT_UNKNOWN;
    return rc == 0 && !counts ? fault_at(self, "judge", "a count is below 0") : rc;
}

static int read_request_member(struct reader *self, void *object)
{
    struct request_extra *more = object;
    if (json_pull_is(&self->pull, "judge")) {
        return read_judgement(self, more->record);
    }
    if (json_pull_is(&self->pull, field_content.key)) {
        return read_member(
            self, &field_content, more->record, &more->seen, UINT64_C(1) << field_item_len);
    }
    const size_t i = field_find(field_item, field_item_len, 0, &self->pull);
    if (i < field_item_len) {
        if (more->item == NULL) {
            more->item = arena_alloc(&self->out->arena, sizeof(*more->item));
        }
        return read_member(self, &field_item[i], more->item, &more->seen, UINT64_C(1) << i);
    }
    const char *key = NULL;
    const char *fault = events_read_member(&more->events, &self->pull, &key);
    if (key == NULL) {
        return 1;
    }
    if (fault != NULL) {
        return fault_at(self, key, self->pull.error != NULL ? self->pull.error : fault);
    }
    return 0;
}

/* An item is whole, and its score one. */
static int take_item(struct reader *self, struct request_extra *more)
{
    const struct record_item *item = more->item;
    if (item == NULL) {
        return 0;
    }
    const int rc = check_all_seen(self, field_item, field_item_len, more->seen);
    if (rc < 0) {
        return rc;
    }
    if (item->id == NULL || item->scoring == NULL) {
        return fault_at(self, "item", "a name and a method are expected");
    }
    if (!isnan(item->score) && !(item->score >= 0.0 && item->score <= 1.0)) {
        return fault_at(self, "score", "a number from 0 to 1 or null is expected");
    }
    more->record->item = item;
    return 0;
}

static int check_request(struct reader *self, const struct record *record)
{
    const struct point_facts *facts = &self->out->facts;
    if (record->worker >= facts->n_workers) {
        return fault_at(self, "worker", "no such worker");
    }
    if (self->n_requests_read > 0 && record[-1].index >= record->index) {
        return fault_at(self, "index", "requests are expected in rising order");
    }
    return 0;
}

static int read_request(struct reader *self)
{
    struct records_loaded *out = self->out;
    if (self->n_requests_read >= out->records.n) {
        return fault_at(self, "request", "more requests than the header says");
    }
    struct record *record = &out->records.records[self->n_requests_read];
    struct request_extra more = {
        .record = record,
        .events = {
            .scratch = &self->scratch, .limit = (size_t)(self->pull.end - self->pull.begin)}};
    const struct extra extra = {read_request_member, &more};
    int rc = read_object(self, field_request, field_request_len, record, &extra);
    if (rc == 0) {
        rc = take_item(self, &more);
    }
    if (rc < 0) {
        return rc;
    }
    const char *fault = events_finish(&more.events, out->records.has_events, &out->arena, record);
    if (fault != NULL) {
        return fault_at(self, "events", fault);
    }
    rc = check_request(self, record);
    self->n_requests_read++;
    return rc;
}

/* ---- Telemetry. ---- */

static int read_telemetry(struct reader *self)
{
    struct telemetry head = {0};
    const struct extra none = {NULL, NULL};
    const int rc = read_object(self, field_telemetry, field_telemetry_len, &head, &none);
    if (rc < 0) {
        return rc;
    }
    if (self->telemetry != NULL || head.n_tracks > TRACKS_MAX) {
        return fault_at(self, "telemetry", "one line with up to 256 tracks is expected");
    }
    struct arena *arena = &self->out->arena;
    head.tracks = arena_alloc(arena, (head.n_tracks + 1) * sizeof(struct track));
    self->telemetry = arena_alloc(arena, sizeof(*self->telemetry));
    *self->telemetry = head;
    self->out->facts.telemetry = self->telemetry;
    return 0;
}

static int read_track_member(struct reader *self, void *object)
{
    bool known = false;
    const char *fault = track_read_member(object, &self->pull, &self->out->arena, &known);
    if (fault != NULL) {
        return fault_at(self, "track", fault);
    }
    return known ? 0 : 1;
}

static int read_track(struct reader *self)
{
    if (self->telemetry == NULL || self->n_tracks_read >= self->telemetry->n_tracks) {
        return fault_at(self, "track", "more tracks than the line 'telemetry' says");
    }
    struct track *track = &self->telemetry->tracks[self->n_tracks_read++];
    const struct extra extra = {read_track_member, track};
    const int rc = read_object(self, field_track, field_track_len, track, &extra);
    if (rc < 0) {
        return rc;
    }
    const char *fault = track_finish(track);
    return fault == NULL ? 0 : fault_at(self, "track", fault);
}

/* ---- The file. ---- */

static int skip_line(struct reader *self)
{
    const struct extra none = {NULL, NULL};
    return read_object(self, NULL, 0, NULL, &none);
}

static bool takes(struct json_pull *pull, enum json_token token)
{
    return json_pull_next(pull) == token;
}

static int read_typed_line(struct reader *self)
{
    struct json_pull *pull = &self->pull;
    if (!takes(pull, JSON_TOKEN_OBJECT_BEGIN) || !takes(pull, JSON_TOKEN_KEY) ||
        !json_pull_is(pull, "type") || !takes(pull, JSON_TOKEN_STRING)) {
        return fault_token(self, "a line begins with {\"type\":\"...\"");
    }
    if (json_pull_is(pull, "header")) {
        return read_header(self);
    }
    if (!self->has_header) {
        return fault_at(self, "", "the first line is no header");
    }
    if (json_pull_is(pull, "worker")) {
        return read_worker(self);
    }
    if (json_pull_is(pull, "request")) {
        return read_request(self);
    }
    if (json_pull_is(pull, "telemetry")) {
        return read_telemetry(self);
    }
    if (json_pull_is(pull, "track")) {
        return read_track(self);
    }
    return skip_line(self);
}

static int read_lines(struct reader *self, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        self->line++;
        if (line_end == NULL) {
            return fault_at(self, "", "the last line is cut: no line end");
        }
        json_pull_init(&self->pull, text, (size_t)(line_end - text));
        int rc = read_typed_line(self);
        if (rc == 0) {
            rc = expect_line_end(self);
        }
        if (rc < 0) {
            return rc;
        }
        text = line_end + 1;
    }
    return 0;
}

static int check_counts(struct reader *self)
{
    self->line++;
    if (!self->has_header) {
        return fault_at(self, "", "no header: not a records file");
    }
    if (self->n_workers_read != self->out->facts.n_workers) {
        return fault_at(self, "", "fewer workers than the header says");
    }
    if (self->n_requests_read != self->out->records.n) {
        return fault_at(self, "", "fewer requests than the header says");
    }
    if (self->telemetry != NULL && self->n_tracks_read != self->telemetry->n_tracks) {
        return fault_at(self, "", "fewer tracks than the line 'telemetry' says");
    }
    return 0;
}

int records_parse(
    const char *name, const char *text, size_t len, struct records_loaded *out, struct error *err)
{
    struct records_loaded loaded = {0};
    struct reader reader = {.name = name, .out = &loaded, .err = err, .size = len};
    int rc = read_lines(&reader, text, len);
    if (rc == 0) {
        rc = check_counts(&reader);
    }
    events_scratch_done(&reader.scratch);
    if (rc < 0) {
        records_loaded_done(&loaded);
        return rc;
    }
    *out = loaded;
    return 0;
}

void records_loaded_done(struct records_loaded *self)
{
    arena_done(&self->arena);
    *self = (struct records_loaded){0};
}
