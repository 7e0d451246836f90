/* libnvidia-ml.so.1 of a newer driver with one GPU, or two alike, whose answers follow nvml_double_step: 0 idle, 1 busy
 * and throttled by its power cap, 2 the energy total has begun again, 3 the GPU is lost. */
#include <string.h>

extern int nvml_double_step;
int nvml_double_step;

/* GPUs that there are, 1 or 2; the process that computes on the second one, 0: none does. */
extern unsigned nvml_double_gpus;
unsigned nvml_double_gpus = 1;
extern unsigned nvml_double_pid;
unsigned nvml_double_pid;
static int gpu;
static int second;

struct pci {
    char legacy[16];
    unsigned domain, bus, device, id, subsystem;
    char bus_id[32];
};

struct process {
    unsigned pid;
    unsigned long long memory;
    unsigned instances[2];
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out);
int nvmlDeviceGetUUID(void *device, char *out, unsigned size);
int nvmlDeviceGetPciInfo_v3(void *device, struct pci *out);
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, struct process *out);
int nvmlDeviceGetPowerUsage(void *device, unsigned *out);
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *out);
int nvmlDeviceGetClockInfo(void *device, int clock, unsigned *out);
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out);
int nvmlDeviceGetTotalEccErrors(void *device, int error, int counter, unsigned long long *out);
int nvmlDeviceGetDefaultApplicationsClock(void *device, int clock, unsigned *out);
int nvmlDeviceGetPerformanceState(void *device, int *out);
int nvmlDeviceGetRemappedRows(
    void *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed);

static int answer(const void *device)
{
    if (device != &gpu && device != &second) {
        return 2;
    }
    return nvml_double_step == 3 ? 15 : 0;
}

int nvmlInit_v2(void)
{
    return 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *n)
{
    *n = nvml_double_gpus;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    *out = index == 0 ? &gpu : &second;
    return index < nvml_double_gpus ? 0 : 2;
}

int nvmlDeviceGetUUID(void *device, char *out, unsigned size)
{
    static const char *const uuids[] = {
        "GPU-0a0b0c0d-0000-1111-2222-333344445555", "GPU-feedf00d-0000-1111-2222-333344445555"};
    const char *uuid = uuids[device == &second];
    if (size < strlen(uuid) + 1) {
        return 7;
    }
    memcpy(out, uuid, strlen(uuid) + 1);
    return answer(device);
}

int nvmlDeviceGetPciInfo_v3(void *device, struct pci *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->bus_id, device == &second ? "00000000:CA:00.0" : "00000000:0A:00.0", 17);
    return answer(device);
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, struct process *out)
{
    *n = device == &second && nvml_double_pid > 0 ? 1 : 0;
    out[0] = (struct process){.pid = nvml_double_pid};
    return answer(device);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *out)
{
    *out = nvml_double_step == 0 ? 70125 : 699500;
    return answer(device);
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *out)
{
    *out = nvml_double_step == 0 ? 1000000 : nvml_double_step == 1 ? 1000700 : 42;
    return answer(device);
}

int nvmlDeviceGetClockInfo(void *device, int clock, unsigned *out)
{
    *out = clock == 1 ? 1980 : 2619;
    return answer(device);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *out)
{
    *out = nvml_double_step == 0 ? 1 : 4;
    return answer(device);
}

int nvmlDeviceGetTotalEccErrors(void *device, int error, int counter, unsigned long long *out)
{
    (void)error;
    (void)counter;
    *out = 0;
    return device == &gpu ? 3 : 2; /* not supported on this board */
}

int nvmlDeviceGetDefaultApplicationsClock(void *device, int clock, unsigned *out)
{
    *out = clock == 0 ? 1980 : 2619;
    return answer(device);
}

int nvmlDeviceGetPerformanceState(void *device, int *out)
{
    *out = nvml_double_step == 0 ? 8 : 0;
    return answer(device);
}

int nvmlDeviceGetRemappedRows(
    void *device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed)
{
    *corrected = 1;
    *uncorrected = 2;
    *pending = 0;
    *failed = 0;
    return answer(device);
}
