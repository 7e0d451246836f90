/* The order of things: name -> commit -> cache, and only where the file is not there: lock, look into the cache
 * once more (another process may just have fetched it), facts, download, hash, keep. */
#include "suite/hub.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "suite/hub_cache.h"
#include "suite/hub_client.h"
#include "suite/hub_download.h"
#include "suite/hub_store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_closep(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int
fail_offline(const struct hub_settings *settings, const struct hub_name *name, struct error *err)
{
    char text[HUB_TEXT_SIZE];
    hub_name_write(name, name->revision, text);
    return error_set(
        err, ERROR_UNAVAILABLE,
        "%.700s: it is not in the cache (%s), and nothing is fetched offline: run 'bench fetch' "
        "where there is a network",
        text, settings->cache);
}

/* Without the hub the file may be here all the same: said, and not taken. */
static int fail_unreachable(
    const struct hub_settings *settings, const struct hub_name *name, struct error *err)
{
    char commit[HUB_COMMIT_SIZE];
    struct error ignored = {0};
    if (err->code != ERROR_UNAVAILABLE || hub_cache_commit(settings, name, commit, &ignored) != 0) {
        return -(int)err->code;
    }
    const struct error why = *err;
    error_clear(err);
    return error_set(
        err, why.code, "%.700s; the cache knows '%s' as %s: --offline takes that", why.text,
        name->revision, commit);
}

static int find_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    char out[HUB_COMMIT_SIZE],
    struct error *err)
{
    if (hub_is_commit(name->revision)) {
        memcpy(out, name->revision, HUB_COMMIT_SIZE);
        return 0;
    }
    if (settings->offline) {
        const int rc = hub_cache_commit(settings, name, out, err);
        return rc == HUB_ABSENT ? fail_offline(settings, name, err) : rc;
    }
    const int rc = hub_ask_commit(settings, name, out, err);
    return rc != 0 ? fail_unreachable(settings, name, err) : 0;
}

static int check_size(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const struct hub_facts *facts,
    struct error *err)
{
    if (!facts->has_size || facts->size <= settings->max_bytes) {
        return 0;
    }
    char text[HUB_TEXT_SIZE];
    hub_name_write(name, name->revision, text);
    return error_set(
        err, ERROR_LIMIT, "%.700s: it has %" PRIu64 " MiB, and at most %" PRIu64 " are fetched%s",
        text, (facts->size >> 20) + 1, settings->max_bytes >> 20,
        settings->max_bytes < HUB_FILE_BYTES_MAX ? ": see BENCH_FETCH_MAX_MB" : "");
}

/* Deletes what is not right, so that the next fetch begins anew. */
static int fail_hash(
    const struct hub_download *download,
    const char *kind,
    const char *got,
    const char *wanted,
    struct error *err)
{
    char text[HUB_TEXT_SIZE];
    hub_name_write(download->name, download->commit, text);
    (void)unlink(download->path);
    (void)unlink(download->etag_path);
    return error_set(
        err, ERROR_VERIFY,
        "%.500s: the bytes that came have %s %s and not %s; they are deleted: run it again", text,
        kind, got, wanted);
}

/* Of files that lie in git itself, the hub tells the name that git gives them. */
static int
check_git_hash(const struct hub_download *download, struct hub_entry *entry, struct error *err)
{
    if (!hub_is_commit(download->facts->etag)) { /* of the same form */
        return 0;
    }
    char git[DIGEST_GIT_HEX_SIZE];
    const int rc = digest_git_blob(download->path, git, err);
    if (rc != 0) {
        return rc;
    }
    entry->checked = text_equal(git, download->facts->etag);
    return entry->checked ? 0 : fail_hash(download, "git hash", git, download->facts->etag, err);
}

static int check_hash(
    const struct hub_download *download,
    const char *sha256,
    struct hub_entry *entry,
    struct error *err)
{
    uint8_t digest[DIGEST_SIZE];
    const int rc = digest_file(download->path, digest, err);
    if (rc != 0) {
        return rc;
    }
    digest_hex(digest, entry->sha256);
    const char *told = download->facts->sha256;
    if (told[0] != '\0' && !text_equal(entry->sha256, told)) {
        return fail_hash(download, "SHA-256", entry->sha256, told, err);
    }
    if (sha256 != NULL && !text_equal(entry->sha256, sha256)) {
        return fail_hash(download, "SHA-256", entry->sha256, sha256, err);
    }
    entry->checked = told[0] != '\0';
    return entry->checked ? 0 : check_git_hash(download, entry, err);
}

/* The lock is held. */
static int fetch(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    const char *sha256,
    struct hub_entry *out,
    struct error *err)
{
    struct hub_facts facts;
    int rc = hub_ask_facts(settings, name, commit, &facts, err);
    if (rc == 0) {
        rc = check_size(settings, name, &facts, err);
    }
    if (rc != 0) {
        return rc;
    }
    char key[HUB_SHA256_SIZE];
    hub_cache_key(settings, name, commit, key);
    CLEANUP(mem_freep) char *path = hub_cache_path(settings, "partial", key, "");
    CLEANUP(mem_freep) char *etag_path = hub_cache_path(settings, "partial", key, ".etag");
    const struct hub_download download = {settings, name, commit, &facts, path, etag_path};
    struct hub_entry entry = {.name = *name, .fetched = true};
    memcpy(entry.endpoint, settings->endpoint, sizeof(entry.endpoint));
    memcpy(entry.commit, commit, sizeof(entry.commit));
    memcpy(entry.etag, facts.etag, sizeof(entry.etag));
    rc = hub_download_run(&download, err);
    if (rc == 0) {
        rc = check_hash(&download, sha256, &entry, err);
    }
    struct stat info;
    if (rc == 0 && stat(path, &info) == 0) {
        entry.size = (uint64_t)info.st_size;
        rc = hub_cache_keep(settings, path, &entry, err);
        (void)unlink(etag_path);
    }
    if (rc != 0) {
        hub_entry_done(&entry);
        return rc;
    }
    *out = entry;
    return 0;
}

/* Under the lock, which another process may have held until now. */
static int find_or_fetch(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    const char *sha256,
    struct hub_entry *out,
    struct error *err)
{
    char key[HUB_SHA256_SIZE];
    hub_cache_key(settings, name, commit, key);
    char text[HUB_TEXT_SIZE];
    hub_name_write(name, commit, text);
    int lock = -1;
    int rc = hub_cache_lock(settings, key, text, &lock, err);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(fd_closep) const int held = lock;
    (void)held; /* closed at the end */
    rc = hub_cache_find(settings, name, commit, out, err);
    return rc == HUB_ABSENT ? fetch(settings, name, commit, sha256, out, err) : rc;
}

int hub_get(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *sha256,
    struct hub_entry *out,
    struct error *err)
{
    char commit[HUB_COMMIT_SIZE];
    int rc = sha256 != NULL ? hub_store_find(settings, sha256, out, err) : HUB_ABSENT;
    if (rc != HUB_ABSENT) {
        return rc; /* bytes that are known by their hash may come from any hub */
    }
    rc = find_commit(settings, name, commit, err);
    if (rc != 0) {
        return rc;
    }
    rc = hub_cache_find(settings, name, commit, out, err);
    if (rc == HUB_ABSENT && settings->offline) {
        return fail_offline(settings, name, err);
    }
    if (rc == HUB_ABSENT) {
        rc = find_or_fetch(settings, name, commit, sha256, out, err);
    }
    if (rc == 0 && !hub_is_commit(name->revision) && !settings->offline) {
        rc = hub_cache_keep_commit(settings, name, commit, err);
    }
    if (rc == 0 && sha256 != NULL && !text_equal(out->sha256, sha256)) {
        rc = error_set(
            err, ERROR_VERIFY, "%s: its SHA-256 is %s and not %s", out->path, out->sha256, sha256);
    }
    return rc;
}
