/* OpenSSL sees two memory BIOs and no socket.  What a failure is called is the matter of tls_words.c. */
#include "net/tls.h"

#include "base/mem.h"
#include "net/tls_words.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OUTPUT_PART = 4096
};

struct tls_context {
    SSL_CTX *ctx;
};

struct tls_session {
    SSL *ssl;
    BIO *in;  /* ciphertext from the peer; owned by ssl */
    BIO *out; /* ciphertext for the peer; owned by ssl */
    char name[ENDPOINT_HOST_MAX];
    bool closed; /* the peer's close_notify was read */
    bool broken;
    struct transport_failure failure;
};

static void tls_context_freep(struct tls_context **self)
{
    tls_context_free(*self);
}

static void ssl_freep(SSL **ssl)
{
    SSL_free(*ssl);
}

static MUST_CHECK int load_roots(SSL_CTX *ctx, const char *ca_file, struct error *err)
{
    if (ca_file == NULL) {
        if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
            return error_set(err, ERROR_IO, "the system's TLS roots cannot be loaded");
        }
        return 0;
    }
    if (access(ca_file, R_OK) < 0) {
        return error_set_os(err, ERROR_NOT_FOUND, errno, "%s", ca_file);
    }
    if (SSL_CTX_load_verify_file(ctx, ca_file) != 1) {
        ERR_clear_error();
        return error_set(err, ERROR_PARSE, "%s: holds no PEM certificate", ca_file);
    }
    return 0;
}

int tls_context_open(
    const char *ca_file, bool insecure, struct tls_context **out, struct error *err)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    CLEANUP(tls_context_freep) struct tls_context *self = MEM_NEW(struct tls_context);
    self->ctx = SSL_CTX_new(TLS_client_method());
    if (self->ctx == NULL) {
        return error_set(err, ERROR_IO, "OpenSSL cannot be initialised");
    }
    (void)SSL_CTX_set_min_proto_version(self->ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(self->ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_session_cache_mode(self->ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_alpn_protos(self->ctx, alpn, sizeof(alpn) - 1);
    SSL_CTX_set_verify(self->ctx, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    /* A certificate that the user names as a root is one, also when another has signed it. */
    (void)X509_VERIFY_PARAM_set_flags(
        SSL_CTX_get0_param(self->ctx), (unsigned long)X509_V_FLAG_PARTIAL_CHAIN);
    const int result = load_roots(self->ctx, ca_file, err);
    if (result < 0) {
        return result;
    }
    /* The first session of a process makes OpenSSL load what it loads lazily: not while measuring. */
    CLEANUP(ssl_freep) SSL *first = SSL_new(self->ctx);
    assert(first != NULL);
    *out = TAKE(self);
    return 0;
}

void tls_context_free(struct tls_context *self)
{
    if (self != NULL) {
        SSL_CTX_free(self->ctx);
        free(self);
    }
}

static bool is_ip_literal(const char *name)
{
    struct in6_addr address;
    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

static void expect_name(struct tls_session *self)
{
    int done = 0;
    if (is_ip_literal(self->name)) {
        done = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(self->ssl), self->name);
    } else {
        SSL_set_hostflags(self->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        done = SSL_set1_host(self->ssl, self->name) == 1 &&
               SSL_set_tlsext_host_name(self->ssl, self->name) == 1;
    }
    /* A session that could not be told whom to expect must not go on. */
    assert(done == 1);
}

struct tls_session *tls_session_new(struct tls_context *context, const char *server_name)
{
    struct tls_session *self = MEM_NEW(struct tls_session);
    (void)snprintf(self->name, sizeof(self->name), "%s", server_name);
    const size_t len = strlen(self->name);
    if (len > 0 && self->name[len - 1] == '.') {
        self->name[len - 1] = '\0'; /* certificates do not name the root: RFC 6066, 3 */
    }
    self->ssl = SSL_new(context->ctx);
    self->in = BIO_new(BIO_s_mem());
    self->out = BIO_new(BIO_s_mem());
    assert(self->ssl != NULL && self->in != NULL && self->out != NULL);
    SSL_set_bio(self->ssl, self->in, self->out);
    SSL_set_connect_state(self->ssl);
    expect_name(self);
    return self;
}

void tls_session_free(struct tls_session *self)
{
    if (self != NULL) {
        SSL_free(self->ssl);
        free(self);
    }
}

void tls_session_feed(struct tls_session *self, const void *data, size_t len)
{
    size_t taken = 0;
    const int done = len == 0 ? 1 : BIO_write_ex(self->in, data, len, &taken);
    assert(done == 1 && taken == len);
    (void)done;
}

static void describe_failure(struct tls_session *self)
{
    struct transport_failure *failure = &self->failure;
    failure->tls = true;
    const long verified = SSL_get_verify_result(self->ssl);
    if (verified != X509_V_OK && SSL_get_verify_mode(self->ssl) != SSL_VERIFY_NONE) {
        tls_words_of_certificate(self->name, verified, failure->text, sizeof(failure->text));
    } else {
        tls_words_of_handshake(self->name, ERR_peek_error(), failure->text, sizeof(failure->text));
    }
}

enum tls_progress tls_session_handshake(struct tls_session *self)
{
    ERR_clear_error();
    const int result = SSL_do_handshake(self->ssl);
    if (result == 1) {
        return TLS_DONE;
    }
    if (SSL_get_error(self->ssl, result) == SSL_ERROR_WANT_READ) {
        return TLS_WANT_INPUT;
    }
    self->broken = true;
    describe_failure(self);
    return TLS_BROKEN;
}

void tls_session_failure(const struct tls_session *self, struct transport_failure *out)
{
    assert(self->broken);
    *out = self->failure;
}

ssize_t tls_session_read(struct tls_session *self, void *buffer, size_t cap, bool *more)
{
    size_t total = 0;
    bool dry = false;
    while (total < cap && !dry && !self->closed && !self->broken) {
        size_t n = 0;
        ERR_clear_error();
        if (SSL_read_ex(self->ssl, (char *)buffer + total, cap - total, &n) == 1) {
            total += n;
            continue;
        }
        const int error = SSL_get_error(self->ssl, 0);
        dry = error == SSL_ERROR_WANT_READ;
        self->closed = error == SSL_ERROR_ZERO_RETURN;
        self->broken = !dry && !self->closed;
    }
    *more = !dry && (self->closed || self->broken || SSL_pending(self->ssl) > 0 ||
                     BIO_ctrl_pending(self->in) > 0);
    if (total > 0) {
        return (ssize_t)total;
    }
    if (self->broken) {
        return TRANSPORT_RESET;
    }
    return self->closed ? 0 : TRANSPORT_AGAIN;
}

bool tls_session_write(struct tls_session *self, const void *data, size_t len)
{
    size_t n = 0;
    ERR_clear_error();
    if (self->broken || SSL_write_ex(self->ssl, data, len, &n) != 1) {
        self->broken = true;
        return false;
    }
    assert(n == len); /* a memory BIO takes everything */
    return true;
}

void tls_session_shut(struct tls_session *self)
{
    if (!self->broken) {
        ERR_clear_error();
        (void)SSL_shutdown(self->ssl);
    }
}

size_t tls_session_output(struct tls_session *self, const char **data)
{
    char *start = NULL;
    const long len = BIO_get_mem_data(self->out, &start);
    *data = start;
    return len > 0 ? (size_t)len : 0;
}

void tls_session_output_sent(struct tls_session *self, size_t n)
{
    char sink[OUTPUT_PART];
    while (n > 0) {
        size_t taken = 0;
        const int done = BIO_read_ex(self->out, sink, n < sizeof(sink) ? n : sizeof(sink), &taken);
        assert(done == 1);
        (void)done;
        n -= taken;
    }
}
