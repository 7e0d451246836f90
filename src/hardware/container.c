/* One row for each place where a runtime keeps what it knows of a container.  All are tried: the first that
 * tells the image wins. */
#include "hardware/container.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* What the rows fill; texts are "" where they are not told. */
struct image {
    const char *name;
    const char *id;     /* digest of its configuration */
    const char *digest; /* digest of its manifest */
};

struct search {
    const struct reader *reader;
    int32_t pid;
    const char *cgroups; /* content of /proc/PID/cgroup */
    char id[CONTAINER_ID_LENGTH + 1];
};

static struct json *read_json(const struct search *self, const char *path)
{
    size_t len = 0;
    struct json *document = NULL;
    struct error err = {0};
    const char *text = reader_head(self->reader, path, JSON_SIZE_MAX, &len);
    if (text == NULL || json_parse(self->reader->arena, path, text, len, &document, &err) < 0) {
        return NULL;
    }
    return document;
}

static const char *text_of(const struct json *object, const char *key)
{
    return json_text(json_find(object, key), "");
}

/* "name@sha256:..." ends with a digest; "" without. */
static const char *digest_in(const char *name)
{
    const char *at = strstr(name, "@sha256:");
    return at == NULL ? "" : at + 1;
}

/* ---- Docker: its folder of containers, and the digests under which images were pulled. ---- */

/* One repository: "name:tag" and "name@sha256:..." -> image id. */
static const char *digest_of_image(const struct json *repository, const char *image_id)
{
    for (const struct json *row = repository->first; row != NULL; row = row->next) {
        const char *digest = row->key == NULL ? "" : digest_in(row->key);
        if (*digest != '\0' && text_equal(json_text(row, ""), image_id)) {
            return digest;
        }
    }
    return "";
}

static const char *
docker_digest(const struct search *self, const char *driver, const char *image_id)
{
    const char *path =
        arena_format(self->reader->arena, "/var/lib/docker/image/%s/repositories.json", driver);
    const struct json *names = json_find(read_json(self, path), "Repositories");
    const char *digest = "";
    const struct json *name = names == NULL ? NULL : names->first;
    for (; name != NULL && *digest == '\0'; name = name->next) {
        digest = digest_of_image(name, image_id);
    }
    return digest;
}

static void read_docker(const struct search *self, struct image *out)
{
    const char *path =
        arena_format(self->reader->arena, "/var/lib/docker/containers/%s/config.v2.json", self->id);
    const struct json *config = read_json(self, path);
    out->name = json_text(json_path(config, "Config.Image"), "");
    out->id = text_of(config, "Image");
    out->digest = json_text(json_path(config, "ImageManifest.digest"), digest_in(out->name));
    size_t n = 0;
    const char **drivers = reader_folder(self->reader, "/var/lib/docker/image", "", &n);
    for (size_t i = 0; i < n && *out->digest == '\0' && *out->id != '\0'; i++) {
        out->digest = docker_digest(self, drivers[i], out->id);
    }
}

/* ---- Podman: lists of containers and of images. ---- */

static const struct json *row_of(const struct json *list, const char *id)
{
    const struct json *row = list != NULL && list->kind == JSON_ARRAY ? list->first : NULL;
    while (row != NULL && !text_equal(text_of(row, "id"), id)) {
        row = row->next;
    }
    return row;
}

static void read_storage(const struct search *self, const char *storage, struct image *out)
{
    struct arena *arena = self->reader->arena;
    const struct json *container = row_of(
        read_json(self, arena_format(arena, "%s/overlay-containers/containers.json", storage)),
        self->id);
    const char *id = text_of(container, "image");
    if (*id == '\0') {
        return;
    }
    const struct json *image =
        row_of(read_json(self, arena_format(arena, "%s/overlay-images/images.json", storage)), id);
    out->id = arena_format(arena, "sha256:%s", id);
    out->digest = text_of(image, "digest");
    out->name = json_text(json_at(json_find(image, "names"), 0), "");
}

static void read_podman(const struct search *self, struct image *out)
{
    read_storage(self, "/var/lib/containers/storage", out);
}

/* The home of the user whose slice holds the control group: "user-1000.slice". */
static const char *home_of_slice(const struct search *self)
{
    const char *slice = strstr(self->cgroups, "/user-");
    const char *passwd = reader_file(self->reader, "/etc/passwd", NULL);
    if (slice == NULL || passwd == NULL) {
        return NULL;
    }
    slice += strlen("/user-");
    const char *uid = arena_copy(self->reader->arena, slice, strcspn(slice, "./\n"));
    for (const char *line = passwd; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *fields[6] = {0}; /* name, password, uid, gid, gecos, home */
        const char *at = arena_copy(self->reader->arena, line, len);
        size_t n = 0;
        for (; n < ARRAY_LEN(fields); n++) {
            const size_t field_len = strcspn(at, ":");
            fields[n] = arena_copy(self->reader->arena, at, field_len);
            at += field_len + (at[field_len] == ':');
        }
        if (text_equal(fields[2], uid) && fields[5][0] == '/') {
            return fields[5];
        }
        line += len + (line[len] == '\n');
    }
    return NULL;
}

static void read_podman_of_user(const struct search *self, struct image *out)
{
    const char *home = home_of_slice(self);
    if (home != NULL) {
        read_storage(
            self, arena_format(self->reader->arena, "%s/.local/share/containers/storage", home),
            out);
    }
}

/* ---- Kubernetes: annotations in the configuration that the runtime was given. ---- */

static void read_annotations(const struct search *self, const char *path, struct image *out)
{
    static const char *const keys[] = {
        "io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName",
        "io.kubernetes.cri-o.ImageRef"};
    const struct json *annotations = json_find(read_json(self, path), "annotations");
    for (size_t i = 0; annotations != NULL && i < ARRAY_LEN(keys); i++) {
        const char *name = text_of(annotations, keys[i]);
        out->name = *out->name == '\0' ? name : out->name;
        out->digest = *out->digest == '\0' ? digest_in(name) : out->digest;
    }
}

static void read_containerd(const struct search *self, struct image *out)
{
    static const char folder[] = "/run/containerd/io.containerd.runtime.v2.task";
    size_t n = 0;
    const char **namespaces = reader_folder(self->reader, folder, "", &n);
    for (size_t i = 0; i < n && *out->name == '\0'; i++) {
        read_annotations(
            self,
            arena_format(
                self->reader->arena, "%s/%s/%s/config.json", folder, namespaces[i], self->id),
            out);
    }
}

static void read_crio(const struct search *self, struct image *out)
{
    read_annotations(
        self,
        arena_format(
            self->reader->arena,
            "/run/containers/storage/overlay-containers/%s/userdata/config.json", self->id),
        out);
}

/* ---- From inside: what Podman writes into a container. ---- */

static void read_containerenv(const struct search *self, struct image *out)
{
    struct arena *arena = self->reader->arena;
    const char *path = arena_format(arena, "/proc/%d/root/run/.containerenv", self->pid);
    const char *text = reader_file(self->reader, path, NULL);
    for (const char *line = text == NULL ? "" : text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *quote = memchr(line, '"', len);
        const char *value =
            quote == NULL ? "" : arena_copy(arena, quote + 1, strcspn(quote + 1, "\"\n"));
        if (text_starts_with(line, "image=")) {
            out->name = value;
        } else if (text_starts_with(line, "imageid=") && *value != '\0') {
            out->id = arena_format(arena, "sha256:%s", value);
        }
        line += len + (line[len] == '\n');
    }
}

static const struct {
    const char *runtime;
    const char *mark; /* in the control group's path; NULL: always tried */
    bool shared;      /* the mark does not tell this runtime from others */
    void (*read)(const struct search *self, struct image *out);
} rows[] = {
    {"docker", "docker", false, read_docker},
    {"podman", "libpod", false, read_podman},
    {"podman", "libpod", false, read_podman_of_user},
    {"containerd", "cri-containerd", false, read_containerd},
    {"cri-o", "crio", false, read_crio},
    {"containerd", "kubepods", true, read_containerd},
    {"cri-o", "kubepods", true, read_crio},
    {"podman", NULL, true, read_containerenv},
};

/* ---- Which container. ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The last run of exactly 64 hexadecimal digits: the innermost container. */
static bool find_id(struct search *self)
{
    for (const char *at = self->cgroups; *at != '\0';) {
        size_t len = 0;
        while (is_hex(at[len])) {
            len++;
        }
        if (len == CONTAINER_ID_LENGTH) {
            memcpy(self->id, at, len);
            self->id[len] = '\0';
        }
        at += len == 0 ? 1 : len;
    }
    return self->id[0] != '\0';
}

/* A root that is an overlay, or holds what a runtime puts there.  *out_runtime is "unknown" where only the
 * former tells. */
static bool is_inside(const struct search *self, const char **out_runtime)
{
    struct arena *arena = self->reader->arena;

    static const struct {
        const char *path;
        const char *runtime;
    } marks[] = {{"run/.containerenv", "podman"}, {".dockerenv", "docker"}};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        bool denied = false;
        const char *path = arena_format(arena, "/proc/%d/root/%s", self->pid, marks[i].path);
        if (reader_file(self->reader, path, &denied) != NULL) {
            *out_runtime = marks[i].runtime;
            return true;
        }
    }
    const char *mounts =
        reader_file(self->reader, arena_format(arena, "/proc/%d/mountinfo", self->pid), NULL);
    for (const char *line = mounts == NULL ? "" : mounts; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *text = arena_copy(arena, line, len);
        if (strstr(text, " / / ") != NULL && strstr(text, " - overlay ") != NULL) {
            *out_runtime = "unknown";
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

static const char *runtime_of(const struct search *self)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].shared && strstr(self->cgroups, rows[i].mark) != NULL) {
            return rows[i].runtime;
        }
    }
    return "unknown";
}

/* A name alone is kept, and the search goes on for what identifies the content.  *runtime becomes that of the
 * files that told. */
static void find_image(const struct search *self, const char **runtime, struct image *out)
{
    *out = (struct image){"", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(rows) && *out->id == '\0' && *out->digest == '\0'; i++) {
        struct image image = {"", "", ""};
        if (rows[i].mark != NULL && strstr(self->cgroups, rows[i].mark) == NULL) {
            continue;
        }
        rows[i].read(self, &image);
        if (*image.name != '\0' || *image.id != '\0' || *image.digest != '\0') {
            *out = image;
            *runtime = rows[i].runtime;
        }
    }
}

static void add(const struct search *self, struct json *facts, const char *key, const char *value)
{
    json_add_text(
        self->reader->arena, facts, key,
        *value == '\0' ? "unknown" : reader_trim(self->reader, value, strlen(value)));
}

void container_read(const struct reader *reader, int32_t pid, struct container *out)
{
    *out = (struct container){0};
    struct search search = {.reader = reader, .pid = pid};
    const char *runtime = NULL;
    search.cgroups = reader_file(reader, arena_format(reader->arena, "/proc/%d/cgroup", pid), NULL);
    search.cgroups = search.cgroups == NULL ? "" : search.cgroups;
    if (find_id(&search)) {
        runtime = runtime_of(&search);
    } else if (!is_inside(&search, &runtime)) {
        return;
    }
    struct image image;
    find_image(&search, &runtime, &image);
    out->facts = json_new(reader->arena, JSON_OBJECT);
    add(&search, out->facts, "runtime", runtime);
    add(&search, out->facts, "id", search.id);
    add(&search, out->facts, "image", image.name);
    add(&search, out->facts, "image_id", image.id);
    add(&search, out->facts, "image_digest", image.digest);
    out->image_digest = *image.digest != '\0' ? image.digest : image.id;
    out->found = *out->image_digest != '\0' ? CONTAINER_READ : CONTAINER_UNKNOWN;
    if (out->found == CONTAINER_UNKNOWN) {
        (void)snprintf(
            out->why, sizeof(out->why), "its container runtime (%s) does not show the image%s",
            runtime,
            search.id[0] != '\0' ? "; its files are for root to read" : " inside the container");
    }
}
