/* engine_metric.h - which metric of which engine is which of our keys.
 *
 * A row is all that an engine needs to be sampled; docs/telemetry.md shows the table. */
#pragma once

#include "codec/prometheus.h"
#include "stats/track.h"

/* How the series of one metric, told apart by labels, become one number. */
enum series_rule {
    SERIES_SUM,
    SERIES_MEAN, /* shares of replicas */
};

struct engine_metric {
    const char *engine; /* as in the table of engines */
    const char *key;    /* stats/engine_load.h */
    enum column_role role;
    enum series_rule rule;
    bool late;         /* the series may be missing before the first request: a total is then 0 */
    const char *name;  /* of the metric */
    const char *older; /* its name in older versions; NULL */
    const char *plus;  /* a second metric, added to it; NULL */
};

extern const struct engine_metric engine_metric_table[];
extern const size_t engine_metric_table_len;

/* What one text told of the rows; one element for each row of the table. */
struct engine_metric_sum {
    double sum[3]; /* name, older, plus */
    uint32_t n[3];
};

enum {
    ENGINE_METRICS_MAX = 64 /* rows of the table */
};

/* Adds the reader's last sample to every row that names it.  Series of ranks other than the first repeat
 * what the first says (SGLang with metrics of all its schedulers): they are not added. */
void engine_metric_add(
    const struct prometheus *sample, struct engine_metric_sum sums[ENGINE_METRICS_MAX]);

/* The row's value: NAN when the text did not tell it. */
double engine_metric_value(const struct engine_metric *self, const struct engine_metric_sum *sum);

/* The engine whose metrics these are: that of the first row with a series, else `fallback`. */
const char *
engine_metric_family(const struct engine_metric_sum sums[ENGINE_METRICS_MAX], const char *fallback);
