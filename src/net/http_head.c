/* A field is looked at once, when its line is complete, and only the four that decide the framing, the
 * connection and the kind of the body leave a trace.  Everything else is checked for form and forgotten,
 * so that a malformed answer is called malformed wherever the fault is. */
#include "net/http_head.h"

#include <string.h>
#include <strings.h>

enum {
    STATUS_LINE_MIN = 12, /* "HTTP/1.1 200" */
    STATUS_MIN = 100
};

struct slice {
    const char *text;
    size_t len;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* tchar of RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool slice_is(struct slice slice, const char *word)
{
    return slice.len == strlen(word) && strncasecmp(slice.text, word, slice.len) == 0;
}

static struct slice slice_trim(struct slice slice)
{
    while (slice.len > 0 && is_blank(slice.text[0])) {
        slice.text++;
        slice.len--;
    }
    while (slice.len > 0 && is_blank(slice.text[slice.len - 1])) {
        slice.len--;
    }
    return slice;
}

/* Cuts the next element off a comma-separated list.  False at its end. */
static bool list_next(struct slice *list, struct slice *element)
{
    if (list->text == NULL) {
        return false;
    }
    const char *comma = memchr(list->text, ',', list->len);
    if (comma == NULL) {
        *element = slice_trim(*list);
        *list = (struct slice){NULL, 0};
        return true;
    }
    const size_t len = (size_t)(comma - list->text);
    *element = slice_trim((struct slice){list->text, len});
    *list = (struct slice){comma + 1, list->len - len - 1};
    return true;
}

static const char *check_bytes(const char *line, size_t len)
{
    if (memchr(line, '\r', len) != NULL) {
        return "a carriage return inside a line of the head";
    }
    if (memchr(line, '\0', len) != NULL) {
        return "a NUL byte in the head";
    }
    return NULL;
}

const char *http_head_status_line(struct http_response *self, const char *line, size_t len)
{
    if (len < STATUS_LINE_MIN || memcmp(line, "HTTP/", 5) != 0) {
        return "not an HTTP response";
    }
    if (memcmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ') {
        return "not HTTP/1.0 or HTTP/1.1";
    }
    unsigned status = 0;
    for (size_t i = 9; i < STATUS_LINE_MIN; i++) {
        if (!is_digit(line[i])) {
            return "the status is not a number of three digits";
        }
        status = status * 10 + (unsigned)(line[i] - '0');
    }
    if (status < STATUS_MIN || (len > STATUS_LINE_MIN && line[STATUS_LINE_MIN] != ' ')) {
        return "the status is not a number of three digits";
    }
    if (status == 101) {
        return "status 101, but no other protocol was asked for";
    }
    self->minor_version = (unsigned)(line[7] - '0');
    self->status = status;
    return check_bytes(line, len);
}

static const char *parse_length(struct slice text, uint64_t *out)
{
    uint64_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.text[i])) {
            return "Content-Length is not a number";
        }
        const uint64_t digit = (uint64_t)(text.text[i] - '0');
        if (length > ((uint64_t)INT64_MAX - digit) / 10) {
            return "Content-Length is too large";
        }
        length = length * 10 + digit;
    }
    *out = length;
    return text.len == 0 ? "Content-Length is not a number" : NULL;
}

static const char *read_length(struct http_response *self, struct slice value)
{
    struct slice element;
    while (list_next(&value, &element)) {
        uint64_t length = 0;
        const char *error = parse_length(element, &length);
        if (error != NULL) {
            return error;
        }
        if ((self->flags & HTTP_SAW_LENGTH) != 0 && length != self->content_length) {
            return "two different Content-Lengths";
        }
        self->flags |= HTTP_SAW_LENGTH;
        self->content_length = length;
    }
    return NULL;
}

static const char *read_encoding(struct http_response *self, struct slice value)
{
    struct slice element;
    while (list_next(&value, &element)) {
        if (element.len == 0) {
            continue; /* empty list elements are allowed: RFC 9110, 5.6.1 */
        }
        if (!slice_is(element, "chunked")) {
            return "a Transfer-Encoding other than chunked";
        }
        if ((self->flags & HTTP_SAW_ENCODING) != 0) {
            return "Transfer-Encoding is chunked twice";
        }
        self->flags |= HTTP_SAW_ENCODING;
    }
    return (self->flags & HTTP_SAW_ENCODING) == 0 ? "an empty Transfer-Encoding" : NULL;
}

static void read_connection(struct http_response *self, struct slice value)
{
    struct slice element;
    while (list_next(&value, &element)) {
        if (slice_is(element, "close")) {
            self->flags |= HTTP_SAW_CLOSE;
        } else if (slice_is(element, "keep-alive")) {
            self->flags |= HTTP_SAW_KEEP_ALIVE;
        }
    }
}

static void read_content_type(struct http_response *self, struct slice value)
{
    const char *semicolon = memchr(value.text, ';', value.len);
    if (semicolon != NULL) {
        value = slice_trim((struct slice){value.text, (size_t)(semicolon - value.text)});
    }
    self->event_stream = slice_is(value, "text/event-stream");
    self->json = slice_is(value, "application/json");
}

/* Splits a field line after checking its form. */
static const char *split_field(struct slice line, struct slice *name, struct slice *value)
{
    if (is_blank(line.text[0])) {
        return "a folded header line";
    }
    const char *colon = memchr(line.text, ':', line.len);
    if (colon == NULL) {
        return "a header line without a colon";
    }
    *name = (struct slice){line.text, (size_t)(colon - line.text)};
    *value = slice_trim((struct slice){colon + 1, line.len - name->len - 1});
    if (name->len == 0) {
        return "a header without a name";
    }
    for (size_t i = 0; i < name->len; i++) {
        if (!is_token_char(name->text[i])) {
            return is_blank(name->text[i]) ? "white space in a header name"
                                           : "a character that no header name has";
        }
    }
    return check_bytes(value->text, value->len);
}

const char *http_head_field(struct http_response *self, const char *line, size_t len)
{
    struct slice name;
    struct slice value;
    const char *error = split_field((struct slice){line, len}, &name, &value);
    if (error != NULL) {
        return error;
    }
    if (slice_is(name, "Content-Length")) {
        return read_length(self, value);
    }
    if (slice_is(name, "Transfer-Encoding")) {
        return read_encoding(self, value);
    }
    if (slice_is(name, "Connection")) {
        read_connection(self, value);
    } else if (slice_is(name, "Content-Type")) {
        read_content_type(self, value);
    }
    return NULL;
}

const char *http_head_trailer(const char *line, size_t len)
{
    struct slice name;
    struct slice value;
    return split_field((struct slice){line, len}, &name, &value);
}

void http_head_finish(struct http_response *self)
{
    const bool chunked = (self->flags & HTTP_SAW_ENCODING) != 0;
    const bool length = (self->flags & HTTP_SAW_LENGTH) != 0;
    if (self->minor_version == 0) {
        /* An HTTP/1.0 answer with a transfer coding has come through something that does not know it. */
        self->keep_alive = (self->flags & HTTP_SAW_KEEP_ALIVE) != 0 && !chunked;
    } else {
        self->keep_alive = true;
    }
    if ((self->flags & HTTP_SAW_CLOSE) != 0 || (chunked && length)) {
        self->keep_alive = false;
    }
    if (self->status == 204 || self->status == 304) {
        self->body_kind = HTTP_BODY_NONE;
    } else if (chunked) {
        self->body_kind = HTTP_BODY_CHUNKED;
    } else if (length) {
        self->body_kind = HTTP_BODY_LENGTH;
    } else {
        self->body_kind = HTTP_BODY_UNTIL_EOF;
        self->keep_alive = false;
    }
    if (self->body_kind != HTTP_BODY_LENGTH) {
        self->content_length = 0;
    }
    self->left = self->content_length;
}
