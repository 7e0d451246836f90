/* Two readers, one check: each line gives a request, and every request is held to the same rules. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json_lines.h"
#include "suite/dataset.h"
#include "suite/synthetic.h"
#include "suite/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIRST_CAP = 256,
    COLUMNS = 3,
    FIELD_MAX = 64 /* bytes of a CSV field that can be right */
};

/* A trace while it is read. */
struct reading {
    const struct reader_input *input;
    struct arena *arena;
    struct error *err;
    struct trace trace;
    uint32_t cap;
    uint32_t n_wanted;
    int64_t first_ns;
    uint64_t total_input;
    uint64_t line;
    uint64_t column; /* of the value that is judged */
};

static int fail(const struct reading *self, const char *what)
{
    return error_set(
        self->err, ERROR_PARSE, "%s:%" PRIu64 ":%" PRIu64 ": %s", self->input->name, self->line,
        self->column, what);
}

/* A length that is too small to be sent is raised to the least that can be. */
static uint32_t least(struct reading *self, uint32_t value, uint32_t min)
{
    self->trace.n_raised += value < min ? 1 : 0;
    return value < min ? min : value;
}

/* `request` has its time as the file says; it gets its place. */
static int add(struct reading *self, struct trace_request *request)
{
    struct trace *trace = &self->trace;
    if (trace->n == 0) {
        self->first_ns = request->at_ns;
    }
    request->at_ns -= self->first_ns;
    if (trace->n > 0 && request->at_ns < trace->requests[trace->n - 1].at_ns) {
        return fail(self, "the time is before that of the line above: sort the trace by time");
    }
    if (trace->n == DATASET_PROMPTS_MAX) {
        return error_set(
            self->err, ERROR_LIMIT,
            "%s:%" PRIu64 ":1: more than %d requests: keep fewer with n=", self->input->name,
            self->line, DATASET_PROMPTS_MAX);
    }
    request->input = least(self, request->input, SYNTHETIC_INPUT_MIN);
    request->output = least(self, request->output, 1);
    self->total_input += request->input;
    if (self->total_input > SYNTHETIC_TOTAL_MAX) {
        return error_set(
            self->err, ERROR_LIMIT,
            "%s:%" PRIu64 ":1: more than %" PRIu64
            " input tokens, which is what a run can hold: keep fewer requests with n=%" PRIu32,
            self->input->name, self->line, SYNTHETIC_TOTAL_MAX, trace->n);
    }
    if (trace->n == self->cap) {
        self->cap = self->cap == 0 ? FIRST_CAP : 2 * self->cap;
        trace->requests = mem_resize(trace->requests, self->cap, sizeof(*trace->requests));
    }
    trace->requests[trace->n++] = *request;
    trace->n_blocks += request->n_blocks;
    return 0;
}

static bool is_enough(const struct reading *self)
{
    return self->n_wanted > 0 && self->trace.n == self->n_wanted;
}

/* ---- Mooncake. ---- */

static int read_length(
    const struct json_lines *lines,
    const struct json *root,
    const char *key,
    uint32_t *out,
    struct error *err)
{
    const struct json *value = json_find(root, key);
    int64_t number = 0;
    if (!json_i64(value, &number) || number < 0 || number > TRACE_TOKENS_MAX) {
        char what[128];
        (void)snprintf(
            what, sizeof(what), "'%s' must be a whole number between 0 and %d", key,
            TRACE_TOKENS_MAX);
        return json_lines_fail(lines, value != NULL ? value : root, what, err);
    }
    *out = (uint32_t)number;
    return 0;
}

static int read_blocks(
    struct reading *self,
    const struct json_lines *lines,
    const struct json *list,
    struct trace_request *out)
{
    if (list == NULL) {
        return 0;
    }
    const uint64_t expected = ((uint64_t)out->input + TRACE_BLOCK_TOKENS - 1) / TRACE_BLOCK_TOKENS;
    if (list->kind != JSON_ARRAY || list->len != expected) {
        char what[128];
        (void)snprintf(
            what, sizeof(what),
            "'hash_ids' must be a list of one number for each %d tokens of input_length: %" PRIu64,
            TRACE_BLOCK_TOKENS, expected);
        return json_lines_fail(lines, list, what, self->err);
    }
    uint64_t *blocks = arena_alloc(self->arena, (list->len + 1) * sizeof(*blocks));
    size_t n = 0;
    for (const struct json *value = list->first; value != NULL; value = value->next) {
        int64_t id = 0;
        if (!json_i64(value, &id) || id < 0 || id > TRACE_HASH_ID_MAX) {
            return json_lines_fail(
                lines, value, "an id of 'hash_ids' must be a whole number from 0", self->err);
        }
        blocks[n++] = (uint64_t)id;
    }
    out->blocks = blocks;
    out->n_blocks = (uint32_t)n;
    return 0;
}

static int
read_mooncake_line(struct reading *self, const struct json_lines *lines, const struct json *root)
{
    struct trace_request request = {0};
    const struct json *time = json_find(root, "timestamp");
    double ms = 0.0;
    if (!json_f64(time, &ms) || !(ms >= 0.0) ||
        ms * (double)NS_PER_MS > (double)TRACE_TIME_MAX_NS) {
        return json_lines_fail(
            lines, time != NULL ? time : root, "'timestamp' must be a number of ms from 0",
            self->err);
    }
    request.at_ns = (int64_t)llround(ms * (double)NS_PER_MS);
    int rc = read_length(lines, root, "input_length", &request.input, self->err);
    if (rc == 0) {
        rc = read_length(lines, root, "output_length", &request.output, self->err);
    }
    if (rc == 0) {
        rc = read_blocks(self, lines, json_find(root, "hash_ids"), &request);
    }
    self->line = lines->number;
    self->column = 1;
    return rc == 0 ? add(self, &request) : rc;
}

static int read_mooncake(struct reading *self)
{
    struct json_lines lines;
    json_lines_init(&lines, self->input->name, self->input->text, self->input->len);
    int rc = 1;
    while (rc > 0 && !is_enough(self)) {
        CLEANUP(arena_done) struct arena scratch = {0};
        struct json *root = NULL;
        rc = json_lines_next(&lines, &scratch, &root, self->err);
        if (rc > 0 && read_mooncake_line(self, &lines, root) < 0) {
            return -(int)self->err->code;
        }
    }
    return rc < 0 ? rc : 0;
}

/* ---- Azure. ---- */

static const char *const azure_columns[COLUMNS] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};

/* One line of the file, and where its fields are. */
struct csv {
    const char *at; /* what is not read yet */
    const char *end;
    const char *line;
    size_t line_len;          /* without its end */
    unsigned places[COLUMNS]; /* numbers of the fields that are wanted */
};

static bool next_line(struct reading *self, struct csv *csv)
{
    while (csv->at < csv->end) {
        const char *feed = memchr(csv->at, '\n', (size_t)(csv->end - csv->at));
        const char *end = feed != NULL ? feed : csv->end;
        csv->line = csv->at;
        csv->at = feed != NULL ? feed + 1 : csv->end;
        self->line++;
        while (end > csv->line && (end[-1] == '\r' || end[-1] == ' ')) {
            end--;
        }
        csv->line_len = (size_t)(end - csv->line);
        if (csv->line_len > 0) {
            return true;
        }
    }
    return false;
}

/* Field number `place` of the line, as a text of its own.  False: there is none, or it is too long to be
 * right. */
static bool field(struct reading *self, const struct csv *csv, unsigned place, char out[FIELD_MAX])
{
    const char *at = csv->line;
    const char *end = csv->line + csv->line_len;
    for (unsigned i = 0; i < place; i++) {
        at = memchr(at, ',', (size_t)(end - at));
        if (at == NULL) {
            self->column = csv->line_len + 1;
            return false;
        }
        at++;
    }
    self->column = (uint64_t)(at - csv->line) + 1;
    const char *comma = memchr(at, ',', (size_t)(end - at));
    const size_t len = (size_t)((comma != NULL ? comma : end) - at);
    if (len >= FIELD_MAX) {
        return false;
    }
    memcpy(out, at, len);
    out[len] = '\0';
    return true;
}

/* The number of the wanted column of this name, or COLUMNS. */
static unsigned column_of(const char *name)
{
    unsigned i = 0;
    while (i < COLUMNS && strcasecmp(name, azure_columns[i]) != 0) {
        i++;
    }
    return i;
}

static int read_header(struct reading *self, struct csv *csv)
{
    unsigned found = 0;
    char name[FIELD_MAX];
    for (unsigned place = 0; field(self, csv, place, name); place++) {
        const unsigned column = column_of(name);
        if (column < COLUMNS) {
            csv->places[column] = place;
            found |= 1U << column;
        }
    }
    self->column = 1;
    return found == (1U << COLUMNS) - 1
               ? 0
               : fail(
                     self, "the columns must include TIMESTAMP, ContextTokens and GeneratedTokens");
}

static int read_number(struct reading *self, const struct csv *csv, unsigned column, uint32_t *out)
{
    char text[FIELD_MAX];
    int64_t number = 0;
    struct error unused = {0};
    if (!field(self, csv, csv->places[column], text) ||
        text_parse_i64(text, 0, TRACE_TOKENS_MAX, &number, &unused) < 0) {
        char what[128];
        (void)snprintf(
            what, sizeof(what), "%s must be a whole number between 0 and %d", azure_columns[column],
            TRACE_TOKENS_MAX);
        return fail(self, what);
    }
    *out = (uint32_t)number;
    return 0;
}

static int read_azure_line(struct reading *self, const struct csv *csv)
{
    struct trace_request request = {0};
    char text[FIELD_MAX];
    if (!field(self, csv, csv->places[0], text) ||
        !trace_time_parse(text, strlen(text), &request.at_ns)) {
        return fail(self, "TIMESTAMP must be a time like 2023-11-16 18:15:46.6805900");
    }
    int rc = read_number(self, csv, 1, &request.input);
    if (rc == 0) {
        rc = read_number(self, csv, 2, &request.output);
    }
    self->column = 1;
    return rc == 0 ? add(self, &request) : rc;
}

static int read_azure(struct reading *self)
{
    struct csv csv = {.at = self->input->text, .end = self->input->text + self->input->len};
    int rc = next_line(self, &csv) ? read_header(self, &csv) : 0;
    while (rc == 0 && !is_enough(self) && next_line(self, &csv)) {
        rc = read_azure_line(self, &csv);
    }
    return rc;
}

/* ---- Either. ---- */

/* JSON Lines begin with a brace, the CSV with the names of its columns. */
static int find_format(struct reading *self)
{
    const char *text = self->input->text;
    size_t at = 0;
    while (at < self->input->len && strchr(" \t\r\n", text[at]) != NULL && text[at] != '\0') {
        at++;
    }
    if (at < self->input->len && text[at] == '{') {
        self->trace.format = TRACE_MOONCAKE;
        return 0;
    }
    if (memmem(text, self->input->len, azure_columns[0], strlen(azure_columns[0])) == text + at) {
        self->trace.format = TRACE_AZURE;
        return 0;
    }
    self->line = 1;
    self->column = 1;
    return fail(
        self,
        "this is no trace: lines of {\"timestamp\", \"input_length\", \"output_length\"} or a CSV with the "
        "columns TIMESTAMP,ContextTokens,GeneratedTokens are expected");
}

int trace_read(
    const struct reader_input *input,
    uint32_t n_wanted,
    struct arena *arena,
    struct trace *out,
    struct error *err)
{
    struct reading self = {.input = input, .arena = arena, .err = err, .n_wanted = n_wanted};
    int rc = find_format(&self);
    if (rc == 0) {
        rc = self.trace.format == TRACE_MOONCAKE ? read_mooncake(&self) : read_azure(&self);
    }
    if (rc == 0 && self.trace.n == 0) {
        self.line = self.line > 0 ? self.line : 1;
        self.column = 1;
        rc = fail(&self, "the trace holds no requests");
    }
    if (rc == 0) {
        assert(self.trace.requests != NULL);
        *out = self.trace;
        const size_t size = self.trace.n * sizeof(*out->requests);
        out->requests = arena_alloc(arena, size);
        memcpy(out->requests, self.trace.requests, size);
    }
    free(self.trace.requests);
    return rc;
}
