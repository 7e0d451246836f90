/* verify_text.h - the checks that need the envelope's bytes alone.  Internal to envelope/. */
#pragma once

#include "envelope/verify.h"

/* A document as read: the name is for messages. */
struct verify_source {
    const char *name;
    const char *text;
    size_t len;
};

/* Fills the report with the checks from "schema" to "signature".  Errors: as envelope_verify. */
MUST_CHECK int verify_text(
    const char *name, const char *text, size_t len, struct verify_report *out, struct error *err);

/* As verify_text, and keeps the parsed document (NULL when it could not be read) in `arena`. */
MUST_CHECK int verify_text_keep(
    const struct verify_source *source,
    struct arena *arena,
    struct json **out_root,
    struct verify_report *out,
    struct error *err);

/* Makes a text from outside one line of UTF-8: '?' for control characters and broken sequences. */
void verify_clean(char *text);

/* Appends a row to the report. */
PRINTF_LIKE(4, 5)
void verify_add(
    struct verify_report *report,
    const char *name,
    enum check_result result,
    const char *format,
    ...);
