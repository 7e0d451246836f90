/* plugin_task.h - what the process of a shared object does: work for plugin_child_run.
 *
 * Each loads the object, calls one of its functions, and appends what it gave.  Not for this process: it
 * would load foreign code. */
#pragma once

#include "suite/plugin_object.h"

/* `context` is a struct plugin with path and mark.  Gives one JSON object: the texts and functions of
 * the plugin, "metrics", and "specs" with a YAML text in each row. */
int plugin_task_describe(void *context, struct bytes *out, struct error *err);

struct plugin_pool_work {
    const struct plugin *plugin;
    const struct plugin_pool *pool;
};

/* JSON Lines, one request each. */
int plugin_task_requests(void *context, struct bytes *out, struct error *err);

/* The same, asked for from the last to the first, each twice. */
int plugin_task_requests_backwards(void *context, struct bytes *out, struct error *err);

struct plugin_score_work {
    const struct plugin *plugin;
    const struct plugin_scoring *scoring;
};

/* One double for each answer, then the reason: ERROR_TEXT_MAX bytes. */
int plugin_task_score(void *context, struct bytes *out, struct error *err);

struct plugin_metrics_work {
    const struct plugin *plugin;
    const struct bench_result *result;
};

/* One double for each metric. */
int plugin_task_metrics(void *context, struct bytes *out, struct error *err);

struct plugin_validate_work {
    const struct plugin *plugin;
    const struct bench_plan *plan;
};

/* One line for each warning. */
int plugin_task_validate(void *context, struct bytes *out, struct error *err);
