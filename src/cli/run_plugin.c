/* The plugin's code runs in processes of its own, before the first request and after the last answer: no
 * line of it is loaded into this one. */
#include "cli/run_plugin.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/plugin_object.h"
#include "suite/recipe.h"

#include <math.h>
#include <string.h>

/* A file that was named on the command line is this folder's; the plugin's code stays its own. */
const struct plugin *
run_plugin_of_dataset(const struct run_options *options, const struct spec *spec)
{
    const bool is_own =
        options->dataset[0] == '\0' || text_starts_with(options->dataset, "plugin:");
    return is_own ? spec->provider : NULL;
}

const char *run_plugin_slo(struct arena *arena, const struct spec *spec)
{
    return slo_is_path(spec->slo_template) ? plugin_file(arena, spec->provider, spec->slo_template)
                                           : spec->slo_template;
}

int run_plugin_validate(const struct run_work *work, struct run_plan *plan, struct error *err)
{
    const struct plugin *plugin = work->spec->provider;
    if (plugin == NULL || !plugin->has_validate) {
        return 0;
    }
    const struct bench_plan facts = {
        .size = sizeof(facts),
        .benchmark = work->spec->id,
        .engine = plan->engine->name,
        .model = plan->identity.model,
        .seed = plan->options->seed,
        .n_requests = work->prompts.n,
        .max_tokens = work->shape.max_tokens,
        .context_tokens = plan->identity.max_model_len,
    };
    CLEANUP(bytes_done) struct bytes lines;
    bytes_init(&lines, BYTES_MAX_DEFAULT);
    if (plugin_object_validate(plugin, &facts, &lines, err) < 0) {
        return error_prefix(err, "plugin %s: ", plugin->id);
    }
    char *rest = lines.data;
    while (rest != NULL && *rest != '\0') {
        const char *line = strsep(&rest, "\n");
        run_plan_warn(plan, "plugin %s: %s", plugin->id, line);
    }
    return 0;
}

struct json *run_plugin_json(struct arena *arena, const struct spec *spec)
{
    const struct plugin *plugin = spec->provider;
    if (plugin == NULL) {
        return NULL;
    }
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "id", plugin->id);
    json_add_text(arena, out, "version", plugin->version);
    json_add_text(arena, out, "kind", plugin_kind_name(plugin->kind));
    json_add_text(arena, out, "sha256", plugin->sha256);
    return out;
}

static struct bench_fact fact_of(const struct record *record, const char *const *lines)
{
    return (struct bench_fact){
        .index = record->index,
        .request = lines != NULL ? lines[record->prompt_index] : "",
        .outcome = record->outcome == OUTCOME_OK ? BENCH_OK : BENCH_FAILED,
        .http_status = record->http_status,
        .scheduled_ns = record->scheduled_ns,
        .sent_ns = record->sent_ns,
        .first_token_ns = record->first_token_ns,
        .last_token_ns = record->last_token_ns,
        .end_ns = record->end_ns,
        .prompt_tokens = record->prompt_tokens,
        .output_tokens = record->output_tokens,
        .score = (double)NAN,
    };
}

/* Values of the plugin's metrics over the counted requests. */
static int compute_metrics(
    const struct run_work *work,
    const struct run_plan *plan,
    const struct point_result *result,
    double values[PLUGIN_METRICS_MAX],
    struct error *err)
{
    CLEANUP(mem_freep) struct bench_fact *facts = mem_alloc(result->records.n, sizeof(*facts));
    uint64_t n = 0;
    for (uint64_t i = 0; i < result->records.n; i++) {
        const struct record *record = &result->records.records[i];
        if (record->phase == PHASE_WINDOW) {
            facts[n++] = fact_of(record, work->prompts.lines);
        }
    }
    const struct bench_result given = {
        .size = sizeof(given),
        .stride = sizeof(*facts),
        .benchmark = work->spec->id,
        .seed = plan->options->seed,
        .window_ns = result->facts.window_end_ns - result->facts.window_start_ns,
        .n = n,
        .facts = facts,
    };
    return plugin_object_metrics(work->spec->provider, &given, values, err);
}

/* Behind those that the benchmark names, as many as fit. */
static void show_metric(struct point_row *row, const struct metric *metric, double value)
{
    if (row->n_extras < ARRAY_LEN(row->extras)) {
        row->extras[row->n_extras++] = (struct summary_value){.metric = metric, .value = value};
    }
}

struct json *run_plugin_metrics(
    const struct run_work *work,
    struct run_plan *plan,
    const struct point_result *result,
    struct point_row *row)
{
    const struct plugin *plugin = work->spec->provider;
    if (plugin == NULL || plugin->n_metrics == 0) {
        return NULL;
    }
    double values[PLUGIN_METRICS_MAX];
    struct error err = {0};
    if (compute_metrics(work, plan, result, values, &err) < 0) {
        run_plan_warn(plan, "plugin %s: its metrics are absent: %s", plugin->id, err.text);
        return NULL;
    }
    struct json *out = json_new(&plan->arena, JSON_OBJECT);
    for (size_t i = 0; i < plugin->n_metrics; i++) {
        json_add_f64(&plan->arena, out, plugin->metrics[i].key, values[i]);
        show_metric(row, &plugin->metrics[i], values[i]);
    }
    return out;
}
