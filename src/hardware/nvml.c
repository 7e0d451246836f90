/* One table says which symbol fills which member; where a function has had several versions, the
 * newest that is there is taken, as long as its parameters are the same. */
#include "hardware/nvml.h"

#include "base/mem.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct symbol {
    const char *names[3]; /* newest first */
    size_t offset;
    bool required;
};

#define ROW(member, is_required, ...)                                                              \
    {                                                                                              \
        .names = {__VA_ARGS__}, .offset = offsetof(struct nvml, member), .required = (is_required) \
    }

/* Required: what every driver of the last ten years has, and without which there is nothing to ask. */
static const struct symbol symbols[] = {
    ROW(init, true, "nvmlInit_v2", "nvmlInit"),
    ROW(shutdown, true, "nvmlShutdown"),
    ROW(error_string, false, "nvmlErrorString"),
    ROW(system_driver_version, false, "nvmlSystemGetDriverVersion"),
    ROW(system_cuda_driver_version,
        false,
        "nvmlSystemGetCudaDriverVersion_v2",
        "nvmlSystemGetCudaDriverVersion"),
    ROW(device_count, true, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"),
    ROW(device_by_index, true, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"),
    ROW(device_name, false, "nvmlDeviceGetName"),
    ROW(device_uuid, false, "nvmlDeviceGetUUID"),
    ROW(device_serial, false, "nvmlDeviceGetSerial"),
    ROW(device_vbios_version, false, "nvmlDeviceGetVbiosVersion"),
    /* The older ones fill a shorter struct without the long id. */
    ROW(device_pci_info,
        false,
        "nvmlDeviceGetPciInfo_v3",
        "nvmlDeviceGetPciInfo_v2",
        "nvmlDeviceGetPciInfo"),
    ROW(device_memory, false, "nvmlDeviceGetMemoryInfo"),
    ROW(device_bar1_memory, false, "nvmlDeviceGetBAR1MemoryInfo"),
    ROW(device_power_usage, false, "nvmlDeviceGetPowerUsage"),
    ROW(device_power_limit, false, "nvmlDeviceGetEnforcedPowerLimit"),
    ROW(device_power_limit_default, false, "nvmlDeviceGetPowerManagementDefaultLimit"),
    ROW(device_total_energy, false, "nvmlDeviceGetTotalEnergyConsumption"),
    ROW(device_utilization, false, "nvmlDeviceGetUtilizationRates"),
    ROW(device_clock, false, "nvmlDeviceGetClockInfo"),
    ROW(device_clock_max, false, "nvmlDeviceGetMaxClockInfo"),
    ROW(device_clock_application, false, "nvmlDeviceGetApplicationsClock"),
    ROW(device_clock_application_default, false, "nvmlDeviceGetDefaultApplicationsClock"),
    ROW(device_performance_state, false, "nvmlDeviceGetPerformanceState"),
    ROW(device_remapped_rows, false, "nvmlDeviceGetRemappedRows"),
    ROW(device_temperature, false, "nvmlDeviceGetTemperature"),
    ROW(device_temperature_threshold, false, "nvmlDeviceGetTemperatureThreshold"),
    ROW(device_throttle_reasons,
        false,
        "nvmlDeviceGetCurrentClocksThrottleReasons",
        "nvmlDeviceGetCurrentClocksEventReasons"),
    ROW(device_total_ecc_errors, false, "nvmlDeviceGetTotalEccErrors"),
    ROW(device_ecc_mode, false, "nvmlDeviceGetEccMode"),
    ROW(device_persistence_mode, false, "nvmlDeviceGetPersistenceMode"),
    ROW(device_mig_mode, false, "nvmlDeviceGetMigMode"),
    ROW(device_compute_processes,
        false,
        "nvmlDeviceGetComputeRunningProcesses_v3",
        "nvmlDeviceGetComputeRunningProcesses_v2"),
    ROW(device_compute_processes_v1, false, "nvmlDeviceGetComputeRunningProcesses"),
};

/* nvmlProcessInfo_t since version 2, and before. */
struct process {
    unsigned pid;
    uint64_t memory_bytes;
    unsigned gpu_instance_id;
    unsigned compute_instance_id;
};

struct process_v1 {
    unsigned pid;
    uint64_t memory_bytes;
};

_Static_assert(sizeof(struct nvml_pci_info) == 68, "as in NVIDIA's header");
_Static_assert(sizeof(struct process) == 24 && sizeof(struct process_v1) == 16, "likewise");

static int load_symbols(struct nvml *self, const char *library, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        const struct symbol *symbol = &symbols[i];
        void *address = NULL;
        for (size_t k = 0; k < ARRAY_LEN(symbol->names) && address == NULL; k++) {
            address = symbol->names[k] == NULL ? NULL : dlsym(self->library, symbol->names[k]);
        }
        if (address == NULL && symbol->required) {
            return error_set(
                err, ERROR_UNAVAILABLE, "%s has no function %s", library, symbol->names[0]);
        }
        /* POSIX lets the address of an object stand for that of a function; C has no cast for it. */
        memcpy((char *)self + symbol->offset, &address, sizeof(address));
    }
    return 0;
}

static int initialise(struct nvml *self, const char *library, struct error *err)
{
    const int result = self->init();
    if (result != NVML_SUCCESS) {
        char buffer[NVML_TEXT_SIZE];
        return error_set(
            err, ERROR_UNAVAILABLE, "%s: %s", library, nvml_result_text(self, result, buffer));
    }
    return 0;
}

int nvml_open(const char *library, struct nvml **out, struct error *err)
{
    const char *name = library == NULL ? NVML_LIBRARY : library;
    struct nvml *self = MEM_NEW(struct nvml);
    self->library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    int result = 0;
    if (self->library == NULL) {
        result = error_set(err, ERROR_UNAVAILABLE, "%s cannot be loaded", name);
    }
    if (result == 0) {
        result = load_symbols(self, name, err);
    }
    if (result == 0) {
        result = initialise(self, name, err);
    }
    if (result < 0) {
        if (self->library != NULL) {
            (void)dlclose(self->library);
        }
        mem_freep(&self);
        return result;
    }
    *out = self;
    return 0;
}

void nvml_close(struct nvml *self)
{
    if (self != NULL) {
        (void)self->shutdown();
        (void)dlclose(self->library);
        mem_freep(&self);
    }
}

void nvml_closep(struct nvml **self)
{
    nvml_close(*self);
    *self = NULL;
}

unsigned nvml_device_count(const struct nvml *self)
{
    unsigned n = 0;
    if (self->device_count(&n) != NVML_SUCCESS) {
        return 0;
    }
    return n > NVML_DEVICES_MAX ? NVML_DEVICES_MAX : n;
}

struct nvml_device *nvml_device_at(const struct nvml *self, unsigned index)
{
    struct nvml_device *device = NULL;
    return self->device_by_index(index, &device) == NVML_SUCCESS ? device : NULL;
}

bool nvml_device_pci_id(
    const struct nvml *self, struct nvml_device *device, char out[NVML_TEXT_SIZE])
{
    struct nvml_pci_info info = {0};
    if (NVML_CALL(self, device_pci_info, device, &info) != NVML_SUCCESS) {
        return false;
    }
    info.bus_id[sizeof(info.bus_id) - 1] = '\0';
    info.bus_id_legacy[sizeof(info.bus_id_legacy) - 1] = '\0';
    if (strchr(info.bus_id, ':') != NULL) {
        (void)snprintf(out, NVML_TEXT_SIZE, "%s", info.bus_id);
        return true;
    }
    (void)snprintf(out, NVML_TEXT_SIZE, "0000%s", info.bus_id_legacy);
    return info.bus_id_legacy[0] != '\0';
}

/* Both kinds of list begin each element with the process id. */
static void
take_pids(const void *processes, size_t size, unsigned n, uint32_t out_pids[NVML_PROCESSES_MAX])
{
    for (unsigned i = 0; i < n; i++) {
        memcpy(&out_pids[i], (const char *)processes + i * size, sizeof(out_pids[i]));
    }
}

int nvml_device_processes(
    const struct nvml *self,
    struct nvml_device *device,
    uint32_t out_pids[NVML_PROCESSES_MAX],
    unsigned *out_n)
{
    struct process processes[NVML_PROCESSES_MAX];
    unsigned n = NVML_PROCESSES_MAX;
    size_t size = sizeof(struct process);
    int result = NVML_CALL(self, device_compute_processes, device, &n, processes);
    if (self->device_compute_processes == NULL) {
        size = sizeof(struct process_v1);
        result = NVML_CALL(self, device_compute_processes_v1, device, &n, processes);
    }
    *out_n = 0;
    if (result == NVML_SUCCESS) {
        *out_n = n > NVML_PROCESSES_MAX ? NVML_PROCESSES_MAX : n;
        take_pids(processes, size, *out_n, out_pids);
    }
    return result;
}

const char *nvml_result_text(const struct nvml *self, int result, char buffer[NVML_TEXT_SIZE])
{
    if (self->error_string != NULL) {
        const char *text = self->error_string(result);
        if (text != NULL) {
            return text;
        }
    }
    (void)snprintf(buffer, NVML_TEXT_SIZE, "NVML result %d", result);
    return buffer;
}
