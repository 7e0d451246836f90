/* Without any library: the NVIDIA kernel driver tells model, VBIOS and address in /proc; any other
 * display or 3D controller on the PCI bus of a maker of accelerators is named in a warning, so that
 * "no GPU" is never claimed of a machine that has one. */
#include "base/text.h"
#include "hardware/reader.h"

#include <string.h>

static const char *
gpu_value(const struct reader *self, const char *text, const char *key, const char *pci_id)
{
    const char *value = reader_value(self, text, key);
    if (value == NULL || strchr(value, '?') != NULL) {
        reader_warn(self, "hardware_fingerprint.gpus: %s of %s is unknown", key, pci_id);
        return "unknown";
    }
    return value;
}

/* "0000:0a:00.0" as NVML writes it, "00000000:0A:00.0": one machine has one fingerprint, whoever
 * reads it. */
static const char *pci_id_of(const struct reader *self, const char *name)
{
    char *id = arena_format(self->arena, "0000%s", name);
    for (char *p = id; *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'f') {
            *p = (char)(*p - 'a' + 'A');
        }
    }
    return id;
}

static void add_nvidia(const struct reader *self, const char *name, struct json *gpus)
{
    const char *path = arena_format(self->arena, "/proc/driver/nvidia/gpus/%s/information", name);
    const char *text = reader_file(self, path, NULL);
    const char *pci_id = pci_id_of(self, name);
    if (text == NULL) {
        reader_warn(self, "hardware_fingerprint.gpus: %s cannot be read", pci_id);
        return;
    }
    struct json *gpu = json_append(gpus, json_new(self->arena, JSON_OBJECT));
    json_add_text(self->arena, gpu, "model", gpu_value(self, text, "Model", pci_id));
    json_add_text(self->arena, gpu, "pci_id", pci_id);
    json_add_text(self->arena, gpu, "serial", "unknown");
    reader_warn(self, "hardware_fingerprint.gpus: serial of %s is unknown", pci_id);
    json_add_text(self->arena, gpu, "vbios", gpu_value(self, text, "Video BIOS", pci_id));
}

/* Class 0x03: display controllers; 0x12: processing accelerators.  Makers: NVIDIA, AMD. */
static bool is_accelerator(const struct reader *self, const char *name)
{
    const char *folder = arena_format(self->arena, "/sys/bus/pci/devices/%s", name);
    const char *class = reader_line(self, arena_format(self->arena, "%s/class", folder), NULL);
    const char *vendor = reader_line(self, arena_format(self->arena, "%s/vendor", folder), NULL);
    if (class == NULL || vendor == NULL) {
        return false;
    }
    return (text_starts_with(class, "0x03") || text_starts_with(class, "0x12")) &&
           (text_equal(vendor, "0x10de") || text_equal(vendor, "0x1002"));
}

static bool has_gpu(const struct json *gpus, const char *pci_id)
{
    for (const struct json *gpu = gpus->first; gpu != NULL; gpu = gpu->next) {
        if (text_equal(json_text(json_find(gpu, "pci_id"), ""), pci_id)) {
            return true;
        }
    }
    return false;
}

struct json *gpus_read(const struct reader *self)
{
    struct json *gpus = json_new(self->arena, JSON_ARRAY);
    size_t n = 0;
    const char **names = reader_folder(self, "/proc/driver/nvidia/gpus", "", &n);
    for (size_t i = 0; i < n; i++) {
        add_nvidia(self, names[i], gpus);
    }
    names = reader_folder(self, "/sys/bus/pci/devices", "", &n);
    for (size_t i = 0; i < n; i++) {
        const char *pci_id = pci_id_of(self, names[i]);
        if (is_accelerator(self, names[i]) && !has_gpu(gpus, pci_id)) {
            reader_warn(
                self, "hardware_fingerprint.gpus: there is a GPU at %s that cannot be read",
                pci_id);
        }
    }
    return gpus;
}

const char *gpu_driver_read(const struct reader *self, bool has_gpus)
{
    const char *version = reader_line(self, "/sys/module/nvidia/version", NULL);
    if (version == NULL && has_gpus) {
        reader_warn(self, "hardware_fingerprint.driver is unknown");
    }
    return version == NULL ? "" : version;
}
