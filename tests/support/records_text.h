/* records_text.h - the lines of a records file as one text. */
#pragma once

#include "envelope/records_file.h"

#include <assert.h>

static inline int records_text_take(void *context, const char *text, size_t len, struct error *err)
{
    (void)err;
    bytes_add(context, text, len);
    return 0;
}

static inline void records_text(
    const char *run_id,
    const struct point_facts *facts,
    const struct record_set *records,
    enum records_level level,
    struct bytes *out)
{
    const struct records_sink sink = {records_text_take, out};
    struct error err = {0};
    const struct records_source source = {run_id, facts, records, level};
    const int result = records_write(&source, &sink, &err);
    assert(result == 0 && !out->failed);
    (void)result;
}
