/* slot.h - one request in flight: its connection, its answer so far, its record.
 *
 * The reader takes bytes as they come (HTTP, then SSE or a plain body) and fills the record; it makes
 * no system call and, but for answers longer than expected, asks for no memory.
 * Threads: a slot belongs to one worker.  Time: ns since the start of the point. */
#pragma once

#include "codec/digest.h"
#include "codec/sse.h"
#include "engine/engine.h"
#include "load/record_store.h"
#include "net/http.h"
#include "net/transport.h"

/* Longest generated text of one answer that is hashed and may be kept. */
#define SLOT_TEXT_MAX ((size_t)16 << 20)
/* Longest body of an answer that does not stream. */
#define SLOT_BODY_MAX ((size_t)64 << 20)

enum slot_state {
    SLOT_FREE,
    SLOT_WAITING, /* due, but no connection is ready */
    SLOT_SENDING,
    SLOT_READING,
};

struct link; /* a connection of the worker: load/link.h */

struct slot {
    enum slot_state state;
    struct link *link;
    struct record *record;
    bool counted;       /* sent or scheduled inside the window */
    bool stream;        /* an event stream was asked for */
    bool done_seen;     /* "[DONE]" or a finish reason came */
    int64_t started_ns; /* scheduled or freed: what the timeout counts from */
    int64_t free_ns;    /* end of this slot's last request: closed loop turnaround */
    char *request;      /* bytes to send; room for the workload's longest */
    uint32_t request_len;
    uint32_t request_sent;
    struct http_response http;
    char *own_line; /* NULL: the line's room is somebody else's */
    struct sse sse;
    struct bytes text;      /* generated so far, decoded */
    struct bytes content;   /* with `mixed`: the content alone */
    bool mixed;             /* there is other text than content, too; known with `keep_text` */
    bool keep_text;         /* text and content go into the record */
    struct bytes body;      /* of errors and of answers that do not stream */
    uint32_t tokens_so_far; /* counted so far: by the engine where it says, else one an event */
    unsigned n_replaced;    /* connections that were gone before a byte was sent */
    uint32_t n_events;
    struct token_log events; /* n_events of them, packed */
    struct slot *prev;       /* list of running slots, oldest first */
    struct slot *next;
    struct slot *next_queued; /* list of waiting or of resting slots */
    int64_t rest_until_ns;
};

/* `line`: HTTP_LINE_ROOM bytes that outlive the slot, or NULL: it takes its own.  Of many slots the lines lie
 * together and apart from the slots: hardly any is ever written to, and what is not written to is no memory. */
void slot_init(struct slot *self, char *line, uint32_t request_max, uint32_t events_expected);
void slot_done(struct slot *self);

/* Forgets the last answer. */
void slot_reset(struct slot *self);

/* What the reader knows besides the bytes. */
struct slot_input {
    const struct engine_ops *engine;
    int64_t arrival_ns;      /* of the read, since the start of the point */
    int64_t end_ns;          /* out: arrival of the answer's end */
    uint64_t n_token_events; /* out: token events in this read */
};

enum slot_progress {
    SLOT_MORE,   /* the answer goes on */
    SLOT_ENDED,  /* the answer is complete: record->outcome says how; the connection may live on */
    SLOT_BROKEN, /* the answer is broken: record->outcome is set, the connection must close */
};

/* Takes the bytes of one read. */
enum slot_progress
slot_read(struct slot *self, const char *data, size_t len, struct slot_input *input);

/* The connection ended, in order (`reset` false) or not.  Sets the outcome. */
void slot_read_eof(struct slot *self, bool reset, struct slot_input *input);

/* Puts events, text and hash into the record, at the end of a request.  `store` keeps them. */
void slot_finish(struct slot *self, struct record_store *store, struct digest *digest);

/* Sets the outcome of a request that failed outside of its answer, with a reason in words. */
void slot_fail(
    struct slot *self, struct record_store *store, enum outcome outcome, const char *reason);
