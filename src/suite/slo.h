/* slo.h - service level templates, scaled by hardware class. */
#pragma once

#include "base/error.h"
#include "stats/record.h"

#include <stdbool.h>
#include <stddef.h>

/* One hardware class: its multiplier scales every limit of a template. */
struct hardware_class {
    const char *name; /* "h100" */
    double multiplier;
    const char *title;
};

extern const struct hardware_class hardware_class_table[];
extern const size_t hardware_class_table_len;

/* The class with this name (any case), or NULL: unknown means multiplier 1.0 and a warning. */
const struct hardware_class *hardware_class_find(const char *name);

enum {
    SLO_TEXT_MAX = 128,
    SLO_ID_SIZE = 64,
    SLO_CLASS_SIZE = 32
};

/* Benchmarks that a template is made for. */
enum slo_for {
    SLO_FOR_ANY, /* the template does not say */
    SLO_FOR_PERF,
    SLO_FOR_QUALITY,
};

struct slo {
    char id[SLO_ID_SIZE];
    enum slo_for for_kind;
    char hardware_class[SLO_CLASS_SIZE]; /* class whose multiplier was used, or "unknown" */
    struct slo_limits limits;            /* scaled */
    char resolved[SLO_TEXT_MAX];         /* "ttft<200ms, tpot<50ms, total<3000ms" */
};

/* `name`: "llm.standard", "llm.relaxed", or the path of a YAML file (it has a '/' or ends in .yaml
 * or .yml).  `hardware`: a class; unknown ones leave the limits unscaled.
 * Errors: ERROR_USAGE unknown template (with the nearest), ERROR_NOT_FOUND, ERROR_PARSE. */
MUST_CHECK int slo_load(const char *name, const char *hardware, struct slo *out, struct error *err);

/* True when `name` is a path and not an id. */
bool slo_is_path(const char *name);

/* Checks that `name` is a built-in template or has the form of a path, without reading anything.
 * Errors: ERROR_USAGE. */
MUST_CHECK int slo_check(const char *name, struct error *err);
