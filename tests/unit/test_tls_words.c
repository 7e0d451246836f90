#include "net/tls_words.h"
#include "support/pki.h"
#include "support/test.h"

#include <openssl/err.h>
#include <string.h>

enum {
    TEXT_SIZE = TRANSPORT_FAILURE_TEXT
};

struct certificate_row {
    long verify_result;
    const char *text;
};

static const struct certificate_row certificate_rows[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "self-signed certificate; --cacert FILE names its root"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "self-signed certificate in certificate chain; --cacert FILE names its root"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "unable to get local issuer certificate; --cacert FILE names its root"},
    {X509_V_ERR_CERT_HAS_EXPIRED,
     "certificate has expired; the server needs a new one, if this machine's clock is right"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "certificate is not yet valid; is this machine's clock right?"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch; --base-url must use a name that it has"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "IP address mismatch; --base-url must use a name that it has"},
    {X509_V_ERR_EE_KEY_TOO_SMALL,
     "EE certificate key too weak; --insecure measures without checking it"},
};

static void test_tls_words_of_certificate__names_host_reason_and_next_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(certificate_rows); i++) {
        char text[TEXT_SIZE];
        char expected[TEXT_SIZE];
        (void)snprintf(
            expected, sizeof(expected), "certificate of %s: %s", HOST, certificate_rows[i].text);
        tls_words_of_certificate(HOST, certificate_rows[i].verify_result, text, sizeof(text));
        assert_string_equal(text, expected);
    }
}

/* However long the host's name is, the next step is still there: the longest text of all fits. */
static void test_tls_words_of_certificate__keeps_the_next_step_of_a_long_name(void **state)
{
    (void)state;
    char host[250];
    memset(host, 'a', sizeof(host));
    host[sizeof(host) - 1] = '\0';
    for (long result = X509_V_OK + 1; result < 100; result++) {
        char text[TEXT_SIZE];
        char whole[2 * TEXT_SIZE];
        tls_words_of_certificate(host, result, text, sizeof(text));
        tls_words_of_certificate(host, result, whole, sizeof(whole));
        assert_string_equal(text, whole);
        assert_non_null(strstr(text, "; "));
    }
}

struct handshake_row {
    unsigned long code;
    const char *text;
};

static const struct handshake_row handshake_rows[] = {
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_WRONG_VERSION_NUMBER),
     "the answer is not TLS: if the server speaks plain http, --base-url must begin with http://"},
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION),
     "the server has neither TLS 1.2 nor TLS 1.3: it needs a newer one, or a proxy before it"},
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNSUPPORTED_PROTOCOL),
     "the server has neither TLS 1.2 nor TLS 1.3: it needs a newer one, or a proxy before it"},
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE),
     "the server refuses all ciphers offered, or asks for a client certificate, which bench has "
     "none of"},
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED),
     "the server asks for a client certificate, which bench has none of"},
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV1_UNRECOGNIZED_NAME),
     "the server knows no such name: is --base-url's host the right one?"},
    /* Not in the table: OpenSSL's own words, or ours where it has none. */
    {ERR_PACK(ERR_LIB_SSL, 0, SSL_R_BAD_LENGTH), "bad length"},
    {0, "the handshake failed"},
    /* The number of a row, but of another library. */
    {ERR_PACK(ERR_LIB_USER, 0, SSL_R_WRONG_VERSION_NUMBER), "the handshake failed"},
};

static void test_tls_words_of_handshake__names_host_and_next_step(void **state)
{
    (void)state;
    /* As any use of TLS has done by the time of a failure. */
    assert_int_equal(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL), 1);
    for (size_t i = 0; i < ARRAY_LEN(handshake_rows); i++) {
        char text[TEXT_SIZE];
        char expected[TEXT_SIZE];
        (void)snprintf(expected, sizeof(expected), "TLS with %s: %s", HOST, handshake_rows[i].text);
        tls_words_of_handshake(HOST, handshake_rows[i].code, text, sizeof(text));
        assert_string_equal(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_words_of_certificate__names_host_reason_and_next_step),
        cmocka_unit_test(test_tls_words_of_certificate__keeps_the_next_step_of_a_long_name),
        cmocka_unit_test(test_tls_words_of_handshake__names_host_and_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
