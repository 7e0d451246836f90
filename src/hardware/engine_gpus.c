/* Engines compute in children of the process that listens, so that those count too. */
#include "hardware/engine_gpus.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define KFD "/sys/class/kfd/kfd"

/* ---- NVIDIA ---- */

static bool computes_on(
    const struct reader *reader,
    struct nvml_device *device,
    int32_t pid,
    bool *out_on,
    int *out_result)
{
    uint32_t pids[NVML_PROCESSES_MAX];
    unsigned n = 0;
    *out_on = false;
    *out_result = nvml_device_processes(reader->nvml, device, pids, &n);
    for (unsigned i = 0; i < n && !*out_on; i++) {
        *out_on = pids[i] <= INT32_MAX && process_comes_from(reader, (int32_t)pids[i], pid);
    }
    return *out_result == NVML_SUCCESS;
}

static struct json *nvidia_read(const struct reader *reader, int32_t pid)
{
    struct json *out = json_new(reader->arena, JSON_ARRAY);
    const unsigned n = nvml_device_count(reader->nvml);
    for (unsigned i = 0; i < n; i++) {
        struct nvml_device *device = nvml_device_at(reader->nvml, i);
        char pci_id[NVML_TEXT_SIZE] = "unknown";
        char buffer[NVML_TEXT_SIZE];
        bool on = false;
        int result = NVML_SUCCESS;
        if (device == NULL) {
            continue; /* the fingerprint warns of it */
        }
        (void)nvml_device_pci_id(reader->nvml, device, pci_id);
        if (!computes_on(reader, device, pid, &on, &result)) {
            reader_warn(
                reader, "engine_process.gpus is unknown: the processes of %s cannot be read: %s",
                pci_id, nvml_result_text(reader->nvml, result, buffer));
            return json_new(reader->arena, JSON_NULL);
        }
        if (on) {
            (void)json_append(out, json_new_text(reader->arena, pci_id));
        }
    }
    if (n > 0 && out->len == 0) {
        reader_warn(
            reader,
            "engine_process.gpus is empty: no compute process of any GPU is the engine's; those of "
            "another pid namespace are not seen");
    }
    return out;
}

/* ---- AMD ---- */

/* A number of the driver's list "location_id 768". */
static bool property(const char *text, const char *key, unsigned long *out)
{
    const size_t key_len = strlen(key);
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (len > key_len && strncmp(line, key, key_len) == 0 && line[key_len] == ' ') {
            *out = strtoul(line + key_len + 1, NULL, 10);
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

/* The PCI address of the driver's GPU number; NULL when no node has it. */
static const char *pci_id_of_gpu(const struct reader *reader, const char *gpu_id)
{
    size_t n = 0;
    const char **nodes = reader_folder(reader, KFD "/topology/nodes", "", &n);
    for (size_t i = 0; i < n; i++) {
        const char *folder = arena_format(reader->arena, KFD "/topology/nodes/%s", nodes[i]);
        const char *id =
            reader_line(reader, arena_format(reader->arena, "%s/gpu_id", folder), NULL);
        const char *text =
            reader_file(reader, arena_format(reader->arena, "%s/properties", folder), NULL);
        unsigned long location = 0;
        unsigned long domain = 0;
        if (id != NULL && text != NULL && text_equal(id, gpu_id) &&
            property(text, "location_id", &location)) {
            (void)property(text, "domain", &domain);
            return arena_format(
                reader->arena, "%08lX:%02lX:%02lX.%lX", domain, location >> 8 & 0xff,
                location >> 3 & 0x1f, location & 7);
        }
    }
    return NULL;
}

static bool has_text(const struct json *list, const char *text)
{
    for (const struct json *row = list->first; row != NULL; row = row->next) {
        if (text_equal(row->text, text)) {
            return true;
        }
    }
    return false;
}

/* The GPUs on which one process holds memory. */
static void add_amd_process(const struct reader *reader, const char *pid, struct json *out)
{
    static const char head[] = "vram_";
    const char *folder = arena_format(reader->arena, KFD "/proc/%s", pid);
    size_t n = 0;
    const char **files = reader_folder(reader, folder, head, &n);
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_format(reader->arena, "%s/%s", folder, files[i]);
        const char *bytes = reader_line(reader, path, NULL);
        if (bytes == NULL || strtoull(bytes, NULL, 10) == 0) {
            continue;
        }
        const char *pci_id = pci_id_of_gpu(reader, files[i] + strlen(head));
        if (pci_id != NULL && !has_text(out, pci_id)) {
            (void)json_append(out, json_new_text(reader->arena, pci_id));
        }
    }
}

static struct json *amd_read(const struct reader *reader, int32_t pid)
{
    struct json *out = json_new(reader->arena, JSON_ARRAY);
    size_t n = 0;
    const char **pids = reader_folder(reader, KFD "/proc", "", &n);
    for (size_t i = 0; i < n; i++) {
        const long other = strtol(pids[i], NULL, 10);
        if (other > 0 && other <= INT32_MAX && process_comes_from(reader, (int32_t)other, pid)) {
            add_amd_process(reader, pids[i], out);
        }
    }
    return out;
}

static bool has_accelerator(const struct reader *reader)
{
    size_t n = 0;
    const char **names = reader_folder(reader, "/sys/bus/pci/devices", "", &n);
    for (size_t i = 0; i < n; i++) {
        if (pci_is_accelerator(reader, names[i])) {
            return true;
        }
    }
    return false;
}

struct json *engine_gpus_read(const struct reader *reader, int32_t pid)
{
    if (reader->nvml != NULL) {
        return nvidia_read(reader, pid);
    }
    size_t n = 0;
    (void)reader_folder(reader, KFD "/topology/nodes", "", &n);
    if (n > 0) {
        return amd_read(reader, pid);
    }
    if (!has_accelerator(reader)) {
        return json_new(reader->arena, JSON_ARRAY);
    }
    reader_warn(
        reader, "engine_process.gpus is unknown: nothing here tells who computes on the GPUs");
    return json_new(reader->arena, JSON_NULL);
}
