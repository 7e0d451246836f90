/* web.h - one-shot HTTP requests, by libcurl: probing engines, fetching data.  Never on the measured
 * path. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* A header whose value is wanted: "" when the answer has none, cut when longer. */
struct web_header {
    const char *name;
    char *out;
    size_t size;
};

/* Takes a body as it comes, in place of web_answer.body.  Called in web_fetch's thread. */
struct web_sink {
    void *user;
    /* The next piece of the body of an answer with this status; false ends the request. */
    bool (*take)(void *user, long status, const char *data, size_t len);
    /* Asked with each piece and about once a second; true ends the request.  NULL: never. */
    bool (*stop)(void *user);
};

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
    long idle_s;      /* longest time without a byte; 0: none */
    size_t max_bytes; /* longest body that is accepted; without meaning for a sink */
    const struct web_header *wanted;
    size_t n_wanted;
    const struct web_sink *sink; /* NULL: the body goes into the answer */
};

/* Outcome of web_fetch besides 0: the sink ended the request; *out is filled as far as it came. */
enum {
    WEB_STOPPED = 1
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
 * is no error.  `out` is untouched on failure; the wanted headers and what a sink took are not. */
MUST_CHECK int
web_fetch(const struct web_request *request, struct web_answer *out, struct error *err);
void web_answer_done(struct web_answer *self);

/* Where the Location header of an answer of `url` leads: relative ones are completed.  *out is the
 * caller's to free.  Errors: ERROR_UNAVAILABLE when that is no URL. */
MUST_CHECK int web_follow(const char *url, const char *location, char **out, struct error *err);

/* True when scheme, host and port are the same, which is as far as a secret may go. */
bool web_same_origin(const char *a, const char *b);

/* True for hosts that are this machine by their name or number. */
bool web_is_loopback(const char *url);

/* Version of the library underneath.  Static text. */
const char *web_library_version(void);
