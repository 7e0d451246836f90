/* embedded.h - the files of data/ that the binary carries.
 *
 * Made at build time by tools/embed.c from the list in src/suite/meson.build; all static. */
#pragma once

#include <stddef.h>

struct embedded_file {
    const char *name; /* below data/: "specs/llm.inference.chatbot-short.yaml" */
    const char *text; /* `len` bytes and a NUL */
    size_t len;
};

/* In the order of the list: the first spec of a plugin is its default. */
extern const struct embedded_file embedded_table[];
extern const size_t embedded_table_len;

/* The file with this name, or NULL. */
const struct embedded_file *embedded_find(const char *name);
