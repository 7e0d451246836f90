/* The reader is a state machine over lines and byte counts.  A line that lies whole in the piece is read
 * where it lies; only a line cut by the end of the piece is gathered in `line`.  Limits are tested on the
 * same quantities in both cases (length without the line's end, bytes of whole lines), so that where the
 * pieces are cut decides nothing. */
#include "net/http.h"

#include "net/http_head.h"

#include <assert.h>
#include <string.h>

enum state {
    STATE_STATUS_LINE,
    STATE_FIELDS,
    STATE_BODY_LENGTH,
    STATE_BODY_UNTIL_EOF,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_CR, /* the CRLF after a chunk's data */
    STATE_CHUNK_LF,
    STATE_TRAILERS,
    STATE_DONE,
    STATE_ERROR,
};

/* A line without its LF; a CR before it is still there. */
struct line {
    const char *text;
    size_t len;
};

void http_response_init(struct http_response *self)
{
    self->state = STATE_STATUS_LINE;
    self->flags = 0;
    self->status = 0;
    self->minor_version = 0;
    self->body_kind = HTTP_BODY_NONE;
    self->content_length = 0;
    self->left = 0;
    self->keep_alive = false;
    self->event_stream = false;
    self->json = false;
    self->head_len = 0;
    self->line_len = 0;
    self->body = NULL;
    self->body_len = 0;
    self->error = NULL;
}

bool http_response_is_untouched(const struct http_response *self)
{
    return self->state == STATE_STATUS_LINE && self->head_len == 0 && self->line_len == 0;
}

static enum http_event fail(struct http_response *self, const char *error)
{
    self->state = STATE_ERROR;
    self->error = error;
    return HTTP_ERROR;
}

static void skip(const char **data, size_t *len, size_t n)
{
    *data += n;
    *len -= n;
}

/* Length of the line without its end. */
static size_t bare_len(struct line line)
{
    return line.len > 0 && line.text[line.len - 1] == '\r' ? line.len - 1 : line.len;
}

enum taken {
    LINE_TAKEN,
    LINE_PART,
    LINE_TOO_LONG,
};

static enum taken
take_line(struct http_response *self, const char **data, size_t *len, struct line *out)
{
    const char *lf = memchr(*data, '\n', *len);
    const size_t n = lf != NULL ? (size_t)(lf - *data) : *len;
    *out = (struct line){*data, n};
    if (lf == NULL || self->line_len > 0) {
        if (n > (size_t)HTTP_LINE_ROOM - self->line_len) {
            return LINE_TOO_LONG;
        }
        memcpy(self->line + self->line_len, *data, n);
        self->line_len += (uint32_t)n;
        *out = (struct line){self->line, self->line_len};
    }
    /* A last CR may turn out to be the line's end or a fault; it is not counted in either case. */
    if (bare_len(*out) > HTTP_LINE_MAX) {
        return LINE_TOO_LONG;
    }
    skip(data, len, lf != NULL ? n + 1 : n);
    if (lf == NULL) {
        return LINE_PART;
    }
    self->line_len = 0;
    return LINE_TAKEN;
}

/* Final heads go on to the body, interim ones to the next head. */
static enum http_event end_of_head(struct http_response *self)
{
    if (self->status < 200) {
        const uint32_t head_len = self->head_len;
        http_response_init(self);
        self->head_len = head_len;
        return HTTP_NEED_MORE;
    }
    http_head_finish(self);
    switch (self->body_kind) {
    case HTTP_BODY_NONE:
        self->state = STATE_DONE;
        break;
    case HTTP_BODY_LENGTH:
        self->state = self->left > 0 ? STATE_BODY_LENGTH : STATE_DONE;
        break;
    case HTTP_BODY_CHUNKED:
        self->state = STATE_CHUNK_SIZE;
        break;
    case HTTP_BODY_UNTIL_EOF:
        self->state = STATE_BODY_UNTIL_EOF;
        break;
    }
    return HTTP_HEAD;
}

/* HTTP_NEED_MORE: the line was taken, go on with the next. */
static enum http_event read_head_line(struct http_response *self, struct line line)
{
    self->head_len += (uint32_t)line.len + 1;
    if (self->head_len > HTTP_HEAD_MAX) {
        return fail(self, "a head longer than 65536 bytes");
    }
    const size_t len = bare_len(line);
    const char *error = NULL;
    if (self->state == STATE_STATUS_LINE) {
        error = http_head_status_line(self, line.text, len);
        self->state = STATE_FIELDS;
    } else if (len == 0) {
        if (self->state == STATE_FIELDS) {
            return end_of_head(self);
        }
        self->state = STATE_DONE;
    } else if (self->state == STATE_FIELDS) {
        error = http_head_field(self, line.text, len);
    } else {
        error = http_head_trailer(line.text, len);
    }
    return error != NULL ? fail(self, error) : HTTP_NEED_MORE;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static enum http_event read_chunk_size(struct http_response *self, struct line line)
{
    const size_t len = bare_len(line);
    if (len == line.len) {
        return fail(self, "a chunk size line without CRLF");
    }
    uint64_t size = 0;
    size_t i = 0;
    for (; i < len && hex_value(line.text[i]) >= 0; i++) {
        if (size > (uint64_t)INT64_MAX >> 4) {
            return fail(self, "a chunk size that is too large");
        }
        size = size << 4 | (uint64_t)hex_value(line.text[i]);
    }
    if (i == 0) {
        return fail(self, "a chunk size that is not a number");
    }
    /* Blanks after the size without an extension are a habit of old servers. */
    while (i < len && (line.text[i] == ' ' || line.text[i] == '\t')) {
        i++;
    }
    if (i < len && line.text[i] != ';') {
        return fail(self, "a chunk size that is not a number");
    }
    if (memchr(line.text + i, '\r', len - i) != NULL ||
        memchr(line.text + i, '\0', len - i) != NULL) {
        return fail(self, "a control character in a chunk extension");
    }
    self->left = size;
    self->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILERS;
    return HTTP_NEED_MORE;
}

/* Hands out what the piece has of the body or the chunk. */
static enum http_event
read_body(struct http_response *self, const char **data, size_t *len, enum state after)
{
    self->body = *data;
    self->body_len = *len < self->left ? *len : (size_t)self->left;
    self->left -= self->body_len;
    skip(data, len, self->body_len);
    if (self->left == 0) {
        self->state = after;
    }
    return HTTP_BODY;
}

static enum http_event
expect(struct http_response *self, const char **data, size_t *len, char c, enum state after)
{
    if (**data != c) {
        return fail(self, "a chunk that is longer than its size");
    }
    skip(data, len, 1);
    self->state = after;
    return HTTP_NEED_MORE;
}

static enum http_event read_line(struct http_response *self, const char **data, size_t *len)
{
    struct line line;
    switch (take_line(self, data, len, &line)) {
    case LINE_TAKEN:
        break;
    case LINE_PART:
        return HTTP_NEED_MORE;
    case LINE_TOO_LONG:
        return fail(self, "a line longer than 8192 bytes");
    }
    return self->state == STATE_CHUNK_SIZE ? read_chunk_size(self, line)
                                           : read_head_line(self, line);
}

/* One step over at least one byte.  HTTP_NEED_MORE: nothing to tell yet. */
static enum http_event step(struct http_response *self, const char **data, size_t *len)
{
    switch ((enum state)self->state) {
    case STATE_STATUS_LINE:
    case STATE_FIELDS:
    case STATE_CHUNK_SIZE:
    case STATE_TRAILERS:
        return read_line(self, data, len);
    case STATE_BODY_LENGTH:
        return read_body(self, data, len, STATE_DONE);
    case STATE_BODY_UNTIL_EOF:
        self->left = UINT64_MAX;
        return read_body(self, data, len, STATE_BODY_UNTIL_EOF);
    case STATE_CHUNK_DATA:
        return read_body(self, data, len, STATE_CHUNK_CR);
    case STATE_CHUNK_CR:
        return expect(self, data, len, '\r', STATE_CHUNK_LF);
    case STATE_CHUNK_LF:
        return expect(self, data, len, '\n', STATE_CHUNK_SIZE);
    case STATE_DONE:
    case STATE_ERROR:
        break;
    }
    assert(false);
    return HTTP_ERROR;
}

enum http_event http_response_next(struct http_response *self, const char **data, size_t *len)
{
    for (;;) {
        if (self->state == STATE_DONE) {
            return HTTP_END;
        }
        if (self->state == STATE_ERROR) {
            return HTTP_ERROR;
        }
        if (*len == 0) {
            return HTTP_NEED_MORE;
        }
        const enum http_event event = step(self, data, len);
        if (event != HTTP_NEED_MORE) {
            return event;
        }
    }
}

bool http_response_eof(struct http_response *self)
{
    if (self->state == STATE_BODY_UNTIL_EOF) {
        self->state = STATE_DONE;
    }
    return self->state == STATE_DONE || http_response_is_untouched(self);
}
