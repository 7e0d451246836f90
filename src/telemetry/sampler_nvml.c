/* NVIDIA GPUs by NVML.  A GPU has the columns that it answered when it was opened; one that is lost later
 * tells nothing any more, and that is a failed sample, never a zero.
 * Source: NVIDIA, "NVML API Reference Guide", https://docs.nvidia.com/deploy/nvml-api/ */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "hardware/nvml.h"
#include "hardware/process.h"
#include "telemetry/sampler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define READER(name) \
    static bool name(const struct nvml *nvml, struct nvml_device *device, double *out)

READER(read_energy)
{
    uint64_t mj = 0;
    const bool told = NVML_CALL(nvml, device_total_energy, device, &mj) == NVML_SUCCESS;
    *out = (double)mj * 1e3;
    return told;
}

READER(read_power)
{
    unsigned mw = 0;
    const bool told = NVML_CALL(nvml, device_power_usage, device, &mw) == NVML_SUCCESS;
    *out = mw / 1e3;
    return told;
}

READER(read_utilization)
{
    struct nvml_utilization share = {0};
    const bool told = NVML_CALL(nvml, device_utilization, device, &share) == NVML_SUCCESS;
    *out = share.gpu_pct;
    return told;
}

READER(read_memory)
{
    struct nvml_memory memory = {0};
    const bool told = NVML_CALL(nvml, device_memory, device, &memory) == NVML_SUCCESS;
    *out = (double)memory.used_bytes;
    return told;
}

READER(read_sm_clock)
{
    unsigned mhz = 0;
    const bool told = NVML_CALL(nvml, device_clock, device, NVML_CLOCK_SM, &mhz) == NVML_SUCCESS;
    *out = mhz;
    return told;
}

READER(read_memory_clock)
{
    unsigned mhz = 0;
    const bool told = NVML_CALL(nvml, device_clock, device, NVML_CLOCK_MEM, &mhz) == NVML_SUCCESS;
    *out = mhz;
    return told;
}

READER(read_temperature)
{
    unsigned celsius = 0;
    const bool told =
        NVML_CALL(nvml, device_temperature, device, NVML_TEMPERATURE_GPU, &celsius) == NVML_SUCCESS;
    *out = celsius;
    return told;
}

READER(read_throttle)
{
    uint64_t bits = 0;
    const bool told = NVML_CALL(nvml, device_throttle_reasons, device, &bits) == NVML_SUCCESS;
    *out = (double)bits;
    return told;
}

READER(read_ecc)
{
    uint64_t n = 0;
    const bool told = NVML_CALL(
                          nvml, device_total_ecc_errors, device, NVML_MEMORY_ERROR_UNCORRECTED,
                          NVML_ECC_VOLATILE, &n) == NVML_SUCCESS;
    *out = (double)n;
    return told;
}

/* Energy and power come first: their times are the sample's. */
static const struct row {
    const char *key;
    enum column_role role;
    double resolution;
    bool (*read)(const struct nvml *nvml, struct nvml_device *device, double *out);
} rows[] = {
    {"energy_uj", TRACK_ENERGY, 1e3, read_energy},
    {"power_w", TRACK_POWER, 1e-3, read_power},
    {"utilization_pct", TRACK_GAUGE, 1.0, read_utilization},
    {"sm_clock_mhz", TRACK_GAUGE, 1.0, read_sm_clock},
    {"memory_clock_mhz", TRACK_GAUGE, 1.0, read_memory_clock},
    {"temperature_c", TRACK_GAUGE, 1.0, read_temperature},
    {"memory_used_bytes", TRACK_GAUGE, 1.0, read_memory},
    {"throttle_reason_bits", TRACK_GAUGE, 1.0, read_throttle},
    {"ecc_uncorrected_count", TRACK_COUNTER, 1.0, read_ecc},
};

_Static_assert(ARRAY_LEN(rows) <= TRACK_COLUMNS_MAX, "a track has room for all");

struct gpu {
    struct nvml_device *device;
    const struct row *rows[TRACK_COLUMNS_MAX]; /* of its columns */
    struct track_column columns[TRACK_COLUMNS_MAX];
};

struct nvml_sampler {
    struct sampler sampler;
    struct arena arena;
    struct nvml *nvml;
    struct gpu gpus[NVML_DEVICES_MAX];
    struct track sources[NVML_DEVICES_MAX];
};

static bool nvml_sample(struct sampler *sampler, uint32_t source, double *values)
{
    const struct nvml_sampler *self = (const struct nvml_sampler *)sampler;
    const struct gpu *gpu = &self->gpus[source];
    bool any = false;
    for (uint32_t c = 0; c < self->sources[source].n_columns; c++) {
        if (gpu->rows[c]->read(self->nvml, gpu->device, &values[c])) {
            any = true;
        } else {
            values[c] = (double)NAN;
        }
    }
    return any;
}

static void nvml_sampler_close(struct sampler *sampler)
{
    struct nvml_sampler *self = (struct nvml_sampler *)sampler;
    if (self != NULL) {
        nvml_close(self->nvml);
        arena_done(&self->arena);
        free(self);
    }
}

/* A GPU of this machine, before it is decided which are sampled. */
struct candidate {
    struct nvml_device *device;
    unsigned index;
    char uuid[NVML_TEXT_SIZE];
    char pci_id[NVML_TEXT_SIZE];
    bool used;  /* the engine computes on it */
    bool named; /* by options->gpus */
};

struct candidates {
    unsigned n;
    unsigned n_used;
    unsigned n_named;
    struct candidate rows[NVML_DEVICES_MAX];
};

static void add_gpu(struct nvml_sampler *self, const struct candidate *candidate)
{
    const uint32_t n = self->sampler.n_sources;
    struct gpu *gpu = &self->gpus[n];
    uint32_t n_columns = 0;
    *gpu = (struct gpu){.device = candidate->device};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double ignored = 0.0;
        if (rows[i].read(self->nvml, candidate->device, &ignored)) {
            gpu->rows[n_columns] = &rows[i];
            gpu->columns[n_columns++] = (struct track_column){
                .key = rows[i].key, .role = rows[i].role, .resolution = rows[i].resolution};
        }
    }
    const bool known = candidate->pci_id[0] != '\0';
    self->sources[n] = (struct track){
        .sampler = "nvml",
        .source = arena_format(
            &self->arena, "gpu%u %s", candidate->index, known ? candidate->pci_id : "unknown"),
        .part = "gpu",
        .counted = true,
        .n_columns = n_columns,
        .columns = gpu->columns,
    };
    self->sampler.n_sources += n_columns > 0;
}

/* The process ids are those of this machine's first namespace: seen from inside a container they name
 * other processes or none. */
static bool
is_used(const struct nvml *nvml, struct nvml_device *device, const struct sampler_options *options)
{
    uint32_t pids[NVML_PROCESSES_MAX];
    unsigned n = 0;
    struct arena arena = {0};
    const struct reader reader = {.arena = &arena, .root = options->root};
    bool used = false;
    if (options->engine_pid > 0 && nvml_device_processes(nvml, device, pids, &n) == NVML_SUCCESS) {
        for (unsigned i = 0; i < n && !used; i++) {
            used = pids[i] <= INT32_MAX &&
                   process_comes_from(&reader, (int32_t)pids[i], options->engine_pid);
        }
    }
    arena_done(&arena);
    return used;
}

static void
describe(const struct nvml *nvml, const struct sampler_options *options, struct candidate *self)
{
    if (NVML_CALL(nvml, device_uuid, self->device, self->uuid, sizeof(self->uuid)) !=
        NVML_SUCCESS) {
        self->uuid[0] = '\0';
    }
    if (!nvml_device_pci_id(nvml, self->device, self->pci_id)) {
        self->pci_id[0] = '\0';
    }
    const struct gpu_id id = {self->index, self->uuid, self->pci_id};
    self->named = options->gpus != NULL && gpu_list_has(options->gpus, &id, options->found);
    self->used = is_used(nvml, self->device, options);
}

static int find_candidates(
    const struct nvml *nvml,
    const struct sampler_options *options,
    struct candidates *out,
    struct error *err)
{
    *out = (struct candidates){.n = nvml_device_count(nvml)};
    for (unsigned i = 0; i < out->n; i++) {
        struct candidate *row = &out->rows[i];
        *row = (struct candidate){.device = nvml_device_at(nvml, i), .index = i};
        if (row->device == NULL) {
            return error_set(
                err, ERROR_UNAVAILABLE, "nvml: GPU %u of %u cannot be opened: none is sampled", i,
                out->n);
        }
        describe(nvml, options, row);
        out->n_used += row->used;
        out->n_named += row->named;
    }
    return 0;
}

static void note_choice(
    struct sampler *self,
    const struct candidates *candidates,
    const struct sampler_options *options)
{
    if (candidates->n_used > 0) {
        return;
    }
    (void)snprintf(
        self->note, sizeof(self->note),
        "nvml: %s: energy is that of all %u GPUs here; name those of the engine with --gpus",
        options->engine_pid > 0 ? "the engine's process computes on no GPU"
                                : "the engine's process is not known",
        candidates->n);
}

static int
add_gpus(struct nvml_sampler *self, const struct sampler_options *options, struct error *err)
{
    CLEANUP(mem_freep) struct candidates *candidates = MEM_NEW(struct candidates);
    const bool named = options->gpus != NULL;
    const int result = find_candidates(self->nvml, options, candidates, err);
    if (result < 0) {
        return result;
    }
    for (unsigned i = 0; i < candidates->n; i++) {
        const struct candidate *row = &candidates->rows[i];
        if (named ? row->named : row->used || candidates->n_used == 0) {
            add_gpu(self, row);
        }
    }
    if (named && candidates->n_named == 0) {
        return error_set(
            err, ERROR_UNAVAILABLE, "nvml: none of the %u GPUs here is asked for", candidates->n);
    }
    if (self->sampler.n_sources == 0) {
        return error_set(err, ERROR_UNAVAILABLE, "nvml: there is no GPU that tells anything");
    }
    if (!named) {
        note_choice(&self->sampler, candidates, options);
    }
    return 0;
}

static int
nvml_sampler_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    struct nvml *nvml = NULL;
    if (nvml_open(options->nvml_library, &nvml, err) < 0) {
        return error_prefix(err, "nvml: ");
    }
    struct nvml_sampler *self = MEM_NEW(struct nvml_sampler);
    self->nvml = nvml;
    self->sampler = (struct sampler){.ops = &sampler_nvml, .sources = self->sources};
    const int result = add_gpus(self, options, err);
    if (result < 0) {
        nvml_sampler_close(&self->sampler);
        return result;
    }
    *out = &self->sampler;
    return 0;
}

const struct sampler_ops sampler_nvml = {
    .name = "nvml",
    .summary = "power, energy, clocks, temperature and use of NVIDIA GPUs",
    .period_ns = 100 * NS_PER_MS,
    .profile_period_ns = 10 * NS_PER_MS,
    .open = nvml_sampler_open,
    .sample = nvml_sample,
    .close = nvml_sampler_close,
};
