/* Plain links send straight from the engine's buffer: one system call for an event.  TLS writes to the socket and
 * reads from memory, so that the read of the socket, and with it the kernel's stamp, is ours in both. */
#include "sim/sim_link.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/stamped.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINK_CIPHERTEXT = 4096 /* of one read: requests are short */
};

struct sim_tls {
    SSL_CTX *context;
};

int sim_tls_open(
    const char *cert_path, const char *key_path, struct sim_tls **out, struct error *err)
{
    struct sim_tls *self = MEM_NEW(struct sim_tls);
    self->context = SSL_CTX_new(TLS_server_method());
    int result = 0;
    if (self->context == NULL) {
        result = error_set(err, ERROR_IO, "cannot set up TLS");
    } else if (SSL_CTX_use_certificate_chain_file(self->context, cert_path) != 1) {
        result = error_set(err, ERROR_PARSE, "%s holds no PEM certificate", cert_path);
    } else if (
        SSL_CTX_use_PrivateKey_file(self->context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(self->context) != 1) {
        result =
            error_set(err, ERROR_PARSE, "%s holds no PEM key that fits the certificate", key_path);
    }
    ERR_clear_error();
    if (result != 0) {
        sim_tls_free(self);
        return result;
    }
    (void)SSL_CTX_set_mode(
        self->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *out = self;
    return 0;
}

void sim_tls_free(struct sim_tls *self)
{
    if (self != NULL) {
        SSL_CTX_free(self->context);
        free(self);
    }
}

void sim_link_init(struct sim_link *self, int fd, struct sim_tls *tls)
{
    *self = (struct sim_link){.fd = fd};
    bytes_init(&self->backlog, BYTES_MAX_DEFAULT);
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (tls != NULL) {
        self->ssl = SSL_new(tls->context);
        self->ciphertext = BIO_new(BIO_s_mem());
        BIO *out = BIO_new_socket(fd, BIO_NOCLOSE);
        assert(self->ssl != NULL && self->ciphertext != NULL && out != NULL);
        SSL_set_bio(self->ssl, self->ciphertext, out);
        SSL_set_accept_state(self->ssl);
    }
}

/* What a TLS call that did not succeed means. */
static ssize_t tls_outcome(struct sim_link *self, int result)
{
    const int reason = SSL_get_error(self->ssl, result);
    ERR_clear_error();
    if (reason == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    if (reason == SSL_ERROR_WANT_WRITE) {
        self->want_write = true;
        return SIM_LINK_AGAIN;
    }
    return reason == SSL_ERROR_WANT_READ ? SIM_LINK_AGAIN : SIM_LINK_FAILED;
}

/* One read of the socket; notes when the last of the bytes arrived. */
static ssize_t
read_socket(struct sim_link *self, void *buffer, size_t cap, struct stamp_clock *clock)
{
    int64_t stamp_real_ns = STAMP_NONE;
    const ssize_t n = stamped_recv(self->fd, buffer, cap, &stamp_real_ns);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? SIM_LINK_AGAIN : SIM_LINK_FAILED;
    }
    if (stamp_real_ns == STAMP_NONE) {
        self->arrival_ns = clock_mono_ns();
        return n;
    }
    struct stamp_pair pair;
    struct receipt receipt;
    stamp_pair_read(&pair);
    stamp_receipt(clock, &self->stamps, &pair, stamp_real_ns, (size_t)n < cap, &receipt);
    self->arrival_ns = receipt.arrival_ns;
    return n;
}

/* Asks the socket only when TLS has nothing left: what it gives out came with the last read. */
static ssize_t read_tls(struct sim_link *self, void *buffer, size_t cap, struct stamp_clock *clock)
{
    const int want = cap < INT_MAX ? (int)cap : INT_MAX;
    for (;;) {
        const int n = SSL_read(self->ssl, buffer, want);
        const ssize_t outcome = n > 0 ? n : tls_outcome(self, n);
        if (outcome != SIM_LINK_AGAIN) {
            return outcome;
        }
        char ciphertext[LINK_CIPHERTEXT];
        const ssize_t n_read = read_socket(self, ciphertext, sizeof(ciphertext), clock);
        if (n_read <= 0) {
            return n_read;
        }
        const int taken = BIO_write(self->ciphertext, ciphertext, (int)n_read);
        assert(taken == n_read);
        (void)taken;
    }
}

ssize_t sim_link_read(
    struct sim_link *self,
    void *buffer,
    size_t cap,
    struct stamp_clock *clock,
    int64_t *out_arrival_ns)
{
    const ssize_t n = self->ssl != NULL ? read_tls(self, buffer, cap, clock)
                                        : read_socket(self, buffer, cap, clock);
    *out_arrival_ns = self->arrival_ns;
    return n;
}

/* Bytes that the socket took (0: none now), or SIM_LINK_FAILED. */
static ssize_t write_some(struct sim_link *self, const char *data, size_t len)
{
    if (self->ssl != NULL) {
        const int want = len < INT_MAX ? (int)len : INT_MAX;
        const int n = SSL_write(self->ssl, data, want);
        if (n > 0) {
            return n;
        }
        return tls_outcome(self, n) == SIM_LINK_AGAIN ? 0 : SIM_LINK_FAILED;
    }
    const ssize_t n = send(self->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
        return n;
    }
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : SIM_LINK_FAILED;
}

bool sim_link_write(struct sim_link *self, const void *data, size_t len)
{
    const char *at = data;
    if (self->backlog.len == 0) {
        const ssize_t n = write_some(self, at, len);
        if (n == SIM_LINK_FAILED) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    bytes_add(&self->backlog, at, len);
    self->want_write = self->want_write || self->backlog.len > 0;
    return !self->backlog.failed;
}

bool sim_link_flush(struct sim_link *self)
{
    self->want_write = false;
    while (self->backlog.len > 0) {
        const ssize_t n = write_some(self, self->backlog.data, self->backlog.len);
        if (n == SIM_LINK_FAILED) {
            return false;
        }
        if (n == 0) {
            break;
        }
        bytes_drop_front(&self->backlog, (size_t)n);
    }
    self->want_write = self->want_write || self->backlog.len > 0;
    return true;
}

static void link_done(struct sim_link *self)
{
    SSL_free(self->ssl); /* with the ciphertext */
    self->ssl = NULL;
    self->ciphertext = NULL;
    bytes_done(&self->backlog);
    (void)close(self->fd);
    self->fd = -1;
}

void sim_link_close(struct sim_link *self)
{
    if (self->ssl != NULL) {
        (void)SSL_shutdown(self->ssl);
        ERR_clear_error();
    }
    /* Unread bytes would turn the end into a reset that overtakes the answer. */
    char waste[4096];
    while (recv(self->fd, waste, sizeof(waste), MSG_DONTWAIT) > 0) {
    }
    link_done(self);
}

void sim_link_reset(struct sim_link *self)
{
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    link_done(self);
}
