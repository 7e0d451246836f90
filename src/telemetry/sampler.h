/* sampler.h - reads the sources of one kind at a fixed period: power, energy, utilisation.
 *
 * A sampler is a const row of functions; what it opened is a struct sampler.  Nothing here runs on the
 * measured threads.
 * Threads: open, sample and close are called by one thread at a time; nothing here locks.
 * Time: ns.  Power: W.  Energy: uJ. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "stats/track.h"
#include "telemetry/gpu_list.h"

struct sampler;

/* Longest text of metrics that is read: a vLLM's is 60 KB, one of a large fleet behind a router a few
 * hundred. */
#define METRICS_TEXT_MAX ((size_t)4 << 20)

/* Where the text of an engine's metrics comes from; the way to it lies above this folder.  Borrowed until
 * close. */
struct metrics_source {
    const char *engine; /* its row in the table of engines */
    const char *url;    /* for messages and the source's name; holds no secret */

    /* Gets the text into `out`, an empty buffer with a maximum; waits two seconds at most.
     * Errors: of any code, one line that names the URL. */
    MUST_CHECK int (*fetch)(void *context, struct bytes *out, struct error *err);
    void *context;
};

struct sampler_options {
    const char *root;                     /* put before every path: "" on a real machine */
    const char *nvml_library;             /* NULL: as the loader finds it */
    const struct metrics_source *metrics; /* NULL: the engine has none */

    /* Which GPUs: those named; where none are, those on which the process `engine_pid` or one that comes
     * from it computes (0: it is not known); where there are none of these, all. */
    const struct gpu_list *gpus; /* NULL: none are named */
    int32_t engine_pid;
    struct gpu_found *found; /* may be NULL: gets the names that stand for a GPU */
};

/* Whose state a sampler reads. */
enum sampler_scope {
    SAMPLER_MACHINE, /* this machine's: says something of an engine that runs here, and of no other */
    SAMPLER_ENGINE, /* the engine's, wherever it runs */
    SAMPLER_CLIENT, /* that of the machine which measures */
};

struct sampler_ops {
    const char *name;
    const char *summary;
    enum sampler_scope scope;
    bool waits; /* a reading may wait for others: it has a thread of its own */
    int64_t period_ns;
    int64_t profile_period_ns; /* for a closer look; 0: the same */

    /* Opens what there is.  *out is the caller's: close.
     * Errors: ERROR_UNAVAILABLE when there is nothing to read here, or no permission; the text says
     * which, and what would help. */
    MUST_CHECK int (*open)(
        const struct sampler_options *options, struct sampler **out, struct error *err);

    /* Reads one source into values[0..n_columns): NAN for what it does not tell.  False: no answer, and
     * the sampler's `trouble` may say why. */
    bool (*sample)(struct sampler *self, uint32_t source, double *values);
    void (*close)(struct sampler *self); /* NULL is nothing */
};

/* What was opened; the first member of each sampler's own struct. */
struct sampler {
    const struct sampler_ops *ops;
    uint32_t n_sources;
    struct track *sources;        /* names and columns, without samples; borrowed until close */
    char note[ERROR_TEXT_MAX];    /* what must be known of what was opened; "": nothing */
    char trouble[ERROR_TEXT_MAX]; /* of the last reading that failed; "": none */
};

extern const struct sampler_ops sampler_nvml; /* NVIDIA GPUs */
extern const struct sampler_ops sampler_rapl; /* energy of processor packages and memory */
extern const struct sampler_ops sampler_engine_metrics; /* the engine's own metrics */
extern const struct sampler_ops sampler_amdgpu;         /* AMD GPUs */
extern const struct sampler_ops sampler_host; /* the client and its machine's processors */
extern const struct sampler_ops
    sampler_null; /* one source that is always 0: measures the recorder */

extern const struct sampler_ops *const sampler_table[];
extern const size_t sampler_table_len;
