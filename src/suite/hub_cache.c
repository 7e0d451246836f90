#include "suite/hub_cache.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ENTRY_BYTES_MAX = 65536,
    BLOB_MODE = 0444,
    ENTRY_MODE = 0644
};

/* Between two tries for a lock: short against a download, and no load. */
#define LOCK_PERIOD_NS (100 * NS_PER_MS)

static const char *environment(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

int hub_cache_folder(char **out, struct error *err)
{
    const char *own = environment("BENCH_CACHE_DIR");
    const char *caches = environment("XDG_CACHE_HOME");
    const char *home = environment("HOME");
    if (own != NULL) {
        *out = mem_copy_text(own);
    } else if (caches != NULL) {
        *out = file_join(caches, "bench");
    } else if (home != NULL) {
        *out = file_join(home, ".cache/bench");
    } else {
        return error_set(
            err, ERROR_USAGE, "there is no folder for the cache: set BENCH_CACHE_DIR or HOME");
    }
    return 0;
}

void hub_entry_done(struct hub_entry *self)
{
    free(self->path);
    *self = (struct hub_entry){0};
}

void hub_cache_key(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *revision,
    char out[HUB_SHA256_SIZE])
{
    CLEANUP(mem_freep)
    char *text = mem_format(
        "%s\n%s/%s\n%s\n%s", settings->endpoint, name->owner, name->dataset, revision, name->file);
    digest_sha256_hex(text, strlen(text), out);
}

char *hub_cache_path(
    const struct hub_settings *settings, const char *folder, const char *key, const char *ending)
{
    return mem_format("%s/%s/%s%s", settings->cache, folder, key, ending);
}

/* Copies a text of the entry; false when it is absent or too long. */
static bool take_text(const struct json *root, const char *key, char *out, size_t size)
{
    const struct json *value = json_find(root, key);
    if (value == NULL || value->kind != JSON_STRING || value->len >= size ||
        strlen(value->text) != value->len) {
        return false;
    }
    memcpy(out, value->text, value->len + 1);
    return true;
}

static bool is_sha256(const char *text)
{
    const size_t len = HUB_SHA256_SIZE - 1;
    return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool take_entry(const struct json *root, struct hub_entry *out)
{
    int64_t size = 0;
    const bool good = take_text(root, "endpoint", out->endpoint, sizeof(out->endpoint)) &&
                      take_text(root, "owner", out->name.owner, sizeof(out->name.owner)) &&
                      take_text(root, "dataset", out->name.dataset, sizeof(out->name.dataset)) &&
                      take_text(root, "file", out->name.file, sizeof(out->name.file)) &&
                      take_text(root, "revision", out->name.revision, sizeof(out->name.revision)) &&
                      take_text(root, "commit", out->commit, sizeof(out->commit)) &&
                      take_text(root, "sha256", out->sha256, sizeof(out->sha256)) &&
                      take_text(root, "etag", out->etag, sizeof(out->etag)) &&
                      take_text(root, "fetched_at", out->fetched_at, sizeof(out->fetched_at)) &&
                      json_bool(json_find(root, "checked"), &out->checked) &&
                      json_i64(json_find(root, "size"), &size) && size >= 0 &&
                      is_sha256(out->sha256) && hub_is_commit(out->commit);
    out->size = (uint64_t)size;
    return good;
}

int hub_cache_read_entry(
    const struct hub_settings *settings, const char *path, struct hub_entry *out, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    int rc = file_read(path, ENTRY_BYTES_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    struct json *root = NULL;
    rc = json_parse(&arena, path, text, len, &root, err);
    if (rc != 0) {
        return rc;
    }
    struct hub_entry entry = {0};
    if (!take_entry(root, &entry)) {
        return error_set(err, ERROR_PARSE, "%s: it is no entry of the cache", path);
    }
    entry.path = hub_cache_path(settings, "blobs", entry.sha256, "");
    *out = entry;
    return 0;
}

/* True when the entry is of this file, and its bytes are what it says. */
static bool is_whole(const struct hub_entry *entry, const struct hub_name *name, const char *commit)
{
    struct stat info;
    if (entry->path == NULL || !text_equal(entry->name.owner, name->owner) ||
        !text_equal(entry->name.dataset, name->dataset) ||
        !text_equal(entry->name.file, name->file) || !text_equal(entry->commit, commit) ||
        stat(entry->path, &info) != 0 || (uint64_t)info.st_size != entry->size) {
        return false;
    }
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    struct error ignored = {0};
    if (digest_file(entry->path, digest, &ignored) != 0) {
        return false;
    }
    digest_hex(digest, hex);
    return text_equal(hex, entry->sha256);
}

int hub_cache_find(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct hub_entry *out,
    struct error *err)
{
    char key[HUB_SHA256_SIZE];
    hub_cache_key(settings, name, commit, key);
    CLEANUP(mem_freep) char *path = hub_cache_path(settings, "entries", key, ".json");
    struct hub_entry entry = {0};
    struct error why = {0};
    if (!file_exists(path)) {
        return HUB_ABSENT;
    }
    if (hub_cache_read_entry(settings, path, &entry, &why) != 0 && why.code == ERROR_IO) {
        *err = why;
        return -(int)why.code;
    }
    if (why.code == ERROR_NONE && is_whole(&entry, name, commit)) {
        *out = entry;
        return 0;
    }
    if (entry.path != NULL) {
        (void)unlink(entry.path);
    }
    (void)unlink(path);
    hub_entry_done(&entry);
    return HUB_ABSENT;
}

static int write_json(const char *path, const struct json *root, struct error *err)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, ENTRY_BYTES_MAX);
    json_write_pretty(root, &text);
    bytes_add_char(&text, '\n');
    return file_replace(path, text.data, text.len, ENTRY_MODE, err);
}

static void add_name(struct arena *arena, struct json *root, const struct hub_name *name)
{
    json_add_text(arena, root, "owner", name->owner);
    json_add_text(arena, root, "dataset", name->dataset);
    json_add_text(arena, root, "file", name->file);
    json_add_text(arena, root, "revision", name->revision);
}

static int
write_entry(const struct hub_settings *settings, const struct hub_entry *entry, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    json_add_text(&arena, root, "endpoint", entry->endpoint);
    add_name(&arena, root, &entry->name);
    json_add_text(&arena, root, "commit", entry->commit);
    json_add_text(&arena, root, "sha256", entry->sha256);
    json_add_i64(&arena, root, "size", (int64_t)entry->size);
    json_add_text(&arena, root, "etag", entry->etag);
    json_add_bool(&arena, root, "checked", entry->checked);
    json_add_text(&arena, root, "fetched_at", entry->fetched_at);
    char key[HUB_SHA256_SIZE];
    hub_cache_key(settings, &entry->name, entry->commit, key);
    CLEANUP(mem_freep) char *path = hub_cache_path(settings, "entries", key, ".json");
    return write_json(path, root, err);
}

/* A revision is one of the dataset, whatever file is asked for. */
static char *revision_path(const struct hub_settings *settings, const struct hub_name *name)
{
    struct hub_name dataset = *name;
    dataset.file[0] = '\0';
    char key[HUB_SHA256_SIZE];
    hub_cache_key(settings, &dataset, name->revision, key);
    return hub_cache_path(settings, "revisions", key, ".json");
}

int hub_cache_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    char out[HUB_COMMIT_SIZE],
    struct error *err)
{
    CLEANUP(mem_freep) char *path = revision_path(settings, name);
    if (!file_exists(path)) {
        return HUB_ABSENT;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    const int rc = json_parse_file(&arena, path, &root, err);
    if (rc != 0) {
        return rc;
    }
    return take_text(root, "commit", out, HUB_COMMIT_SIZE) && hub_is_commit(out) ? 0 : HUB_ABSENT;
}

int hub_cache_keep_commit(
    const struct hub_settings *settings,
    const struct hub_name *name,
    const char *commit,
    struct error *err)
{
    CLEANUP(mem_freep) char *path = revision_path(settings, name);
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    json_add_text(&arena, root, "endpoint", settings->endpoint);
    struct hub_name dataset = *name;
    dataset.file[0] = '\0';
    add_name(&arena, root, &dataset);
    json_add_text(&arena, root, "commit", commit);
    char now[CLOCK_TIMESTAMP_SIZE];
    clock_format_timestamp(clock_real_ns(), now);
    json_add_text(&arena, root, "asked_at", now);
    int lock = -1;
    int rc = hub_cache_lock_all(settings, false, &lock, err);
    if (rc == 0) {
        rc = write_json(path, root, err);
        (void)close(lock);
    }
    return rc;
}

static int make_folders(const struct hub_settings *settings, struct error *err)
{
    static const char *const folders[] = {"blobs", "entries", "revisions", "partial", "locks"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(folders); i++) {
        CLEANUP(mem_freep) char *path = file_join(settings->cache, folders[i]);
        rc = file_make_folder(path, err);
    }
    return rc;
}

static bool is_stopped(const struct hub_settings *settings)
{
    const struct hub_watch *watch = settings->watch;
    return watch != NULL && watch->stop != NULL && watch->stop(watch->user);
}

int hub_cache_try_lock(const char *path, int *out)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out = fd;
        return 0;
    }
    const int why = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = why;
    return -1;
}

static int open_lock(const char *path, struct error *err)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, ENTRY_MODE);
    return fd >= 0 ? fd : error_set_os(err, ERROR_IO, errno, "cannot write %s", path);
}

/* Waits for the lock, with a word to the watcher. */
static int
wait_for(const struct hub_settings *settings, int fd, const char *path, struct error *err)
{
    const struct hub_watch *watch = settings->watch;
    for (bool told = false; flock(fd, LOCK_EX | LOCK_NB) != 0; told = true) {
        const int why = errno;
        if (is_stopped(settings)) {
            return error_set(
                err, ERROR_INTERRUPTED, "stopped while another process fetches the same file");
        }
        if (why != EWOULDBLOCK && why != EINTR) {
            return error_set_os(err, ERROR_IO, why, "cannot lock %s", path);
        }
        if (!told && watch != NULL && watch->wait != NULL) {
            watch->wait(watch->user);
        }
        clock_sleep_until(clock_mono_ns() + LOCK_PERIOD_NS);
    }
    return 0;
}

int hub_cache_lock(
    const struct hub_settings *settings,
    const char *key,
    const char *name,
    int *out,
    struct error *err)
{
    int rc = make_folders(settings, err);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(mem_freep) char *path = hub_cache_path(settings, "locks", key, "");
    const int fd = open_lock(path, err);
    if (fd < 0) {
        return fd;
    }
    rc = wait_for(settings, fd, path, err);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    /* Only for people: a name that cannot be written is no reason to fetch nothing. */
    const ssize_t n = pwrite(fd, name, strlen(name), 0);
    (void)n;
    *out = fd;
    return 0;
}

int hub_cache_lock_all(const struct hub_settings *settings, bool alone, int *out, struct error *err)
{
    const int rc = make_folders(settings, err);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(mem_freep) char *path = hub_cache_path(settings, "locks", "all", "");
    const int fd = open_lock(path, err);
    if (fd < 0) {
        return fd;
    }
    while (flock(fd, alone ? LOCK_EX : LOCK_SH) != 0) {
        if (errno != EINTR) {
            const int why = errno;
            (void)close(fd);
            return error_set_os(err, ERROR_IO, why, "cannot lock %s", path);
        }
    }
    *out = fd;
    return 0;
}

int hub_cache_keep(
    const struct hub_settings *settings,
    const char *partial,
    struct hub_entry *entry,
    struct error *err)
{
    clock_format_timestamp(clock_real_ns(), entry->fetched_at);
    entry->path = hub_cache_path(settings, "blobs", entry->sha256, "");
    int lock = -1;
    int rc = hub_cache_lock_all(settings, false, &lock, err);
    if (rc != 0) {
        return rc;
    }
    /* Where the same bytes are there under another name, they are replaced by themselves. */
    if (chmod(partial, BLOB_MODE) != 0 || rename(partial, entry->path) != 0) {
        rc = error_set_os(err, ERROR_IO, errno, "cannot write %s", entry->path);
    } else {
        rc = write_entry(settings, entry, err);
    }
    (void)close(lock);
    return rc;
}
