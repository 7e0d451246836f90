/* The table, and the sampler that reads nothing. */
#include "base/clock.h"
#include "base/mem.h"
#include "telemetry/sampler.h"

#include <stdlib.h>

static double null_values[1];
static struct track_column null_column = {
    .key = "zero", .role = TRACK_GAUGE, .values = null_values};
static struct track null_track = {
    .sampler = "null", .source = "null", .part = "none", .n_columns = 1, .columns = &null_column};

static int null_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    (void)options;
    (void)err;
    *out = MEM_NEW(struct sampler);
    **out = (struct sampler){.ops = &sampler_null, .n_sources = 1, .sources = &null_track};
    return 0;
}

static bool null_sample(struct sampler *self, uint32_t source, double *values)
{
    (void)self;
    (void)source;
    values[0] = 0.0;
    return true;
}

static void null_close(struct sampler *self)
{
    free(self);
}

const struct sampler_ops sampler_null = {
    .name = "null",
    .summary = "reads nothing: the recorder's own cost",
    .period_ns = 100 * NS_PER_MS,
    .open = null_open,
    .sample = null_sample,
    .close = null_close,
};

const struct sampler_ops *const sampler_table[] = {&sampler_nvml, &sampler_amdgpu,
                                                   &sampler_rapl, &sampler_engine_metrics,
                                                   &sampler_host, &sampler_null};
const size_t sampler_table_len = ARRAY_LEN(sampler_table);
