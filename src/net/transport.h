/* transport.h - byte streams and waiting, real or virtual.
 *
 * A worker owns one transport: its clock, its streams and its event queue.  The drivers in load/ see
 * only this interface; transport_socket.h runs it over epoll, and load/transport_sim.h over the
 * simulated engine in virtual time.
 * Threads: a transport and its streams belong to one thread.
 * Time: absolute ns of the transport's clock (CLOCK_MONOTONIC for sockets). */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One connection.  Concrete transports embed this as their first member. */
struct stream {
    void *user; /* the driver's; not touched here */
};

/* What a receive tells besides the bytes. */
struct receipt {
    int64_t arrival_ns; /* arrival of the last segment in this read */
    int64_t read_ns;    /* when user space had it */
    bool kernel;        /* arrival_ns is the kernel's stamp, else it equals read_ns */
    bool clock_step;    /* the real-time clock stepped since the stamp: user time was used */
};

enum {
    TRANSPORT_OPENED = 1 << 0,   /* connected, TLS done: the stream may send */
    TRANSPORT_READABLE = 1 << 1, /* bytes, end or failure wait to be received */
    TRANSPORT_WRITABLE = 1 << 2, /* a send that would have blocked may go on */
    TRANSPORT_FAILED = 1 << 3,   /* connect or TLS failed: transport_failure says how; close it */
};

struct transport_event {
    struct stream *stream;
    unsigned what; /* TRANSPORT_* bits */
};

/* The longest text names a host in 100 characters, OpenSSL's reason, and the next step. */
enum {
    TRANSPORT_FAILURE_TEXT = 256
};

/* Why a stream could not be opened. */
struct transport_failure {
    bool tls;                          /* the TLS part failed, not the connect */
    char text[TRANSPORT_FAILURE_TEXT]; /* in words, for people */
};

/* transport recv and send: outcomes below zero. */
enum {
    TRANSPORT_AGAIN = -1, /* nothing now; an event will tell */
    TRANSPORT_RESET = -2, /* the peer reset the connection, or TLS broke */
};

struct transport;

struct transport_ops {
    const char *name;
    int64_t (*now)(struct transport *self);

    /* Starts to connect.  The outcome comes as TRANSPORT_OPENED or TRANSPORT_FAILED, never from this
     * call; errors are local (no descriptors).  *out is the caller's: close. */
    int (*open)(struct transport *self, void *user, struct stream **out, struct error *err);

    /* Waits until something happens or `until_ns` is reached (CLOCK_NEVER: until something happens).
     * Returns the number of events (at most `n_max` > 0, one for each stream), 0 when the time was
     * reached, or earlier when `wake` or a signal ended the wait.  A virtual transport moves its clock
     * here.
     * READABLE is a level, not an edge: it comes again as long as something waits to be received, so
     * one recv for each event is enough.  An end or a reset stays readable until the stream is closed.
     * `events` is kept until the next wait: when a stream is closed before its event had its turn,
     * `what` of that event becomes 0 (the stream itself stays valid memory until the next wait, what its
     * `user` points to is the driver's matter). */
    size_t (*wait)(
        struct transport *self, int64_t until_ns, struct transport_event *events, size_t n_max);

    /* Sends what fits: bytes taken (> 0), TRANSPORT_AGAIN or TRANSPORT_RESET.  After fewer bytes than
     * `len`, as after TRANSPORT_AGAIN, TRANSPORT_WRITABLE tells when to go on. */
    ssize_t (*send)(struct transport *self, struct stream *stream, const void *data, size_t len);

    /* Receives what is there: bytes (> 0), 0 at the end of the stream, TRANSPORT_AGAIN or
     * TRANSPORT_RESET.  `receipt` is filled when bytes were returned, and at the end (read_ns).
     * Fewer bytes than `cap` say that nothing more waited at that moment. */
    ssize_t (*recv)(
        struct transport *self,
        struct stream *stream,
        void *buffer,
        size_t cap,
        struct receipt *receipt);

    /* Why a stream got TRANSPORT_FAILED. */
    void (*failure)(struct transport *self, struct stream *stream, struct transport_failure *out);

    /* Closes and frees the stream, in any state.  Events already queued for it are dropped: see wait. */
    void (*close)(struct transport *self, struct stream *stream);

    /* Wakes a wait from another thread; async-signal-safe. */
    void (*wake)(struct transport *self);

    /* Closes the streams that are left, too. */
    void (*free)(struct transport *self);
};

/* Concrete transports embed this as their first member. */
struct transport {
    const struct transport_ops *ops;
    int64_t awake_ns; /* CPU time that its waits have spent awake so far, before a deadline and with
                         nothing to tell */
};

static inline void transport_freep(struct transport **self)
{
    if (*self != NULL) {
        (*self)->ops->free(*self);
    }
}
