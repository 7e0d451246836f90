/* summary_json.h - a summary as the objects of an envelope.
 *
 * A run writes them and `verify --recompute` makes them again from the records file: one code for
 * both, so that equal facts give equal text.  Internal to envelope/. */
#pragma once

#include "codec/json.h"
#include "stats/summary.h"

/* Adds the numbers of the summary to a flat object: floats, null where there is none; and the text
 * cost_source where there is a cost. */
void summary_json_metrics(struct arena *arena, const struct summary *summary, struct json *metrics);

/* {key: [low, high] or null}. */
struct json *summary_json_intervals(struct arena *arena, const struct summary *summary);

struct json *summary_json_measurement(
    struct arena *arena, const struct point_facts *facts, const struct summary *summary);

/* {status, reasons: [{name, figure, limit, text}]}. */
struct json *summary_json_validity(struct arena *arena, const struct summary *summary);

/* Appends what follows from the records to the object `judge`: n_judged, errors, usage, agreement, ... */
void summary_json_judge(struct arena *arena, const struct judge_summary *judge, struct json *out);
