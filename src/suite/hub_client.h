/* hub_client.h - what is asked of the hub: which commit a revision is, what a file is, and its bytes. */
#pragma once

#include "net/web.h"
#include "suite/hub.h"

enum {
    HUB_LOCATION_SIZE = 8192, /* signed addresses of a content network have about 2000 bytes */
    HUB_WORD_SIZE = 256
};

/* One answer, its redirects followed. */
struct hub_answer {
    long status;
    bool elsewhere;                   /* a redirect led to another host, which answered this */
    char location[HUB_LOCATION_SIZE]; /* of a redirect that was not followed */
    char commit[HUB_WORD_SIZE];       /* X-Repo-Commit */
    char linked_etag[HUB_ETAG_SIZE];  /* X-Linked-Etag: of what a redirect leads to */
    char linked_size[HUB_WORD_SIZE];  /* X-Linked-Size */
    char etag[HUB_ETAG_SIZE];
    char length[HUB_WORD_SIZE];        /* Content-Length */
    char range[HUB_WORD_SIZE];         /* Content-Range */
    long retry_after_s;                /* what Retry-After asks for; 0: nothing */
    char error_code[HUB_WORD_SIZE];    /* X-Error-Code: "GatedRepo" */
    char error_message[HUB_WORD_SIZE]; /* X-Error-Message */
};

struct hub_question {
    const char *method; /* NULL: GET */
    const char *url;
    const char *const *headers;
    size_t n_headers;
    bool stay;                   /* redirects to another host are not followed */
    struct bytes *body;          /* NULL with `sink`; initialised with a limit, else */
    const struct web_sink *sink; /* NULL: the body goes to `body` */
};

/* Asks, with the token where the URL is the endpoint's own host, scheme and port, and nowhere else.
 * Returns 0, WEB_STOPPED, or an error of web_fetch or of a redirect.  A status is no error. */
MUST_CHECK int hub_ask(
    const struct hub_settings *settings,
    const struct hub_question *question,
    struct hub_answer *out,
    struct error *err);

/* Asks which commit the name's revision is.  Errors: ERROR_UNAVAILABLE. */
MUST_CHECK int hub_ask_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    char out[HUB_COMMIT_SIZE],
    struct error *err);

/* What the hub tells of a file. */
struct hub_facts {
    uint64_t size; /* 0: unknown */
    bool has_size;
    char sha256[HUB_SHA256_SIZE]; /* of files kept apart from git; "": unknown */
    char etag[HUB_ETAG_SIZE];     /* without quotes */
};

/* Errors: ERROR_UNAVAILABLE. */
MUST_CHECK int hub_ask_facts(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct hub_facts *out,
    struct error *err);

/* The URL of a file of a commit; the caller's to free. */
char *
hub_file_url(const struct hub_settings *settings, const struct hub_name *name, const char *commit)
    __attribute__((returns_nonnull));

/* Describes a status that is not the wanted one, and what to do.  Returns a negative error. */
MUST_CHECK int hub_fail(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const struct hub_answer *answer,
    struct error *err);
