/* A state for each place in a line.  Only the content of data lines is ever kept: in place while the
 * event's only data line lies whole in the piece, in `carry` when it is cut or a second line joins
 * it.  So the usual event, one data line and its blank line in one piece, is not copied. */
#include "codec/sse.h"

#include "base/wide.h"

#include <string.h>

enum {
    CARRY_FIRST_ROOM = 16384,
    BLOCK_SIZE = 64
};

enum sse_state {
    SSE_STREAM_START, /* a byte order mark may come */
    SSE_BOM_SECOND,
    SSE_BOM_THIRD,
    SSE_LINE_START,
    SSE_NAME_D, /* "d" was read */
    SSE_NAME_DA,
    SSE_NAME_DAT,
    SSE_NAME_DATA,
    SSE_VALUE_START, /* behind "data:": one blank may come */
    SSE_VALUE,
    SSE_OTHER_FIELD,
    SSE_COMMENT,
};

void sse_init(struct sse *self)
{
    *self = (struct sse){.state = SSE_STREAM_START};
    bytes_init(&self->carry, SSE_EVENT_MAX);
    (void)bytes_reserve(&self->carry, CARRY_FIRST_ROOM);
}

void sse_done(struct sse *self)
{
    bytes_done(&self->carry);
}

void sse_reset(struct sse *self)
{
    struct bytes carry = self->carry;
    bytes_clear(&carry);
    *self = (struct sse){.state = SSE_STREAM_START, .carry = carry};
}

bool sse_is_inside_event(const struct sse *self)
{
    return self->has_fields;
}

static void event_reset(struct sse *self)
{
    self->has_data = false;
    self->has_fields = false;
    self->data = NULL;
    self->len = 0;
    self->piece_data = NULL;
    bytes_clear(&self->carry);
}

/* True when one of the bytes is CR or LF.  A loop without a way out of it becomes vector instructions. */
static bool block_has_line_end(const char *p)
{
    unsigned char found = 0;
    for (int i = 0; i < BLOCK_SIZE; i++) {
        found |= (unsigned char)((p[i] == '\n') | (p[i] == '\r'));
    }
    return found != 0;
}

/* First CR or LF, or `end`. */
static const char *find_line_end(const char *p, const char *end)
{
    while (end - p >= BLOCK_SIZE && !block_has_line_end(p)) {
        p += BLOCK_SIZE;
    }
    for (; end - p >= (ptrdiff_t)sizeof(uint64_t); p += sizeof(uint64_t)) {
        const uint64_t word = wide_load(p);
        const uint64_t found = wide_equal(word, '\n') | wide_equal(word, '\r');
        if (found != 0) {
            return p + wide_first(found);
        }
    }
    while (p < end && *p != '\n' && *p != '\r') {
        p++;
    }
    return p;
}

static void carry_add(struct sse *self, const char *data, size_t len)
{
    bytes_add(&self->carry, data, len);
    self->oversized = self->oversized || self->carry.failed;
}

/* Moves the data line that was left in the piece into the carry. */
static void carry_piece(struct sse *self)
{
    if (self->piece_data != NULL) {
        carry_add(self, self->piece_data, self->piece_len);
        self->piece_data = NULL;
    }
}

/* A data line begins; the lines before it end with an LF. */
static void data_line_begin(struct sse *self)
{
    if (self->has_data) {
        carry_piece(self);
        carry_add(self, "\n", 1);
    }
    self->has_data = true;
}

/* The value of a data line from `p` to the line end or the end of the piece.  Only the first line of
 * an event finds the carry empty: a later one has put its LF there. */
static const char *take_value(struct sse *self, const char *p, const char *end)
{
    const char *value_end = find_line_end(p, end);
    const size_t len = (size_t)(value_end - p);
    if (self->state == SSE_VALUE_START && self->carry.len == 0) {
        self->piece_data = p;
        self->piece_len = len;
        self->oversized = len > SSE_EVENT_MAX;
    } else {
        carry_add(self, p, len);
    }
    self->state = SSE_VALUE;
    return value_end;
}

/* A line has ended.  True when an event is complete. */
static bool line_end(struct sse *self)
{
    const unsigned ended = self->state;
    self->state = SSE_LINE_START;
    if (ended == SSE_NAME_DATA) {
        data_line_begin(self);
        return false;
    }
    if (ended != SSE_LINE_START && ended != SSE_STREAM_START) {
        return false;
    }
    if (!self->has_data) {
        event_reset(self);
        return false;
    }
    self->data = self->piece_data != NULL ? self->piece_data : self->carry.data;
    self->len = self->piece_data != NULL ? self->piece_len : self->carry.len;
    return true;
}

/* State behind the byte `c`, for the states that look at one byte. */
static enum sse_state name_step(enum sse_state state, char c)
{
    static const struct {
        enum sse_state from;
        char c;
        enum sse_state to;
    } steps[] = {
        {SSE_STREAM_START, '\xef', SSE_BOM_SECOND}, {SSE_BOM_SECOND, '\xbb', SSE_BOM_THIRD},
        {SSE_BOM_THIRD, '\xbf', SSE_LINE_START},    {SSE_STREAM_START, ':', SSE_COMMENT},
        {SSE_LINE_START, ':', SSE_COMMENT},         {SSE_STREAM_START, 'd', SSE_NAME_D},
        {SSE_LINE_START, 'd', SSE_NAME_D},          {SSE_NAME_D, 'a', SSE_NAME_DA},
        {SSE_NAME_DA, 't', SSE_NAME_DAT},           {SSE_NAME_DAT, 'a', SSE_NAME_DATA},
        {SSE_NAME_DATA, ':', SSE_VALUE_START},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (steps[i].from == state && steps[i].c == c) {
            return steps[i].to;
        }
    }
    return SSE_OTHER_FIELD;
}

static void take_name_byte(struct sse *self, char c)
{
    const enum sse_state next = name_step((enum sse_state)self->state, c);
    self->state = next;
    if (next == SSE_VALUE_START) {
        data_line_begin(self);
    } else if (next == SSE_COMMENT) {
        self->n_comments++;
    }
    if (next == SSE_NAME_D || next == SSE_OTHER_FIELD) {
        self->has_fields = true;
    }
}

/* Takes at least one byte, none of them a line end. */
static const char *take_bytes(struct sse *self, const char *p, const char *end)
{
    if (self->state == SSE_OTHER_FIELD || self->state == SSE_COMMENT) {
        return find_line_end(p, end);
    }
    if (self->state == SSE_VALUE_START) {
        return take_value(self, *p == ' ' ? p + 1 : p, end);
    }
    if (self->state == SSE_VALUE) {
        return take_value(self, p, end);
    }
    static const char usual[] = "data:";
    const size_t usual_len = sizeof(usual) - 1;
    if (self->state == SSE_LINE_START && (size_t)(end - p) >= usual_len &&
        memcmp(p, usual, usual_len) == 0) {
        /* Where these five bytes lead one by one. */
        self->has_fields = true;
        self->state = SSE_VALUE_START;
        data_line_begin(self);
        return p + usual_len;
    }
    take_name_byte(self, *p);
    return p + 1;
}

int sse_next(struct sse *self, const char **data, size_t *len)
{
    if (self->data != NULL) {
        event_reset(self);
    }
    const char *p = *data;
    const char *end = p + *len;
    bool complete = false;
    while (p < end && !complete && !self->oversized) {
        const char c = *p;
        const bool is_second_half = self->skip_lf && c == '\n';
        self->skip_lf = c == '\r';
        if (is_second_half) {
            p++;
        } else if (c == '\n' || c == '\r') {
            p++;
            complete = line_end(self);
        } else {
            p = take_bytes(self, p, end);
        }
    }
    if (!complete) {
        carry_piece(self);
    }
    *data = p;
    *len = (size_t)(end - p);
    if (self->oversized) {
        return SSE_TOO_LONG;
    }
    return complete ? SSE_EVENT : SSE_NEED_MORE;
}
