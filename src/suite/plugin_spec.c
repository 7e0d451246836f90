/* What a spec of a plugin names must be covered by the plugin's hash: a pack's files lie in the pack, a
 * shared object has none. */
#include "suite/plugin_spec.h"

#include "base/text.h"
#include "hardware/normal_text.h"
#include "suite/names.h"
#include "suite/recipe.h"
#include "suite/slo.h"

#include <string.h>

enum {
    VERSION_MAX = 63
};

void plugin_specs_init(struct arena *arena, struct plugin *self)
{
    self->specs = arena_alloc(arena, PLUGIN_SPECS_MAX * sizeof(*self->specs));
    self->n_specs = 0;
}

/* A path that cannot lead out of the folder it is relative to. */
static bool is_inside(const char *path)
{
    if (*path == '/') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
            return false;
        }
    }
    return true;
}

static int check_file(
    const struct plugin *self,
    const char *name,
    const char *what,
    const char *path,
    struct error *err)
{
    if (self->kind == PLUGIN_SHARED_OBJECT) {
        return error_set(
            err, ERROR_USAGE, "%s: %s %s is a file, and a shared object has none: a pack has", name,
            what, path);
    }
    if (!is_inside(path)) {
        return error_set(
            err, ERROR_USAGE, "%s: %s %s is not a file of the pack: give its name inside the pack",
            name, what, path);
    }
    return 0;
}

static int check_dataset(
    const struct plugin *self, const char *name, const struct spec *spec, struct error *err)
{
    struct recipe recipe;
    const int rc = recipe_parse(spec->dataset, &recipe, err);
    if (rc != 0) {
        return error_prefix(err, "%s: ", name);
    }
    if (recipe_has_file(&recipe)) {
        return check_file(self, name, "dataset", recipe.path, err);
    }
    if (recipe.kind != RECIPE_PLUGIN) {
        return 0;
    }
    if (self->kind == PLUGIN_PACK) {
        return error_set(
            err, ERROR_USAGE, "%s: dataset %s needs code, and a pack has none: give a file of it",
            name, spec->dataset);
    }
    if (!self->has_next_request) {
        return error_set(
            err, ERROR_USAGE, "%s: dataset %s needs next_request, which is NULL", name,
            spec->dataset);
    }
    return 0;
}

/* Answers that the plugin judges: its code must be there, and must have made the request. */
static int check_scoring(
    const struct plugin *self, const char *name, const struct spec *spec, struct error *err)
{
    if (spec->scoring.scoring != SCORING_PLUGIN) {
        return 0;
    }
    if (!self->has_score) {
        return error_set(
            err, ERROR_USAGE, "%s: scoring 'plugin' needs %s", name,
            self->kind == PLUGIN_PACK ? "code, and a pack has none" : "score, which is NULL");
    }
    return text_starts_with(spec->dataset, "plugin:")
               ? 0
               : error_set(
                     err, ERROR_USAGE, "%s: scoring 'plugin' needs a dataset 'plugin:n=N'", name);
}

static int
check_spec(const struct plugin *self, const char *name, const struct spec *spec, struct error *err)
{
    if (!text_equal(spec->plugin, self->id)) {
        return error_set(
            err, ERROR_USAGE, "%s: its plugin is '%s' and not '%s'", name, spec->plugin, self->id);
    }
    for (size_t i = 0; i < self->n_specs; i++) {
        if (text_equal(self->specs[i].id, spec->id)) {
            return error_set(
                err, ERROR_USAGE, "%s: benchmark '%s' is already defined by %s", name, spec->id,
                self->specs[i].source);
        }
    }
    int rc = check_dataset(self, name, spec, err);
    if (rc == 0) {
        rc = check_scoring(self, name, spec, err);
    }
    if (rc == 0 && slo_is_path(spec->slo_template)) {
        return check_file(self, name, "slo_template", spec->slo_template, err);
    }
    return rc;
}

int plugin_spec_add(
    struct arena *arena, struct plugin *self, const struct spec_text *text, struct error *err)
{
    if (self->n_specs == PLUGIN_SPECS_MAX) {
        return error_set(err, ERROR_LIMIT, "it has more than %d benchmarks", PLUGIN_SPECS_MAX);
    }
    struct spec spec = {0};
    int rc = spec_read(arena, text, &spec, err);
    if (rc == 0) {
        rc = check_spec(self, text->name, &spec, err);
    }
    if (rc == 0) {
        self->specs[self->n_specs++] = spec;
    }
    return rc;
}

/* Texts end up in envelopes and on terminals: one line of UTF-8. */
static bool is_line(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            return false;
        }
    }
    const size_t len = strlen(text);
    return len > 0 && text_is_utf8(text, len) && !normal_text_is_padded(text, len);
}

int plugin_names_check(const struct plugin *self, const char *where, struct error *err)
{
    if (!name_is_id(self->id) || strlen(self->id) >= SPEC_ID_MAX) {
        return error_set(
            err, ERROR_USAGE, "%s: 'id' must be words of a-z, 0-9 and '-' joined by dots, not '%s'",
            where, self->id);
    }
    if (!name_is_semver(self->version) || strlen(self->version) > VERSION_MAX) {
        return error_set(
            err, ERROR_USAGE, "%s: 'version' must be a version like 1.0.0, not '%s'", where,
            self->version);
    }
    if (!is_line(self->title)) {
        return error_set(
            err, ERROR_USAGE, "%s: 'title' must be one line of text without blanks at its ends",
            where);
    }
    if (*self->license != '\0' && !is_line(self->license)) {
        return error_set(
            err, ERROR_USAGE, "%s: 'license' must be one line of text without blanks at its ends",
            where);
    }
    return 0;
}
