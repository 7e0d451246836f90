/* socket.h - the insides of the socket transport, shared by its three sources.
 *
 * transport_socket.c waits and hands out events, socket_open.c brings a stream up (connect, TLS
 * handshake, the next address), socket_data.c sends and receives. */
#pragma once

#include "net/stamp.h"
#include "net/tls.h"
#include "net/transport_socket.h"

#include <sys/epoll.h>

enum {
    SOCKET_POLL_MAX = 256, /* events taken from the kernel at a time */
    /* Steps of TLS handshakes between two looks at the sockets.  One takes up to half a millisecond, and a
     * hundred in a row would let tokens pile up in the open streams; those that wait are told again. */
    SOCKET_TLS_STEPS_MAX = 1,
    SOCKET_SCRATCH_SIZE =
        32768 /* ciphertext of one read: at least a whole TLS record, 16 KiB and head */
};

/* A node of a ring; the list's own node is not an element. */
struct ring {
    struct ring *prev;
    struct ring *next;
};

enum socket_state {
    SOCKET_CONNECTING,
    SOCKET_HANDSHAKE,
    SOCKET_OPEN,
    SOCKET_FAILED,
    SOCKET_CLOSED, /* waits for the next wait, to be used again */
};

struct socket_stream {
    struct stream base;
    enum socket_state state;
    int fd;
    uint32_t interest;   /* what epoll watches */
    size_t address;      /* the one that is being tried, or was reached */
    size_t n_tried;      /* addresses tried so far */
    int64_t deadline_ns; /* while connecting */
    unsigned pending; /* TRANSPORT_* bits that epoll does not know of; on the ready ring if not 0 */
    uint64_t batch;   /* the wait whose events name this stream... */
    size_t batch_index;  /* ...at this place */
    struct ring all;     /* every stream of the transport */
    struct ring opening; /* ordered by deadline_ns: all wait equally long */
    struct ring ready;   /* streams with pending bits */
    struct stamp_stream stamps;
    struct tls_session *tls; /* NULL: plain */
    bool eof;                /* TLS: the socket's end was seen */
    struct receipt receipt;  /* TLS: of the last socket read */
    struct transport_failure failure;
};

struct socket_transport {
    struct transport base;
    struct transport_socket_options options;
    int epoll_fd;
    int wake_fd;
    int stamp_fd;    /* keeps the kernel stamping while no stream is open; -1 with user stamps */
    bool old_kernel; /* no epoll_pwait2 */
    size_t good_address; /* the last one that worked */
    size_t n_bound;      /* connections that were given a source address so far */
    struct stamp_clock clock;
    struct ring all;
    struct ring opening;
    struct ring ready;
    struct ring closed;   /* since the last wait; through `all` */
    struct ring unused;   /* closed before that, to be used again; through `all` */
    unsigned n_tls_steps; /* of handshakes, in this look at the sockets */
    uint64_t batch;
    struct transport_event *events; /* the caller's, of this wait */
    size_t n_events;
    size_t n_events_max;
    struct epoll_event polled[SOCKET_POLL_MAX];
    char scratch[SOCKET_SCRATCH_SIZE];
};

void ring_init(struct ring *list);
bool ring_is_empty(const struct ring *list);
void ring_append(struct ring *list, struct ring *node);
void ring_remove(struct ring *node); /* a node on no ring is left alone */

/* The stream that a node is part of. */
#define STREAM_OF(node, member) \
    ((struct socket_stream *)(void *)((char *)(node)-offsetof(struct socket_stream, member)))

/* Adds bits to those that the next events tell. */
void socket_set_pending(struct socket_transport *self, struct socket_stream *stream, unsigned what);
void socket_clear_pending(struct socket_stream *stream, unsigned what);

/* Tells epoll what to watch, when that changes. */
void socket_watch(struct socket_transport *self, struct socket_stream *stream, uint32_t interest);

/* socket_open.c */

/* Begins with the address that worked last.  Errors: ERROR_IO when there is no descriptor. */
MUST_CHECK int
socket_start(struct socket_transport *self, struct socket_stream *stream, struct error *err);

/* What epoll said about a stream that is being opened; put off where enough was done for TLS in this look. */
void socket_opening_event(
    struct socket_transport *self, struct socket_stream *stream, uint32_t bits);

/* The deadline of a stream that is being opened has passed. */
void socket_opening_late(struct socket_transport *self, struct socket_stream *stream);

/* socket_data.c: the transport's operations. */
ssize_t socket_send(struct transport *transport, struct stream *base, const void *data, size_t len);
ssize_t socket_recv(
    struct transport *transport,
    struct stream *base,
    void *buffer,
    size_t cap,
    struct receipt *receipt);

/* One read from the socket, with its stamp.  As transport_ops.recv. */
ssize_t socket_read(
    struct socket_transport *self,
    struct socket_stream *stream,
    void *buffer,
    size_t cap,
    struct receipt *receipt);

/* Asks for busy polling of `us` microseconds.  0, or an errno. */
int socket_ask_for_busy_poll(int fd, uint32_t us);

/* Sends TLS output.  1: all is sent; TRANSPORT_AGAIN: the rest follows when epoll says so;
 * TRANSPORT_RESET. */
ssize_t socket_flush(struct socket_transport *self, struct socket_stream *stream);
