/* tree.h - a folder that stands for the root of a machine, made file by file, as long as one test. */
#pragma once

#include "base/file.h"
#include "base/mem.h"
#include "support/test.h"

#include <ftw.h>
#include <string.h>
#include <unistd.h>

struct tree {
    char root[64];
};

/* A file below the root; `path` begins with '/'.  NULL: none. */
struct tree_file {
    const char *path;
    const char *text;
};

static inline void tree_init(struct tree *self)
{
    *self = (struct tree){.root = "/tmp/bench-tree-XXXXXX"};
    assert_non_null(mkdtemp(self->root));
}

static inline int tree_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void tree_done(struct tree *self)
{
    /* One thread walks. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    assert_int_equal(nftw(self->root, tree_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A path that ends in '/' is a folder. */
static inline void tree_add(const struct tree *self, const struct tree_file *file)
{
    CLEANUP(mem_freep) char *path = mem_format("%s%s", self->root, file->path);
    char *slash = strrchr(path, '/');
    struct error err = {0};
    *slash = '\0';
    assert_int_equal(file_make_folder(path, &err), 0);
    *slash = '/';
    if (slash[1] != '\0') {
        assert_int_equal(file_write_new(path, file->text, strlen(file->text), 0644, &err), 0);
    }
}
