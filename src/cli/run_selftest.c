/* The measured engine is idle meanwhile: the last request has ended, and none is sent. */
#include "cli/run_selftest.h"

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/selftest_report.h"

#include <math.h>
#include <string.h>

static void add_recipe(struct arena *arena, struct json *out, const struct run_selftest *self)
{
    const struct selftest_recipe *recipe = &self->recipe;
    struct json *object = json_add(arena, out, "recipe", json_new(arena, JSON_OBJECT));
    json_add_i64(arena, object, "streams", recipe->streams);
    json_add_f64(arena, object, "ttft_ms", (double)recipe->ttft_ns / (double)NS_PER_MS);
    json_add_f64(arena, object, "itl_ms", (double)recipe->itl_ns / (double)NS_PER_MS);
    json_add_i64(arena, object, "tokens", recipe->tokens);
    json_add_i64(arena, object, "waves", recipe->waves);
    json_add_f64(arena, object, "scale", self->scale);
    json_add_f64(arena, object, "closed_loop_rate_rps", selftest_rate_rps(recipe));
    json_add_f64(
        arena, object, "open_loop_rate_rps",
        recipe->rate_rps > 0.0 ? recipe->rate_rps : selftest_rate_rps(recipe));
    json_add_f64(arena, object, "closed_loop_events_per_s", selftest_events_per_s(recipe));
    json_add_i64(arena, object, "workers", recipe->n_workers);
}

struct json *run_selftest_json(const struct run_selftest *self, struct arena *arena)
{
    if (!self->done) {
        return json_new(arena, JSON_NULL);
    }
    struct json *out = json_new(arena, JSON_OBJECT);
    add_recipe(arena, out, self);
    selftest_report_add(arena, out, &self->row, 1);
    return out;
}

void run_selftest_warn(struct run_plan *plan, const struct selftest_row *row)
{
    const struct selftest_limit *limit = selftest_broken_limit(row);
    if (limit != NULL) {
        const double figure = selftest_figure(row, limit);
        char text[32] = "unknown";
        if (!isnan(figure)) {
            (void)snprintf(text, sizeof(text), "%.4g", figure);
        }
        run_plan_warn(
            plan,
            "self-test: this client is not exact enough at this load: %s is %s, the limit is %.4g",
            limit->text, text, limit->limit);
    }
    if (row->n_mismatched > 0) {
        run_plan_warn(
            plan, "self-test: %llu requests could not be compared",
            (unsigned long long)row->n_mismatched);
    }
}

static int
measure(struct run_plan *plan, const char *point_name, struct run_selftest *self, struct error *err)
{
    char label[160];
    (void)snprintf(label, sizeof(label), "%s self-test", point_name);
    const struct selftest_recipe *recipe = &self->recipe;
    const double answer_s = recipe->streams / selftest_rate_rps(recipe);
    struct progress progress = {
        .context = plan->context,
        .label = label,
        .duration_ns = clock_ns_of_seconds(recipe->waves * answer_s),
        .stream = true,
    };
    const struct selftest_watch watch = {.tick = progress_tick, .context = &progress};
    const int result = selftest_run(recipe, &watch, &self->row, err);
    progress_end(&progress);
    return result;
}

void run_selftest(
    struct run_plan *plan,
    const char *point_name,
    const struct point_facts *facts,
    const struct summary *summary,
    struct run_selftest *out)
{
    const struct run_options *options = plan->options;
    *out = (struct run_selftest){.asked = options->selftest};
    if (!out->asked) {
        return;
    }
    const char *why = progress_signals() > 0
                          ? "interrupted"
                          : selftest_recipe_like(facts, summary, &out->recipe, &out->scale);
    struct error err = {0};
    if (why == NULL) {
        out->recipe.seed = options->seed;
        out->recipe.n_workers = facts->n_workers;
        out->recipe.pin = options->pin;
        out->recipe.spin_ns = clock_ns_of_seconds(options->spin_us / 1e6);
        why = measure(plan, point_name, out, &err) < 0 ? err.text : NULL;
    }
    out->done = why == NULL;
    if (out->done) {
        run_selftest_warn(plan, &out->row);
    } else {
        run_plan_warn(plan, "self-test: it did not run: %s", why);
    }
}
