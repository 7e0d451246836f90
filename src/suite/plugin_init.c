/* The files are those of data/plugin/, with the plugin's id in place of @ID@. */
#include "suite/plugin_init.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/version.h"
#include "suite/embedded.h"
#include "suite/names.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct init_file {
    enum plugin_kind kind;
    const char *embedded;
    const char *name; /* in the plugin's folder */
};

static const struct init_file files[] = {
    {PLUGIN_PACK, "plugin/pack/plugin.yaml", "plugin.yaml"},
    {PLUGIN_PACK, "plugin/pack/example.yaml", "specs/example.yaml"},
    {PLUGIN_PACK, "plugin/pack/prompts.jsonl", "data/prompts.jsonl"},
    {PLUGIN_PACK, "plugin/pack/README.md", "README.md"},
    {PLUGIN_SHARED_OBJECT, "plugin/shared-object/plugin.c", "plugin.c"},
    {PLUGIN_SHARED_OBJECT, "plugin/shared-object/Makefile", "Makefile"},
    {PLUGIN_SHARED_OBJECT, "plugin/shared-object/README.md", "README.md"},
    {PLUGIN_SHARED_OBJECT, "../include/inferencebench/plugin.h", "inferencebench/plugin.h"},
};

/* `text` with every mark replaced. */
static void fill(struct bytes *out, const char *text, const char *id)
{
    static const char id_mark[] = "@ID@";
    static const char version_mark[] = "@VERSION@";
    for (const char *p = text; *p != '\0';) {
        if (text_starts_with(p, id_mark)) {
            bytes_add_text(out, id);
            p += strlen(id_mark);
        } else if (text_starts_with(p, version_mark)) {
            bytes_add_text(out, BENCH_VERSION);
            p += strlen(version_mark);
        } else {
            bytes_add_char(out, *p++);
        }
    }
}

static int make_folder(const char *path, struct error *err)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        return error_set_os(err, ERROR_IO, errno, "cannot make folder %s", path);
    }
    return 0;
}

static int
write_file(const char *folder, const struct init_file *file, const char *id, struct error *err)
{
    const struct embedded_file *source = embedded_find(file->embedded);
    assert(source != NULL);
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    fill(&text, source->text, id);
    CLEANUP(mem_freep) char *path = file_join(folder, file->name);
    const char *slash = strrchr(file->name, '/');
    if (slash != NULL) {
        CLEANUP(mem_freep) char *inner = mem_copy_bytes(path, strlen(path) - strlen(slash));
        const int rc = make_folder(inner, err);
        if (rc != 0) {
            return rc;
        }
    }
    return file_write_new(path, text.data, text.len, 0644, err);
}

static int check_id(const char *id, const struct spec_table *known, struct error *err)
{
    if (!name_is_id(id) || strlen(id) + strlen(".example") >= SPEC_ID_MAX) {
        return error_set(
            err, ERROR_USAGE,
            "'%s' is no id: words of a-z, 0-9 and '-' joined by dots, like my.words", id);
    }
    for (size_t i = 0; i < known->n; i++) {
        if (text_equal(known->specs[i].plugin, id) || text_equal(known->specs[i].id, id)) {
            return error_set(err, ERROR_USAGE, "'%s' is built in: choose another id", id);
        }
    }
    return 0;
}

int plugin_init(
    const char *parent,
    const char *id,
    enum plugin_kind kind,
    const struct spec_table *known,
    struct error *err)
{
    int rc = check_id(id, known, err);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(mem_freep) char *folder = file_join(parent, id);
    if (mkdir(folder, 0755) != 0) {
        return errno == EEXIST
                   ? error_set(
                         err, ERROR_USAGE, "%s exists already and nothing in it is changed", folder)
                   : error_set_os(err, ERROR_IO, errno, "cannot make folder %s", folder);
    }
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(files); i++) {
        if (files[i].kind == kind) {
            rc = write_file(folder, &files[i], id, err);
        }
    }
    return rc;
}
