/* Discovery: folders in their order, entries by the bytes of their names, each candidate read on its own.
 * A candidate that cannot be read, or whose ids are taken, becomes a refusal and changes nothing. */
#include "suite/plugin.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite/plugin_object.h"
#include "suite/plugin_pack.h"
#include "suite/plugin_paths.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const kind_names[] = {"pack", "shared-object"};

const char *plugin_kind_name(enum plugin_kind kind)
{
    return kind_names[kind];
}

const char *plugin_file(struct arena *arena, const struct plugin *self, const char *path)
{
    if (self == NULL || self->kind != PLUGIN_PACK || path[0] == '/') {
        return arena_copy_text(arena, path);
    }
    return arena_format(arena, "%s/%s", self->path, path);
}

/* A folder that is no pack means the one object in it. */
static int find_object(char **path, struct error *err)
{
    struct plugin_paths paths = {0};
    int rc = plugin_paths_list(*path, &paths, err);
    if (rc == 0 && paths.n != 1) {
        rc = error_set(
            err, ERROR_NOT_FOUND, "it holds no " PLUGIN_PACK_FILE " and %s",
            paths.n == 0 ? "no *.so: build it first" : "several plugins: name one");
    }
    if (rc == 0) {
        free(*path);
        *path = mem_copy_text(paths.paths[0]);
    }
    plugin_paths_done(&paths);
    return rc;
}

int plugin_read(struct arena *arena, const char *path, struct plugin *out, struct error *err)
{
    CLEANUP(mem_freep) char *real = realpath(path, NULL);
    if (real == NULL) {
        return error_set_os(err, ERROR_NOT_FOUND, errno, "it cannot be opened");
    }
    int rc = 0;
    if (file_is_folder(real) && !plugin_paths_is_pack(real)) {
        rc = find_object(&real, err);
    }
    if (rc == 0) {
        rc = file_is_folder(real) ? plugin_pack_read(arena, real, out, err)
                                  : plugin_object_read(arena, real, out, err);
    }
    for (size_t i = 0; rc == 0 && i < out->n_specs; i++) {
        out->specs[i].provider = out;
    }
    return rc;
}

/* The registry while it is filled. */
struct loading {
    struct plugin_registry *registry;
    const struct spec_table *known;
    char **seen; /* real paths of candidates, on the heap */
    size_t n_seen;
};

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

/* A path is anybody's choice, and is printed: its control characters are not. */
static void refuse(struct plugin_registry *self, const char *path, const char *reason)
{
    if (self->n_refusals == PLUGIN_CANDIDATES_MAX) {
        return;
    }
    char *shown = arena_copy_text(&self->arena, path);
    for (char *p = shown; *p != '\0'; p++) {
        if (is_control(*p)) {
            *p = '?';
        }
    }
    self->refusals[self->n_refusals++] =
        (struct plugin_refusal){shown, arena_copy_text(&self->arena, reason)};
}

static bool has_control(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (is_control(*p)) {
            return true;
        }
    }
    return false;
}

/* Where the name `id` is already in use, or NULL. */
static const char *taken_by_spec(const struct spec *spec, const char *id)
{
    if (!text_equal(spec->id, id) && !text_equal(spec->plugin, id)) {
        return NULL;
    }
    return spec->provider != NULL ? spec->provider->path : spec->source;
}

static const char *taken_by(const struct loading *self, const char *id)
{
    const char *by = NULL;
    for (size_t i = 0; by == NULL && i < self->known->n; i++) {
        by = taken_by_spec(&self->known->specs[i], id);
    }
    for (size_t i = 0; by == NULL && i < self->registry->n; i++) {
        const struct plugin *plugin = self->registry->plugins[i];
        for (size_t k = 0; by == NULL && k < plugin->n_specs; k++) {
            by = taken_by_spec(&plugin->specs[k], id);
        }
    }
    return by;
}

static int check_ids(const struct loading *self, const struct plugin *plugin, struct error *err)
{
    const char *by = taken_by(self, plugin->id);
    if (by != NULL) {
        return error_set(
            err, ERROR_USAGE, "id '%s' is taken: %s%s", plugin->id,
            text_equal(by, "built in") ? "" : "it is that of ", by);
    }
    for (size_t i = 0; i < plugin->n_specs; i++) {
        by = taken_by(self, plugin->specs[i].id);
        if (by != NULL) {
            return error_set(
                err, ERROR_USAGE, "benchmark '%s' is taken: %s%s", plugin->specs[i].id,
                text_equal(by, "built in") ? "" : "it is that of ", by);
        }
    }
    return 0;
}

static bool is_seen(struct loading *self, const char *path)
{
    char *real = realpath(path, NULL);
    for (size_t i = 0; real != NULL && i < self->n_seen; i++) {
        if (text_equal(self->seen[i], real)) {
            free(real);
            return true;
        }
    }
    if (real != NULL) {
        self->seen = mem_resize(self->seen, self->n_seen + 1, sizeof(*self->seen));
        self->seen[self->n_seen++] = real;
    }
    return false;
}

static void take_candidate(struct loading *self, const char *path)
{
    struct plugin_registry *registry = self->registry;
    if (is_seen(self, path)) {
        return;
    }
    struct error err = {0};
    if (has_control(path)) {
        refuse(registry, path, "its path has control characters");
        return;
    }
    struct plugin *plugin = arena_alloc(&registry->arena, sizeof(*plugin));
    int rc = plugin_read(&registry->arena, path, plugin, &err);
    if (rc == 0) {
        rc = check_ids(self, plugin, &err);
    }
    if (rc == 0 && registry->n == PLUGINS_MAX) {
        rc = error_set(&err, ERROR_LIMIT, "%d plugins are the most", PLUGINS_MAX);
    }
    if (rc != 0) {
        refuse(registry, path, err.text);
        return;
    }
    registry->plugins[registry->n++] = plugin;
}

static void take_paths(struct loading *self, const char *folder)
{
    struct plugin_paths paths = {0};
    struct error err = {0};
    if (plugin_paths_list(folder, &paths, &err) < 0) {
        refuse(self->registry, folder, err.text);
    }
    for (size_t i = 0; i < paths.n; i++) {
        take_candidate(self, paths.paths[i]);
    }
    plugin_paths_done(&paths);
}

static void note_folder(struct plugin_registry *self, const char *folder)
{
    if (self->n_folders < PLUGIN_FOLDERS_MAX) {
        self->folders[self->n_folders++] = arena_copy_text(&self->arena, folder);
    }
}

static int take_named(struct loading *self, const struct plugin_search *search, struct error *err)
{
    for (size_t i = 0; i < search->n_folders; i++) {
        const char *folder = search->folders[i];
        if (!file_is_folder(folder)) {
            return error_set(
                err, ERROR_NOT_FOUND, "%s %s", folder,
                file_exists(folder) ? "is not a folder" : "does not exist");
        }
        note_folder(self->registry, folder);
        take_paths(self, folder);
    }
    return 0;
}

/* The folders of a list with colons; empty ones mean nothing here. */
static void take_list(struct loading *self, const char *list)
{
    CLEANUP(mem_freep) char *copy = mem_copy_text(list);
    char *rest = copy;
    while (rest != NULL) {
        const char *folder = strsep(&rest, ":");
        if (*folder != '\0') {
            note_folder(self->registry, folder);
            take_paths(self, folder);
        }
    }
}

static void take_optional(struct loading *self, const char *folder)
{
    if (folder != NULL) {
        note_folder(self->registry, folder);
        if (file_is_folder(folder)) {
            take_paths(self, folder);
        }
    }
}

int plugin_registry_load(
    const struct plugin_search *search,
    const struct spec_table *known,
    struct plugin_registry *out,
    struct error *err)
{
    struct plugin_registry registry = {0};
    struct arena *arena = &registry.arena;
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers, because specs point to their plugin */
    registry.plugins = arena_alloc(arena, PLUGINS_MAX * sizeof(*registry.plugins));
    registry.refusals = arena_alloc(arena, PLUGIN_CANDIDATES_MAX * sizeof(*registry.refusals));
    registry.folders = arena_alloc(arena, PLUGIN_FOLDERS_MAX * sizeof(*registry.folders));
    struct loading loading = {.registry = &registry, .known = known};
    const int rc = take_named(&loading, search, err);
    if (rc == 0) {
        take_list(&loading, search->path != NULL ? search->path : "");
        take_optional(&loading, search->user_folder);
        take_optional(&loading, search->library_folder);
    }
    for (size_t i = 0; i < loading.n_seen; i++) {
        free(loading.seen[i]);
    }
    free(loading.seen);
    if (rc != 0) {
        plugin_registry_done(&registry);
        return rc;
    }
    *out = registry;
    return 0;
}

void plugin_registry_done(struct plugin_registry *self)
{
    arena_done(&self->arena);
    *self = (struct plugin_registry){0};
}

const struct plugin *plugin_find(const struct plugin_registry *self, const char *id)
{
    for (size_t i = 0; i < self->n; i++) {
        if (text_equal(self->plugins[i]->id, id)) {
            return self->plugins[i];
        }
    }
    return NULL;
}

void plugin_registry_add_specs(const struct plugin_registry *self, struct spec_table *specs)
{
    for (size_t i = 0; i < self->n; i++) {
        for (size_t k = 0; k < self->plugins[i]->n_specs; k++) {
            spec_table_add(specs, &self->plugins[i]->specs[k]);
        }
    }
}
