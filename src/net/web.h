/* web.h - one-shot HTTP requests, by libcurl: probing engines, fetching data.  Never on the measured
 * path. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct web_request {
    const char *url;
    const char *method;         /* NULL: GET, or POST when there is a body */
    const char *const *headers; /* "Name: value" lines */
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t body_len;
    const char *ca_file; /* NULL: the system's roots */
    bool insecure;
    long timeout_ms;  /* for all of it; 0: none */
    size_t max_bytes; /* longest body that is accepted */
};

struct web_answer {
    long status;
    struct bytes body;      /* data is NULL when it is empty */
    char content_type[128]; /* headers: "" when there is none, cut when longer */
    char server[128];       /* Server header */
    char date[64];          /* Date header */
    long retry_after_s;     /* what Retry-After asks for, also where it names a time; 0: nothing */
};

/* Runs one request; redirects are not followed, proxies of the environment are not used for
 * loopback.  *out is the caller's: web_answer_done.
 * Threads: may be called from several at once.
 * Errors: ERROR_UNAVAILABLE naming the URL and the reason (os_errno is ETIMEDOUT where the time ran out),
 * ERROR_VERIFY where the server's certificate
 * was not accepted (what is wrong with it, and the next step), ERROR_LIMIT naming the URL.  An HTTP status
 * is no error.  `out` is untouched on failure. */
MUST_CHECK int
web_fetch(const struct web_request *request, struct web_answer *out, struct error *err);
void web_answer_done(struct web_answer *self);

/* Version of the library underneath.  Static text. */
const char *web_library_version(void);
