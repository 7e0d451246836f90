/* socket_fixture.h - a socket transport under test, its listener, and the last batch of events. */
#pragma once

#include "base/clock.h"
#include "net/transport_socket.h"
#include "support/loopback.h"

enum {
    EVENTS_MAX = 16
};

#define PATIENCE_NS (20 * NS_PER_S) /* only a test that fails waits that long */

/* One transport, the streams' peers, and the last batch of events. */
struct fixture {
    struct transport_socket_options options;
    struct address addresses[4];
    int listener;
    struct transport *transport;
    const struct transport_ops *ops;
    struct transport_event events[EVENTS_MAX];
    size_t n_events;
};

static inline void fixture_start(struct fixture *self)
{
    struct error err = {0};
    self->options.addresses = self->addresses;
    if (self->options.n_addresses == 0) {
        self->options.n_addresses = 1;
    }
    if (self->options.connect_timeout_ns == 0) {
        self->options.connect_timeout_ns = PATIENCE_NS;
    }
    if (transport_socket_open(&self->options, &self->transport, &err) != 0 ||
        self->transport == NULL) {
        fail_msg("%s", err.text);
        abort(); /* fail does not return, which analysers do not know */
    }
    self->ops = self->transport->ops;
}

/* A listener and a transport that connects to it. */
static inline void fixture_init(struct fixture *self)
{
    *self = (struct fixture){0};
    self->listener = loopback_listen(AF_INET, 16, &self->addresses[0]);
    fixture_start(self);
}

static inline void fixture_done(struct fixture *self)
{
    self->ops->free(self->transport);
    if (self->listener >= 0) {
        (void)close(self->listener);
    }
}

static inline size_t wait_events(struct fixture *self)
{
    self->n_events =
        self->ops->wait(self->transport, clock_mono_ns() + PATIENCE_NS, self->events, EVENTS_MAX);
    return self->n_events;
}

static inline size_t look(struct fixture *self)
{
    self->n_events = self->ops->wait(self->transport, clock_mono_ns(), self->events, EVENTS_MAX);
    return self->n_events;
}

static inline unsigned what_of(const struct fixture *self, const struct stream *stream)
{
    for (size_t i = 0; i < self->n_events; i++) {
        if (self->events[i].stream == stream) {
            return self->events[i].what;
        }
    }
    return 0;
}

/* Waits until the stream has one of the bits; other events are left alone. */
static inline unsigned wait_for(struct fixture *self, const struct stream *stream, unsigned bits)
{
    for (;;) {
        assert_true(wait_events(self) > 0);
        if ((what_of(self, stream) & bits) != 0) {
            return what_of(self, stream);
        }
    }
}

static inline struct stream *start_stream(struct fixture *self, void *user)
{
    struct stream *stream = NULL;
    struct error err = {0};
    if (self->ops->open(self->transport, user, &stream, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return stream;
}

static inline struct stream *open_stream(struct fixture *self, int *peer)
{
    struct stream *stream = start_stream(self, NULL);
    assert_int_equal(wait_for(self, stream, TRANSPORT_OPENED | TRANSPORT_FAILED), TRANSPORT_OPENED);
    *peer = loopback_accept(self->listener);
    return stream;
}

static inline ssize_t receive(
    struct fixture *self, struct stream *stream, void *buffer, size_t cap, struct receipt *receipt)
{
    return self->ops->recv(self->transport, stream, buffer, cap, receipt);
}

static inline void
check_failure(struct fixture *self, struct stream *stream, bool tls, const char *text)
{
    struct transport_failure failure;
    self->ops->failure(self->transport, stream, &failure);
    assert_string_equal(failure.text, text);
    assert_int_equal(failure.tls, tls);
}

/* The byte at a place of a long stream. */
static inline char pattern(size_t at)
{
    return (char)(at * 7 % 251);
}

/* Sends the pattern from *sent on until the socket is full. */
static inline void fill(struct fixture *f, struct stream *stream, size_t *sent)
{
    char part[8192];
    for (;;) {
        for (size_t i = 0; i < sizeof(part); i++) {
            part[i] = pattern(*sent + i);
        }
        const ssize_t n = f->ops->send(f->transport, stream, part, sizeof(part));
        if (n == TRANSPORT_AGAIN) {
            return;
        }
        assert_true(n > 0);
        *sent += (size_t)n;
    }
}
