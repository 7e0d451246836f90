/* recipe.h - the words of --dataset, read and checked without touching data. */
#pragma once

#include "base/error.h"
#include "suite/composed.h"
#include "suite/hub_name.h"
#include "suite/recipe_keys.h"

#include <stdbool.h>
#include <stdint.h>

enum recipe_kind {
    RECIPE_KNOWN,     /* a row of known_dataset_table */
    RECIPE_JSONL,     /* path */
    RECIPE_SHAREGPT,  /* path */
    RECIPE_SYNTHETIC, /* plan */
    RECIPE_PLUGIN,    /* n_plugin */
    RECIPE_HUB,       /* hub; `format` says how the file is read */
    RECIPE_TRACE,     /* path, trace */
    /* Those of composed.h, in the order of enum composed_kind: composed. */
    RECIPE_DOCUMENTS,
    RECIPE_RAG,
    RECIPE_MULTI_TURN,
    RECIPE_SHARED_PREFIX,
};

enum distribution {
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_NORMAL,
    DISTRIBUTION_UNIFORM,
};

/* Whether prompts are made as long as was asked for by the engine's own count (lengths.h). */
enum exact_lengths {
    EXACT_AUTO,    /* as far as the engine can be asked */
    EXACT_OFF,     /* nominal tokens */
    EXACT_REQUIRE, /* or the run ends */
    EXACT_COUNT
};

/* Lengths of synthetic prompts, in nominal tokens (synthetic.h). */
struct synthetic_plan {
    enum distribution distribution;
    enum exact_lengths exact;
    uint32_t n;
    uint32_t input; /* means */
    uint32_t output;
    double input_stddev;
    double output_stddev;
};

/* A trace of recorded requests (trace.h). */
struct trace_plan {
    size_t path_len; /* of the recipe's path: keys come behind it */
    double speed;    /* times are divided by it */
    uint32_t n;      /* requests, from the first; 0: all */
    enum exact_lengths exact;
};

/* A dataset that has a name of its own. */
struct known_dataset {
    const char *id;
    enum recipe_kind format; /* RECIPE_JSONL or RECIPE_SHAREGPT */
    const char *file;        /* its name in the folders that are searched */
    const char *embedded;    /* its name in embedded_table; NULL: must be on disk */
    const char *hub;    /* where 'bench fetch' gets it, its commit in it; NULL with `embedded` */
    const char *sha256; /* of that file */
    const char *size;   /* of that file, for people */
};

extern const struct known_dataset known_dataset_table[];
extern const size_t known_dataset_table_len;

enum {
    RECIPE_PATH_SIZE = 4096 /* PATH_MAX of Linux */
};

struct recipe {
    enum recipe_kind kind;
    char path[RECIPE_PATH_SIZE]; /* of a file; "" */
    struct recipe_keys keys;     /* of a file or the hub's */
    size_t keys_at;              /* of the hub's: where they begin in the recipe, with their '?' */
    struct hub_name hub;
    enum recipe_kind format; /* of RECIPE_HUB: RECIPE_JSONL or RECIPE_SHAREGPT */
    const struct known_dataset *known;
    struct synthetic_plan plan;
    uint32_t n_plugin; /* requests that the plugin's code makes */
    struct trace_plan trace;
    struct composed_plan composed;
};

/* Errors: ERROR_USAGE, names the recipe and what would be right. */
MUST_CHECK int recipe_parse(const char *text, struct recipe *out, struct error *err);

/* True when `path` is a file on disk. */
bool recipe_has_file(const struct recipe *self);

const char *distribution_name(enum distribution distribution);
const char *exact_lengths_name(enum exact_lengths exact);

/* Errors: ERROR_USAGE "'x' is not auto, off or require". */
MUST_CHECK int exact_lengths_parse(const char *text, enum exact_lengths *out, struct error *err);

/* What stands behind "trace:".  Errors: ERROR_USAGE. */
MUST_CHECK int recipe_trace_parse(const char *rest, struct trace_plan *out, struct error *err);
