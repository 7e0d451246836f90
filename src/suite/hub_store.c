/* The folder is read once and every file in it gets a row: what an entry names is a file, what partial/ holds is
 * partial, and the rest is waste.  Locks stay: they are empty but for a name, and a process may wait for one. */
#include "suite/hub_store.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite/hub_cache.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_MAX_BYTES = HUB_TEXT_SIZE
};

const char *hub_kept_kind_name(enum hub_kept_kind kind)
{
    static const char *const names[] = {"file", "partial", "waste"};
    return names[kind];
}

static void kept_done(struct hub_kept *row)
{
    hub_entry_done(&row->entry);
    free(row->path);
    free(row->lock_path);
    free(row->name);
}

void hub_store_done(struct hub_store *self)
{
    for (size_t i = 0; i < self->n; i++) {
        kept_done(&self->rows[i]);
    }
    free(self->rows);
    *self = (struct hub_store){0};
}

static struct hub_kept *add_row(struct hub_store *self)
{
    if ((self->n & (self->n - 1)) == 0) {
        const size_t cap = self->n == 0 ? 1 : self->n * 2;
        self->rows = mem_resize(self->rows, cap, sizeof(*self->rows));
    }
    struct hub_kept *row = &self->rows[self->n++];
    *row = (struct hub_kept){0};
    return row;
}

/* A reading of the whole cache. */
struct reading {
    const struct hub_settings *settings;
    struct hub_store store;
};

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static void add_waste(struct reading *self, const char *path)
{
    struct hub_kept *row = add_row(&self->store);
    row->kind = HUB_KEPT_WASTE;
    row->path = mem_copy_text(path);
    row->name = mem_copy_text(file_base_name(path));
    row->size = size_of(path);
}

static void see_entry(struct reading *self, const char *path)
{
    struct hub_entry entry = {0};
    struct error ignored = {0};
    if (hub_cache_read_entry(self->settings, path, &entry, &ignored) != 0 ||
        !file_exists(entry.path) || size_of(entry.path) != entry.size) {
        hub_entry_done(&entry);
        add_waste(self, path);
        return;
    }
    char name[HUB_TEXT_SIZE];
    hub_name_write(&entry.name, entry.commit, name);
    struct hub_kept *row = add_row(&self->store);
    row->kind = HUB_KEPT_FILE;
    row->path = mem_copy_text(path);
    row->name = mem_copy_text(name);
    row->size = entry.size;
    row->entry = entry;
}

/* Entries come first: the bytes that none of them names are waste. */
static void see_blob(struct reading *self, const char *path)
{
    for (size_t i = 0; i < self->store.n; i++) {
        const struct hub_kept *row = &self->store.rows[i];
        if (row->kind == HUB_KEPT_FILE && text_equal(row->entry.path, path)) {
            return;
        }
    }
    add_waste(self, path);
}

/* True when a process holds the lock at `path`; the name in it goes to `name` where there is one. */
static bool read_lock(const char *path, char **name)
{
    int fd = -1;
    struct error ignored = {0};
    size_t len = 0;
    if (file_read(path, NAME_MAX_BYTES, name, &len, &ignored) != 0) {
        return false;
    }
    const int rc = hub_cache_try_lock(path, &fd);
    if (rc == 0) {
        (void)close(fd);
    }
    return rc != 0;
}

static void see_partial(struct reading *self, const char *path)
{
    CLEANUP(mem_freep) char *key = mem_copy_text(file_base_name(path));
    char *dot = strchr(key, '.');
    if (dot != NULL) {
        *dot = '\0';
        CLEANUP(mem_freep) char *of = hub_cache_path(self->settings, "partial", key, "");
        if (!file_exists(of)) {
            add_waste(self, path); /* a note about a partial file that is gone */
        }
        return;
    }
    char *lock = hub_cache_path(self->settings, "locks", key, "");
    CLEANUP(mem_freep) char *name = NULL;
    const bool busy = read_lock(lock, &name);
    struct hub_kept *row = add_row(&self->store);
    row->kind = HUB_KEPT_PARTIAL;
    row->busy = busy;
    row->lock_path = lock;
    row->path = mem_copy_text(path);
    row->name = mem_copy_text(name != NULL && name[0] != '\0' ? name : key);
    row->size = size_of(path);
}

static void see_revision(struct reading *self, const char *path)
{
    if (strstr(file_base_name(path), ".tmp-") != NULL) {
        add_waste(self, path);
    }
}

static int read_folder(
    struct reading *self,
    const char *name,
    void (*see)(struct reading *self, const char *path),
    struct error *err)
{
    CLEANUP(mem_freep) char *folder = file_join(self->settings->cache, name);
    DIR *dir = opendir(folder);
    if (dir == NULL && errno == ENOENT) {
        return 0;
    }
    if (dir == NULL) {
        return error_set_os(err, ERROR_IO, errno, "cannot read %s", folder);
    }
    const struct dirent *entry = NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            CLEANUP(mem_freep) char *path = file_join(folder, entry->d_name);
            see(self, path);
        }
    }
    (void)closedir(dir);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct hub_kept *first = a;
    const struct hub_kept *second = b;
    const int kinds = (int)first->kind - (int)second->kind;
    const int names = strcmp(first->name, second->name);
    return kinds != 0 ? kinds : (names != 0 ? names : strcmp(first->path, second->path));
}

int hub_store_read(const struct hub_settings *settings, struct hub_store *out, struct error *err)
{
    static const struct {
        const char *folder;
        void (*see)(struct reading *self, const char *path);
    } folders[] = {
        {"entries", see_entry},
        {"blobs", see_blob},
        {"partial", see_partial},
        {"revisions", see_revision},
    };
    struct reading reading = {.settings = settings};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        const int rc = read_folder(&reading, folders[i].folder, folders[i].see, err);
        if (rc != 0) {
            hub_store_done(&reading.store);
            return rc;
        }
    }
    if (reading.store.n > 0) {
        qsort(reading.store.rows, reading.store.n, sizeof(*reading.store.rows), compare);
    }
    *out = reading.store;
    return 0;
}

/* As hub_cache_find does it for the hub that is asked now. */
static int find_of_endpoint(
    const struct hub_settings *settings,
    const struct hub_entry *wanted,
    struct hub_entry *out,
    struct error *err)
{
    struct hub_settings there = *settings;
    memcpy(there.endpoint, wanted->endpoint, sizeof(there.endpoint));
    return hub_cache_find(&there, &wanted->name, wanted->commit, out, err);
}

int hub_store_find(
    const struct hub_settings *settings,
    const char *sha256,
    struct hub_entry *out,
    struct error *err)
{
    CLEANUP(hub_store_done) struct hub_store store = {0};
    int rc = hub_store_read(settings, &store, err);
    if (rc != 0) {
        return rc;
    }
    rc = HUB_ABSENT;
    for (size_t i = 0; rc == HUB_ABSENT && i < store.n; i++) {
        const struct hub_kept *row = &store.rows[i];
        if (row->kind == HUB_KEPT_FILE && text_equal(row->entry.sha256, sha256)) {
            rc = find_of_endpoint(settings, &row->entry, out, err);
        }
    }
    return rc;
}

static bool is_named(const struct hub_prune *prune, const struct hub_kept *row)
{
    const struct hub_name *name = prune->name;
    const struct hub_entry *entry = &row->entry;
    const bool same_file =
        row->kind == HUB_KEPT_FILE && text_equal(name->owner, entry->name.owner) &&
        text_equal(name->dataset, entry->name.dataset) && text_equal(name->file, entry->name.file);
    return same_file && (prune->any_revision || text_equal(name->revision, entry->commit) ||
                         text_equal(name->revision, entry->name.revision));
}

bool hub_prune_means(const struct hub_prune *prune, const struct hub_kept *row)
{
    if (row->busy) {
        return false;
    }
    return prune->name != NULL ? is_named(prune, row) : prune->all || row->kind != HUB_KEPT_FILE;
}

static int remove_file(const char *path, struct error *err)
{
    if (unlink(path) != 0 && errno != ENOENT) {
        return error_set_os(err, ERROR_IO, errno, "cannot remove %s", path);
    }
    return 0;
}

/* Other entries may name the same bytes: those are removed with the last of them. */
static bool is_shared(const struct hub_store *store, size_t at, const struct hub_prune *prune)
{
    for (size_t i = 0; i < store->n; i++) {
        const struct hub_kept *row = &store->rows[i];
        if (i != at && row->kind == HUB_KEPT_FILE &&
            text_equal(row->entry.sha256, store->rows[at].entry.sha256) &&
            (i > at || !hub_prune_means(prune, row))) {
            return true;
        }
    }
    return false;
}

/* Under its lock, so that no process begins to go on with it meanwhile; one that has begun keeps it. */
static int remove_partial(const struct hub_kept *row, struct error *err)
{
    int lock = -1;
    if (row->lock_path != NULL && hub_cache_try_lock(row->lock_path, &lock) != 0 &&
        errno == EWOULDBLOCK) {
        return 0;
    }
    CLEANUP(mem_freep) char *note = mem_format("%s.etag", row->path);
    int rc = remove_file(row->path, err);
    if (rc == 0) {
        rc = remove_file(note, err);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    return rc;
}

static int remove_row(
    const struct hub_store *store, size_t at, const struct hub_prune *prune, struct error *err)
{
    const struct hub_kept *row = &store->rows[at];
    if (row->kind == HUB_KEPT_PARTIAL) {
        return remove_partial(row, err);
    }
    int rc = remove_file(row->path, err);
    if (rc == 0 && row->kind == HUB_KEPT_FILE && !is_shared(store, at, prune)) {
        rc = remove_file(row->entry.path, err);
    }
    return rc;
}

static int remove_meant(struct hub_store *store, const struct hub_prune *prune, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < store->n; i++) {
        if (hub_prune_means(prune, &store->rows[i])) {
            rc = remove_row(store, i, prune, err);
        }
    }
    return rc;
}

/* Keeps the rows that are meant. */
static void drop_others(struct hub_store *store, const struct hub_prune *prune)
{
    size_t n = 0;
    for (size_t i = 0; i < store->n; i++) {
        if (hub_prune_means(prune, &store->rows[i])) {
            store->rows[n++] = store->rows[i];
        } else {
            kept_done(&store->rows[i]);
        }
    }
    store->n = n;
}

int hub_store_prune(
    const struct hub_settings *settings,
    const struct hub_prune *prune,
    struct hub_store *removed,
    struct error *err)
{
    *removed = (struct hub_store){0};
    if (!file_exists(settings->cache)) {
        return 0;
    }
    int lock = -1;
    int rc = hub_cache_lock_all(settings, true, &lock, err);
    if (rc != 0) {
        return rc;
    }
    struct hub_store store = {0};
    rc = hub_store_read(settings, &store, err);
    if (rc == 0 && !prune->dry_run) {
        rc = remove_meant(&store, prune, err);
    }
    (void)close(lock);
    if (rc != 0) {
        hub_store_done(&store);
        return rc;
    }
    drop_others(&store, prune);
    *removed = store;
    return 0;
}
