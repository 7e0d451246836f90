/* engine_gpus.h - the GPUs on which a process, or one that comes from it, computes.
 *
 * Source: nvmlDeviceGetComputeRunningProcesses; for AMD the kernel's amdkfd driver, which keeps a folder of
 * each process and the memory that it holds on each GPU (/sys/class/kfd). */
#pragma once

#include "hardware/process.h"

/* PCI addresses as in the fingerprint, an array of strings.  JSON null, with a warning, where there are GPUs
 * and nothing tells who computes on them. */
struct json *engine_gpus_read(const struct reader *reader, int32_t pid);
