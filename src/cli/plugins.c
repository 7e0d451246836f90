/* Refused plugins are told once, by one line each; what they would have brought is then simply not there. */
#include "cli/plugins.h"

#include "base/file.h"
#include "cli/specs.h"

static int check_folders(const struct option_texts *folders, struct error *err)
{
    for (size_t i = 0; i < folders->n; i++) {
        const char *folder = folders->values[i];
        if (!file_is_folder(folder)) {
            return error_set(
                err, ERROR_NOT_FOUND, "--plugin-dir: %s %s", folder,
                file_exists(folder) ? "is not a folder" : "does not exist");
        }
    }
    return 0;
}

int plugins_load(
    const struct option_texts *folders,
    const struct spec_table *known,
    struct plugin_registry *out,
    struct error *err)
{
    int result = check_folders(folders, err);
    if (result < 0) {
        return result;
    }
    struct arena arena = {0};
    const struct plugin_search search = plugin_search_usual(&arena, folders->values, folders->n);
    result = plugin_registry_load(&search, known, out, err);
    arena_done(&arena);
    return result;
}

int plugins_load_specs(const struct plugins_source *self, struct error *err)
{
    const int result = plugins_load(self->folders, self->table, self->plugins, err);
    if (result < 0) {
        return result;
    }
    for (size_t i = 0; i < self->plugins->n_refusals; i++) {
        const struct plugin_refusal *refusal = &self->plugins->refusals[i];
        (void)fprintf(
            self->context->log, "bench: warning: plugin %s is refused: %s\n", refusal->path,
            refusal->reason);
    }
    plugin_registry_add_specs(self->plugins, self->table);
    return 0;
}

int plugins_find_spec(
    const struct plugins_source *self, const char *name, const struct spec **out, struct error *err)
{
    int result = check_folders(self->folders, err);
    if (result < 0) {
        return result;
    }
    result = specs_find(self->table, name, out, err);
    const bool looked = self->plugins->n_folders > 0;
    if (result != -ERROR_USAGE || spec_name_is_path(name) || looked) {
        return result;
    }
    error_clear(err);
    result = plugins_load_specs(self, err);
    return result < 0 ? result : specs_find(self->table, name, out, err);
}
