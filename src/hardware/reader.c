/* Files of /proc and /sys are small, may vanish, may be for root alone, and end in white space. */
#include "hardware/reader.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* /proc/cpuinfo of a thousand cores is about 2 MB. */
#define READER_FILE_MAX ((size_t)64 << 20)

enum {
    READER_NAMES_MAX = 4096
};

const char *
reader_bytes(const struct reader *self, const char *path, size_t *out_len, bool *out_denied)
{
    CLEANUP(mem_freep) char *full = mem_format("%s%s", self->root, path);
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    const int rc = file_read(full, READER_FILE_MAX, &text, &len, &err);
    if (out_denied != NULL) {
        *out_denied = rc < 0 && (err.os_errno == EACCES || err.os_errno == EPERM);
    }
    *out_len = len;
    return rc < 0 ? NULL : arena_copy(self->arena, text, len);
}

const char *reader_head(const struct reader *self, const char *path, size_t max, size_t *out_len)
{
    CLEANUP(mem_freep) char *full = mem_format("%s%s", self->root, path);
    /* Not blocking: a named pipe without a writer would hold up the run. */
    const int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    *out_len = 0;
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return NULL;
    }
    CLEANUP(mem_freep) char *text = NULL;
    size_t room = 0;
    while (*out_len < max) {
        if (*out_len == room) {
            room = room == 0 ? 4096 : 2 * room;
            text = mem_resize(text, room, 1);
        }
        const size_t left = (room < max ? room : max) - *out_len;
        const ssize_t n = read(fd, text + *out_len, left);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        *out_len += (size_t)n;
    }
    (void)close(fd);
    return *out_len == 0 ? NULL : arena_copy(self->arena, text, *out_len);
}

const char *reader_file(const struct reader *self, const char *path, bool *out_denied)
{
    size_t len = 0;
    return reader_bytes(self, path, &len, out_denied);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

const char *reader_trim(const struct reader *self, const char *text, size_t len)
{
    while (len > 0 && is_blank(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_blank(text[len - 1])) {
        len--;
    }
    char *copy = arena_copy(self->arena, text, len);
    for (size_t i = 0; i < len;) {
        const size_t n = text_utf8_length(copy + i, len - i);
        const bool good = n > 1 || (n == 1 && copy[i] >= 0x20 && copy[i] != 0x7f);
        if (!good) {
            copy[i] = '?';
        }
        i += n == 0 ? 1 : n;
    }
    return copy;
}

const char *reader_line(const struct reader *self, const char *path, bool *out_denied)
{
    const char *text = reader_file(self, path, out_denied);
    if (text == NULL) {
        return NULL;
    }
    const char *line = reader_trim(self, text, strcspn(text, "\n"));
    return *line == '\0' ? NULL : line;
}

const char *reader_value(const struct reader *self, const char *text, const char *key)
{
    const size_t key_len = strlen(key);
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *colon = memchr(line, ':', len);
        if (colon != NULL && strncmp(line, key, key_len) == 0 &&
            line + key_len + strspn(line + key_len, " \t") == colon) {
            const char *value = reader_trim(self, colon + 1, len - (size_t)(colon + 1 - line));
            return *value == '\0' ? NULL : value;
        }
        line += len + (line[len] == '\n');
    }
    return NULL;
}

void reader_warn(const struct reader *self, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)json_append(
        self->warnings, json_new_text(self->arena, reader_trim(self, text, strlen(text))));
}

static int compare_names(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    const size_t left_len = strlen(left);
    const size_t right_len = strlen(right);
    if (left_len != right_len) {
        return left_len < right_len ? -1 : 1;
    }
    return strcmp(left, right);
}

const char **
reader_folder(const struct reader *self, const char *path, const char *prefix, size_t *out_n)
{
    const char **names = arena_alloc(self->arena, READER_NAMES_MAX * sizeof(*names));
    *out_n = 0;
    CLEANUP(mem_freep) char *full = mem_format("%s%s", self->root, path);
    DIR *folder = opendir(full);
    if (folder == NULL) {
        return names;
    }
    /* One thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    for (const struct dirent *entry = readdir(folder); entry != NULL && *out_n < READER_NAMES_MAX;
         entry = readdir(folder)) { /* NOLINT(concurrency-mt-unsafe) */
        if (entry->d_name[0] != '.' && text_starts_with(entry->d_name, prefix)) {
            names[(*out_n)++] = arena_copy_text(self->arena, entry->d_name);
        }
    }
    (void)closedir(folder);
    qsort(names, *out_n, sizeof(*names), compare_names);
    return names;
}
