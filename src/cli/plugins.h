/* plugins.h - the plugins that a command finds, and the benchmarks that it gets from them. */
#pragma once

#include "cli/command.h"
#include "suite/plugin.h"

/* The option --plugin-dir, which several commands have: one row, and its member. */
#define PLUGIN_DIR_ROW(type_of_options, member)                                      \
    {                                                                                \
        .name = "plugin-dir", .value_name = "FOLDER", .type = OPTION_TEXTS,          \
        .offset = offsetof(type_of_options, member),                                 \
        .help = "Look for plugins here too, before the usual folders: a plugin, or " \
                "a folder of plugins."                                               \
    }

/* Looks for plugins in `folders` (of --plugin-dir), then in the usual places.  *out is the caller's:
 * plugin_registry_done.  Errors: ERROR_NOT_FOUND for one of `folders`. */
MUST_CHECK int plugins_load(
    const struct option_texts *folders,
    const struct spec_table *known,
    struct plugin_registry *out,
    struct error *err);

/* Where a command looks for benchmarks. */
struct plugins_source {
    const struct cli_context *context;
    const struct option_texts *folders; /* of --plugin-dir */
    struct spec_table *table;
    struct plugin_registry
        *plugins; /* empty; filled when it is needed, and must outlive the table */
};

/* Adds the benchmarks of all plugins to the table; says on the log which plugins are refused. */
MUST_CHECK int plugins_load_specs(const struct plugins_source *self, struct error *err);

/* As specs_find; a name that the table does not have is looked for among the plugins, which are opened
 * only then: a run of a built-in benchmark opens none. */
MUST_CHECK int plugins_find_spec(
    const struct plugins_source *self,
    const char *name,
    const struct spec **out,
    struct error *err);
