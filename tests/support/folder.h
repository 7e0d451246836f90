/* folder.h - a folder tree that lives as long as one test. */
#pragma once

#include "support/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char last[PATH_MAX]; /* of the last file named */
};

static inline void folder_init(struct folder *self)
{
    *self = (struct folder){.path = "/tmp/bench-test-XXXXXX"};
    assert_non_null(mkdtemp(self->path));
}

static inline int
folder_remove(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static inline void folder_done(struct folder *self)
{
    assert_int_equal(nftw(self->path, folder_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* "PATH/name", kept until the next call; the folders in it are made. */
static inline const char *folder_name(struct folder *self, const char *name)
{
    (void)snprintf(self->last, sizeof(self->last), "%s/%s", self->path, name);
    for (char *p = self->last + strlen(self->path) + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(self->last, 0755);
            *p = '/';
        }
    }
    return self->last;
}

static inline const char *
folder_write_bytes(struct folder *self, const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(folder_name(self, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(self->last, 0644), 0);
    return self->last;
}

static inline const char *folder_write(struct folder *self, const char *name, const char *text)
{
    return folder_write_bytes(self, name, text, strlen(text));
}

/* A copy of `source` under `name`. */
static inline const char *folder_copy(struct folder *self, const char *name, const char *source)
{
    static char bytes[4 << 20];
    FILE *file = fopen(source, "rb");
    assert_non_null(file);
    const size_t len = fread(bytes, 1, sizeof(bytes), file);
    assert_true(len > 0 && len < sizeof(bytes));
    assert_int_equal(fclose(file), 0);
    return folder_write_bytes(self, name, bytes, len);
}
