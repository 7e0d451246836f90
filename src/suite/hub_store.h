/* hub_store.h - what lies in the cache of fetched files, and what of it can go. */
#pragma once

#include "suite/hub.h"

enum hub_kept_kind {
    HUB_KEPT_FILE,    /* a file that was fetched, its bytes are here */
    HUB_KEPT_PARTIAL, /* the beginning of one */
    HUB_KEPT_WASTE, /* nothing can use it: bytes without an entry, an entry without bytes, a cut write */
};

const char *hub_kept_kind_name(enum hub_kept_kind kind); /* "file", "partial", "waste" */

/* One row.  All texts are owned by the list. */
struct hub_kept {
    enum hub_kept_kind kind;
    struct hub_entry entry; /* of HUB_KEPT_FILE; else all zero */
    char *path;             /* of what takes the space */
    char *lock_path;        /* of HUB_KEPT_PARTIAL; else NULL */
    char *name;             /* "hf://...@COMMIT", or the file's own name where that is not known */
    uint64_t size;          /* bytes */
    bool busy;              /* a process fetches it now */
};

struct hub_store {
    struct hub_kept *rows; /* by kind, then name */
    size_t n;
};

/* Reads what is there; bytes are not hashed.  A cache that does not exist is empty.  Errors: ERROR_IO. */
MUST_CHECK int
hub_store_read(const struct hub_settings *settings, struct hub_store *out, struct error *err);
void hub_store_done(struct hub_store *self);

/* A file with these bytes, wherever it was fetched from; they are hashed.  Returns 0, HUB_ABSENT (hub_cache.h), or
 * ERROR_IO. */
MUST_CHECK int hub_store_find(
    const struct hub_settings *settings,
    const char *sha256,
    struct hub_entry *out,
    struct error *err);

/* Which rows are removed. */
struct hub_prune {
    bool all;                    /* every row; else partial files and waste */
    const struct hub_name *name; /* not NULL: the files of this name instead, */
    bool any_revision;           /* of every commit, else of that in its revision alone */
    bool dry_run;                /* only tell */
};

/* True when `prune` means the row.  What another process fetches is never meant. */
bool hub_prune_means(const struct hub_prune *prune, const struct hub_kept *row);

/* Removes the rows that `prune` means.  While it does, no process can add a file.  Errors: ERROR_IO. */
MUST_CHECK int hub_store_prune(
    const struct hub_settings *settings,
    const struct hub_prune *prune,
    struct hub_store *removed, /* the rows that are gone, or with dry_run would be */
    struct error *err);
