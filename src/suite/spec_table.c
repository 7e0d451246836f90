/* Built-in specs come first and keep their places when a file on disk overrides them, so that the
 * first benchmark of a plugin does not depend on what lies in a folder. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite/embedded.h"
#include "suite/suite.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPECS_FOLDER "specs/"

enum {
    SPEC_FILE_MAX = 1 << 18,
    SPECS_FIRST = 32 /* room at first; doubled when it is full */
};

/* Files of a folder whose names a spec can have. */
struct spec_files {
    struct dirent **entries;
    int n;
};

static void spec_files_done(struct spec_files *self)
{
    for (int i = 0; i < self->n; i++) {
        free(self->entries[i]);
    }
    free(self->entries);
}

static int is_spec_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends_with(entry->d_name, ".yaml") ? 1 : 0;
}

/* By bytes: alphasort would follow the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static struct spec *find_id(const struct spec_table *self, const char *id)
{
    for (size_t i = 0; i < self->n; i++) {
        if (text_equal(self->specs[i].id, id)) {
            return &self->specs[i];
        }
    }
    return NULL;
}

void spec_table_add(struct spec_table *self, const struct spec *spec)
{
    if (self->n == self->cap) {
        const size_t cap = self->cap == 0 ? SPECS_FIRST : 2 * self->cap;
        struct spec *specs = arena_alloc(&self->arena, cap * sizeof(*specs));
        if (self->n > 0) {
            memcpy(specs, self->specs, self->n * sizeof(*specs));
        }
        self->specs = specs;
        self->cap = cap;
    }
    self->specs[self->n++] = *spec;
}

bool spec_name_is_path(const char *name)
{
    return strchr(name, '/') != NULL || text_ends_with(name, ".yaml") ||
           text_ends_with(name, ".yml");
}

static int read_file(struct spec_table *self, const char *path, struct spec *out, struct error *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    const int rc = file_read(path, SPEC_FILE_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    return spec_read(&self->arena, &(struct spec_text){path, path, text, len}, out, err);
}

int spec_table_add_file(
    struct spec_table *self, const char *path, const struct spec **out, struct error *err)
{
    struct spec spec = {0};
    const int rc = read_file(self, path, &spec, err);
    if (rc != 0) {
        return rc;
    }
    struct spec *same = find_id(self, spec.id);
    if (same != NULL) {
        *same = spec;
    } else {
        spec_table_add(self, &spec);
    }
    *out = find_id(self, spec.id);
    return 0;
}

static int
add_folder_file(struct spec_table *self, size_t n_built_in, const char *path, struct error *err)
{
    struct spec spec = {0};
    const int rc = read_file(self, path, &spec, err);
    if (rc != 0) {
        return rc;
    }
    struct spec *same = find_id(self, spec.id);
    if (same == NULL) {
        spec_table_add(self, &spec);
    } else if ((size_t)(same - self->specs) < n_built_in && text_equal(same->source, "built in")) {
        *same = spec;
    } else {
        return error_set(
            err, ERROR_PARSE, "%s:1:1: benchmark '%s' is already defined by %s", path, spec.id,
            same->source);
    }
    return 0;
}

static int add_folder(
    struct spec_table *self, const char *folder, const struct spec_files *files, struct error *err)
{
    const size_t n_built_in = self->n;
    for (int i = 0; i < files->n; i++) {
        CLEANUP(mem_freep) char *path = file_join(folder, files->entries[i]->d_name);
        const int rc = add_folder_file(self, n_built_in, path, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int add_built_in(struct spec_table *self, struct error *err)
{
    for (size_t i = 0; i < embedded_table_len; i++) {
        const struct embedded_file *file = &embedded_table[i];
        if (!text_starts_with(file->name, SPECS_FOLDER)) {
            continue;
        }
        const struct spec_text text = {file->name, "built in", file->text, file->len};
        struct spec spec = {0};
        const int rc = spec_read(&self->arena, &text, &spec, err);
        if (rc != 0) {
            return rc;
        }
        spec_table_add(self, &spec);
    }
    return 0;
}

static int list_folder(const char *folder, struct spec_files *out, struct error *err)
{
    struct spec_files files = {0};
    files.n = scandir(folder, &files.entries, is_spec_name, by_name);
    if (files.n < 0) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot list the specs in %s", folder);
    }
    *out = files;
    if (files.n > SPECS_MAX) {
        return error_set(
            err, ERROR_LIMIT, "%s holds %d specs; %d are the most", folder, files.n, SPECS_MAX);
    }
    return 0;
}

int spec_table_load(const char *folder, struct spec_table *out, struct error *err)
{
    CLEANUP(spec_files_done) struct spec_files files = {0};
    const bool with_folder = folder != NULL && folder[0] != '\0';
    int rc = with_folder ? list_folder(folder, &files, err) : 0;
    if (rc != 0) {
        return rc;
    }
    struct spec_table table = {0};
    rc = add_built_in(&table, err);
    if (rc == 0) {
        rc = add_folder(&table, folder, &files, err);
    }
    if (rc != 0) {
        spec_table_done(&table);
        return rc;
    }
    *out = table;
    return 0;
}

void spec_table_done(struct spec_table *self)
{
    arena_done(&self->arena);
    *self = (struct spec_table){0};
}

/* "chatbot-short" is the last word of "llm.inference.chatbot-short". */
static bool is_last_part(const char *id, const char *word)
{
    const size_t id_len = strlen(id);
    const size_t word_len = strlen(word);
    return word_len > 0 && text_ends_with(id, word) && id_len > word_len &&
           id[id_len - word_len - 1] == '.';
}

static const char *nearest_id(const struct spec_table *self, const char *id)
{
    CLEANUP(mem_freep) const char **names = mem_alloc(2 * self->n, sizeof(*names));
    for (size_t i = 0; i < self->n; i++) {
        if (is_last_part(self->specs[i].id, id)) {
            return self->specs[i].id;
        }
        names[i] = self->specs[i].id;
        names[self->n + i] = self->specs[i].plugin;
    }
    return text_nearest(id, names, 2 * self->n);
}

int spec_find(
    const struct spec_table *self, const char *id, const struct spec **out, struct error *err)
{
    const struct spec *found = find_id(self, id);
    for (size_t i = 0; found == NULL && i < self->n; i++) {
        if (text_equal(self->specs[i].plugin, id)) {
            found = &self->specs[i];
        }
    }
    if (found != NULL) {
        *out = found;
        return 0;
    }
    const char *nearest = nearest_id(self, id);
    if (nearest != NULL) {
        return error_set(err, ERROR_USAGE, "unknown suite '%s': did you mean '%s'?", id, nearest);
    }
    return error_set(err, ERROR_USAGE, "unknown suite '%s': see `bench list`", id);
}
