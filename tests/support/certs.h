/* certs.h - certificates for TLS tests, made while the test runs, and a TLS server in memory. */
#pragma once

#include "base/attr.h"
#include "support/test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

/* A certificate with its key. */
struct cert {
    EVP_PKEY *key;
    X509 *x509;
};

static inline void cert_done(struct cert *self)
{
    X509_free(self->x509);
    EVP_PKEY_free(self->key);
    *self = (struct cert){0};
}

static inline void cert_extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Valid from `from_s` to `to_s` seconds from now.  `alt_names`: "DNS:host,IP:127.0.0.1"; NULL: a root.
 * `issuer` NULL: signed by itself. */
static inline struct cert
cert_make(const struct cert *issuer, const char *alt_names, long from_s, long to_s)
{
    struct cert self = {EVP_EC_gen("P-256"), X509_new()};
    assert_non_null(self.key);
    assert_non_null(self.x509);
    static long serial = 0;
    const unsigned char *name = (const unsigned char *)(alt_names == NULL ? "test root" : "test");
    X509_NAME *subject = X509_get_subject_name(self.x509);
    (void)X509_set_version(self.x509, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(self.x509), ++serial);
    (void)X509_gmtime_adj(X509_getm_notBefore(self.x509), from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(self.x509), to_s);
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
    (void)X509_set_pubkey(self.x509, self.key);
    const struct cert *by = issuer != NULL ? issuer : &self;
    (void)X509_set_issuer_name(self.x509, X509_get_subject_name(by->x509));
    cert_extend(
        self.x509, by->x509, NID_basic_constraints,
        alt_names == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    if (alt_names != NULL) {
        cert_extend(self.x509, by->x509, NID_subject_alt_name, alt_names);
    }
    assert_true(X509_sign(self.x509, by->key, EVP_sha256()) > 0);
    return self;
}

/* Writes the certificate to a new file; the caller unlinks it. */
static inline void cert_write(const struct cert *self, char path[64])
{
    (void)snprintf(path, 64, "/tmp/bench-test-cert-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, self->x509), 1);
    assert_int_equal(fclose(file), 0);
}

/* Takes http/1.1 where the client offers it. */
static inline int cert_choose_alpn(
    SSL *ssl,
    const unsigned char **out,
    unsigned char *out_len,
    const unsigned char *in,
    unsigned in_len,
    void *user)
{
    (void)ssl;
    (void)user;
    unsigned char *chosen = NULL;
    if (SSL_select_next_proto(
            &chosen, out_len, (const unsigned char *)"\x08http/1.1", 9, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static inline SSL_CTX *cert_server_context(const struct cert *cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert->x509), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, cert->key), 1);
    SSL_CTX_set_alpn_select_cb(ctx, cert_choose_alpn, NULL);
    return ctx;
}

/* The server's side of one connection, over bytes in memory. */
struct tls_server {
    SSL *ssl;
    BIO *in;
    BIO *out;
};

static inline struct tls_server tls_server_new(SSL_CTX *ctx)
{
    struct tls_server self = {SSL_new(ctx), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
    assert_non_null(self.ssl);
    SSL_set_bio(self.ssl, self.in, self.out);
    SSL_set_accept_state(self.ssl);
    return self;
}

/* Takes ciphertext, goes on with the handshake where it is not over. */
static inline void tls_server_feed(struct tls_server *self, const void *data, size_t len)
{
    size_t taken = 0;
    if (len > 0) {
        assert_int_equal(BIO_write_ex(self->in, data, len, &taken), 1);
    }
    if (!SSL_is_init_finished(self->ssl)) {
        (void)SSL_do_handshake(self->ssl);
    }
}

static inline void tls_server_write(struct tls_server *self, const void *data, size_t len)
{
    size_t taken = 0;
    assert_int_equal(SSL_write_ex(self->ssl, data, len, &taken), 1);
    assert_int_equal(taken, len);
}

static inline size_t tls_server_read(struct tls_server *self, void *buffer, size_t cap)
{
    size_t n = 0;
    return SSL_read_ex(self->ssl, buffer, cap, &n) == 1 ? n : 0;
}

/* Takes up to `cap` bytes of ciphertext for the client. */
static inline size_t tls_server_output(struct tls_server *self, void *buffer, size_t cap)
{
    size_t n = 0;
    return BIO_read_ex(self->out, buffer, cap, &n) == 1 ? n : 0;
}
