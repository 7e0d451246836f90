/* plugin_fixture.h - a plugin of tests/support/plugin_double.c, in a folder of its own. */
#pragma once

#include "base/mem.h"
#include "suite/plugin.h"
#include "support/folder.h"

struct plugin_fixture {
    struct folder folder;
    struct arena arena;
    struct plugin plugin;
    struct error err;
};

/* Copies the object called `name` and reads it: what plugin_read returns. */
static inline int plugin_fixture_init(struct plugin_fixture *self, const char *name)
{
    *self = (struct plugin_fixture){0};
    folder_init(&self->folder);
    const char *built = secure_getenv("BENCH_TEST_PLUGINS");
    assert_non_null(built);
    CLEANUP(mem_freep) char *source = mem_format("%s/%s.so", built, name);
    (void)folder_copy(&self->folder, "double.so", source);
    return plugin_read(&self->arena, self->folder.path, &self->plugin, &self->err);
}

static inline void plugin_fixture_done(struct plugin_fixture *self)
{
    folder_done(&self->folder);
    arena_done(&self->arena);
}
