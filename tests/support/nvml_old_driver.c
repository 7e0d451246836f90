/* libnvidia-ml.so.1 as an old driver has it: first versions of the functions, short structs, and most
 * of the later functions missing.  One GPU, one process. */
#include <string.h>

struct old_pci {
    char bus_id[16];
    unsigned domain, bus, device, id, subsystem, reserved[4];
};

struct old_process {
    unsigned pid;
    unsigned long long memory;
};

static int gpu;
static int n_opened;

int nvmlInit(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount(unsigned *n);
int nvmlDeviceGetHandleByIndex(unsigned index, void **out);
int nvmlDeviceGetName(void *device, char *out, unsigned size);
int nvmlDeviceGetPciInfo(void *device, struct old_pci *out);
int nvmlDeviceGetPowerUsage(void *device, unsigned *out);
int nvmlDeviceGetComputeRunningProcesses(void *device, unsigned *n, struct old_process *out);

int nvmlInit(void)
{
    n_opened++;
    return 0;
}

int nvmlShutdown(void)
{
    n_opened--;
    return 0;
}

int nvmlDeviceGetCount(unsigned *n)
{
    *n = n_opened == 1 ? 1 : 0;
    return 0;
}

int nvmlDeviceGetHandleByIndex(unsigned index, void **out)
{
    *out = &gpu;
    return index == 0 ? 0 : 2;
}

int nvmlDeviceGetName(void *device, char *out, unsigned size)
{
    static const char name[] = "Tesla K80";
    if (device != &gpu || size < sizeof(name)) {
        return 7;
    }
    memcpy(out, name, sizeof(name));
    return 0;
}

int nvmlDeviceGetPciInfo(void *device, struct old_pci *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->bus_id, "0000:8A:00.0", sizeof("0000:8A:00.0"));
    return device == &gpu ? 0 : 2;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *out)
{
    *out = 59123;
    return device == &gpu ? 0 : 2;
}

int nvmlDeviceGetComputeRunningProcesses(void *device, unsigned *n, struct old_process *out)
{
    if (device != &gpu || *n < 2) {
        return 7;
    }
    *n = 2;
    out[0] = (struct old_process){4711, 1 << 20};
    out[1] = (struct old_process){4712, 1 << 20};
    return 0;
}
