/* hub.h - files of datasets on the Hugging Face hub, kept in a cache on this machine.
 *
 * A file is named, its revision becomes a commit, and the commit's file is fetched once: what was fetched is
 * checked against what the hub says of it, kept under its SHA-256, and read from there ever after.  Nothing is
 * fetched that was not named, and nothing else stands in for it. */
#pragma once

#include "base/error.h"
#include "suite/hub_name.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    HUB_SHA256_SIZE = 65,
    HUB_ETAG_SIZE = 256,
    HUB_ENDPOINT_SIZE = 512,
    HUB_TOKEN_SIZE = 512
};

/* Largest file that is fetched unless a smaller limit is set: no larger one can be read (DATASET_FILE_MAX). */
#define HUB_FILE_BYTES_MAX ((uint64_t)1 << 30)

/* How a fetch is followed.  Every member may be NULL; all are called in the fetching thread. */
struct hub_watch {
    void *user;
    /* Bytes that are here, and in all (0: the hub did not say), as each piece comes. */
    void (*progress)(void *user, uint64_t have, uint64_t total);
    /* Another process fetches the same file: it is waited for.  Called once. */
    void (*wait)(void *user);
    /* True: stop; what has come is kept. */
    bool (*stop)(void *user);
};

struct hub_settings {
    char endpoint
        [HUB_ENDPOINT_SIZE]; /* without '/' at its end.  HF_ENDPOINT, or https://huggingface.co */
    char token[HUB_TOKEN_SIZE]; /* HF_TOKEN; "": none.  Sent to the endpoint's host alone */
    const char *ca_file;        /* SSL_CERT_FILE; NULL: the system's roots */
    bool offline;               /* HF_HUB_OFFLINE */
    uint64_t max_bytes;         /* BENCH_FETCH_MAX_MB, or HUB_FILE_BYTES_MAX */
    char *cache; /* BENCH_CACHE_DIR, $XDG_CACHE_HOME/bench or ~/.cache/bench; owned */
    const struct hub_watch *watch; /* NULL: nobody */
};

/* Reads the environment.  On success hub_settings_done frees.
 * Errors: ERROR_USAGE, names the variable and what is wrong; a token is never part of a text. */
MUST_CHECK int hub_settings_init(struct hub_settings *self, struct error *err);
void hub_settings_done(struct hub_settings *self);

/* One file in the cache. */
struct hub_entry {
    struct hub_name name; /* its revision is what was asked for when it was fetched */
    char endpoint[HUB_ENDPOINT_SIZE];
    char commit[HUB_COMMIT_SIZE];
    char sha256[HUB_SHA256_SIZE];
    uint64_t size;
    char etag[HUB_ETAG_SIZE]; /* what the hub said of the content; "" nothing */
    bool checked;             /* the hub told the SHA-256 (or git's hash), and it was the same */
    bool fetched;             /* now, not earlier */
    char fetched_at[32];      /* RFC 3339 */
    char *path;               /* of the bytes; owned */
};

void hub_entry_done(struct hub_entry *self);

/* Gives the file, from the cache where it is there.  A branch or tag is asked for its commit each time, but
 * offline stands for the commit of the last fetch.  `sha256` (NULL: unknown) is what the bytes must have.
 * The bytes in the cache are hashed each time: what is given out has entry.sha256.
 * Errors: ERROR_UNAVAILABLE (exit 1) with what to do, ERROR_LIMIT, ERROR_VERIFY (the bytes are not those that the
 * hub told of; they are deleted), ERROR_INTERRUPTED, ERROR_IO. */
MUST_CHECK int hub_get(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *sha256,
    struct hub_entry *out,
    struct error *err);
