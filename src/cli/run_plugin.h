/* run_plugin.h - what a plugin on disk has to do with a run: its files, its warnings, its metrics. */
#pragma once

#include "cli/run_point.h"
#include "cli/run_quality.h"
#include "load/point.h"

/* The plugin whose files and code the run's dataset may name, or NULL. */
const struct plugin *
run_plugin_of_dataset(const struct run_options *options, const struct spec *spec);

/* The benchmark's SLO template; the path of one is inside its pack.  In `arena`. */
const char *run_plugin_slo(struct arena *arena, const struct spec *spec);

/* Refuses items that a plugin is to judge and none can: the benchmark's plugin has no code for it, or did
 * not make the request.  Errors: ERROR_USAGE. */
MUST_CHECK int run_plugin_check_items(const struct run_work *work, struct error *err);

/* Scores the answers whose items a plugin judges.  A plugin that fails is a warning of the run, and its
 * answers have no score. */
void run_plugin_score(
    const struct run_work *work,
    struct run_plan *plan,
    const struct point_result *result,
    struct run_quality *quality);

/* Lets the plugin look at what is going to be run; its warnings are the run's.
 * Errors: ERROR_UNAVAILABLE when it fails, ERROR_LIMIT when it hangs. */
MUST_CHECK int
run_plugin_validate(const struct run_work *work, struct run_plan *plan, struct error *err);

/* What the envelope says of the plugin; NULL: the benchmark comes from none. */
struct json *run_plugin_json(struct arena *arena, const struct spec *spec);

/* The plugin's own metrics of a point as "plugin_KEY", null where one does not exist, in the plan's arena;
 * NULL where it has none.  The readout's row gets the first of them.  A plugin that fails is a warning of
 * the run. */
struct json *run_plugin_metrics(
    const struct run_work *work,
    struct run_plan *plan,
    const struct point_result *result,
    struct point_row *row);
