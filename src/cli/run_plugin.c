/* The plugin's code runs in processes of its own, before the first request and after the last answer: no
 * line of it is loaded into this one. */
#include "cli/run_plugin.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/plugin_object.h"
#include "suite/plugin_score.h"
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

int run_plugin_check_items(const struct run_work *work, struct error *err)
{
    const struct plugin *plugin = work->spec->provider;
    const bool can = plugin != NULL && plugin->has_score && work->prompts.lines != NULL;
    for (uint32_t i = 0; !can && work->prompts.items != NULL && i < work->prompts.n; i++) {
        if (work->prompts.items[i].scoring == SCORING_PLUGIN) {
            return error_set(
                err, ERROR_USAGE,
                "%s: scoring 'plugin' is for benchmarks of a shared-object plugin with a dataset "
                "'plugin:n=N': docs/plugins.md",
                work->spec->id);
        }
    }
    return 0;
}

/* An answer that the plugin judges. */
static bool is_judged(const struct run_work *work, const struct record *record)
{
    return record->outcome == OUTCOME_OK && record->text != NULL &&
           work->prompts.items[record->prompt_index].scoring == SCORING_PLUGIN;
}

/* Judges the answers of records[which[i]], and writes their scores. */
static void judge(
    const struct run_work *work,
    struct run_plan *plan,
    const struct plugin_answers *answers,
    const uint64_t *which,
    struct run_quality *quality)
{
    CLEANUP(mem_freep) double *scores = mem_alloc(answers->n, sizeof(*scores));
    const struct plugin *plugin = work->spec->provider;
    char reason[ERROR_TEXT_MAX];
    struct error err = {0};
    if (plugin_score(plugin, answers, scores, reason, &err) < 0) {
        run_plan_warn(plan, "plugin %s: its scores are absent: %s", plugin->id, err.text);
        return;
    }
    for (size_t i = 0; i < answers->n; i++) {
        quality->items[which[i]].score = scores[i];
    }
    if (reason[0] != '\0') {
        run_plan_warn(plan, "plugin %s: an answer has no score: %s", plugin->id, reason);
    }
}

void run_plugin_score(
    const struct run_work *work,
    struct run_plan *plan,
    const struct point_result *result,
    struct run_quality *quality)
{
    if (quality->items == NULL || work->spec->provider == NULL) {
        return;
    }
    const struct record_set *records = &result->records;
    CLEANUP(mem_freep) struct plugin_answer *items = mem_alloc(records->n, sizeof(*items));
    CLEANUP(mem_freep) uint64_t *which = mem_alloc(records->n, sizeof(*which));
    struct plugin_answers answers = {
        .benchmark = work->spec->id, .seed = plan->options->seed, .items = items};
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (is_judged(work, record)) {
            which[answers.n] = i;
            items[answers.n++] = (struct plugin_answer){
                .request = work->prompts.lines[record->prompt_index],
                .text = record->content != NULL ? record->content : record->text,
            };
        }
    }
    if (answers.n > 0) {
        judge(work, plan, &answers, which, quality);
    }
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
        .score = record->item != NULL ? record->item->score : (double)NAN,
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
