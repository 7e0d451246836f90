/* scratch.h - a folder that lives as long as one test. */
#pragma once

#include "base/attr.h"
#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SCRATCH_PATH_MAX = 512
};

struct scratch {
    char folder[64];
    char path[SCRATCH_PATH_MAX]; /* of the last file written or named */
};

static inline void scratch_init(struct scratch *self)
{
    *self = (struct scratch){.folder = "/tmp/bench-test-XXXXXX"};
    assert_non_null(mkdtemp(self->folder));
}

/* Removes the files and the folder. */
static inline void scratch_done(struct scratch *self)
{
    DIR *dir = opendir(self->folder);
    assert_non_null(dir);
    const struct dirent *entry = NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream */
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        }
    }
    (void)closedir(dir);
    assert_int_equal(rmdir(self->folder), 0);
}

/* "FOLDER/name", kept until the next call. */
static inline const char *scratch_path(struct scratch *self, const char *name)
{
    (void)snprintf(self->path, sizeof(self->path), "%s/%s", self->folder, name);
    return self->path;
}

static inline const char *
scratch_write_bytes(struct scratch *self, const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(scratch_path(self, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return self->path;
}

static inline const char *scratch_write(struct scratch *self, const char *name, const char *text)
{
    return scratch_write_bytes(self, name, text, strlen(text));
}
