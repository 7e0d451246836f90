/* quality_json.h - the envelope's object `quality`.  Internal to envelope/. */
#pragma once

#include "codec/json.h"
#include "stats/record.h"

/* Accuracy with its intervals, of all items and of each category, computed from the records; JSON null for
 * those of a perf benchmark. */
struct json *quality_json(struct arena *arena, const struct record_set *records);
