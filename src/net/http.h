/* http.h - reads one HTTP/1.x response after another from pieces of any size.
 *
 * No memory beyond the struct: body bytes are handed out as slices of the piece, the few headers that
 * matter are read in passing.  Feeding any split of the bytes gives the same result as the whole.
 *
 * What is taken, and what is not:
 * - Head and trailer lines may end in LF alone (RFC 9112, 2.2); chunk lines may not (7.1).  A CR
 *   elsewhere, a NUL, white space before a colon and folded lines are malformed (2.2, 5.1, 5.2).
 * - The reason phrase may be missing together with the space before it, as some servers do.
 * - Content-Length may be repeated with one value; two values are malformed (RFC 9110, 8.6).
 * - Transfer-Encoding must be chunked alone.  Beside a Content-Length it wins, and the connection is not
 *   reused; the same holds for an answer that calls itself HTTP/1.0 (6.1, 6.3).
 * - Chunk extensions and trailers are skipped.  Interim 1xx responses are skipped; 101 is malformed, since
 *   no upgrade was asked for.
 * Source: RFC 9112. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest line of a head (without its end), and longest head together with interim heads and trailers,
 * that are accepted. */
enum {
    HTTP_LINE_MAX = 8192,
    HTTP_LINE_ROOM = HTTP_LINE_MAX + 1, /* the 1 is for its CR */
    HTTP_HEAD_MAX = 65536
};

enum http_event {
    HTTP_NEED_MORE, /* all of the piece was taken */
    HTTP_HEAD,      /* status and headers are known */
    HTTP_BODY,      /* body, body_len: a slice of the piece (chunk framing removed), never empty */
    HTTP_END,       /* the response is complete; call http_response_init before going on */
    HTTP_ERROR,     /* malformed: `error` says what; nothing can be read after it */
};

enum http_body {
    HTTP_BODY_NONE, /* 204, 304 */
    HTTP_BODY_LENGTH,
    HTTP_BODY_CHUNKED,
    HTTP_BODY_UNTIL_EOF,
};

struct http_response {
    unsigned state; /* the reader's */
    unsigned flags; /* the reader's: what the head said so far */
    /* Valid from HTTP_HEAD on. */
    unsigned status; /* 200, ... */
    unsigned minor_version;
    enum http_body body_kind;
    uint64_t content_length; /* 0 unless HTTP_BODY_LENGTH */
    uint64_t left;           /* of the body or of the current chunk */
    bool keep_alive;         /* the connection may carry another response */
    bool event_stream;       /* Content-Type: text/event-stream */
    bool json;               /* Content-Type: application/json */
    uint32_t head_len;       /* bytes of heads and trailers taken as whole lines */
    uint32_t line_len;
    char *
        line; /* a line that is not complete yet: HTTP_LINE_ROOM bytes of the caller's, set before the first use */
    const char *body; /* borrowed from the piece */
    size_t body_len;
    const char *error; /* static text */
};

/* Starts reading the first or the next response of a connection.  `line` stays. */
void http_response_init(struct http_response *self);

/* Takes bytes from the front of the piece [*data, *data + *len), moving both past what was taken.
 * To be called until it returns HTTP_NEED_MORE, HTTP_END or HTTP_ERROR, also when *len is 0 already: the
 * end of a response needs no byte of its own.  After HTTP_END what is left of the piece belongs to the
 * next response. */
MUST_CHECK enum http_event
http_response_next(struct http_response *self, const char **data, size_t *len);

/* The connection ended.  True when that completes the response (a body until EOF, or nothing had
 * begun); false when it was cut short. */
bool http_response_eof(struct http_response *self);

/* True when not a byte of this response has been seen. */
bool http_response_is_untouched(const struct http_response *self);
