/* reader.h - what the readers of a fingerprint share.  Internal to hardware/. */
#pragma once

#include "codec/json.h"
#include "hardware/nvml.h"
#include "hardware/smbios.h"

/* Where to read, where values live, where the unknown ones are named. */
struct reader {
    struct arena *arena;
    const char *root; /* "" on a real machine */
    struct json *warnings;
    const struct nvml *nvml; /* NULL: not there */
};

/* Content of a small file below the root, in the arena; NULL when it cannot be read.  *out_denied
 * (may be NULL) says whether that was for want of permission. */
const char *reader_file(const struct reader *self, const char *path, bool *out_denied);

/* As reader_file, for content that may hold NUL; *out_len is its length. */
const char *
reader_bytes(const struct reader *self, const char *path, size_t *out_len, bool *out_denied);

/* The first `max` bytes of a file below the root, in the arena; NULL when it cannot be read, is not a plain
 * file, or is empty.  *out_len is their number. */
const char *reader_head(const struct reader *self, const char *path, size_t max, size_t *out_len);

/* The file's first line without white space at its ends; NULL when unreadable or empty. */
const char *reader_line(const struct reader *self, const char *path, bool *out_denied);

/* A copy of `len` bytes without white space at the ends, with '?' for what is not printable ASCII
 * or UTF-8. */
const char *reader_trim(const struct reader *self, const char *text, size_t len);

/* The value behind "KEY : value" on the first line that has this key; NULL when there is none. */
const char *reader_value(const struct reader *self, const char *text, const char *key);

PRINTF_LIKE(2, 3) void reader_warn(const struct reader *self, const char *format, ...);

/* The names in a folder below the root that begin with `prefix`, sorted by their length and then by
 * their bytes (node2 before node10).  *out_n is their number; in the arena. */
const char **
reader_folder(const struct reader *self, const char *path, const char *prefix, size_t *out_n);

/* One reader for each part. */
void cpu_read(const struct reader *self, struct json *fingerprint);
void memory_read(const struct reader *self, struct json *fingerprint);
void numa_read(const struct reader *self, struct json *fingerprint);
const char *dmi_uuid_read(const struct reader *self);
void bios_read(const struct reader *self, struct json *fingerprint);
struct json *gpus_read(const struct reader *self);
const char *gpu_driver_read(const struct reader *self, bool has_gpus);
const char *cuda_read(const struct reader *self, bool has_gpus);
const char *nccl_read(const struct reader *self, bool has_gpus);
void host_read(const struct reader *self, struct json *fingerprint);

/* The firmware's tables; false when they cannot be read.  *out_denied says whether for want of
 * permission. */
bool smbios_read(const struct reader *self, struct smbios *out, bool *out_denied);

/* True for a display controller or accelerator of a maker of GPUs (NVIDIA, AMD); `name` is that of
 * the device in /sys/bus/pci/devices. */
bool pci_is_accelerator(const struct reader *self, const char *name);

/* What the addresses that PCI devices were given tell of two switches in the firmware. */
struct pci_windows {
    bool any_memory;   /* a device has a memory region: above_4g is known */
    bool above_4g;     /* one of them lies above 4 GiB */
    bool any_gpu;      /* resizable_bar is known */
    bool large_window; /* every GPU's largest region is larger than the classic 256 MiB */
};

struct pci_windows pci_windows_read(const struct reader *self);
