/* A folder of plugins is two levels deep at most, so that a plugin may lie there as it was built: its
 * folder with the object in it. */
#include "suite/plugin_paths.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "suite/plugin.h"
#include "suite/plugin_config.h"
#include "suite/plugin_pack.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The value of an environment variable, or NULL when it is absent or empty. */
static const char *environment(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

struct plugin_search
plugin_search_usual(struct arena *arena, const char *const *folders, size_t n_folders)
{
    struct plugin_search search = {
        .folders = folders,
        .n_folders = n_folders,
        .path = environment("BENCH_PLUGIN_PATH"),
        .library_folder = PLUGIN_LIBRARY_FOLDER,
    };
    const char *data = environment("XDG_DATA_HOME");
    const char *home = environment("HOME");
    if (data != NULL) {
        search.user_folder = arena_format(arena, "%s/bench/plugins", data);
    } else if (home != NULL) {
        search.user_folder = arena_format(arena, "%s/.local/share/bench/plugins", home);
    }
    return search;
}

bool plugin_paths_is_pack(const char *folder)
{
    CLEANUP(mem_freep) char *path = file_join(folder, PLUGIN_PACK_FILE);
    return file_exists(path);
}

static void add(struct plugin_paths *self, const char *path)
{
    self->paths = mem_resize(self->paths, self->n + 1, sizeof(*self->paths));
    self->paths[self->n++] = mem_copy_text(path);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes: alphasort would follow the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Names of a folder; the caller frees each and the list. */
static int list_names(const char *folder, struct dirent ***out, int *out_n, struct error *err)
{
    *out_n = scandir(folder, out, is_visible, by_name);
    if (*out_n < 0) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        *out_n = 0;
        return error_set_os(err, code, errno, "cannot be listed");
    }
    return *out_n <= PLUGIN_CANDIDATES_MAX
               ? 0
               : error_set(
                     err, ERROR_LIMIT, "it holds %d entries; %d are the most", *out_n,
                     PLUGIN_CANDIDATES_MAX);
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

static void add_object(struct plugin_paths *self, const char *path)
{
    if (text_ends_with(path, ".so")) {
        add(self, path);
    }
}

/* The *.so files of a folder that is none of plugins itself.  One that cannot be listed has none. */
static void add_objects(struct plugin_paths *self, const char *folder)
{
    struct dirent **names = NULL;
    int n = 0;
    struct error err = {0};
    const int rc = list_names(folder, &names, &n, &err);
    for (int i = 0; rc == 0 && i < n; i++) {
        CLEANUP(mem_freep) char *path = file_join(folder, names[i]->d_name);
        if (!file_is_folder(path)) {
            add_object(self, path);
        }
    }
    free_names(names, n);
}

int plugin_paths_list(const char *folder, struct plugin_paths *out, struct error *err)
{
    if (plugin_paths_is_pack(folder)) {
        add(out, folder);
        return 0;
    }
    struct dirent **names = NULL;
    int n = 0;
    const int rc = list_names(folder, &names, &n, err);
    for (int i = 0; rc == 0 && i < n; i++) {
        CLEANUP(mem_freep) char *path = file_join(folder, names[i]->d_name);
        if (!file_is_folder(path)) {
            add_object(out, path);
        } else if (plugin_paths_is_pack(path)) {
            add(out, path);
        } else {
            add_objects(out, path);
        }
    }
    free_names(names, n);
    return rc;
}

void plugin_paths_done(struct plugin_paths *self)
{
    for (size_t i = 0; i < self->n; i++) {
        free(self->paths[i]);
    }
    free(self->paths);
    *self = (struct plugin_paths){0};
}
