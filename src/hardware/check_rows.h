/* check_rows.h - the tables behind check.h, one file each.  Internal to hardware/.
 *
 * Limits that are this project's own choice are named here, each with its reason; each is tripped in
 * tests/unit/test_check_host.c or test_check_gpu.c. */
#pragma once

#include "hardware/check.h"

/* Streams that a machine should be able to drive: the largest load of `bench selftest`. */
enum {
    CHECK_STREAMS = 1000
};

/* Cores: one for the client, one for what else there is. */
#define CHECK_CORES_MIN 2.0
/* A highest frequency that is set lower than the processor's own; 1 % for rounding to steps. */
#define CHECK_FREQUENCY_MIN_PCT 99.0
/* Others' work: with half of the processors busy, a waking thread finds one at once. */
#define CHECK_LOAD_MAX 0.5
/* One tick of 10 ms in a second of one processor. */
#define CHECK_STEAL_MAX_PCT 1.0
/* A reading by vDSO takes 20 to 70 ns; one by system call several hundred. */
#define CHECK_CLOCK_READ_MAX_NS 250.0
/* The dispatch delay up to which `bench selftest` trusts this client. */
#define CHECK_WAKE_LATE_MAX_US 1000.0
/* The records of 250 million token events (tests/soak: 4.2 bytes each). */
#define CHECK_MEMORY_MIN_MB 1024.0
/* Pages that were swapped out once and not needed since do no harm; more is a machine too small. */
#define CHECK_SWAP_MAX_MB 100.0
/* Two ends of each stream (the built-in engine's too) and 128 beside them, as a run asks for. */
#define CHECK_DESCRIPTORS_MIN (2.0 * CHECK_STREAMS + 128.0)
/* A port rests 60 s after its connection (TCP_TIMEWAIT_LEN): an engine that closes connections takes one
 * for each request, and 10000 are enough for 166 requests a second. */
#define CHECK_PORTS_MIN 10000.0
/* Connections are opened all at once. */
#define CHECK_BACKLOG_MIN ((double)CHECK_STREAMS)

/* Below this distance from the temperature at which the board slows down, a hot day is enough. */
#define CHECK_MARGIN_MIN_C 10.0
/* The board's power limit as its maker set it. */
#define CHECK_POWER_MIN_PCT 100.0
/* Uncorrected errors since the driver was loaded. */
#define CHECK_ECC_ERRORS_MAX 0.0
/* The engine's own. */
#define CHECK_PROCESSES_MAX 1.0

struct host_check {
    struct check check;
    void (*read)(const struct check_context *context, struct check_reading *out);
};

extern const struct host_check cpu_checks[];
extern const size_t cpu_checks_len;
extern const struct host_check clock_checks[];
extern const size_t clock_checks_len;
extern const struct host_check memory_checks[];
extern const size_t memory_checks_len;
extern const struct host_check limit_checks[];
extern const size_t limit_checks_len;

struct gpu_check {
    struct check check;
    void (*read)(
        const struct check_context *context, struct nvml_device *device, struct check_reading *out);
};

extern const struct gpu_check gpu_checks[];
extern const size_t gpu_checks_len;

/* Rows about a GPU's place on the bus, by its name in /sys/bus/pci/devices; `device` is NULL where NVML
 * does not know it. */
struct link_check {
    struct check check;
    void (*read)(
        const struct check_context *context,
        const char *name,
        struct nvml_device *device,
        struct check_reading *out);
};

extern const struct link_check link_checks[];
extern const size_t link_checks_len;
extern const struct check gpu_driver_check;

/* Number of processors that this process may use; 0: not known. */
unsigned check_processors(const struct check_context *context);

/* What this process may use in its control groups, the smallest of all of them up to the root. */
struct check_group {
    bool known;          /* the hierarchy is mounted */
    double processors;   /* quota by period; INFINITY: none */
    double memory_bytes; /* limit less what is in use and cannot be dropped; INFINITY: none */
};

struct check_group check_group_read(const struct reader *reader);
