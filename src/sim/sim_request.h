/* sim_request.h - reads HTTP/1.x requests, as a server, from a growing buffer.
 *
 * The caller appends what arrives to its buffer and asks again; any split of the bytes gives the same
 * requests.  Bodies may be length-delimited or chunked; chunked ones are joined in place.
 * Source: RFC 9112. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Longest head and body that are accepted (431 and 413 above). */
enum {
    SIM_HEAD_MAX = 65536,
    SIM_BODY_MAX = 64 << 20,
    SIM_METHOD_MAX = 16,
    SIM_PATH_MAX = 256,
    SIM_KEY_MAX = 512
};

enum sim_request_state {
    SIM_REQUEST_HEAD,
    SIM_REQUEST_LENGTH,     /* inside a length-delimited body */
    SIM_REQUEST_CHUNK_SIZE, /* before a chunk-size line */
    SIM_REQUEST_CHUNK_DATA,
    SIM_REQUEST_CHUNK_END, /* before the line end after chunk data */
    SIM_REQUEST_TRAILER,
    SIM_REQUEST_DONE,
    SIM_REQUEST_BROKEN,
};

struct sim_request {
    enum sim_request_state state;
    size_t scanned; /* bytes of the buffer that need no second look for a line end */
    size_t at;      /* bytes of the buffer taken so far; when done: the request's whole length */
    uint64_t left;  /* of the body or chunk */
    bool length_seen;
    bool chunked;
    /* The head, set from the moment that it is complete and well formed. */
    bool head_done;
    char method[SIM_METHOD_MAX];
    char path[SIM_PATH_MAX]; /* without the query */
    unsigned minor_version;
    bool keep_alive;
    bool expect_continue;
    char key[SIM_KEY_MAX]; /* bearer token of Authorization; "" none */
    size_t body_at;        /* the body is body_len bytes at this offset of the buffer */
    size_t body_len;
    /* When broken. */
    unsigned bad_status; /* 400, 413, 431, 501, 505 */
    const char *bad_reason;
};

void sim_request_init(struct sim_request *self);

/* Goes on reading in `in`, which holds all bytes from the start of this request.  True when the state
 * is DONE or BROKEN; false: more bytes are needed. */
bool sim_request_read(struct sim_request *self, struct bytes *in);
