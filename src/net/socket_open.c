/* Addresses are tried one after another, each with the whole of the timeout: the client waits for
 * connects before its clock starts, so simple beats racing.  TLS is not tried at another address when it
 * fails: the certificate would be the same. */
#include "base/clock.h"
#include "net/socket.h"
#include "net/stamped.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN + 16
};

static void write_address(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &address->storage, sizeof(in6));
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
        (void)snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, (unsigned)ntohs(in6.sin6_port));
        return;
    }
    struct sockaddr_in in;
    memcpy(&in, &address->storage, sizeof(in));
    (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
    (void)snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, (unsigned)ntohs(in.sin_port));
}

static void release_socket(struct socket_stream *stream)
{
    if (stream->fd >= 0) {
        (void)close(stream->fd);
        stream->fd = -1;
    }
    ring_remove(&stream->opening);
}

static void fail_stream(struct socket_transport *self, struct socket_stream *stream)
{
    release_socket(stream);
    stream->state = SOCKET_FAILED;
    socket_set_pending(self, stream, TRANSPORT_FAILED);
}

static void note_connect_failure(
    const struct socket_transport *self, struct socket_stream *stream, int os_errno)
{
    char address[ADDRESS_TEXT_MAX];
    write_address(&self->options.addresses[stream->address], address);
    const char *reason =
        os_errno == EADDRNOTAVAIL ? "no local port is left" : strerrordesc_np(os_errno);
    stream->failure.tls = false;
    (void)snprintf(
        stream->failure.text, sizeof(stream->failure.text), "connect to %s: %s", address,
        reason != NULL ? reason : "unknown error");
}

/* The descriptor, or -1 with errno set. */
static int make_socket(const struct socket_transport *self, const struct address *address)
{
    const int fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!self->options.user_stamps) {
        stamped_ask(fd);
    }
    if (self->options.busy_poll_us > 0) {
        /* It was checked before the run; where it fails now, the stream works without. */
        (void)socket_ask_for_busy_poll(fd, self->options.busy_poll_us);
    }
    return fd;
}

/* Gives the socket the next source address, where some were asked for.  0, or an errno. */
static int bind_source(struct socket_transport *self, int fd)
{
    const struct source_list *sources = self->options.sources;
    if (sources == NULL || sources->n == 0) {
        return 0;
    }
    return source_bind(fd, &sources->addresses[self->n_bound++ % sources->n]);
}

/* 0, or the errno of what went wrong. */
static int connect_to(struct socket_transport *self, struct socket_stream *stream)
{
    const struct address *address = &self->options.addresses[stream->address];
    stream->fd = make_socket(self, address);
    if (stream->fd < 0) {
        return errno;
    }
    const int os_errno = bind_source(self, stream->fd);
    if (os_errno != 0) {
        return os_errno;
    }
    if (connect(stream->fd, (const struct sockaddr *)&address->storage, address->len) < 0 &&
        errno != EINPROGRESS) {
        return errno;
    }
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = stream};
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, stream->fd, &event) < 0) {
        return errno;
    }
    stream->interest = EPOLLOUT;
    stream->state = SOCKET_CONNECTING;
    const int64_t now_ns = clock_mono_ns();
    const int64_t timeout_ns = self->options.connect_timeout_ns;
    stream->deadline_ns = timeout_ns < CLOCK_NEVER - now_ns ? now_ns + timeout_ns : CLOCK_NEVER;
    ring_append(&self->opening, &stream->opening);
    return 0;
}

/* Goes on to the next address until one begins to connect.  0, or the errno of the last failure. */
static int try_addresses(struct socket_transport *self, struct socket_stream *stream)
{
    int os_errno = 0;
    while (stream->n_tried < self->options.n_addresses) {
        stream->address = (self->good_address + stream->n_tried) % self->options.n_addresses;
        stream->n_tried++;
        os_errno = connect_to(self, stream);
        if (os_errno == 0) {
            return 0;
        }
        note_connect_failure(self, stream, os_errno);
        release_socket(stream);
    }
    return os_errno;
}

static bool is_local_lack(int os_errno)
{
    return os_errno == EMFILE || os_errno == ENFILE || os_errno == ENOMEM || os_errno == ENOBUFS ||
           os_errno == ENOSPC;
}

int socket_start(struct socket_transport *self, struct socket_stream *stream, struct error *err)
{
    const int os_errno = try_addresses(self, stream);
    if (is_local_lack(os_errno)) {
        return error_set_os(err, ERROR_IO, os_errno, "cannot open another connection");
    }
    if (os_errno != 0) {
        fail_stream(self, stream);
    }
    return 0;
}

/* After a connect that failed at one address. */
static void next_address(struct socket_transport *self, struct socket_stream *stream, int os_errno)
{
    note_connect_failure(self, stream, os_errno);
    release_socket(stream);
    if (stream->n_tried == self->options.n_addresses || try_addresses(self, stream) != 0) {
        fail_stream(self, stream);
    }
}

static void opened(struct socket_transport *self, struct socket_stream *stream)
{
    ring_remove(&stream->opening);
    stream->state = SOCKET_OPEN;
    socket_set_pending(self, stream, TRANSPORT_OPENED);
}

static void
fail_handshake(struct socket_transport *self, struct socket_stream *stream, const char *reason)
{
    stream->failure.tls = true;
    (void)snprintf(
        stream->failure.text, sizeof(stream->failure.text), "TLS with %s: %s",
        self->options.server_name, reason);
    fail_stream(self, stream);
}

static void advance_handshake(struct socket_transport *self, struct socket_stream *stream)
{
    const enum tls_progress progress = tls_session_handshake(stream->tls);
    const ssize_t flushed = socket_flush(self, stream); /* also the alert that says why */
    if (progress == TLS_BROKEN) {
        tls_session_failure(stream->tls, &stream->failure);
        fail_stream(self, stream);
        return;
    }
    if (flushed == TRANSPORT_RESET) {
        fail_handshake(self, stream, "the server reset the connection");
        return;
    }
    if (progress == TLS_DONE) {
        opened(self, stream);
        /* What came with the last flight has left the socket: epoll would not tell. */
        socket_set_pending(self, stream, TRANSPORT_READABLE);
    }
}

static void
handshake_event(struct socket_transport *self, struct socket_stream *stream, uint32_t bits)
{
    if ((bits & EPOLLOUT) != 0) {
        socket_watch(self, stream, EPOLLIN);
        if (socket_flush(self, stream) == TRANSPORT_RESET) {
            fail_handshake(self, stream, "the server reset the connection");
            return;
        }
    }
    if ((bits & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    const ssize_t n =
        socket_read(self, stream, self->scratch, sizeof(self->scratch), &stream->receipt);
    if (n == TRANSPORT_AGAIN) {
        return;
    }
    if (n <= 0) {
        fail_handshake(
            self, stream,
            n == 0 ? "the server closed the connection" : "the server reset the connection");
        return;
    }
    tls_session_feed(stream->tls, self->scratch, (size_t)n);
    advance_handshake(self, stream);
}

static void connected(struct socket_transport *self, struct socket_stream *stream)
{
    self->good_address = stream->address;
    socket_watch(self, stream, EPOLLIN);
    if (self->options.tls == NULL) {
        opened(self, stream);
        return;
    }
    stream->state = SOCKET_HANDSHAKE;
    stream->tls = tls_session_new(self->options.tls, self->options.server_name);
    advance_handshake(self, stream);
}

void socket_opening_event(
    struct socket_transport *self, struct socket_stream *stream, uint32_t bits)
{
    if (self->options.tls != NULL && self->n_tls_steps++ >= SOCKET_TLS_STEPS_MAX) {
        return;
    }
    if (stream->state == SOCKET_HANDSHAKE) {
        handshake_event(self, stream, bits);
        return;
    }
    assert(stream->state == SOCKET_CONNECTING);
    int os_errno = 0;
    socklen_t len = sizeof(os_errno);
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &os_errno, &len) < 0) {
        os_errno = errno;
    }
    if (os_errno != 0) {
        next_address(self, stream, os_errno);
    } else {
        connected(self, stream);
    }
}

void socket_opening_late(struct socket_transport *self, struct socket_stream *stream)
{
    if (stream->state == SOCKET_HANDSHAKE) {
        fail_handshake(
            self, stream, "no answer to the handshake in time: does the server speak plain http?");
    } else {
        next_address(self, stream, ETIMEDOUT);
    }
}
