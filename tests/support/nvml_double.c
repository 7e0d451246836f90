/* libnvidia-ml.so.1 of a newer driver with one GPU, whose answers follow nvml_double_step: 0 idle, 1 busy
 * and throttled by its power cap, 2 the energy total has begun again, 3 the GPU is lost. */
#include <string.h>

extern int nvml_double_step;
int nvml_double_step;
static int gpu;

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *n);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out);
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
    if (device != &gpu) {
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
    *n = 1;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    *out = &gpu;
    return index == 0 ? 0 : 2;
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
