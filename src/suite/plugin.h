/* plugin.h - benchmarks that others add: packs and shared objects, found on disk, each checked, and
 * either registered or refused by name.
 *
 * A pack is a folder with plugin.yaml, specs/ and data/, and holds no code.  A shared object exports
 * what include/inferencebench/plugin.h says, and its code runs in processes of its own
 * (plugin_child.h).  The page for their authors is docs/plugins.md. */
#pragma once

#include "base/bytes.h"
#include "stats/metric.h"
#include "suite/plugin_host.h"
#include "suite/suite.h"

#include <sys/types.h>

enum plugin_kind {
    PLUGIN_PACK,
    PLUGIN_SHARED_OBJECT,
};

enum {
    PLUGINS_MAX = 200,            /* registered; more is a mistake in a search path */
    PLUGIN_CANDIDATES_MAX = 1000, /* entries of one folder that are looked at */
    PLUGIN_FOLDERS_MAX = 100,     /* of a search path that are noted */
    PLUGIN_METRICS_MAX = 32,      /* of one shared object */
    PLUGIN_SPECS_MAX = 100        /* benchmarks of one plugin */
};

/* The file that was hashed, to tell it from another one under its name. */
struct plugin_mark {
    dev_t device;
    ino_t inode;
    off_t n_bytes;
    time_t mtime_s;
    long mtime_ns;
};

/* Texts and specs are borrowed from the registry's arena. */
struct plugin {
    const char *id;
    const char *version;
    const char *title;
    const char *license; /* "": not said */
    enum plugin_kind kind;
    const char *path;   /* absolute: the folder of a pack, the file of a shared object */
    const char *sha256; /* of the object's file; of a pack's list of files: plugin_files.h */
    struct spec *specs;
    size_t n_specs;
    /* Of a shared object: what it can do. */
    bool has_next_request;
    bool has_score;
    bool has_validate;
    const struct metric *metrics; /* that it computes after a run: "plugin_KEY" */
    size_t n_metrics;
    struct plugin_mark mark;
};

const char *plugin_kind_name(enum plugin_kind kind);

/* What was found and cannot be used. */
struct plugin_refusal {
    const char *path;
    const char *reason; /* one line */
};

struct plugin_registry {
    struct arena arena;
    struct plugin **plugins; /* in the order in which they were found */
    size_t n;
    struct plugin_refusal *refusals;
    size_t n_refusals;
    const char **folders; /* that were searched, in order */
    size_t n_folders;
};

/* Where plugins are looked for, in this order; of two with one id the first is taken. */
struct plugin_search {
    const char *const *folders; /* that were named: each must exist */
    size_t n_folders;
    const char *path;           /* more, joined by ':'; NULL: none */
    const char *user_folder;    /* need not exist; NULL: none */
    const char *library_folder; /* likewise */
};

/* The usual places behind those that were named: $BENCH_PLUGIN_PATH, $XDG_DATA_HOME/bench/plugins (by
 * default ~/.local/share/bench/plugins), LIBDIR/bench/plugins of this build. */
struct plugin_search
plugin_search_usual(struct arena *arena, const char *const *folders, size_t n_folders);

/* Reads all plugins.  A folder is either a plugin or holds plugins: packs, *.so files, and folders with
 * *.so files in them.  Ids of `known` (built-in ones) cannot be taken.  *out is the caller's:
 * plugin_registry_done.
 * Errors: ERROR_NOT_FOUND for a named folder; what is wrong with a plugin is a refusal. */
MUST_CHECK int plugin_registry_load(
    const struct plugin_search *search,
    const struct spec_table *known,
    struct plugin_registry *out,
    struct error *err);
void plugin_registry_done(struct plugin_registry *self);

/* The plugin called `id`, or NULL. */
const struct plugin *plugin_find(const struct plugin_registry *self, const char *id);

/* Adds the benchmarks of all plugins, which must live as long as the table.  Pointers to the table's specs are
 * void afterwards. */
void plugin_registry_add_specs(const struct plugin_registry *self, struct spec_table *specs);

/* Reads the one plugin at `path`, a pack's folder, a shared object or the folder of one, for itself alone: its ids may be
 * taken elsewhere.  Texts go to `arena`.
 * Errors: ERROR_NOT_FOUND; others say why it would be refused. */
MUST_CHECK int
plugin_read(struct arena *arena, const char *path, struct plugin *out, struct error *err);

/* The path of a file that a spec names: relative ones are the pack's own.  In `arena`. */
const char *plugin_file(struct arena *arena, const struct plugin *self, const char *path);
