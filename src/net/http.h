/* http.h - reads one HTTP/1.x response after another from pieces of any size.
 *
 * No memory beyond the struct: body bytes are handed out as slices of the piece, the few headers that
 * matter are read in passing.  Feeding any split of the bytes gives the same result as the whole.
 * Source: RFC 9112. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest line of a head and longest head that are accepted. */
enum {
    HTTP_LINE_MAX = 8192,
    HTTP_HEAD_MAX = 65536
};

enum http_event {
    HTTP_NEED_MORE, /* all of the piece was taken */
    HTTP_HEAD,      /* status and headers are known */
    HTTP_BODY,      /* body, body_len: a slice of the piece (chunk framing removed) */
    HTTP_END,       /* the response is complete; call http_next_response before going on */
    HTTP_ERROR,     /* malformed: `error` says what */
};

enum http_body {
    HTTP_BODY_NONE, /* 1xx, 204, 304 */
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_UNTIL_EOF,
};

struct http_response {
    unsigned state;
    unsigned status; /* 200, ... */
    unsigned minor_version;
    enum http_body body_kind;
    uint64_t content_length;
    uint64_t left;     /* of the body or of the current chunk */
    bool keep_alive;   /* the connection may carry another response */
    bool event_stream; /* Content-Type: text/event-stream */
    bool json;         /* Content-Type: application/json */
    uint32_t head_len;
    uint32_t line_len;
    char line[HTTP_LINE_MAX];
    const char *body;
    size_t body_len;
    const char *error; /* static text */
};

/* Starts reading the first or the next response of a connection.  Interim 1xx responses are skipped
 * inside. */
void http_response_init(struct http_response *self);

/* Takes bytes from the front of the piece [*data, *data + *len), moving both past what was taken. */
MUST_CHECK enum http_event
http_response_next(struct http_response *self, const char **data, size_t *len);

/* The connection ended.  True when that completes the response (a body until EOF, or nothing had
 * begun); false when it was cut short. */
bool http_response_eof(struct http_response *self);

/* True when not a byte of this response has been seen. */
bool http_response_is_untouched(const struct http_response *self);
