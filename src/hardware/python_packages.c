/* A package has a folder NAME-VERSION.dist-info with a file METADATA, or, from older tools, an .egg-info
 * with PKG-INFO in it or as the file itself.  Only their first kilobytes are read: the long descriptions of
 * some hundred packages behind them are of no interest. */
#include "hardware/python_packages.h"

#include "base/mem.h"
#include "base/text.h"
#include "hardware/normal_text.h"
#include "hardware/secret_text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    METADATA_HEAD = 4096,       /* bytes: Name and Version stand in the first lines */
    DIRECT_URL_MAX = 64 * 1024, /* bytes of direct_url.json */
    NAMES_MAX = 65536           /* entries of one folder */
};

struct package {
    const char *name; /* as written */
    const char *key;  /* lower case, runs of "-_." as one '-': two spellings are one package */
    const char *line; /* one line, or two */
};

struct package_list {
    const struct reader *reader;
    bool cut;
    size_t n;
    struct package *rows;
};

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Source: PEP 503. */
static const char *key_of(struct arena *arena, const char *name)
{
    char *out = arena_copy_text(arena, name);
    size_t n = 0;
    for (const char *p = name; *p != '\0'; p++) {
        const bool separator = strchr("-_.", *p) != NULL;
        if (separator && n > 0 && out[n - 1] == '-') {
            continue;
        }
        out[n++] = (char)(separator ? '-' : lower(*p));
    }
    out[n] = '\0';
    return out;
}

static bool is_listed(const struct package_list *list, const char *key)
{
    for (size_t i = 0; i < list->n; i++) {
        if (text_equal(list->rows[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* The place of an installation, with what identifies its content. */
static const char *reference_of(
    const struct reader *reader, const char *name, const char *url, const struct json *document)
{
    struct arena *arena = reader->arena;
    const struct json *vcs = json_find(document, "vcs_info");
    const char *hash = json_text(json_path(document, "archive_info.hash"), "");
    const char *folder = json_text(json_find(document, "subdirectory"), "");
    const char *text = arena_format(arena, "%s @ %s", name, url);
    if (vcs != NULL) {
        text = arena_format(
            arena, "%s @ %s+%s@%s", name, json_text(json_find(vcs, "vcs"), "unknown"), url,
            json_text(json_find(vcs, "commit_id"), "unknown"));
    }
    const bool both = *hash != '\0' && *folder != '\0';
    return arena_format(
        arena, "%s%s%s%s%s%s", text, *hash != '\0' || *folder != '\0' ? "#" : "", hash,
        both ? "&" : "", *folder != '\0' ? "subdirectory=" : "", folder);
}

/* What direct_url.json tells of where the package came from; NULL when it came from an index. */
static const char *
direct_line(const struct reader *reader, const char *folder, const char *name, const char *version)
{
    size_t len = 0;
    struct error err = {0};
    struct json *document = NULL;
    const char *text = reader_head(
        reader, arena_format(reader->arena, "%s/direct_url.json", folder), DIRECT_URL_MAX, &len);
    if (text == NULL ||
        json_parse(reader->arena, "direct_url.json", text, len, &document, &err) < 0) {
        return NULL;
    }
    const char *raw = json_text(json_find(document, "url"), NULL);
    if (raw == NULL) {
        return NULL;
    }
    const char *url = secret_text_hide(reader->arena, raw, NULL);
    bool editable = false;
    (void)json_bool(json_path(document, "dir_info.editable"), &editable);
    if (!editable) {
        return reference_of(reader, name, url, document);
    }
    const char *path = text_starts_with(url, "file://") ? url + strlen("file://") : url;
    return arena_format(
        reader->arena, "# Editable install with no version control (%s==%s)\n-e %s", name, version,
        path);
}

/* The head of a file of metadata ends with an empty line. */
static const char *header_of(const struct reader *reader, const char *text, const char *key)
{
    const char *end = strstr(text, "\n\n");
    const size_t len = end == NULL ? strlen(text) : (size_t)(end + 1 - text);
    return reader_value(reader, arena_copy(reader->arena, text, len), key);
}

static void add_package(struct package_list *list, const char *folder, const char *metadata)
{
    const struct reader *reader = list->reader;
    size_t len = 0;
    const char *text = reader_head(reader, metadata, METADATA_HEAD, &len);
    if (text == NULL) {
        return;
    }
    const char *name = header_of(reader, text, "Name");
    const char *version = header_of(reader, text, "Version");
    if (name == NULL || version == NULL) {
        reader_warn(reader, "engine_process.python: %s names no package", metadata);
        return;
    }
    const char *key = key_of(reader->arena, name);
    if (is_listed(list, key)) {
        return;
    }
    if (list->n == PYTHON_PACKAGES_MAX) {
        list->cut = true;
        return;
    }
    const char *line = direct_line(reader, folder, name, version);
    if (line == NULL) {
        line = arena_format(reader->arena, "%s==%s", name, version);
    }
    list->rows[list->n++] = (struct package){name, key, line};
}

static void read_entry(struct package_list *list, const char *folder, const char *entry)
{
    struct arena *arena = list->reader->arena;
    const char *path = arena_format(arena, "%s/%s", folder, entry);
    if (text_ends_with(entry, ".dist-info")) {
        add_package(list, path, arena_format(arena, "%s/METADATA", path));
    } else if (text_ends_with(entry, ".egg-info")) {
        const char *inside = arena_format(arena, "%s/PKG-INFO", path);
        size_t len = 0;
        const bool is_folder = reader_head(list->reader, inside, 1, &len) != NULL;
        add_package(list, path, is_folder ? inside : path);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Entries in the order of their names, so that two readings agree. */
static void read_folder(struct package_list *list, const char *folder)
{
    const struct reader *reader = list->reader;
    CLEANUP(mem_freep) char *path = mem_format("%s%s", reader->root, folder);
    CLEANUP(mem_freep) const char **names = mem_alloc(NAMES_MAX, sizeof(*names));
    size_t n = 0;
    DIR *stream = opendir(path);
    if (stream == NULL) {
        return;
    }
    /* One thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    for (const struct dirent *entry = readdir(stream); entry != NULL && n < NAMES_MAX;
         entry = readdir(stream)) { /* NOLINT(concurrency-mt-unsafe) */
        if (text_ends_with(entry->d_name, "-info")) {
            names[n++] = arena_copy_text(reader->arena, entry->d_name);
        }
    }
    (void)closedir(stream);
    qsort(names, n, sizeof(*names), compare_texts);
    for (size_t i = 0; i < n; i++) {
        read_entry(list, folder, names[i]);
    }
}

/* As Python sorts by name.lower(); spellings of one name never meet here. */
static int compare_packages(const void *a, const void *b)
{
    const char *left = ((const struct package *)a)->name;
    const char *right = ((const struct package *)b)->name;
    for (; *left != '\0' && lower(*left) == lower(*right); left++, right++) {
    }
    const unsigned char x = (unsigned char)lower(*left);
    const unsigned char y = (unsigned char)lower(*right);
    return (x > y) - (x < y);
}

/* Source: pip's commands/freeze.py. */
static bool is_left_out(const char *key, unsigned minor)
{
    static const char *const before_312[] = {"setuptools", "distribute", "wheel"};
    for (size_t i = 0; minor < 12 && i < ARRAY_LEN(before_312); i++) {
        if (text_equal(key, before_312[i])) {
            return true;
        }
    }
    return text_equal(key, "pip");
}

struct json *python_packages_read(
    const struct reader *reader, const struct python_folders *folders, unsigned minor)
{
    struct package_list list = {.reader = reader};
    CLEANUP(mem_freep)
    struct package *rows = mem_alloc(PYTHON_PACKAGES_MAX, sizeof(struct package));
    list.rows = rows;
    for (size_t i = 0; i < folders->n; i++) {
        read_folder(&list, folders->paths[i]);
    }
    qsort(list.rows, list.n, sizeof(*list.rows), compare_packages);
    struct json *out = json_new(reader->arena, JSON_ARRAY);
    for (size_t i = 0; i < list.n; i++) {
        if (!is_left_out(list.rows[i].key, minor)) {
            (void)json_append(
                out,
                json_new_text(reader->arena, normal_text_copy(reader->arena, list.rows[i].line)));
        }
    }
    if (list.cut) {
        reader_warn(
            reader, "engine_process.python: only the first %d packages are listed",
            (int)PYTHON_PACKAGES_MAX);
    }
    return out;
}
