/* An index is a number without sign; a PCI address has colons; everything else must begin as a UUID does.
 * UUIDs may be cut, as NVIDIA's own tools allow, when what is left is not too short to mean one. */
#include "telemetry/gpu_list.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    UUID_LEAST = 12 /* "GPU-" and eight digits */
};

static bool is_index(const char *name)
{
    int64_t value = 0;
    struct error ignored = {0};
    return text_parse_i64(name, 0, GPU_LIST_MAX - 1, &value, &ignored) == 0;
}

static bool has_only(const char *name, const char *letters)
{
    return name[strspn(name, letters)] == '\0';
}

/* "0a:00.0", "0000:0a:00.0", "00000000:0A:00.0" */
static bool is_pci_id(const char *name)
{
    return strchr(name, ':') != NULL && strchr(name, '.') != NULL &&
           has_only(name, "0123456789abcdefABCDEF:.");
}

static bool is_uuid(const char *name)
{
    return (text_starts_with(name, "GPU-") || text_starts_with(name, "MIG-")) &&
           strlen(name) >= UUID_LEAST && has_only(name + 4, "0123456789abcdefABCDEF-");
}

static int add_name(struct gpu_list *self, const char *text, size_t len, struct error *err)
{
    char name[GPU_NAME_SIZE] = "";
    const bool fits = len < sizeof(name);
    (void)snprintf(name, sizeof(name), "%.*s", fits ? (int)len : GPU_NAME_SIZE - 1, text);
    if (!fits || (!is_index(name) && !is_pci_id(name) && !is_uuid(name))) {
        return error_set(
            err, ERROR_USAGE,
            "'%s' is no GPU: give an index from 0 to %d, a UUID like GPU-4fa0c2d1, or a PCI address "
            "like 0000:0a:00.0",
            name, GPU_LIST_MAX - 1);
    }
    for (uint32_t i = 0; i < self->n; i++) {
        if (strcasecmp(self->names[i], name) == 0) {
            return error_set(err, ERROR_USAGE, "'%s' is given twice", name);
        }
    }
    if (self->n == GPU_LIST_MAX) {
        return error_set(err, ERROR_USAGE, "more than %d GPUs", GPU_LIST_MAX);
    }
    memcpy(self->names[self->n++], name, sizeof(name));
    return 0;
}

int gpu_list_parse(const char *text, struct gpu_list *out, struct error *err)
{
    struct gpu_list list = {.all = text_equal(text, "all")};
    int result = 0;
    for (const char *at = list.all ? NULL : text; at != NULL && result == 0;) {
        const size_t len = strcspn(at, ",");
        result = add_name(&list, at, len, err);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (result == 0) {
        *out = list;
    }
    return result;
}

/* The domain's leading zeros are written in more than one way, or left out. */
static const char *significant(const char *pci_id)
{
    return pci_id + strspn(pci_id, "0:");
}

static bool is_named(const char *name, const struct gpu_id *gpu)
{
    if (is_index(name)) {
        int64_t value = 0;
        struct error ignored = {0};
        return text_parse_i64(name, 0, GPU_LIST_MAX - 1, &value, &ignored) == 0 &&
               value == gpu->index;
    }
    if (is_uuid(name)) {
        return strncasecmp(name, gpu->uuid, strlen(name)) == 0;
    }
    return gpu->pci_id[0] != '\0' && strcasecmp(significant(name), significant(gpu->pci_id)) == 0;
}

bool gpu_list_has(const struct gpu_list *self, const struct gpu_id *gpu, struct gpu_found *found)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        if (is_named(self->names[i], gpu)) {
            bits |= UINT64_C(1) << i;
        }
    }
    if (found != NULL) {
        found->bits |= bits;
    }
    return self->all || bits != 0;
}
