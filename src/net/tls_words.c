/* OpenSSL names the failure well but not the way out, so each row adds the next step: an option of ours, or what
 * to look at on the other side.  What is not in a table is told in OpenSSL's own words. */
#include "net/tls_words.h"

#include "base/attr.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#define NEXT_ROOT "--cacert FILE names its root"
#define NEXT_NAME "--base-url must use a name that it has"
/* What helps, if anything does, against the rest; a table of all of them would be as long as OpenSSL's. */
#define NEXT_NONE "--insecure measures without checking it"

struct certificate_row {
    long verify_result;
    const char *next;
};

static const struct certificate_row certificate_rows[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, NEXT_ROOT},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, NEXT_ROOT},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, NEXT_ROOT},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, NEXT_ROOT},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, NEXT_ROOT},
    {X509_V_ERR_CERT_HAS_EXPIRED, "the server needs a new one, if this machine's clock is right"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "is this machine's clock right?"},
    {X509_V_ERR_HOSTNAME_MISMATCH, NEXT_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, NEXT_NAME},
};

struct handshake_row {
    int reason; /* SSL_R_* */
    const char *text;
};

#define OLD_SERVER \
    "the server has neither TLS 1.2 nor TLS 1.3: it needs a newer one, or a proxy before it"

static const struct handshake_row handshake_rows[] = {
    {SSL_R_WRONG_VERSION_NUMBER,
     "the answer is not TLS: if the server speaks plain http, --base-url must begin with http://"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, OLD_SERVER},
    {SSL_R_UNSUPPORTED_PROTOCOL, OLD_SERVER},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "the server refuses all ciphers offered, or asks for a client certificate, which bench has "
     "none of"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
     "the server asks for a client certificate, which bench has none of"},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME,
     "the server knows no such name: is --base-url's host the right one?"},
};

void tls_words_of_certificate(const char *host, long verify_result, char *out, size_t size)
{
    const char *next = NEXT_NONE;
    for (size_t i = 0; i < ARRAY_LEN(certificate_rows); i++) {
        if (certificate_rows[i].verify_result == verify_result) {
            next = certificate_rows[i].next;
        }
    }
    (void)snprintf(
        out, size, "certificate of %.100s: %s; %s", host,
        X509_verify_cert_error_string(verify_result), next);
}

void tls_words_of_handshake(const char *host, unsigned long code, char *out, size_t size)
{
    const char *text = ERR_reason_error_string(code);
    for (size_t i = 0; i < ARRAY_LEN(handshake_rows); i++) {
        if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == handshake_rows[i].reason) {
            text = handshake_rows[i].text;
        }
    }
    (void)snprintf(
        out, size, "TLS with %.100s: %s", host, text != NULL ? text : "the handshake failed");
}
