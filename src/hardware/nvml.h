/* nvml.h - NVIDIA's management library, opened at run time when it is there.
 *
 * Nothing of it is needed to build or to start: the driver brings the library, and a machine without
 * the driver has none.  Functions that an older driver lacks are NULL; NVML_CALL answers for them.
 * Threads: NVML's calls are thread-safe; open and close belong to one thread.
 * Source of names, numbers and layouts: NVIDIA, "NVML API Reference Guide",
 * https://docs.nvidia.com/deploy/nvml-api/ */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define NVML_LIBRARY "libnvidia-ml.so.1"

/* nvmlReturn_t: those that this program tells apart. */
enum nvml_result {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_UNKNOWN = 999,
};

/* nvmlClockType_t, nvmlTemperatureSensors_t, nvmlMemoryErrorType_t, nvmlEccCounterType_t. */
enum {
    NVML_CLOCK_GRAPHICS = 0,
    NVML_CLOCK_SM = 1,
    NVML_CLOCK_MEM = 2,
    NVML_TEMPERATURE_GPU = 0,
    NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 1,
    NVML_MEMORY_ERROR_CORRECTED = 0,
    NVML_MEMORY_ERROR_UNCORRECTED = 1,
    NVML_ECC_VOLATILE = 0, /* since the driver was loaded */
    NVML_ECC_AGGREGATE = 1 /* of the board's life */
};

/* Bits of nvmlDeviceGetCurrentClocksThrottleReasons. */
#define NVML_THROTTLE_GPU_IDLE       UINT64_C(0x001)
#define NVML_THROTTLE_APP_CLOCKS     UINT64_C(0x002)
#define NVML_THROTTLE_SW_POWER_CAP   UINT64_C(0x004)
#define NVML_THROTTLE_HW_SLOWDOWN    UINT64_C(0x008)
#define NVML_THROTTLE_SYNC_BOOST     UINT64_C(0x010)
#define NVML_THROTTLE_SW_THERMAL     UINT64_C(0x020)
#define NVML_THROTTLE_HW_THERMAL     UINT64_C(0x040)
#define NVML_THROTTLE_HW_POWER_BRAKE UINT64_C(0x080)
#define NVML_THROTTLE_DISPLAY_CLOCKS UINT64_C(0x100)

enum {
    NVML_DEVICES_MAX = 64,    /* more than any machine holds; a larger count is refused */
    NVML_PROCESSES_MAX = 256, /* of one GPU; more are not seen */
    NVML_TEXT_SIZE = 96       /* NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of the texts */
};

struct nvml_device; /* nvmlDevice_t points to it */

/* nvmlPciInfo_t as nvmlDeviceGetPciInfo_v3 fills it. */
struct nvml_pci_info {
    char bus_id_legacy[16]; /* "0000:0A:00.0" */
    unsigned domain;
    unsigned bus;
    unsigned device;
    unsigned pci_device_id;
    unsigned pci_subsystem_id;
    char bus_id[32]; /* "00000000:0A:00.0"; older functions leave it empty */
};

/* nvmlMemory_t (total, free, used) and nvmlBAR1Memory_t (the same for BAR 1). */
struct nvml_memory {
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t used_bytes;
};

/* nvmlUtilization_t: shares of the last sample period, in percent. */
struct nvml_utilization {
    unsigned gpu_pct;
    unsigned memory_pct;
};

/* The functions, under their names without "nvmlDeviceGet" and "nvmlSystemGet".  All return an
 * enum nvml_result. */
struct nvml {
    void *library;
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error_string)(int result);
    int (*system_driver_version)(char *text, unsigned size);
    int (*system_cuda_driver_version)(int *version); /* 12040: 12.4 */
    int (*device_count)(unsigned *n);
    int (*device_by_index)(unsigned index, struct nvml_device **out);
    int (*device_name)(struct nvml_device *device, char *text, unsigned size);
    int (*device_uuid)(struct nvml_device *device, char *text, unsigned size);
    int (*device_serial)(struct nvml_device *device, char *text, unsigned size);
    int (*device_vbios_version)(struct nvml_device *device, char *text, unsigned size);
    int (*device_pci_info)(struct nvml_device *device, struct nvml_pci_info *out);
    int (*device_memory)(struct nvml_device *device, struct nvml_memory *out);
    int (*device_bar1_memory)(struct nvml_device *device, struct nvml_memory *out);
    int (*device_power_usage)(struct nvml_device *device, unsigned *out_mw);
    int (*device_power_limit)(struct nvml_device *device, unsigned *out_mw); /* in force */
    int (*device_power_limit_default)(struct nvml_device *device, unsigned *out_mw);
    int (*device_total_energy)(struct nvml_device *device, uint64_t *out_mj);
    int (*device_utilization)(struct nvml_device *device, struct nvml_utilization *out);
    int (*device_clock)(struct nvml_device *device, int clock, unsigned *out_mhz);
    int (*device_clock_max)(struct nvml_device *device, int clock, unsigned *out_mhz);
    int (*device_clock_application)(struct nvml_device *device, int clock, unsigned *out_mhz);
    int (*device_clock_application_default)(
        struct nvml_device *device, int clock, unsigned *out_mhz);
    int (*device_performance_state)(struct nvml_device *device, int *out); /* 0: the highest */
    int (*device_temperature)(struct nvml_device *device, int sensor, unsigned *out_c);
    int (*device_temperature_threshold)(struct nvml_device *device, int threshold, unsigned *out_c);
    int (*device_throttle_reasons)(struct nvml_device *device, uint64_t *out_bits);
    int (*device_total_ecc_errors)(
        struct nvml_device *device, int error, int counter, uint64_t *out_n);
    /* Rows of memory that were replaced after corrected and uncorrected errors; whether one waits for a
     * reset, and whether one could not be replaced. */
    int (*device_remapped_rows)(
        struct nvml_device *device,
        unsigned *out_corrected,
        unsigned *out_uncorrected,
        unsigned *out_pending,
        unsigned *out_failed);
    int (*device_ecc_mode)(struct nvml_device *device, int *out_now, int *out_after_reboot);
    int (*device_persistence_mode)(struct nvml_device *device, int *out);
    int (*device_mig_mode)(struct nvml_device *device, unsigned *out_now, unsigned *out_pending);
    /* Their third parameter is an array whose elements grew with version 2. */
    int (*device_compute_processes)(struct nvml_device *device, unsigned *n, void *processes);
    int (*device_compute_processes_v1)(struct nvml_device *device, unsigned *n, void *processes);
};

/* Calls a function that may be missing: NVML_CALL(nvml, device_power_usage, device, &mw). */
#define NVML_CALL(self, function, ...) \
    ((self)->function == NULL ? (int)NVML_ERROR_FUNCTION_NOT_FOUND : (self)->function(__VA_ARGS__))

/* Opens and initialises the library; `library` is NULL for NVML_LIBRARY as the loader finds it, or a
 * path.  *out is the caller's: nvml_close.
 * Errors: ERROR_UNAVAILABLE when there is no such library, when it lacks a function that every driver
 * has, or when there is no driver under it; the text says which. */
MUST_CHECK int nvml_open(const char *library, struct nvml **out, struct error *err);
void nvml_close(struct nvml *self);
void nvml_closep(struct nvml **self);

/* Number of GPUs, at most NVML_DEVICES_MAX; 0 also when the library cannot tell. */
unsigned nvml_device_count(const struct nvml *self);

/* The GPU with this index, or NULL when it is lost or may not be seen.  Borrowed until nvml_close. */
struct nvml_device *nvml_device_at(const struct nvml *self, unsigned index);

/* "00000000:0A:00.0".  False when it is unknown. */
bool nvml_device_pci_id(
    const struct nvml *self, struct nvml_device *device, char out[NVML_TEXT_SIZE]);

/* Process ids, as this host counts them, of the processes that compute on the GPU.  *out_n is their
 * number.  Returns an enum nvml_result. */
int nvml_device_processes(
    const struct nvml *self,
    struct nvml_device *device,
    uint32_t out_pids[NVML_PROCESSES_MAX],
    unsigned *out_n);

/* What a result means, in the library's words or by its number.  Static text, or borrowed from
 * `buffer`. */
const char *nvml_result_text(const struct nvml *self, int result, char buffer[NVML_TEXT_SIZE]);
