/* sse.h - server-sent events, read from pieces of any size.
 *
 * Feeding any split of the bytes gives the same events as feeding the whole.  An event that lies
 * whole in one piece is handed out in place; one that is split is gathered in a buffer that exists
 * before the clock starts and grows up to SSE_EVENT_MAX.
 * Source: WHATWG HTML, section 9.2 "Server-sent events" (line ends CR, LF, CRLF; comments; several
 * data lines joined by LF; a leading BOM; an event without its blank line is dropped). */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

/* Longest event that is accepted: a token event is under 1 KiB, logprobs make it a few. */
#define SSE_EVENT_MAX ((size_t)4 << 20)

struct sse {
    struct bytes carry; /* an event that began in an earlier piece, or whose lines are joined */
    unsigned state;
    bool has_data;   /* a data line of the current event has begun */
    bool has_fields; /* a line of the current event, not a comment, has begun */
    bool skip_lf;    /* the last byte was CR: an LF belongs to the same line end */
    bool oversized;
    const char *data; /* of the last event: the data field without its final LF; borrowed until */
    size_t len;       /* the next call */
    const char *piece_data; /* internal: the only data line so far, where it lies in the piece */
    size_t piece_len;
    uint64_t n_comments; /* comment lines seen (pings) */
};

/* sse_next: outcomes. */
enum {
    SSE_NEED_MORE = 0, /* all of the piece was taken */
    SSE_EVENT = 1,     /* data and len hold an event */
    SSE_TOO_LONG = 2,  /* an event exceeds SSE_EVENT_MAX; the reader is done */
};

void sse_init(struct sse *self);
void sse_done(struct sse *self);
void sse_reset(struct sse *self);

/* Takes bytes from the front of the piece [*data, *data + *len), moving both past what was taken. */
MUST_CHECK int sse_next(struct sse *self, const char **data, size_t *len);

/* True when an event has begun and its blank line has not come: the stream was cut inside it. */
bool sse_is_inside_event(const struct sse *self);
