/* yaml.h - YAML into the JSON tree, with the places of values kept for messages.
 *
 * The JSON-like core of YAML 1.2: plain scalars become null, true/false, integers, floats (decimal)
 * or strings; quoted ones are strings.  Anchors, aliases, tags, merge keys, several documents and
 * repeated keys are errors: a spec that needs them is not readable.  By libyaml. */
#pragma once

#include "codec/json.h"

/* Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int yaml_parse(
    struct arena *arena,
    const char *name,
    const char *text,
    size_t len,
    struct json **out,
    struct error *err);
