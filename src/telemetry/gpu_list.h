/* gpu_list.h - GPUs that a person names: by index, by UUID, by PCI address, or all of them. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    GPU_LIST_MAX = 64,
    GPU_NAME_SIZE = 64 /* "GPU-" and a UUID are 40 characters */
};

struct gpu_list {
    bool all;   /* the word "all" */
    uint32_t n; /* 0 and not all: nothing was named */
    char names[GPU_LIST_MAX][GPU_NAME_SIZE];
};

/* Which of the names stand for a GPU that is here: bit i for names[i]. */
struct gpu_found {
    uint64_t bits;
};

/* What a GPU can be called.  "" where it is not known. */
struct gpu_id {
    uint32_t index;
    const char *uuid;   /* "GPU-4fa0..." */
    const char *pci_id; /* "00000000:0A:00.0"; named without its leading zeros too */
};

/* Reads "all", or names with commas between.
 * Errors: ERROR_USAGE naming what is no index, UUID or PCI address, or stands twice. */
MUST_CHECK int gpu_list_parse(const char *text, struct gpu_list *out, struct error *err);

/* True when the list names the GPU or is "all"; notes in `found` (may be NULL) by which names. */
bool gpu_list_has(const struct gpu_list *self, const struct gpu_id *gpu, struct gpu_found *found);
