/* Running average power limit counters by the kernel's powercap interface.  A package holds its cores
 * and graphics, so of its subdomains only dram, which lies outside it, is read; psys holds the packages
 * and is not read either.  intel-rapl is also the name on AMD processors.
 * Source: https://docs.kernel.org/power/powercap/powercap.html */
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "telemetry/kernel_file.h"
#include "telemetry/sampler.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    RAPL_SOURCES_MAX = 64 /* packages and dram of 32 sockets */
};

#define RAPL_FOLDER "/sys/class/powercap"

struct rapl {
    struct sampler sampler;
    struct arena arena;
    uint32_t n;
    int fds[RAPL_SOURCES_MAX];
    struct track sources[RAPL_SOURCES_MAX];
    struct track_column columns[RAPL_SOURCES_MAX];
};

static bool rapl_sample(struct sampler *sampler, uint32_t source, double *values)
{
    const struct rapl *self = (const struct rapl *)sampler;
    return kernel_file_number(self->fds[source], &values[0]);
}

static void rapl_close(struct sampler *sampler)
{
    struct rapl *self = (struct rapl *)sampler;
    if (self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < self->n; i++) {
        kernel_file_close(self->fds[i]);
    }
    arena_done(&self->arena);
    free(self);
}

/* Adds the domain in `folder` when it is one that is summed.  Errors: no permission. */
static int add_domain(struct rapl *self, const char *folder, const char *id, struct error *err)
{
    char name[KERNEL_LINE_MAX];
    if (!kernel_file_line_at(folder, "name", name) || self->n >= RAPL_SOURCES_MAX) {
        return 0;
    }
    const bool package = text_starts_with(name, "package");
    if (!package && !text_equal(name, "dram")) {
        return 0;
    }
    const int fd = kernel_file_open(folder, "energy_uj");
    if (fd < 0) {
        if (errno == EACCES || errno == EPERM) {
            CLEANUP(mem_freep) char *path = file_join(folder, "energy_uj");
            return error_set(
                err, ERROR_UNAVAILABLE,
                "rapl: %s is not readable for this user (the kernel keeps it for root): run as root, "
                "or let root run 'chmod a+r %s' for every domain",
                path, path);
        }
        return 0;
    }
    struct track_column *column = &self->columns[self->n];
    *column = (struct track_column){.key = "energy_uj", .role = TRACK_ENERGY, .resolution = 1.0};
    (void)kernel_file_number_at(folder, "max_energy_range_uj", &column->range);
    self->fds[self->n] = fd;
    self->sources[self->n++] = (struct track){
        .sampler = "rapl",
        .source = arena_format(&self->arena, "%s %s", id, name),
        .part = package ? "package" : "dram",
        .counted = true,
        .n_columns = 1,
        .columns = column,
    };
    return 0;
}

static int compare_tracks(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static int rapl_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    struct rapl *self = MEM_NEW(struct rapl);
    self->sampler = (struct sampler){.ops = &sampler_rapl, .sources = self->sources};
    CLEANUP(mem_freep) char *root = mem_format("%s%s", options->root, RAPL_FOLDER);
    DIR *folder = opendir(root);
    const char *ids[4 * RAPL_SOURCES_MAX];
    size_t n_ids = 0;
    const struct dirent *row = NULL;
    while (folder != NULL && n_ids < ARRAY_LEN(ids) &&
           (row = readdir(folder)) != NULL) { // NOLINT(concurrency-mt-unsafe): a folder of our own
        if (text_starts_with(row->d_name, "intel-rapl:")) {
            ids[n_ids++] = arena_copy_text(&self->arena, row->d_name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    qsort(ids, n_ids, sizeof(ids[0]), compare_tracks);
    int result = 0;
    for (size_t i = 0; i < n_ids && result == 0; i++) {
        CLEANUP(mem_freep) char *path = file_join(root, ids[i]);
        result = add_domain(self, path, ids[i], err);
    }
    if (result == 0 && self->n == 0) {
        result = error_set(
            err, ERROR_UNAVAILABLE, "rapl: there are no package or dram domains in %s", root);
    }
    if (result < 0) {
        rapl_close(&self->sampler);
        return result;
    }
    self->sampler.n_sources = self->n;
    *out = &self->sampler;
    return 0;
}

const struct sampler_ops sampler_rapl = {
    .name = "rapl",
    .summary = "energy of processor packages and memory, by powercap",
    .period_ns = 100 * NS_PER_MS,
    .profile_period_ns = 25 * NS_PER_MS,
    .open = rapl_open,
    .sample = rapl_sample,
    .close = rapl_close,
};
