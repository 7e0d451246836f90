/* transport_socket.h - the transport over epoll: TCP, optional TLS, kernel receive stamps.
 *
 * TLS runs over memory BIOs, so that the socket read, and with it the stamp, stays here.
 * Source of the stamps: https://docs.kernel.org/networking/timestamping.html */
#pragma once

#include "net/source.h"
#include "net/transport.h"

/* Verification settings for https; shared by all workers, read-only while measuring. */
struct tls_context;

/* `ca_file` NULL: the system's roots.  `insecure`: no verification, a warning is the caller's job.
 * *out is the caller's: tls_context_free, after every transport that uses it.
 * Errors: ERROR_NOT_FOUND or ERROR_PARSE naming the file. */
MUST_CHECK int
tls_context_open(const char *ca_file, bool insecure, struct tls_context **out, struct error *err);
void tls_context_free(struct tls_context *self);

struct transport_socket_options {
    const struct address *addresses; /* borrowed; tried in order, each stream starts at the first
                                        that worked */
    size_t n_addresses;
    const struct source_list
        *sources;               /* local addresses, in turn; borrowed; NULL: the kernel's choice */
    const char *server_name;    /* TLS: SNI and certificate name; borrowed */
    struct tls_context *tls;    /* NULL: plain TCP; borrowed */
    int64_t connect_timeout_ns; /* of one connect with its TLS handshake; CLOCK_NEVER: none */
    int64_t spin_ns;  /* last part of a wait for a deadline that is spent spinning; 0: none */
    bool user_stamps; /* do not ask for kernel stamps */
    uint32_t
        busy_poll_us; /* the kernel polls the network device so long before it sleeps; 0: never */
};

/* *out is the caller's: (*out)->ops->free.  It may be opened in one thread and used in another.  A
 * thread that waits on it gets a timer slack of 1 ns (PR_SET_TIMERSLACK) with its first wait.
 * Kernel stamps begin a moment after the first transport is opened, and end with the last.
 * Errors: ERROR_IO. */
MUST_CHECK int transport_socket_open(
    const struct transport_socket_options *options, struct transport **out, struct error *err);

/* Tells whether this process may ask for `us` microseconds of busy polling.
 * Errors: ERROR_UNAVAILABLE naming what is missing.
 * Source: SO_BUSY_POLL in socket(7); raising it needs CAP_NET_ADMIN. */
MUST_CHECK int transport_socket_check_busy_poll(uint32_t us, struct error *err);

/* Tells whether this kernel stamps received TCP data, by round trips over loopback; takes up to about
 * 100 ms where it does not.  While a transport with kernel stamps is open, true also means that stamping has
 * begun for it. */
bool transport_socket_has_kernel_stamps(void);
