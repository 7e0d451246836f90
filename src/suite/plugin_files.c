/* A plugin is trusted as far as its files are this user's or root's alone: what others can write,
 * others can make `bench` run or measure. */
#include "suite/plugin_files.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int plugin_check_safe(const char *path, struct error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot look at %s", path);
    }
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        return error_set(
            err, ERROR_KEY, "%s is %s: a plugin holds files and folders only", path,
            S_ISLNK(info.st_mode) ? "a link" : "no file");
    }
    if (info.st_uid != 0 && info.st_uid != geteuid()) {
        return error_set(
            err, ERROR_KEY,
            "unsafe permissions: %s belongs to user %u, neither to root nor to user %u", path,
            (unsigned)info.st_uid, (unsigned)geteuid());
    }
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return error_set(
            err, ERROR_KEY, "unsafe permissions: others can write %s (mode %04o): chmod go-w %s",
            path, (unsigned)(info.st_mode & 07777), path);
    }
    return 0;
}

/* A list that grows; texts belong to an arena. */
struct name_list {
    const char **names;
    size_t n;
    size_t cap;
};

static void name_list_done(struct name_list *self)
{
    free(self->names);
}

static void name_list_add(struct name_list *self, const char *name)
{
    enum {
        FIRST_CAP = 64
    };

    if (self->n == self->cap) {
        self->cap = self->cap == 0 ? FIRST_CAP : self->cap * 2;
        self->names = mem_resize(self->names, self->cap, sizeof(*self->names));
    }
    self->names[self->n++] = name;
}

/* The walk over a plugin's folders: those still to be listed are a list, not a stack of calls. */
struct walk {
    struct arena *arena;
    const char *root;
    struct name_list folders; /* below root; "" is root itself */
    struct name_list files;
    struct error *err;
};

static unsigned depth_of(const char *name)
{
    unsigned depth = 0;
    for (const char *p = name; *p != '\0'; p++) {
        depth += *p == '/';
    }
    return depth;
}

/* sha256sum writes such names in another way. */
static bool is_plain_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\\') {
            return false;
        }
    }
    return text_is_utf8(name, strlen(name));
}

static int take_entry(struct walk *self, const char *folder, const char *entry)
{
    const char *name = *folder == '\0' ? arena_copy_text(self->arena, entry)
                                       : arena_format(self->arena, "%s/%s", folder, entry);
    if (!is_plain_name(name)) {
        return error_set(
            self->err, ERROR_USAGE,
            "file name '%s' has control characters, a backslash or no UTF-8", name);
    }
    CLEANUP(mem_freep) char *path = file_join(self->root, name);
    const int rc = plugin_check_safe(path, self->err);
    if (rc != 0) {
        return rc;
    }
    if (file_is_folder(path)) {
        if (depth_of(name) + 1 > PLUGIN_DEPTH_MAX) {
            return error_set(
                self->err, ERROR_LIMIT, "%s lies deeper than %d folders", name, PLUGIN_DEPTH_MAX);
        }
        name_list_add(&self->folders, name);
        return 0;
    }
    name_list_add(&self->files, name);
    if (self->files.n + self->folders.n > PLUGIN_FILES_MAX) {
        return error_set(
            self->err, ERROR_LIMIT, "it holds more than %d files and folders", PLUGIN_FILES_MAX);
    }
    return 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int list_one(struct walk *self, const char *folder)
{
    CLEANUP(mem_freep)
    char *path = *folder == '\0' ? mem_copy_text(self->root) : file_join(self->root, folder);
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, is_visible, NULL);
    if (n < 0) {
        return error_set_os(self->err, ERROR_IO, errno, "cannot list %s", path);
    }
    int rc = 0;
    for (int i = 0; i < n; i++) {
        if (rc == 0) {
            rc = take_entry(self, folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int plugin_files_list(
    struct arena *arena, const char *folder, struct plugin_files *out, struct error *err)
{
    int rc = plugin_check_safe(folder, err);
    if (rc != 0) {
        return rc;
    }
    struct walk walk = {.arena = arena, .root = folder, .err = err};
    name_list_add(&walk.folders, "");
    for (size_t i = 0; rc == 0 && i < walk.folders.n; i++) {
        rc = list_one(&walk, walk.folders.names[i]);
    }
    if (rc == 0 && walk.files.n > 0) {
        qsort(walk.files.names, walk.files.n, sizeof(*walk.files.names), by_bytes);
        out->n = walk.files.n;
        out->names = arena_alloc(arena, walk.files.n * sizeof(*out->names));
        memcpy(out->names, walk.files.names, walk.files.n * sizeof(*out->names));
    }
    name_list_done(&walk.folders);
    name_list_done(&walk.files);
    return rc;
}

bool plugin_files_has(const struct plugin_files *self, const char *name)
{
    return self->n > 0 &&
           bsearch(&name, self->names, self->n, sizeof(*self->names), by_bytes) != NULL;
}

int plugin_files_hash(
    const struct plugin_files *self, const char *folder, char out_hex[65], struct error *err)
{
    CLEANUP(digest_freep) struct digest *all = digest_new();
    for (size_t i = 0; i < self->n; i++) {
        CLEANUP(mem_freep) char *path = file_join(folder, self->names[i]);
        uint8_t hash[DIGEST_SIZE];
        const int rc = digest_file(path, hash, err);
        if (rc != 0) {
            return rc;
        }
        char hex[DIGEST_HEX_SIZE];
        digest_hex(hash, hex);
        CLEANUP(mem_freep) char *line = mem_format("%s  %s\n", hex, self->names[i]);
        digest_add(all, line, strlen(line));
    }
    uint8_t hash[DIGEST_SIZE];
    digest_finish(all, hash);
    digest_hex(hash, out_hex);
    return 0;
}
