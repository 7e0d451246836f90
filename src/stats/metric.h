/* metric.h - the table of metrics: one row for each number that an envelope can carry.
 *
 * Drives the envelope's keys, the readout, `bench explain` and the reference in docs/. */
#pragma once

#include "base/attr.h"

enum better {
    BETTER_NONE, /* neither direction is better: counts, settings */
    BETTER_HIGHER,
    BETTER_LOWER,
};

struct metric {
    const char *key;  /* as in the envelope, unit last */
    const char *unit; /* "ms", "tok/s", "req/s", "share", "count", ... */
    enum better better;
    int decimals;           /* digits after the point in tables */
    const char *title;      /* a few words */
    const char *definition; /* one sentence: exactly what is computed, over which requests */
};

extern const struct metric metric_table[];
extern const size_t metric_table_len;

/* The row with this key, or NULL. */
const struct metric *metric_find(const char *key);
