/* NVIDIA's management library tells most; without it the kernel driver tells model, VBIOS and address
 * in /proc.  AMD's driver tells what it knows in /sys.  Any other display or 3D controller on the PCI bus of a maker of accelerators is named in a warning, so that
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

/* A text of NVML, or "unknown" with a warning. */
static void add_nvml_text(
    const struct reader *self,
    struct json *gpu,
    const char *key,
    int (*function)(struct nvml_device *device, char *text, unsigned size),
    struct nvml_device *device)
{
    char text[NVML_TEXT_SIZE] = "";
    const int result = function == NULL ? (int)NVML_ERROR_FUNCTION_NOT_FOUND
                                        : function(device, text, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    const char *value = reader_trim(self, text, strlen(text));
    if (result == NVML_SUCCESS && *value != '\0') {
        json_add_text(self->arena, gpu, key, value);
        return;
    }
    char buffer[NVML_TEXT_SIZE];
    json_add_text(self->arena, gpu, key, "unknown");
    reader_warn(
        self, "hardware_fingerprint.gpus: %s of %s is unknown: %s", key,
        json_text(json_find(gpu, "pci_id"), "a GPU"), nvml_result_text(self->nvml, result, buffer));
}

static void
add_nvml_numbers(const struct reader *self, struct json *gpu, struct nvml_device *device)
{
    struct nvml_memory memory = {0};
    if (NVML_CALL(self->nvml, device_memory, device, &memory) == NVML_SUCCESS) {
        json_add_i64(self->arena, gpu, "memory_mb", (int64_t)(memory.total_bytes >> 20));
    }
    if (NVML_CALL(self->nvml, device_bar1_memory, device, &memory) == NVML_SUCCESS) {
        json_add_i64(self->arena, gpu, "bar1_mb", (int64_t)(memory.total_bytes >> 20));
    }
}

static void nvml_gpus_read(const struct reader *self, struct json *gpus)
{
    const unsigned n = nvml_device_count(self->nvml);
    for (unsigned i = 0; i < n; i++) {
        struct nvml_device *device = nvml_device_at(self->nvml, i);
        if (device == NULL) {
            reader_warn(self, "hardware_fingerprint.gpus: GPU %u cannot be read", i);
            continue;
        }
        char pci_id[NVML_TEXT_SIZE] = "unknown";
        if (!nvml_device_pci_id(self->nvml, device, pci_id)) {
            reader_warn(self, "hardware_fingerprint.gpus: the PCI address of GPU %u is unknown", i);
        }
        struct json *gpu = json_append(gpus, json_new(self->arena, JSON_OBJECT));
        json_add_text(self->arena, gpu, "pci_id", pci_id);
        add_nvml_text(self, gpu, "model", self->nvml->device_name, device);
        add_nvml_text(self, gpu, "serial", self->nvml->device_serial, device);
        add_nvml_text(self, gpu, "vbios", self->nvml->device_vbios_version, device);
        add_nvml_text(self, gpu, "uuid", self->nvml->device_uuid, device);
        add_nvml_numbers(self, gpu, device);
    }
}

/* A line of the amdgpu driver, or "unknown" with a warning. */
static void add_amd_line(
    const struct reader *self,
    struct json *gpu,
    const char *key,
    const char *folder,
    const char *file)
{
    const char *line = reader_line(self, arena_format(self->arena, "%s/%s", folder, file), NULL);
    json_add_text(self->arena, gpu, key, line == NULL ? "unknown" : line);
    if (line == NULL) {
        reader_warn(
            self, "hardware_fingerprint.gpus: %s is unknown: no file %s/%s", key, folder, file);
    }
}

/* Models by their PCI number, for boards whose driver gives no name; a number that stands for more than
 * one model (0x740c: MI250X or MI250) is not here.
 * Source: the PCI ID Repository, https://pci-ids.ucw.cz/read/PC/1002 */
static const struct {
    const char *device;
    const char *model;
} amd_models[] = {
    {"0x738c", "AMD Instinct MI100"},
    {"0x7408", "AMD Instinct MI250X"},
    {"0x740f", "AMD Instinct MI210"},
    {"0x74a1", "AMD Instinct MI300X"},
};

static const char *amd_model(const struct reader *self, const char *folder)
{
    const char *device = reader_line(self, arena_format(self->arena, "%s/device", folder), NULL);
    for (size_t i = 0; device != NULL && i < ARRAY_LEN(amd_models); i++) {
        if (text_equal(device, amd_models[i].device)) {
            return amd_models[i].model;
        }
    }
    const char *name =
        reader_line(self, arena_format(self->arena, "%s/product_name", folder), NULL);
    return name != NULL ? name : "unknown";
}

/* A GPU that the amdgpu driver holds: only that driver has a vbios_version.
 * Source: https://docs.kernel.org/gpu/amdgpu/driver-misc.html */
static void add_amd(const struct reader *self, const char *name, struct json *gpus)
{
    const char *folder = arena_format(self->arena, "/sys/bus/pci/devices/%s", name);
    if (reader_line(self, arena_format(self->arena, "%s/vbios_version", folder), NULL) == NULL) {
        return;
    }
    struct json *gpu = json_append(gpus, json_new(self->arena, JSON_OBJECT));
    const char *model = amd_model(self, folder);
    json_add_text(self->arena, gpu, "model", model);
    if (text_equal(model, "unknown")) {
        reader_warn(self, "hardware_fingerprint.gpus: model of %s is unknown", name);
    }
    json_add_text(self->arena, gpu, "pci_id", pci_id_of(self, name));
    add_amd_line(self, gpu, "serial", folder, "serial_number");
    add_amd_line(self, gpu, "vbios", folder, "vbios_version");
    add_amd_line(self, gpu, "uuid", folder, "unique_id");
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

static void proc_gpus_read(const struct reader *self, struct json *gpus)
{
    size_t n = 0;
    const char **names = reader_folder(self, "/proc/driver/nvidia/gpus", "", &n);
    for (size_t i = 0; i < n; i++) {
        add_nvidia(self, names[i], gpus);
    }
}

struct json *gpus_read(const struct reader *self)
{
    struct json *gpus = json_new(self->arena, JSON_ARRAY);
    if (self->nvml != NULL) {
        nvml_gpus_read(self, gpus);
    } else {
        proc_gpus_read(self, gpus);
    }
    size_t n = 0;
    const char **names = reader_folder(self, "/sys/bus/pci/devices", "", &n);
    for (size_t i = 0; i < n; i++) {
        if (!pci_is_accelerator(self, names[i])) {
            continue;
        }
        const char *pci_id = pci_id_of(self, names[i]);
        if (!has_gpu(gpus, pci_id)) {
            add_amd(self, names[i], gpus);
        }
        if (!has_gpu(gpus, pci_id)) {
            reader_warn(
                self, "hardware_fingerprint.gpus: there is a GPU at %s that cannot be read",
                pci_id);
        }
    }
    return gpus;
}

const char *gpu_driver_read(const struct reader *self, bool has_gpus)
{
    char text[NVML_TEXT_SIZE] = "";
    if (self->nvml != NULL &&
        NVML_CALL(self->nvml, system_driver_version, text, sizeof(text)) == NVML_SUCCESS) {
        return reader_trim(self, text, strnlen(text, sizeof(text)));
    }
    const char *version = reader_line(self, "/sys/module/nvidia/version", NULL);
    if (version == NULL) {
        version = reader_line(self, "/sys/module/amdgpu/version", NULL);
    }
    if (version == NULL && has_gpus) {
        reader_warn(self, "hardware_fingerprint.driver is unknown");
    }
    return version == NULL ? "" : version;
}

const char *cuda_read(const struct reader *self, bool has_gpus)
{
    int version = 0;
    if (self->nvml != NULL &&
        NVML_CALL(self->nvml, system_cuda_driver_version, &version) == NVML_SUCCESS) {
        return arena_format(self->arena, "%d.%d", version / 1000, version % 1000 / 10);
    }
    if (has_gpus) {
        reader_warn(self, "hardware_fingerprint.cuda is unknown");
    }
    return "";
}

/* The library's file name carries its version.  Engines often bring their own copy, which only they
 * know. */
const char *nccl_read(const struct reader *self, bool has_gpus)
{
    static const char *const folders[] = {
        "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/local/lib"};
    static const char prefix[] = "libnccl.so.2.";
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        size_t n = 0;
        const char **names = reader_folder(self, folders[i], prefix, &n);
        if (n == 1) {
            return names[0] + strlen("libnccl.so.");
        }
    }
    if (has_gpus) {
        reader_warn(
            self, "hardware_fingerprint.nccl is unknown: no single libnccl.so.2 is installed");
    }
    return "";
}
