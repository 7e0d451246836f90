/* A result file is written under a temporary name and linked to its real one: link(2) refuses to
 * replace, so two runs that finish together cannot overwrite each other, and a crash leaves at most
 * a temporary file, never half a result.  Where a file system has no hard links, renameat2 with
 * RENAME_NOREPLACE does the same. */
#include "base/file.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void fd_closep(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int
read_all(int fd, const char *path, size_t max, char **out, size_t *out_len, struct error *err)
{
    size_t cap = 4096;
    size_t len = 0;
    CLEANUP(mem_freep) char *data = mem_alloc(cap + 1, 1);
    for (;;) {
        const ssize_t n = read(fd, data + len, cap - len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_os(err, ERROR_IO, errno, "cannot read %s", path);
        }
        if (n == 0) {
            break;
        }
        len += (size_t)n;
        if (len > max) {
            return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", path, max);
        }
        if (len == cap) {
            cap *= 2;
            data = mem_resize(data, cap + 1, 1);
        }
    }
    data[len] = '\0';
    *out = TAKE(data);
    *out_len = len;
    return 0;
}

int file_read(const char *path, size_t max, char **out, size_t *out_len, struct error *err)
{
    CLEANUP(fd_closep) const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot open %s", path);
    }
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        return error_set(err, ERROR_NOT_FOUND, "%s is a folder, not a file", path);
    }
    return read_all(fd, path, max, out, out_len, err);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return mem_copy_text(".");
    }
    return mem_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

static int sync_folder(const char *path, struct error *err)
{
    CLEANUP(mem_freep) char *folder = folder_of(path);
    CLEANUP(fd_closep) const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        return error_set_os(
            err, ERROR_IO, errno, "cannot write %s: its folder cannot be synced", path);
    }
    return 0;
}

static int name_without_replacing(const char *temporary, const char *path)
{
    if (link(temporary, path) == 0) {
        (void)unlink(temporary);
        return 0;
    }
    if (errno == EEXIST) {
        return -1;
    }
    return renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
}

/* What a file is to hold. */
struct content {
    const void *data;
    size_t len;
    mode_t mode;
};

static int
fill_temporary(int fd, const char *path, const struct content *content, struct error *err)
{
    if (fchmod(fd, content->mode) != 0 || write_all(fd, content->data, content->len) != 0 ||
        fsync(fd) != 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot write %s", path);
    }
    return 0;
}

/* Makes the temporary file, whole and on disk; `temporary` ends in XXXXXX.  Nothing is left on failure. */
static int
write_temporary(char *temporary, const char *path, const struct content *content, struct error *err)
{
    const int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot write %s", path);
    }
    const int filled = fill_temporary(fd, path, content, err);
    const int closed = close(fd);
    if (filled < 0) {
        (void)unlink(temporary);
        return filled;
    }
    if (closed != 0) {
        const int saved = errno;
        (void)unlink(temporary);
        return error_set_os(err, ERROR_IO, saved, "cannot write %s", path);
    }
    return 0;
}

int file_write_new(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
    CLEANUP(mem_freep) char *temporary = mem_format("%s.tmp-XXXXXX", path);
    const struct content content = {data, len, mode};
    const int written = write_temporary(temporary, path, &content, err);
    if (written < 0) {
        return written;
    }
    if (name_without_replacing(temporary, path) != 0) {
        const int saved = errno;
        (void)unlink(temporary);
        if (saved == EEXIST) {
            return error_set(err, ERROR_USAGE, "%s exists already and is not overwritten", path);
        }
        return error_set_os(err, ERROR_IO, saved, "cannot write %s", path);
    }
    if (sync_folder(path, err) < 0) {
        (void)unlink(path);
        return -(int)err->code;
    }
    return 0;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode, struct error *err)
{
    CLEANUP(mem_freep) char *temporary = mem_format("%s.tmp-XXXXXX", path);
    const struct content content = {data, len, mode};
    const int written = write_temporary(temporary, path, &content, err);
    if (written < 0) {
        return written;
    }
    if (rename(temporary, path) != 0) {
        const int saved = errno;
        (void)unlink(temporary);
        return error_set_os(err, ERROR_IO, saved, "cannot write %s", path);
    }
    return sync_folder(path, err);
}

int file_make_folder(const char *path, struct error *err)
{
    if (*path == '\0') {
        return 0;
    }
    CLEANUP(mem_freep) char *partial = mem_copy_text(path);
    for (char *p = partial + 1;; p++) {
        if (*p != '/' && *p != '\0') {
            continue;
        }
        const char saved = *p;
        *p = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
            return error_set_os(err, ERROR_IO, errno, "cannot make folder %s", partial);
        }
        *p = saved;
        if (saved == '\0') {
            break;
        }
    }
    if (!file_is_folder(path)) {
        return error_set(err, ERROR_IO, "%s exists and is not a folder", path);
    }
    return 0;
}

int file_check_writable(const char *folder, struct error *err)
{
    CLEANUP(mem_freep) char *probe = mem_format("%s/.bench-write-XXXXXX", folder);
    const int fd = mkostemp(probe, O_CLOEXEC);
    if (fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot write in folder %s", folder);
    }
    (void)close(fd);
    (void)unlink(probe);
    return 0;
}

bool file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

char *file_join(const char *folder, const char *name)
{
    if (*folder == '\0') {
        return mem_copy_text(name);
    }
    return mem_format("%s%s%s", folder, text_ends_with(folder, "/") ? "" : "/", name);
}

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}
