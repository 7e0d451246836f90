/* sampler.h - reads the sources of one kind at a fixed period: power, energy, utilisation.
 *
 * A sampler is a const row of functions; what it opened is a struct sampler.  Nothing here runs on the
 * measured threads.
 * Threads: open, sample and close are called by one thread at a time; nothing here locks.
 * Time: ns.  Power: W.  Energy: uJ. */
#pragma once

#include "base/error.h"
#include "stats/track.h"

struct sampler;

struct sampler_options {
    const char *root;         /* put before every path: "" on a real machine */
    const char *nvml_library; /* NULL: as the loader finds it */
};

struct sampler_ops {
    const char *name;
    const char *summary;
    int64_t period_ns;

    /* Opens what there is.  *out is the caller's: close.
     * Errors: ERROR_UNAVAILABLE when there is nothing to read here, or no permission; the text says
     * which, and what would help. */
    MUST_CHECK int (*open)(
        const struct sampler_options *options, struct sampler **out, struct error *err);

    /* Reads one source into values[0..n_columns): NAN for what it does not tell.  False: no answer. */
    bool (*sample)(struct sampler *self, uint32_t source, double *values);
    void (*close)(struct sampler *self);
};

/* What was opened; the first member of each sampler's own struct. */
struct sampler {
    const struct sampler_ops *ops;
    uint32_t n_sources;
    struct track *sources; /* names and columns, without samples; borrowed until close */
};

extern const struct sampler_ops sampler_nvml; /* NVIDIA GPUs */
extern const struct sampler_ops sampler_rapl; /* energy of processor packages and memory */
extern const struct sampler_ops
    sampler_null; /* one source that is always 0: measures the recorder */

extern const struct sampler_ops *const sampler_table[];
extern const size_t sampler_table_len;
