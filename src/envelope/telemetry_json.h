/* telemetry_json.h - the envelope's telemetry object: what was sampled, and what each source adds to the
 * energy of the window.  Made by a run and again by `verify --recompute`.  Internal to envelope/. */
#pragma once

#include "codec/json.h"
#include "stats/record.h"

/* {sources: [...], idle_baseline: {...} or null, engine: {...} or null, host: {...} or null, tracks: [...], recorder: {...}}, or null when nothing was
 * sampled. */
struct json *telemetry_json(struct arena *arena, const struct point_facts *facts);
