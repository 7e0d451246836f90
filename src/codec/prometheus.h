/* prometheus.h - the text in which servers show their metrics, pulled sample by sample.
 *
 * Nothing is copied and no memory is taken: names and labels are slices of the text.  Comments, HELP and
 * TYPE lines are passed over: who asks for a metric knows what it is.  Read are the text format 0.0.4,
 * quoted names (1.0.0), and behind a value OpenMetrics' timestamps and exemplars, which are ignored.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://prometheus.io/docs/specs/om/open_metrics_spec/. */
#pragma once

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

/* prometheus_next: outcomes. */
enum {
    PROMETHEUS_END = 0,
    PROMETHEUS_SAMPLE = 1, /* name, labels and value hold a sample */
    PROMETHEUS_BROKEN = 2, /* fault and line say what; the reader is done */
};

struct prometheus {
    const char *at; /* internal */
    const char *end;
    uint64_t line;    /* of the last sample or fault, from 1 */
    const char *name; /* as it stands, without quotes: a quoted one may hold escapes */
    size_t name_len;
    const char *labels; /* what stands between the braces, checked; read with prometheus_label */
    size_t labels_len;
    double value;      /* may be NAN or infinite */
    const char *fault; /* static text; NULL unless broken */
};

/* `text` is borrowed; it need not end with NUL.  A text whose last line does not end is broken: it was
 * cut, perhaps inside a number. */
void prometheus_init(struct prometheus *self, const char *text, size_t len);

MUST_CHECK int prometheus_next(struct prometheus *self);

/* True when the last sample's name is this one. */
bool prometheus_is(const struct prometheus *self, const char *name);

/* The value of a label of the last sample, with its escapes; false when it has no such label. */
bool prometheus_label(
    const struct prometheus *self, const char *name, const char **out, size_t *out_len);

struct prometheus_label {
    const char *name; /* as it stands, without quotes */
    size_t name_len;
    const char *value; /* with its escapes */
    size_t value_len;
};

/* The labels of the last sample one after the other; *at begins as 0.  False behind the last. */
bool prometheus_label_next(const struct prometheus *self, size_t *at, struct prometheus_label *out);

/* Undoes \\, \" and \n; `out` has room for `len` bytes.  Returns the length. */
size_t prometheus_unescape(const char *raw, size_t len, char *out);
