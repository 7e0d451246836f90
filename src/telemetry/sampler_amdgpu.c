/* AMD GPUs by the driver's hwmon and sysfs files.  Which of them a card has differs from model to model; a
 * column is there for each that could be read when the card was opened.  Energy, where the card counts it,
 * then average power, else momentary power.
 * Source: https://docs.kernel.org/gpu/amdgpu/thermal.html, https://docs.kernel.org/hwmon/sysfs-interface.html */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "hardware/reader.h"
#include "telemetry/kernel_file.h"
#include "telemetry/sampler.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    AMDGPU_SOURCES_MAX = 64
};

#define HWMON_FOLDER "/sys/class/hwmon"

/* Energy and power come first: their times are the sample's.  Of two rows with one key the first that can
 * be read is taken. */
static const struct row {
    const char *key;
    enum column_role role;
    const char *file; /* below the hwmon folder */
    double scale;     /* the file's unit in the column's */
} rows[] = {
    {"energy_uj", TRACK_ENERGY, "energy1_input", 1.0},
    {"power_w", TRACK_POWER, "power1_average", 1e-6},
    {"power_w", TRACK_POWER, "power1_input", 1e-6},
    {"utilization_pct", TRACK_GAUGE, "device/gpu_busy_percent", 1.0},
    {"sm_clock_mhz", TRACK_GAUGE, "freq1_input", 1e-6},
    {"memory_clock_mhz", TRACK_GAUGE, "freq2_input", 1e-6},
    {"temperature_c", TRACK_GAUGE, "temp1_input", 1e-3},
    {"memory_used_bytes", TRACK_GAUGE, "device/mem_info_vram_used", 1.0},
};

_Static_assert(ARRAY_LEN(rows) <= TRACK_COLUMNS_MAX, "a track has room for all");

struct card {
    int fds[TRACK_COLUMNS_MAX];
    double scales[TRACK_COLUMNS_MAX];
    struct track_column columns[TRACK_COLUMNS_MAX];
};

struct amdgpu {
    struct sampler sampler;
    struct arena arena;
    struct card cards[AMDGPU_SOURCES_MAX];
    struct track sources[AMDGPU_SOURCES_MAX];
};

static bool amdgpu_sample(struct sampler *sampler, uint32_t source, double *values)
{
    const struct amdgpu *self = (const struct amdgpu *)sampler;
    const struct card *card = &self->cards[source];
    bool any = false;
    for (uint32_t c = 0; c < self->sources[source].n_columns; c++) {
        double value = 0.0;
        const bool told = kernel_file_number(card->fds[c], &value);
        values[c] = told ? value * card->scales[c] : (double)NAN;
        any = any || told;
    }
    return any;
}

static void amdgpu_close(struct sampler *sampler)
{
    struct amdgpu *self = (struct amdgpu *)sampler;
    if (self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < self->sampler.n_sources; i++) {
        for (uint32_t c = 0; c < self->sources[i].n_columns; c++) {
            kernel_file_close(self->cards[i].fds[c]);
        }
    }
    arena_done(&self->arena);
    free(self);
}

static bool has_key(const struct track *track, const char *key)
{
    return track_column_find(track, key) != NULL;
}

static void add_columns(struct card *card, struct track *track, const char *folder)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double ignored = 0.0;
        const int fd = has_key(track, rows[i].key) ? -1 : kernel_file_open(folder, rows[i].file);
        if (fd < 0 || !kernel_file_number(fd, &ignored)) {
            kernel_file_close(fd);
            continue;
        }
        card->fds[track->n_columns] = fd;
        card->scales[track->n_columns] = rows[i].scale;
        card->columns[track->n_columns++] = (struct track_column){
            .key = rows[i].key, .role = rows[i].role, .resolution = rows[i].scale};
    }
}

/* Last part of what the link "device" points to: the PCI address; "unknown" when there is none. */
static const char *pci_id(struct arena *arena, const char *folder)
{
    char target[PATH_MAX];
    const char *path = arena_format(arena, "%s/device", folder);
    const ssize_t n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0) {
        return "unknown";
    }
    target[n] = '\0';
    const char *slash = strrchr(target, '/');
    return arena_copy_text(arena, slash == NULL ? target : slash + 1);
}

static bool is_card(const char *folder)
{
    char name[KERNEL_LINE_MAX];
    return kernel_file_line_at(folder, "name", name) && text_equal(name, "amdgpu");
}

/* Which process computes on which card these files do not say: all are taken unless some are named. */
static void add_card(
    struct amdgpu *self, uint32_t index, const char *folder, const struct sampler_options *options)
{
    const uint32_t n = self->sampler.n_sources;
    const struct gpu_id id = {index, "", pci_id(&self->arena, folder)};
    if (n >= AMDGPU_SOURCES_MAX ||
        (options->gpus != NULL && !gpu_list_has(options->gpus, &id, options->found))) {
        return;
    }
    struct track *track = &self->sources[n];
    *track = (struct track){
        .sampler = "amdgpu",
        .source = arena_format(&self->arena, "gpu%u %s", index, id.pci_id),
        .part = "gpu",
        .counted = true,
        .columns = self->cards[n].columns,
    };
    add_columns(&self->cards[n], track, folder);
    self->sampler.n_sources += track->n_columns > 0;
}

/* Returns how many cards there are, asked for or not. */
static uint32_t add_cards(struct amdgpu *self, const struct sampler_options *options)
{
    size_t n = 0;
    uint32_t n_cards = 0;
    const struct reader reader = {.arena = &self->arena, .root = options->root};
    const char **names = reader_folder(&reader, HWMON_FOLDER, "hwmon", &n);
    for (size_t i = 0; i < n; i++) {
        const char *folder =
            arena_format(&self->arena, "%s" HWMON_FOLDER "/%s", options->root, names[i]);
        if (is_card(folder)) {
            add_card(self, n_cards++, folder, options);
        }
    }
    return n_cards;
}

static int
amdgpu_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    struct amdgpu *self = MEM_NEW(struct amdgpu);
    self->sampler = (struct sampler){.ops = &sampler_amdgpu, .sources = self->sources};
    const uint32_t n_cards = add_cards(self, options);
    if (self->sampler.n_sources == 0) {
        amdgpu_close(&self->sampler);
        if (n_cards > 0 && options->gpus != NULL) {
            return error_set(
                err, ERROR_UNAVAILABLE, "amdgpu: none of the %u GPUs here is asked for", n_cards);
        }
        return error_set(
            err, ERROR_UNAVAILABLE, "amdgpu: there is no GPU of that driver in %s" HWMON_FOLDER,
            options->root);
    }
    if (options->gpus == NULL) {
        (void)snprintf(
            self->sampler.note, sizeof(self->sampler.note),
            "amdgpu: energy is that of all %u GPUs here; name those of the engine with --gpus",
            self->sampler.n_sources);
    }
    *out = &self->sampler;
    return 0;
}

const struct sampler_ops sampler_amdgpu = {
    .name = "amdgpu",
    .summary = "power, energy, clocks, temperature and use of AMD GPUs, by hwmon",
    .period_ns = 100 * NS_PER_MS,
    .profile_period_ns = 25 * NS_PER_MS,
    .open = amdgpu_open,
    .sample = amdgpu_sample,
    .close = amdgpu_close,
};
