/* tls.h - one TLS client session over bytes in memory; the socket is its caller's.
 *
 * Internal to net/.  Ciphertext from the peer goes in by tls_session_feed, ciphertext for the peer
 * waits in tls_session_output.  TLS 1.2 and 1.3, no renegotiation, ALPN http/1.1.
 *
 * No resumption: tickets and the session cache are off (SSL_OP_NO_TICKET, SSL_SESS_CACHE_OFF), and no session is
 * ever given to SSL_set_session.  Each connection costs the same full handshake, whichever came before it,
 * and it is over before the stream is TRANSPORT_OPENED: no request waits for it but one that has no
 * connection, and connect_ns in its record says so.  What TLS 1.3 sends after it (tickets, unasked) is read
 * and dropped.
 * Threads: a session belongs to one thread; the context is shared and read-only. */
#pragma once

#include "net/transport_socket.h"

struct tls_session;

enum tls_progress {
    TLS_DONE,
    TLS_WANT_INPUT,
    TLS_BROKEN,
};

/* `server_name`: what the certificate must name: a DNS name (also sent as SNI) or an IP address; borrowed.
 * Never NULL. */
struct tls_session *tls_session_new(struct tls_context *context, const char *server_name);
void tls_session_free(struct tls_session *self);

void tls_session_feed(struct tls_session *self, const void *data, size_t len);

/* TLS_BROKEN: tls_session_failure says why. */
enum tls_progress tls_session_handshake(struct tls_session *self);

/* Why the handshake broke, in words. */
void tls_session_failure(const struct tls_session *self, struct transport_failure *out);

/* Plain bytes (> 0), 0 after the peer's orderly end, TRANSPORT_AGAIN when no record is complete,
 * TRANSPORT_RESET when TLS broke.  `more` is set when the next call need not wait for input. */
ssize_t tls_session_read(struct tls_session *self, void *buffer, size_t cap, bool *more);

/* Encrypts all of `data`.  False when TLS broke. */
bool tls_session_write(struct tls_session *self, const void *data, size_t len);

/* Queues the orderly end. */
void tls_session_shut(struct tls_session *self);

/* Ciphertext that waits to be sent: its first bytes, borrowed until the next call.  Returns their number. */
size_t tls_session_output(struct tls_session *self, const char **data);
void tls_session_output_sent(struct tls_session *self, size_t n);
