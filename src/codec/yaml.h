/* yaml.h - YAML into the JSON tree, with the places of values kept for messages.
 *
 * The JSON-like core of YAML 1.2: plain scalars become null, true/false, integers, floats (decimal)
 * or strings; quoted ones are strings.  Numbers are stored as JSON writes them: +1 as 1, .5 as 0.5.
 * Anchors, aliases, tags, merge keys, several documents and repeated keys are errors: a spec that
 * needs them is not readable.  So are plain scalars that YAML 1.1 and 1.2 read differently (yes, off,
 * 007, 0x10, 1_000): quotes or a plain number make them clear.  An empty document is an error.
 * Columns count characters.  By libyaml. */
#pragma once

#include "codec/json.h"

/* A spec is some KiB; libyaml needs many times the size of its input. */
#define YAML_SIZE_MAX ((size_t)4 << 20)

/* Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int yaml_parse(
    struct arena *arena,
    const char *name,
    const char *text,
    size_t len,
    struct json **out,
    struct error *err);

/* Version of the library underneath.  Static text. */
const char *yaml_library_version(void);
