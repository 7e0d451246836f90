/* sim_link.h - one accepted socket of the simulated engine, with TLS or without.
 *
 * Non-blocking.  What a write cannot place is kept and goes out when the socket takes more.
 * Private to src/sim; one thread. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "net/stamp.h"

#include <stdbool.h>
#include <sys/types.h>

/* Certificate and key of a server; NULL stands for plain TCP. */
struct sim_tls;

/* Errors: ERROR_NOT_FOUND, ERROR_PARSE naming the file. */
MUST_CHECK int
sim_tls_open(const char *cert_path, const char *key_path, struct sim_tls **out, struct error *err);
void sim_tls_free(struct sim_tls *self);

struct bio_st;
struct ssl_st;

struct sim_link {
    int fd;
    struct ssl_st *ssl;        /* NULL: plain */
    struct bio_st *ciphertext; /* that has been read for it; owned by it */
    struct bytes backlog;      /* bytes that wait for the socket */
    struct stamp_stream stamps;
    int64_t arrival_ns; /* of what the socket was last read for */
    bool want_write;    /* the socket is to be watched for room */
};

/* Takes over the socket. */
void sim_link_init(struct sim_link *self, int fd, struct sim_tls *tls);

enum {
    SIM_LINK_AGAIN = -1,
    SIM_LINK_FAILED = -2,
};

/* Bytes (> 0), 0 at the end, SIM_LINK_AGAIN or SIM_LINK_FAILED.  *out_arrival_ns: when the last of the
 * bytes arrived, by the kernel's stamp, or when they were read where there is none. */
ssize_t sim_link_read(
    struct sim_link *self,
    void *buffer,
    size_t cap,
    struct stamp_clock *clock,
    int64_t *out_arrival_ns);

/* Writes now or keeps.  False: the connection has failed. */
bool sim_link_write(struct sim_link *self, const void *data, size_t len);

/* The socket has room again. */
bool sim_link_flush(struct sim_link *self);

/* Ends the connection in order, or by a reset, and frees what the link holds. */
void sim_link_close(struct sim_link *self);
void sim_link_reset(struct sim_link *self);
