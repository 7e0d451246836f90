/* The whole request stays in one buffer, so nothing is carried between pieces but offsets.  What a
 * line means is decided only when the line is complete: that makes every split equal to the whole. */
#include "sim/sim_request.h"

#include <string.h>
#include <strings.h>

enum {
    CHUNK_LINE_MAX = 1024,
    CHUNK_DIGITS_MAX = 8
};

void sim_request_init(struct sim_request *self)
{
    *self = (struct sim_request){.state = SIM_REQUEST_HEAD, .keep_alive = true};
}

static bool broken(struct sim_request *self, unsigned status, const char *reason)
{
    self->state = SIM_REQUEST_BROKEN;
    self->bad_status = status;
    self->bad_reason = reason;
    self->keep_alive = false;
    return true;
}

/* A line or word inside the buffer. */
struct slice {
    const char *at;
    size_t len;
};

static struct slice slice_trim(struct slice self)
{
    while (self.len > 0 && (self.at[0] == ' ' || self.at[0] == '\t')) {
        self.at++;
        self.len--;
    }
    while (self.len > 0 && (self.at[self.len - 1] == ' ' || self.at[self.len - 1] == '\t')) {
        self.len--;
    }
    return self;
}

static bool slice_is(struct slice self, const char *text)
{
    return self.len == strlen(text) && strncasecmp(self.at, text, self.len) == 0;
}

static bool slice_copy(struct slice self, char *out, size_t size)
{
    if (self.len >= size) {
        return false;
    }
    memcpy(out, self.at, self.len);
    out[self.len] = '\0';
    return true;
}

/* Takes the text before the next `stop` from the front; all of it when there is none. */
static struct slice slice_until(struct slice *rest, char stop)
{
    const char *end = rest->len > 0 ? memchr(rest->at, stop, rest->len) : NULL;
    const size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
    const struct slice word = {rest->at, len};
    const size_t skip = end != NULL ? len + 1 : len;
    rest->at += skip;
    rest->len -= skip;
    return word;
}

static bool list_holds(struct slice list, const char *word)
{
    while (list.len > 0) {
        if (slice_is(slice_trim(slice_until(&list, ',')), word)) {
            return true;
        }
    }
    return false;
}

/* Method, target and version.  False: broken. */
static bool read_request_line(struct sim_request *self, struct slice line)
{
    const struct slice method = slice_until(&line, ' ');
    struct slice target = slice_until(&line, ' ');
    if (method.len == 0 || target.len == 0 || line.len == 0) {
        (void)broken(self, 400, "malformed request line");
        return false;
    }
    if (slice_is(line, "HTTP/1.0")) {
        self->minor_version = 0;
        self->keep_alive = false;
    } else if (slice_is(line, "HTTP/1.1")) {
        self->minor_version = 1;
    } else {
        (void)broken(self, 505, "unknown HTTP version");
        return false;
    }
    const struct slice path = slice_until(&target, '?');
    if (!slice_copy(method, self->method, sizeof(self->method)) ||
        !slice_copy(path, self->path, sizeof(self->path))) {
        (void)broken(self, 400, "method or path too long");
        return false;
    }
    return true;
}

static bool read_length(struct sim_request *self, struct slice value)
{
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9') {
            return !broken(self, 400, "malformed Content-Length");
        }
        if (length <= SIM_BODY_MAX) {
            length = length * 10 + (uint64_t)(value.at[i] - '0');
        }
    }
    if (value.len == 0 || (self->length_seen && length != self->left)) {
        return !broken(self, 400, "malformed Content-Length");
    }
    self->length_seen = true;
    self->left = length;
    return true;
}

static bool read_encoding(struct sim_request *self, struct slice value)
{
    if (!slice_is(value, "chunked")) {
        return !broken(self, 501, "unknown Transfer-Encoding");
    }
    self->chunked = true;
    return true;
}

static void read_connection(struct sim_request *self, struct slice value)
{
    if (list_holds(value, "close")) {
        self->keep_alive = false;
    } else if (list_holds(value, "keep-alive")) {
        self->keep_alive = true;
    }
}

static bool read_authorization(struct sim_request *self, struct slice value)
{
    const struct slice scheme = slice_until(&value, ' ');
    if (slice_is(scheme, "Bearer") &&
        !slice_copy(slice_trim(value), self->key, sizeof(self->key))) {
        return !broken(self, 400, "Authorization too long");
    }
    return true;
}

/* One header line.  False: broken. */
static bool read_header(struct sim_request *self, struct slice line)
{
    const struct slice name = slice_until(&line, ':');
    const struct slice value = slice_trim(line);
    if (name.len == 0 || name.at + name.len == line.at) {
        (void)broken(self, 400, "malformed header");
        return false;
    }
    if (slice_is(name, "Content-Length")) {
        return read_length(self, value);
    }
    if (slice_is(name, "Transfer-Encoding")) {
        return read_encoding(self, value);
    }
    if (slice_is(name, "Authorization")) {
        return read_authorization(self, value);
    }
    if (slice_is(name, "Connection")) {
        read_connection(self, value);
    } else if (slice_is(name, "Expect")) {
        self->expect_continue = slice_is(value, "100-continue");
    }
    return true;
}

/* Takes one line from the front, without its end (CRLF or LF). */
static struct slice take_line(struct slice *rest)
{
    struct slice line = slice_until(rest, '\n');
    if (line.len > 0 && line.at[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static void begin_body(struct sim_request *self)
{
    self->body_at = self->at;
    if (self->chunked && self->length_seen) {
        (void)broken(self, 400, "both Content-Length and Transfer-Encoding");
    } else if (self->chunked) {
        self->state = SIM_REQUEST_CHUNK_SIZE;
    } else if (self->left > SIM_BODY_MAX) {
        (void)broken(self, 413, "body too long");
    } else {
        self->state = self->left > 0 ? SIM_REQUEST_LENGTH : SIM_REQUEST_DONE;
    }
    self->head_done = self->state != SIM_REQUEST_BROKEN;
}

/* Reads the complete head of `len` bytes. */
static void read_head(struct sim_request *self, const char *head, size_t len)
{
    struct slice rest = {head, len};
    if (!read_request_line(self, take_line(&rest))) {
        return;
    }
    while (rest.len > 0) {
        const struct slice line = take_line(&rest);
        if (line.len == 0) {
            break;
        }
        if (!read_header(self, line)) {
            return;
        }
    }
    self->at = len;
    begin_body(self);
}

/* Length of an empty line at the start of the bytes: 1 or 2, 0 when it is another line; -1: the bytes
 * end before that is known. */
static int empty_line(const char *at, size_t left)
{
    if (left == 0) {
        return -1;
    }
    if (at[0] == '\n') {
        return 1;
    }
    if (at[0] != '\r') {
        return 0;
    }
    if (left == 1) {
        return -1;
    }
    return at[1] == '\n' ? 2 : 0;
}

/* Length of the head with its empty line, or 0 when it is not complete.  Looks at each line end
 * once. */
static size_t head_length(struct sim_request *self, const struct bytes *in)
{
    while (self->scanned < in->len) {
        const char *end = memchr(in->data + self->scanned, '\n', in->len - self->scanned);
        if (end == NULL) {
            self->scanned = in->len;
            return 0;
        }
        const size_t at = (size_t)(end - in->data);
        const int empty = empty_line(end + 1, in->len - at - 1);
        if (empty > 0) {
            return at + 1 + (size_t)empty;
        }
        self->scanned = empty < 0 ? at : at + 1;
        if (empty < 0) {
            return 0;
        }
    }
    return 0;
}

/* False: more bytes are needed. */
static bool step_head(struct sim_request *self, struct bytes *in)
{
    /* Empty lines before a request are skipped (RFC 9112, 2.2). */
    size_t blank = 0;
    while (self->scanned == 0 && blank < in->len &&
           (in->data[blank] == '\r' || in->data[blank] == '\n')) {
        blank++;
    }
    bytes_drop_front(in, blank);
    const size_t len = head_length(self, in);
    if (len > SIM_HEAD_MAX || (len == 0 && in->len > SIM_HEAD_MAX)) {
        return broken(self, 431, "head too long");
    }
    if (len == 0) {
        return false;
    }
    read_head(self, in->data, len);
    return true;
}

static bool step_length(struct sim_request *self, const struct bytes *in)
{
    if (in->len - self->at < self->left) {
        return false;
    }
    self->body_len = (size_t)self->left;
    self->at += self->body_len;
    self->left = 0;
    self->state = SIM_REQUEST_DONE;
    return true;
}

/* The line that starts at `at`, without its end; *out_end is past it.  False: not complete. */
static bool find_line(
    const struct sim_request *self, const struct bytes *in, struct slice *out, size_t *out_end)
{
    const char *from = in->data + self->at;
    const size_t left = in->len - self->at;
    const char *end = left > 0 ? memchr(from, '\n', left) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t len = (size_t)(end - from);
    *out_end = self->at + len + 1;
    if (len > 0 && from[len - 1] == '\r') {
        len--;
    }
    *out = (struct slice){from, len};
    return true;
}

static int hex_digit(char c)
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

static bool step_chunk_size(struct sim_request *self, const struct bytes *in)
{
    struct slice line = {0};
    size_t end = 0;
    if (!find_line(self, in, &line, &end)) {
        return in->len - self->at > CHUNK_LINE_MAX && broken(self, 400, "malformed chunk size");
    }
    if (end - self->at > CHUNK_LINE_MAX + 1) {
        return broken(self, 400, "malformed chunk size");
    }
    const struct slice digits = slice_trim(slice_until(&line, ';'));
    uint64_t size = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const int digit = hex_digit(digits.at[i]);
        if (digit < 0) {
            return broken(self, 400, "malformed chunk size");
        }
        size = size * 16 + (uint64_t)digit;
    }
    if (digits.len == 0 || digits.len > CHUNK_DIGITS_MAX) {
        return broken(self, 400, "malformed chunk size");
    }
    if (self->body_len + size > SIM_BODY_MAX) {
        return broken(self, 413, "body too long");
    }
    self->at = end;
    self->left = size;
    self->state = size > 0 ? SIM_REQUEST_CHUNK_DATA : SIM_REQUEST_TRAILER;
    return true;
}

static bool step_chunk_data(struct sim_request *self, struct bytes *in)
{
    const uint64_t there = in->len - self->at;
    const size_t take = (size_t)(there < self->left ? there : self->left);
    memmove(in->data + self->body_at + self->body_len, in->data + self->at, take);
    self->body_len += take;
    self->at += take;
    self->left -= take;
    if (self->left > 0) {
        return false;
    }
    self->state = SIM_REQUEST_CHUNK_END;
    return true;
}

/* The end of chunk data, and of the trailer, is a line. */
static bool step_line(struct sim_request *self, const struct bytes *in)
{
    struct slice line = {0};
    size_t end = 0;
    if (!find_line(self, in, &line, &end)) {
        return in->len - self->at > CHUNK_LINE_MAX && broken(self, 400, "malformed chunk end");
    }
    if (end - self->at > CHUNK_LINE_MAX + 1) {
        return broken(self, 400, "malformed chunk end");
    }
    if (self->state == SIM_REQUEST_CHUNK_END) {
        if (line.len != 0) {
            return broken(self, 400, "malformed chunk end");
        }
        self->state = SIM_REQUEST_CHUNK_SIZE;
    } else if (line.len == 0) {
        self->state = SIM_REQUEST_DONE;
    }
    self->at = end;
    return true;
}

bool sim_request_read(struct sim_request *self, struct bytes *in)
{
    for (;;) {
        bool moved = false;
        switch (self->state) {
        case SIM_REQUEST_HEAD:
            moved = step_head(self, in);
            break;
        case SIM_REQUEST_LENGTH:
            moved = step_length(self, in);
            break;
        case SIM_REQUEST_CHUNK_SIZE:
            moved = step_chunk_size(self, in);
            break;
        case SIM_REQUEST_CHUNK_DATA:
            moved = step_chunk_data(self, in);
            break;
        case SIM_REQUEST_CHUNK_END:
        case SIM_REQUEST_TRAILER:
            moved = step_line(self, in);
            break;
        case SIM_REQUEST_DONE:
        case SIM_REQUEST_BROKEN:
            return true;
        }
        if (!moved) {
            return false;
        }
    }
}
