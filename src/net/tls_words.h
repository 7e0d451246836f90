/* tls_words.h - what a failure of TLS is called: one clause that names the host, what is wrong, and what can be
 * done about it.  The same words for the measured connections and for the one-shot requests.
 *
 * Internal to net/. */
#pragma once

#include <stddef.h>

/* A certificate that was not accepted.  `verify_result`: an X509_V_ERR_* value. */
void tls_words_of_certificate(const char *host, long verify_result, char *out, size_t size);

/* A handshake that broke for another reason.  `code`: an OpenSSL error code, 0 where there is none. */
void tls_words_of_handshake(const char *host, unsigned long code, char *out, size_t size);
