/* hub_cache.h - the folder in which fetched files are kept.
 *
 *   blobs/SHA256        the bytes, read-only, under their own hash
 *   entries/KEY.json    which file of which commit they are; KEY is a hash of endpoint, dataset, commit and file
 *   revisions/KEY.json  the commit that a branch or tag had when it was last asked for
 *   partial/KEY         what has come of a file that is not complete; KEY.etag names the version it is of
 *   locks/KEY           held while a process fetches that file; its name is in it
 *   locks/all           held by those who add a file (shared) or remove some (alone)
 *
 * Everything but partial files appears complete or not at all.  Several processes may use it at once. */
#pragma once

#include "suite/hub.h"

/* $BENCH_CACHE_DIR, $XDG_CACHE_HOME/bench or ~/.cache/bench; the caller's to free.
 * Errors: ERROR_USAGE when none of them is set. */
MUST_CHECK int hub_cache_folder(char **out, struct error *err);

/* The key of a file at a revision. */
void hub_cache_key(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *revision,
    char out[HUB_SHA256_SIZE]);

/* CACHE/folder/key + ending, the caller's to free. */
char *hub_cache_path(
    const struct hub_settings *settings, const char *folder, const char *key, const char *ending)
    __attribute__((returns_nonnull));

/* Outcome of hub_cache_find besides 0. */
enum {
    HUB_ABSENT = 1
};

/* The entry of a file of a commit, its bytes hashed and found to be right.  *out is the caller's on success.
 * An entry whose bytes are gone or changed is removed, and HUB_ABSENT: what is not right is fetched again.
 * Errors: ERROR_IO. */
MUST_CHECK int hub_cache_find(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct hub_entry *out,
    struct error *err);

/* Takes a complete file over from `partial` (which is gone afterwards) and writes its entry; sets entry->path.
 * Errors: ERROR_IO. */
MUST_CHECK int hub_cache_keep(
    const struct hub_settings *settings,
    const char *partial,
    struct hub_entry *entry,
    struct error *err);

/* The commit that a revision had; HUB_ABSENT when it was never asked for.  Errors: ERROR_IO. */
MUST_CHECK int hub_cache_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    char out[HUB_COMMIT_SIZE],
    struct error *err);
MUST_CHECK int hub_cache_keep_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct error *err);

/* Makes the folders and waits until no other process holds the file's lock.  close(2) on *out gives it back.
 * Errors: ERROR_IO, ERROR_INTERRUPTED when the watch stops. */
MUST_CHECK int hub_cache_lock(
    const struct hub_settings *settings,
    const char *key,
    const char *name, /* of the file, noted in the lock for those who look into the cache */
    int *out,
    struct error *err);

/* Takes the lock at `path`, which exists, without waiting: 0, or -1 with errno. */
MUST_CHECK int hub_cache_try_lock(const char *path, int *out);

/* Waits for the cache as a whole: `alone` to remove from it, else to add to it.  Held for moments only.
 * Errors: ERROR_IO. */
MUST_CHECK int
hub_cache_lock_all(const struct hub_settings *settings, bool alone, int *out, struct error *err);

/* Reads the entry in a file of entries/ without looking at its bytes.  Errors: ERROR_PARSE, ERROR_IO. */
MUST_CHECK int hub_cache_read_entry(
    const struct hub_settings *settings,
    const char *path,
    struct hub_entry *out,
    struct error *err);
