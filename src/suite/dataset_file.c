/* A ShareGPT file has 650 MB and is read once from front to back: it is mapped, so that it costs
 * address space and page cache, not memory of ours. */
#include "suite/dataset_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "codec/zstd.h"
#include "suite/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_closep(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* Source: RFC 8878, 3.1.1: the magic number of a frame. */
static bool is_zstd(const struct mapped_file *self)
{
    static const char magic[] = {0x28, (char)0xb5, 0x2f, (char)0xfd};
    return self->len >= sizeof(magic) && memcmp(self->bytes, magic, sizeof(magic)) == 0;
}

/* Puts the content in place of the mapped bytes; on failure nothing is open. */
static int unpack(const char *path, struct mapped_file *self, struct error *err)
{
    struct bytes content;
    bytes_init(&content, DATASET_FILE_MAX);
    const int rc = zstd_decompress(self->bytes, self->len, &content, err);
    mapped_file_close(self);
    if (rc != 0) {
        bytes_done(&content);
        return error_prefix(err, "%s: ", path);
    }
    if (content.len == 0) {
        bytes_done(&content);
        return error_set(err, ERROR_PARSE, "%s:1:1: the file is empty", path);
    }
    const size_t len = content.len;
    *self = (struct mapped_file){.bytes = bytes_take(&content), .len = len, .unpacked = true};
    return 0;
}

int mapped_file_open(const char *path, struct mapped_file *out, struct error *err)
{
    CLEANUP(fd_closep) const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot open %s", path);
    }
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot read %s", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return error_set(err, ERROR_NOT_FOUND, "%s is not a file", path);
    }
    if (info.st_size == 0) {
        return error_set(err, ERROR_PARSE, "%s:1:1: the file is empty", path);
    }
    if ((uint64_t)info.st_size > DATASET_FILE_MAX) {
        return error_set(
            err, ERROR_LIMIT, "%s is larger than %zu bytes", path, (size_t)DATASET_FILE_MAX);
    }
    const size_t len = (size_t)info.st_size;
    char *bytes = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return error_set_os(err, ERROR_IO, errno, "cannot map %s", path);
    }
    *out = (struct mapped_file){.bytes = bytes, .len = len};
    return is_zstd(out) ? unpack(path, out, err) : 0;
}

void mapped_file_close(struct mapped_file *self)
{
    if (self->unpacked) {
        free(self->bytes);
    } else if (self->bytes != NULL) {
        (void)munmap(self->bytes, self->len);
    }
    *self = (struct mapped_file){0};
}

/* The value of an environment variable, or NULL when it is absent or empty. */
static const char *environment(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* `path` when it exists, else NULL; takes it over either way. */
static char *keep_existing(char *path, struct bytes *searched)
{
    if (file_exists(path) && !file_is_folder(path)) {
        return path;
    }
    if (searched != NULL) {
        bytes_add_format(searched, "%s%s", searched->len > 0 ? ", " : "", path);
    }
    free(path);
    return NULL;
}

char *dataset_file_override(const char *name)
{
    const char *folder = environment("BENCH_DATA_DIR");
    return folder != NULL ? keep_existing(file_join(folder, name), NULL) : NULL;
}

/* NULL when neither the folder for data nor the home folder is known. */
static char *user_path(const char *name)
{
    const char *data = environment("XDG_DATA_HOME");
    if (data != NULL) {
        return mem_format("%s/bench/datasets/%s", data, name);
    }
    const char *home = environment("HOME");
    return home != NULL ? mem_format("%s/.local/share/bench/datasets/%s", home, name) : NULL;
}

char *dataset_file_find(const char *name, struct bytes *searched)
{
    const char *folder = environment("BENCH_DATA_DIR");
    char *path = folder != NULL ? keep_existing(file_join(folder, name), searched) : NULL;
    if (path == NULL) {
        char *user = user_path(name);
        path = user != NULL ? keep_existing(user, searched) : NULL;
    }
    return path != NULL ? path : keep_existing(mem_format("./data/%s", name), searched);
}
