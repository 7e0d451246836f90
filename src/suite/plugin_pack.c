/* plugin.yaml, the specs beside it, and every other file only by its hash: what a benchmark of the pack
 * reads when it runs is then what was hashed. */
#include "suite/plugin_pack.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/yaml.h"
#include "engine/version.h"
#include "suite/fields.h"
#include "suite/names.h"
#include "suite/plugin_files.h"
#include "suite/plugin_spec.h"
#include "suite/recipe.h"
#include "suite/slo.h"

#include <string.h>

#define SPECS_FOLDER "specs/"

enum {
    YAML_FILE_MAX = 1 << 18
};

struct pack_draft {
    const char *id;
    const char *version;
    const char *title;
    const char *license;
    const char *min_bench_version;
};

#define AT(member) .offset = offsetof(struct pack_draft, member)

static const struct field pack_fields[] = {
    {.key = "id", .kind = FIELD_TEXT, .required = true, AT(id)},
    {.key = "version", .kind = FIELD_TEXT, .required = true, AT(version)},
    {.key = "title", .kind = FIELD_TEXT, .required = true, AT(title)},
    {.key = "license", .kind = FIELD_TEXT, AT(license)},
    {.key = "min_bench_version", .kind = FIELD_TEXT, AT(min_bench_version)},
};

/* A pack while it is read. */
struct pack {
    struct arena *arena;
    const char *folder;
    struct plugin_files files;
    struct plugin plugin;
    struct error *err;
};

/* The text of a file of the pack; the arena's. */
static int read_file(struct pack *self, const char *name, const char **out, size_t *out_len)
{
    CLEANUP(mem_freep) char *path = file_join(self->folder, name);
    CLEANUP(mem_freep) char *text = NULL;
    const int rc = file_read(path, YAML_FILE_MAX, &text, out_len, self->err);
    if (rc == 0) {
        *out = arena_copy(self->arena, text, *out_len);
    }
    return rc;
}

static int check_bench_version(struct pack *self, const char *wanted)
{
    if (!name_is_semver(wanted)) {
        return error_set(
            self->err, ERROR_USAGE,
            PLUGIN_PACK_FILE ": 'min_bench_version' must be a version like 1.0.0, not '%s'",
            wanted);
    }
    if (name_compare_semver(wanted, BENCH_VERSION) > 0) {
        return error_set(
            self->err, ERROR_USAGE, "it needs bench %s or later, and this is %s", wanted,
            BENCH_VERSION);
    }
    return 0;
}

static int read_head(struct pack *self)
{
    const char *text = NULL;
    size_t len = 0;
    int rc = read_file(self, PLUGIN_PACK_FILE, &text, &len);
    struct json *root = NULL;
    if (rc == 0) {
        rc = yaml_parse(self->arena, PLUGIN_PACK_FILE, text, len, &root, self->err);
    }
    struct pack_draft draft = {.license = "", .min_bench_version = "0.0.0"};
    if (rc == 0) {
        rc = fields_read(
            PLUGIN_PACK_FILE, root, pack_fields, ARRAY_LEN(pack_fields), &draft, self->err);
    }
    if (rc == 0) {
        self->plugin.id = draft.id;
        self->plugin.version = draft.version;
        self->plugin.title = draft.title;
        self->plugin.license = draft.license;
        rc = check_bench_version(self, draft.min_bench_version);
    }
    return rc == 0 ? plugin_names_check(&self->plugin, PLUGIN_PACK_FILE, self->err) : rc;
}

/* "./data/x" and "data/x" are one file. */
static const char *plain_name(const char *path)
{
    while (path[0] == '.' && path[1] == '/') {
        path += 2;
    }
    return path;
}

static int check_present(struct pack *self, const struct spec *spec, const char *path)
{
    if (plugin_files_has(&self->files, plain_name(path))) {
        return 0;
    }
    return error_set(self->err, ERROR_USAGE, "%s: %s is not in the pack", spec->source, path);
}

/* Files that the newest spec names. */
static int check_spec_files(struct pack *self)
{
    const struct spec *spec = &self->plugin.specs[self->plugin.n_specs - 1];
    struct recipe recipe;
    int rc = recipe_parse(spec->dataset, &recipe, self->err);
    if (rc == 0 && recipe_has_file(&recipe)) {
        rc = check_present(self, spec, recipe.path);
    }
    if (rc == 0 && slo_is_path(spec->slo_template)) {
        rc = check_present(self, spec, spec->slo_template);
    }
    return rc;
}

static int read_specs(struct pack *self)
{
    plugin_specs_init(self->arena, &self->plugin);
    for (size_t i = 0; i < self->files.n; i++) {
        const char *name = self->files.names[i];
        if (!text_starts_with(name, SPECS_FOLDER) || !text_ends_with(name, ".yaml") ||
            strchr(name + strlen(SPECS_FOLDER), '/') != NULL) {
            continue;
        }
        struct spec_text text = {.name = name, .source = name};
        int rc = read_file(self, name, &text.text, &text.len);
        if (rc == 0) {
            rc = plugin_spec_add(self->arena, &self->plugin, &text, self->err);
        }
        if (rc == 0) {
            rc = check_spec_files(self);
        }
        if (rc != 0) {
            return rc;
        }
    }
    if (self->plugin.n_specs == 0) {
        return error_set(self->err, ERROR_USAGE, "it has no benchmarks: specs/*.yaml");
    }
    return 0;
}

int plugin_pack_read(struct arena *arena, const char *folder, struct plugin *out, struct error *err)
{
    struct pack pack = {
        .arena = arena,
        .folder = folder,
        .plugin = {.kind = PLUGIN_PACK, .path = arena_copy_text(arena, folder)},
        .err = err,
    };
    int rc = plugin_files_list(arena, folder, &pack.files, err);
    if (rc == 0) {
        rc = read_head(&pack);
    }
    if (rc == 0) {
        rc = read_specs(&pack);
    }
    char hash[DIGEST_HEX_SIZE];
    if (rc == 0) {
        rc = plugin_files_hash(&pack.files, folder, hash, err);
    }
    if (rc == 0) {
        pack.plugin.sha256 = arena_copy_text(arena, hash);
        *out = pack.plugin;
    }
    return rc;
}
