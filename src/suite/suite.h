/* suite.h - benchmark specs: what to ask, how to load, what counts as good.
 *
 * Specs are YAML (data/specs/), embedded into the binary; a file on disk overrides one of the same id.
 * A plugin id ("llm.inference") groups benchmark ids ("llm.inference.chatbot-short").  The keys are
 * explained in docs/adding-a-benchmark.md. */
#pragma once

#include "codec/json.h"
#include "engine/prompt.h"
#include "stats/metric.h"
#include "stats/record.h"
#include "suite/item.h"

enum {
    SPEC_POINTS_MAX = 32,
    SPEC_METRICS_MAX = 4, /* more do not fit beside the readout's own columns */
    SPEC_ID_MAX = 128,
    SPECS_MAX = 1000
};

enum spec_kind {
    SPEC_PERF,
    SPEC_QUALITY,
};

struct plugin; /* plugin.h */

/* One benchmark.  Strings are borrowed from the spec table's arena. */
struct spec {
    const char *id;      /* "llm.inference.chatbot-short" */
    const char *plugin;  /* "llm.inference" */
    const char *version; /* SemVer of the spec */
    const char *title;
    const char *source; /* file it was read from, or "built in" */
    const char *text;   /* the YAML itself */
    char sha256[65];    /* of the YAML, lower-case hex */
    enum spec_kind kind;
    const char *dataset;        /* dataset recipe, as --dataset takes it */
    const char *dataset_help;   /* how to get the data, for the message when it is missing; "" */
    struct request_shape shape; /* salt true (quality: false), seed 0: the run's own to set */
    const char *slo_template;
    enum driver driver;     /* of the first point */
    uint32_t n_concurrency; /* closed-loop points; at least one with DRIVER_CLOSED */
    uint32_t concurrency[SPEC_POINTS_MAX];
    uint32_t n_rates; /* open-loop points; at least one with DRIVER_OPEN */
    double rates_rps[SPEC_POINTS_MAX];
    uint32_t n_metrics; /* rows of the metric table that the readout shows besides its own */
    const struct metric *metrics[SPEC_METRICS_MAX];
    const struct plugin *provider; /* the plugin on disk that brought it; NULL: none */
    uint32_t warmup_per_stream;    /* requests discarded per stream; quality: 0 */
    struct item_options scoring;   /* kind quality: how answers are scored; else SCORING_NONE */
};

struct spec_table {
    struct arena arena;
    struct spec *specs; /* built-in ones first, in their order; then those of the folder by name */
    size_t n;
    size_t cap;
};

/* Reads the embedded specs, and the *.yaml files of `folder` (NULL or "": none), which override by id.
 * Errors: ERROR_PARSE "FILE:LINE:COLUMN: what", ERROR_NOT_FOUND or ERROR_IO for the folder and its
 * files, ERROR_LIMIT. */
MUST_CHECK int spec_table_load(const char *folder, struct spec_table *out, struct error *err);
void spec_table_done(struct spec_table *self);

/* Appends a spec whose texts live as long as the table, and whose id is new there.  Pointers to specs
 * of the table are good until the next one is added. */
void spec_table_add(struct spec_table *self, const struct spec *spec);

/* True when `name` is the path of a spec and not an id: it has a '/' or ends in .yaml or .yml. */
bool spec_name_is_path(const char *name);

/* Reads one file that was named by hand: it takes the place of any spec with its id, also of another
 * file's.  Errors: ERROR_NOT_FOUND, ERROR_PARSE, ERROR_LIMIT, ERROR_IO. */
MUST_CHECK int spec_table_add_file(
    struct spec_table *self, const char *path, const struct spec **out, struct error *err);

/* The text of one YAML file. */
struct spec_text {
    const char *name;   /* for messages */
    const char *source; /* what spec.source says */
    const char *text;
    size_t len;
};

/* Reads one spec.  Everything in *out is borrowed from `arena`.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int
spec_read(struct arena *arena, const struct spec_text *text, struct spec *out, struct error *err);

/* The benchmark called `id`, or the first of the plugin called `id`.
 * Errors: ERROR_USAGE "unknown suite 'x': did you mean 'y'?". */
MUST_CHECK int spec_find(
    const struct spec_table *self, const char *id, const struct spec **out, struct error *err);
