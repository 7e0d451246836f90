/* yaml_scalar.h - the type of a plain (unquoted) YAML scalar.  Internal to codec/. */
#pragma once

#include "codec/json.h"

/* Fills kind, boolean, text and len of `value` from the NUL-terminated plain scalar; the text lives
 * in `arena`.  Returns NULL, or what is wrong with the scalar (static text).
 * Source: YAML 1.2.2, section 10.3.2 "Tag Resolution" of the core schema. */
const char *
yaml_resolve_plain(struct arena *arena, const char *text, size_t len, struct json *value);
