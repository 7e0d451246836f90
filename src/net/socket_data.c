/* One system call for one event: recvmsg brings the bytes and the kernel's stamp of the last segment
 * among them.  Plain streams read into the caller's buffer; TLS streams read ciphertext into the
 * transport's scratch and decrypt from there, so that a record's stamp is that of the read which
 * completed it. */
#include "base/clock.h"
#include "net/socket.h"
#include "net/stamped.h"

#include <assert.h>
#include <errno.h>

enum {
    /* Plaintext that is encrypted before it is seen whether the socket takes it: one record. */
    TLS_SEND_PART = 16384
};

int socket_ask_for_busy_poll(int fd, uint32_t us)
{
    const int on = 1;
    const int value = (int)us;
    if (setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &value, sizeof(value)) < 0) {
        return errno;
    }
    /* Newer than the other: without it the device's interrupts go on beside the polling. */
    (void)setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on, sizeof(on));
    return 0;
}

static ssize_t read_plainly(int fd, void *buffer, size_t cap, int64_t *stamp_real_ns)
{
    *stamp_real_ns = STAMP_NONE;
    return recv(fd, buffer, cap, MSG_DONTWAIT);
}

ssize_t socket_read(
    struct socket_transport *self,
    struct socket_stream *stream,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    int64_t stamp_real_ns = STAMP_NONE;
    const ssize_t n = self->options.user_stamps
                          ? read_plainly(stream->fd, buffer, cap, &stamp_real_ns)
                          : stamped_recv(stream->fd, buffer, cap, &stamp_real_ns);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? TRANSPORT_AGAIN : TRANSPORT_RESET;
    }
    if (stamp_real_ns == STAMP_NONE) {
        const int64_t now_ns = clock_mono_ns();
        *receipt = (struct receipt){.arrival_ns = now_ns, .read_ns = now_ns};
        stream->stamps.last_ns = now_ns;
        return n;
    }
    struct stamp_pair pair;
    stamp_pair_read(&pair);
    stamp_receipt(&self->clock, &stream->stamps, &pair, stamp_real_ns, (size_t)n < cap, receipt);
    return n;
}

/* Gives out what is decrypted already; else reads once more from the socket. */
static ssize_t recv_tls(
    struct socket_transport *self,
    struct socket_stream *stream,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    bool more = false;
    ssize_t n = TRANSPORT_AGAIN;
    if ((stream->pending & TRANSPORT_READABLE) != 0) {
        n = tls_session_read(stream->tls, buffer, cap, &more);
    }
    if (n == TRANSPORT_AGAIN) {
        struct receipt fresh = {0};
        const ssize_t n_read =
            socket_read(self, stream, self->scratch, sizeof(self->scratch), &fresh);
        if (n_read < 0) {
            socket_clear_pending(stream, TRANSPORT_READABLE);
            return n_read;
        }
        stream->receipt = fresh;
        stream->eof = n_read == 0;
        tls_session_feed(stream->tls, self->scratch, (size_t)n_read);
        n = tls_session_read(stream->tls, buffer, cap, &more);
    }
    if (more) {
        socket_set_pending(self, stream, TRANSPORT_READABLE);
    } else {
        socket_clear_pending(stream, TRANSPORT_READABLE);
    }
    if (n == TRANSPORT_AGAIN && stream->eof) {
        return TRANSPORT_RESET; /* an end without close_notify may be anybody's */
    }
    if (n >= 0) {
        *receipt = stream->receipt;
    }
    /* An answer to a key update may wait. A failure here shows at the next send. */
    (void)socket_flush(self, stream);
    return n;
}

ssize_t socket_recv(
    struct transport *transport,
    struct stream *base,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    struct socket_stream *stream = (struct socket_stream *)base;
    assert(stream->state == SOCKET_OPEN);
    assert(cap > 0);
    return stream->tls == NULL ? socket_read(self, stream, buffer, cap, receipt)
                               : recv_tls(self, stream, buffer, cap, receipt);
}

static ssize_t write_socket(int fd, const void *data, size_t len)
{
    const ssize_t n = send(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
        return n;
    }
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? TRANSPORT_AGAIN
                                                                 : TRANSPORT_RESET;
}

ssize_t socket_flush(struct socket_transport *self, struct socket_stream *stream)
{
    const char *data = NULL;
    for (size_t len = tls_session_output(stream->tls, &data); len > 0;
         len = tls_session_output(stream->tls, &data)) {
        const ssize_t n = write_socket(stream->fd, data, len);
        if (n == TRANSPORT_AGAIN) {
            socket_watch(self, stream, stream->interest | EPOLLOUT);
        }
        if (n < 0) {
            return n;
        }
        tls_session_output_sent(stream->tls, (size_t)n);
    }
    return 1;
}

/* Bytes count as taken once they are encrypted: what the socket does not take at once follows by
 * itself, before the stream becomes writable again. */
static ssize_t
send_tls(struct socket_transport *self, struct socket_stream *stream, const char *data, size_t len)
{
    size_t taken = 0;
    ssize_t flushed = socket_flush(self, stream);
    while (flushed > 0 && taken < len) {
        const size_t part = len - taken < TLS_SEND_PART ? len - taken : TLS_SEND_PART;
        if (!tls_session_write(stream->tls, data + taken, part)) {
            return TRANSPORT_RESET;
        }
        taken += part;
        flushed = socket_flush(self, stream);
    }
    if (flushed == TRANSPORT_RESET) {
        return TRANSPORT_RESET;
    }
    return taken > 0 ? (ssize_t)taken : TRANSPORT_AGAIN;
}

ssize_t socket_send(struct transport *transport, struct stream *base, const void *data, size_t len)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    struct socket_stream *stream = (struct socket_stream *)base;
    assert(stream->state == SOCKET_OPEN);
    assert(len > 0);
    if (stream->tls != NULL) {
        return send_tls(self, stream, data, len);
    }
    const ssize_t n = write_socket(stream->fd, data, len);
    if (n == TRANSPORT_AGAIN || (n > 0 && (size_t)n < len)) {
        socket_watch(self, stream, EPOLLIN | EPOLLOUT);
    }
    return n;
}
