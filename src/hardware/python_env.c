/* An environment is a folder with pyvenv.cfg above the interpreter's name as it was started: the executable
 * itself is a link's target, outside.  A process that has written another title over its command line is
 * known by the libraries that it has mapped out of its folders of packages. */
#include "hardware/python_env.h"

#include "base/file.h"
#include "base/text.h"
#include "codec/digest.h"
#include "hardware/python_packages.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    TEXT_MAX = 1 << 20,  /* bytes of a command line, of an environment, of pyvenv.cfg */
    MAPS_MAX = 64 << 20, /* bytes of /proc/PID/maps */
    VERSION_SIZE = 16
};

/* What is known of a process on the way. */
struct python {
    const struct reader *reader; /* /proc */
    struct reader inside;        /* the file system as the process sees it */
    int32_t pid;
    const char *executable;
    const char *interpreter; /* the name that it was started by, absolute; NULL: not known */
    const char *environ;     /* NULL: cannot be read */
    size_t environ_len;
    const char *maps;
    char version[VERSION_SIZE]; /* "3.11" */
    unsigned minor;
    const char *venv; /* NULL: none */
    struct python_folders folders;
};

static const char *parent_of(const struct python *self, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : arena_copy(self->reader->arena, path, (size_t)(slash - path));
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool is_there(const struct python *self, const char *path)
{
    size_t len = 0;
    return reader_head(&self->inside, path, 1, &len) != NULL;
}

/* The same of a link, whose target may be named from another root than this program's. */
static bool has_name(const struct python *self, const char *path)
{
    struct stat info;
    const char *full = arena_format(self->reader->arena, "%s%s", self->inside.root, path);
    return lstat(full, &info) == 0 && !S_ISDIR(info.st_mode);
}

static bool is_link(const struct python *self, const char *path)
{
    struct stat info;
    const char *full = arena_format(self->reader->arena, "%s%s", self->inside.root, path);
    return lstat(full, &info) == 0 && S_ISLNK(info.st_mode);
}

/* "3.11" at the beginning of a text. */
static bool take_version(struct python *self, const char *text)
{
    if (strncmp(text, "3.", 2) != 0) {
        return false;
    }
    unsigned minor = 0;
    size_t n = 2;
    while (n < 4 && text[n] >= '0' && text[n] <= '9') {
        minor = 10 * minor + (unsigned)(text[n] - '0');
        n++;
    }
    if (n == 2) {
        return false;
    }
    self->minor = minor;
    (void)snprintf(self->version, sizeof(self->version), "3.%u", minor);
    return true;
}

static bool find_version_behind(struct python *self, const char *text, const char *beginning)
{
    for (const char *at = strstr(text, beginning); at != NULL; at = strstr(at + 1, beginning)) {
        if (take_version(self, at + strlen(beginning))) {
            return true;
        }
    }
    return false;
}

/* The version that a text with paths of Python in it names. */
static void find_version(struct python *self, const char *text)
{
    if (!find_version_behind(self, text, "libpython") &&
        !find_version_behind(self, text, "/lib/python")) {
        (void)find_version_behind(self, text, "/lib64/python");
    }
}

/* True when the process is an interpreter, by its name or by the library in it. */
static bool is_python(struct python *self)
{
    const char *name = base_of(self->executable);
    if (text_starts_with(name, "python")) {
        if (!take_version(self, name + strlen("python")) && self->maps != NULL) {
            find_version(self, self->maps);
        }
        return true;
    }
    const char *library = self->maps == NULL ? NULL : strstr(self->maps, "/libpython3.");
    return library != NULL && take_version(self, library + strlen("/libpython"));
}

/* A variable of the process's environment; NULL when it has none. */
static const char *variable(const struct python *self, const char *name)
{
    const size_t name_len = strlen(name);
    for (size_t at = 0; self->environ != NULL && at < self->environ_len;) {
        const char *text = self->environ + at;
        const size_t len = strnlen(text, self->environ_len - at);
        if (len > name_len && strncmp(text, name, name_len) == 0 && text[name_len] == '=') {
            return text + name_len + 1;
        }
        at += len + 1;
    }
    return NULL;
}

/* The n-th part of a list with ':' between its parts; false behind the last. */
static bool part_at(const struct python *self, const char *list, size_t n, const char **out)
{
    for (; n > 0; n--) {
        list += strcspn(list, ":");
        if (*list == '\0') {
            return false;
        }
        list++;
    }
    *out = arena_copy(self->reader->arena, list, strcspn(list, ":"));
    return true;
}

static const char *absolute(const struct python *self, const char *path)
{
    const char *cwd = *path == '/' ? "" : process_link(self->reader, self->pid, "cwd");
    if (cwd == NULL) {
        return NULL;
    }
    return *path == '/' ? path : arena_format(self->reader->arena, "%s/%s", cwd, path);
}

/* The first word of the command line, as the shell that started it found it. */
static const char *find_interpreter(const struct python *self)
{
    size_t len = 0;
    const char *path = arena_format(self->reader->arena, "/proc/%d/cmdline", self->pid);
    const char *word = reader_head(self->reader, path, TEXT_MAX, &len);
    if (word == NULL || !text_starts_with(base_of(word), "python")) {
        return NULL;
    }
    if (strchr(word, '/') != NULL) {
        const char *full = absolute(self, word);
        return full != NULL && has_name(self, full) ? full : NULL;
    }
    const char *list = variable(self, "PATH");
    const char *folder = NULL;
    for (size_t i = 0; list != NULL && part_at(self, list, i, &folder); i++) {
        const char *full = arena_format(self->reader->arena, "%s/%s", folder, word);
        if (*folder == '/' && has_name(self, full)) {
            return full;
        }
    }
    return NULL;
}

/* The folder of an environment that this interpreter belongs to; NULL when there is none. */
static const char *venv_of(const struct python *self, const char *interpreter)
{
    const char *folder = parent_of(self, interpreter);
    for (unsigned i = 0; i < 2; i++) {
        if (is_there(self, arena_format(self->reader->arena, "%s/pyvenv.cfg", folder))) {
            return folder;
        }
        folder = parent_of(self, folder);
    }
    return NULL;
}

static void add_folder(struct python *self, const char *path)
{
    if (self->folders.n == PYTHON_FOLDERS_MAX) {
        return;
    }
    for (size_t i = 0; i < self->folders.n; i++) {
        if (text_equal(self->folders.paths[i], path)) {
            return;
        }
    }
    self->folders.paths[self->folders.n++] = path;
}

/* The folder of packages in a line of /proc/PID/maps, when there is one. */
static void add_mapped_folder(struct python *self, const char *line)
{
    static const char *const names[] = {"/site-packages/", "/dist-packages/"};
    const char *path = strchr(line, '/');
    for (size_t i = 0; path != NULL && i < ARRAY_LEN(names); i++) {
        const char *at = strstr(path, names[i]);
        if (at != NULL) {
            const size_t n = (size_t)(at - path) + strlen(names[i]) - 1;
            add_folder(self, arena_copy(self->reader->arena, path, n));
        }
    }
}

/* The folders that a process has mapped libraries from: ".../site-packages". */
static void add_mapped_folders(struct python *self)
{
    for (const char *line = self->maps == NULL ? "" : self->maps; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        add_mapped_folder(self, arena_copy(self->reader->arena, line, len));
        line += len + (line[len] == '\n');
    }
}

/* "V/lib/python3.11/site-packages" belongs to V. */
static const char *venv_of_folders(const struct python *self)
{
    for (size_t i = 0; i < self->folders.n; i++) {
        const char *venv =
            parent_of(self, parent_of(self, parent_of(self, self->folders.paths[i])));
        if (is_there(self, arena_format(self->reader->arena, "%s/pyvenv.cfg", venv))) {
            return venv;
        }
    }
    return NULL;
}

static void add_prefix(struct python *self, const char *prefix)
{
    struct arena *arena = self->reader->arena;
    add_folder(self, arena_format(arena, "%s/lib/python%s/site-packages", prefix, self->version));
    if (!is_link(self, arena_format(arena, "%s/lib64", prefix))) {
        add_folder(
            self, arena_format(arena, "%s/lib64/python%s/site-packages", prefix, self->version));
    }
}

/* The interpreter's own folders; Debian's has names of its own. */
static void add_base(struct python *self)
{
    struct arena *arena = self->reader->arena;
    const char *prefix = parent_of(self, parent_of(self, self->executable));
    const char *home = variable(self, "HOME");
    if (home != NULL && *home == '/' && variable(self, "PYTHONNOUSERSITE") == NULL) {
        add_prefix(self, arena_format(arena, "%s/.local", home));
    }
    if (text_equal(prefix, "/usr")) {
        add_folder(
            self, arena_format(arena, "/usr/local/lib/python%s/dist-packages", self->version));
        add_folder(self, "/usr/lib/python3/dist-packages");
        add_folder(self, arena_format(arena, "/usr/lib/python%s/dist-packages", self->version));
        add_prefix(self, "/usr/local");
    }
    add_prefix(self, prefix);
}

static void add_python_path(struct python *self)
{
    const char *list = variable(self, "PYTHONPATH");
    const char *part = NULL;
    for (size_t i = 0; list != NULL && part_at(self, list, i, &part); i++) {
        const char *path = *part == '\0' ? NULL : absolute(self, part);
        if (path != NULL) {
            add_folder(self, path);
        }
    }
}

static bool sees_system_packages(const struct python *self)
{
    size_t len = 0;
    const char *path = arena_format(self->reader->arena, "%s/pyvenv.cfg", self->venv);
    const char *text = reader_head(&self->inside, path, TEXT_MAX, &len);
    static const char key[] = "include-system-site-packages";
    for (const char *line = text == NULL ? "" : text; *line != '\0';) {
        const size_t n = strcspn(line, "\n");
        if (text_starts_with(line, key)) {
            const char *value = line + strlen(key);
            value += strspn(value, " =");
            return text_starts_with(value, "true");
        }
        line += n + (line[n] == '\n');
    }
    return false;
}

/* In the order in which the interpreter searches them. */
static void find_folders(struct python *self)
{
    add_mapped_folders(self);
    const char *mapped_venv = venv_of_folders(self);
    const bool any_mapped = self->folders.n > 0;
    const struct python_folders mapped = self->folders;
    self->folders.n = 0;
    if (self->interpreter != NULL) {
        self->venv = venv_of(self, self->interpreter);
    }
    self->venv = self->venv != NULL ? self->venv : venv_of(self, self->executable);
    self->venv = self->venv != NULL ? self->venv : mapped_venv;
    if (self->venv == NULL && self->interpreter == NULL && !any_mapped) {
        return; /* nothing tells what it imports from */
    }
    add_python_path(self);
    if (self->venv != NULL) {
        add_prefix(self, self->venv);
    }
    if (self->venv == NULL || sees_system_packages(self)) {
        add_base(self);
    }
    for (size_t i = 0; i < mapped.n; i++) {
        add_folder(self, mapped.paths[i]);
    }
}

static void hash_lines(const struct json *lines, char out[65])
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    for (const struct json *row = lines->first; row != NULL; row = row->next) {
        bytes_add_text(&text, row->text);
        bytes_add_char(&text, '\n');
    }
    digest_sha256_hex(text.len == 0 ? "" : text.data, text.len, out);
    bytes_done(&text);
}

/* Folders that are there, as the process names them. */
static void describe(struct python *self, struct python_env *out)
{
    struct arena *arena = self->reader->arena;
    struct json *packages = python_packages_read(&self->inside, &self->folders, self->minor);
    hash_lines(packages, out->freeze_sha256);
    out->facts = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out->facts, "version", self->version);
    struct json *folders = json_add(arena, out->facts, "folders", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < self->folders.n; i++) {
        const char *path = self->folders.paths[i];
        if (!file_is_folder(arena_format(arena, "%s%s", self->inside.root, path))) {
            continue;
        }
        (void)json_append(
            folders, json_new_text(arena, reader_trim(self->reader, path, strlen(path))));
    }
    (void)json_add(arena, out->facts, "packages", packages);
    json_add_text(arena, out->facts, "freeze_sha256", out->freeze_sha256);
    out->found = PYTHON_READ;
}

static void unknown(struct python_env *out, const char *why)
{
    out->found = PYTHON_UNKNOWN;
    (void)snprintf(out->why, sizeof(out->why), "%s", why);
}

void python_env_read(
    const struct reader *reader, int32_t pid, const char *executable, struct python_env *out)
{
    *out = (struct python_env){0};
    struct arena *arena = reader->arena;
    struct python self = {
        .reader = reader,
        .inside = *reader,
        .pid = pid,
        .executable = executable,
    };
    size_t len = 0;
    self.inside.root = arena_format(arena, "%s/proc/%d/root", reader->root, pid);
    self.maps = reader_head(reader, arena_format(arena, "/proc/%d/maps", pid), MAPS_MAX, &len);
    self.environ = reader_head(
        reader, arena_format(arena, "/proc/%d/environ", pid), TEXT_MAX, &self.environ_len);
    if (!is_python(&self)) {
        return;
    }
    if (self.version[0] == '\0') {
        unknown(out, "the interpreter's version is not known");
        return;
    }
    self.interpreter = find_interpreter(&self);
    find_folders(&self);
    if (self.folders.n == 0) {
        unknown(out, "nothing tells which environment it runs in");
        return;
    }
    describe(&self, out);
}
