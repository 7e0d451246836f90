/* schema.h - is this document an envelope, and is it in the one form that both sides hash alike?
 *
 * Two verdicts from one walk.  Schema: fields, types, patterns, as both sides demand them.  Normal
 * form: what the public Python suite would accept and silently repair before it hashes (ENVELOPE.md
 * "Normal form").  Internal to envelope/. */
#pragma once

#include "base/error.h"
#include "codec/json.h"

/* The first fault of each sort: "" when there is none.  The text names the path and the line. */
struct schema_findings {
    char schema[ERROR_TEXT_MAX];
    char normal_form[ERROR_TEXT_MAX];
};

void schema_check(const struct json *root, struct schema_findings *out);

/* The same for an object hardware_fingerprint alone. */
void schema_check_fingerprint(const struct json *fingerprint, struct schema_findings *out);

/* True for YYYY-MM-DDTHH:MM:SSZ and YYYY-MM-DDTHH:MM:SS.ffffffZ (six digits, not all 0) of a day
 * that exists. */
bool schema_is_timestamp(const char *text, size_t len);
