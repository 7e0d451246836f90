/* recompute.h - are the envelope's numbers those of its records?  Internal to envelope/. */
#pragma once

#include "envelope/verify.h"

/* Computes every metric, interval, and the measurement and validity objects from the uncompressed
 * records, and adds the row "recompute": the first difference by its path, with both values. */
void recompute_check(
    const struct json *root,
    const char *records_name,
    const char *text,
    size_t len,
    struct verify_report *out);
