/* `bench run`: resolve, reach the engine, measure each point, print the table.
 *
 * A point that fails does not lose the others; its reason stands on stderr and its row stays empty. */
#include "cli/run_main.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "cli/run_checks.h"
#include "cli/run_cost.h"
#include "cli/run_limits.h"
#include "cli/run_plan.h"
#include "cli/run_plugin.h"
#include "cli/run_point.h"
#include "cli/run_readout.h"
#include "cli/run_repeat.h"
#include "cli/run_site.h"
#include "cli/run_telemetry.h"
#include "cli/run_trace.h"
#include "load/point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Points of one benchmark, in order. */
struct point_list {
    struct point_choice choices[RUN_POINTS_MAX];
    uint32_t n;
};

static void list_closed(struct point_list *out, const uint32_t *values, uint32_t n, bool single)
{
    for (uint32_t i = 0; i < n && out->n < RUN_POINTS_MAX; i++) {
        point_choice_closed(&out->choices[out->n++], values[i], single);
    }
}

static void list_open(struct point_list *out, const double *values, uint32_t n, bool single)
{
    for (uint32_t i = 0; i < n && out->n < RUN_POINTS_MAX; i++) {
        point_choice_open(&out->choices[out->n++], values[i], single);
    }
}

/* The spec's first point, for a run that names no load. */
static void list_default(struct point_list *out, const struct spec *spec)
{
    if (spec->driver == DRIVER_OPEN && spec->n_rates > 0) {
        list_open(out, spec->rates_rps, 1, true);
        return;
    }
    list_closed(out, spec->concurrency, spec->n_concurrency > 0 ? 1 : 0, true);
}

static void
list_points(struct point_list *out, const struct run_options *options, const struct run_work *work)
{
    const struct spec *spec = work->spec;
    *out = (struct point_list){0};
    if (options->arrival == ARRIVAL_TRACE) {
        if (work->prompts.arrivals_ns != NULL) {
            run_trace_point(options, work, &out->choices[out->n++]);
        }
        return;
    }
    switch (options->mode) {
    case RUN_SWEEP:
        if (options->sweep_of_spec) {
            list_closed(out, spec->concurrency, spec->n_concurrency, false);
        } else {
            list_closed(out, options->concurrency, options->n_concurrency, false);
        }
        break;
    case RUN_RPS_SWEEP:
        if (options->sweep_of_spec) {
            list_open(out, spec->rates_rps, spec->n_rates, false);
        } else {
            list_open(out, options->rates_rps, options->n_rates, false);
        }
        break;
    case RUN_OPEN:
        list_open(out, options->rates_rps, 1, true);
        break;
    case RUN_CLOSED:
    case RUN_ALL:
    case RUN_LIST:
        if (options->n_concurrency > 0) {
            list_closed(out, options->concurrency, 1, true);
        } else if (options->n_rates > 0) {
            list_open(out, options->rates_rps, 1, true);
        } else {
            list_default(out, spec);
        }
        break;
    }
}

static void print_plan_point(const struct cli_context *context, const struct point_choice *choice)
{
    if (choice->n_trace > 0) {
        (void)fprintf(
            context->out,
            "  replay of %u requests at their recorded times, %.4g requests/s on average\n",
            choice->n_trace, choice->rate_rps);
    } else if (choice->driver == DRIVER_OPEN) {
        (void)fprintf(context->out, "  open loop at %.10g requests/s\n", choice->rate_rps);
    } else {
        (void)fprintf(context->out, "  closed loop, %u in flight\n", choice->concurrency);
    }
}

/* Header lines whose values are secrets, or may be. */
static bool is_secret_line(const char *line)
{
    static const char *const names[] = {
        "authorization:", "proxy-authorization:", "x-api-key:", "api-key:", "cookie:"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strncasecmp(line, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Line by line, so that no key is ever shown: `bytes` is NUL-terminated. */
static void print_request(const struct cli_context *context, const char *bytes, uint32_t len)
{
    const char *at = bytes;
    const char *end = bytes + len;
    while (at < end && *at != '\r') {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const int line_len = line_end != NULL ? (int)(line_end - at) + 1 : (int)(end - at);
        if (is_secret_line(at)) {
            const char *colon = strchr(at, ':');
            (void)fprintf(context->out, "%.*s: (hidden)\r\n", (int)(colon - at), at);
        } else {
            (void)fprintf(context->out, "%.*s", line_len, at);
        }
        at += line_len;
    }
    (void)fprintf(context->out, "%.*s\n", (int)(end - at), at);
}

/* --dry-run: the plan and one request as it would be sent, secrets hidden. */
static void print_plan(
    const struct run_plan *plan, const struct run_work *work, const struct point_list *points)
{
    const struct cli_context *context = plan->context;
    (void)fprintf(
        context->out,
        "benchmark %s %s\ndataset   %s, %u prompts, sha256 %s\nSLO       %s: %s (class %s)\n",
        work->spec->id, work->spec->version, work->prompts.id, work->prompts.n, work->prompts.hash,
        work->slo.id, work->slo.resolved, work->slo.hardware_class);
    const struct plugin *plugin = work->spec->provider;
    if (plugin != NULL) {
        (void)fprintf(
            context->out, "plugin    %s %s, %s, sha256 %s\n", plugin->id, plugin->version,
            plugin_kind_name(plugin->kind), plugin->sha256);
    }
    (void)fprintf(
        context->out, "engine    %s at %s, model '%s'\n", plan->engine->name, plan->target.base_url,
        plan->identity.model);
    run_cost_print(plan);
    (void)fputs("points\n", context->out);
    for (uint32_t i = 0; i < points->n; i++) {
        print_plan_point(context, &points->choices[i]);
    }
    if (plan->options->selftest) {
        (void)fputs("  after each, the client's own error at its load\n", context->out);
    }
    for (uint32_t i = 1; plan->launch.of > 1 && i <= plan->launch.of; i++) {
        (void)fprintf(
            context->out, "  launch %u of %u, seed %llu\n", i, plan->launch.of,
            (unsigned long long)repeat_seed(plan->launch.base_seed, i));
    }
    (void)fprintf(context->out, "requests  sha256 %s\n", work->requests_sha256);
    CLEANUP(mem_freep) char *bytes = mem_alloc((size_t)work->workload.len_max + 1, 1);
    const uint32_t len = workload_render(&work->workload, 0, bytes);
    (void)fprintf(context->out, "first request, %u bytes\n", len);
    print_request(context, bytes, len);
}

/* Renders a benchmark's requests, where it has any, and lists its points; sends nothing. */
static int
prepare(struct run_plan *plan, struct run_work *work, struct point_list *points, struct error *err)
{
    if (work->missing.code == ERROR_NONE) {
        run_work_check(work, plan);
        int result = run_plugin_validate(work, plan, err);
        if (result == 0) {
            result = run_work_render(work, plan, err);
        }
        if (result < 0) {
            return result;
        }
    }
    list_points(points, plan->options, work);
    if (points->n == 0) {
        return error_set(
            err, ERROR_USAGE, "%s has no points of this kind to sweep", work->spec->id);
    }
    if (plan->options->mode == RUN_ALL) {
        point_choice_benchmark(&points->choices[0], work->spec->id);
    }
    for (uint32_t i = 0; plan->launch.of > 1 && i < points->n; i++) {
        run_id_new(clock_real_ns(), points->choices[i].group_id);
    }
    return 0;
}

/* Head of the first column: what the points differ in. */
static const char *first_head(enum run_mode mode, const struct point_list *points)
{
    if (mode == RUN_ALL) {
        return "benchmark";
    }
    return points->choices[0].driver == DRIVER_OPEN ? "rps" : "conc";
}

static int list_benchmarks(const struct run_plan *plan)
{
    for (size_t i = 0; i < plan->specs.n; i++) {
        if (strcmp(plan->specs.specs[i].plugin, plan->spec->plugin) == 0) {
            (void)fprintf(plan->context->out, "%s\n", plan->specs.specs[i].id);
        }
    }
    return EXIT_GOOD;
}

/* Of several benchmarks, one whose data is not on this machine does not cost the others: it is said
 * now, its row says it at the end, and --strict stops before traffic.  Data named by --dataset is that
 * of all of them. */
static int
open_work(struct run_plan *plan, struct run_work *work, const struct spec *spec, struct error *err)
{
    const int result = run_work_open(work, plan, spec, err);
    if (result == 0 || plan->options->mode != RUN_ALL || plan->options->dataset[0] != '\0' ||
        err->code != ERROR_UNAVAILABLE) {
        return result;
    }
    (void)fprintf(
        plan->context->log, "bench run: warning: %s will not run: %s\n", spec->id, err->text);
    plan->n_warned++;
    work->missing = *err;
    error_clear(err);
    return 0;
}

/* All benchmarks that the run is about: one, or every one of the plugin.  At least one can run. */
static int
open_works(struct run_plan *plan, struct run_work *works, size_t *out_n, struct error *err)
{
    for (size_t i = 0; i < plan->specs.n; i++) {
        const struct spec *spec = &plan->specs.specs[i];
        const bool wanted = plan->options->mode == RUN_ALL
                                ? strcmp(spec->plugin, plan->spec->plugin) == 0
                                : spec == plan->spec;
        if (!wanted) {
            continue;
        }
        const int result = open_work(plan, &works[*out_n], spec, err);
        *out_n += 1;
        if (result < 0) {
            return result;
        }
    }
    for (size_t i = 0; i < *out_n; i++) {
        if (works[i].missing.code == ERROR_NONE) {
            return 0;
        }
    }
    return error_set(err, ERROR_UNAVAILABLE, "no benchmark of %s can run here", plan->spec->plugin);
}

/* Rows of all launches, those of one point side by side: row launch - 1 of point `i` stands at
 * i * launches + launch - 1.  A launch that was not tried has an empty row. */
struct row_list {
    struct point_row *rows;
    size_t n; /* tried */
    size_t n_planned;
};

/* One launch of every point of one benchmark; `rows` is that of its first point. */
static void measure_points(
    struct run_plan *plan,
    const struct run_work *work,
    const struct point_list *points,
    struct point_row *rows,
    struct row_list *list)
{
    for (uint32_t i = 0; i < points->n && progress_signals() == 0; i++) {
        struct error err = {0};
        struct point_choice choice = points->choices[i];
        struct point_row *row = &rows[(size_t)i * plan->launch.of];
        if (plan->launch.of > 1) {
            const size_t len = strlen(choice.name);
            (void)snprintf(
                choice.name + len, sizeof(choice.name) - len, " launch %u of %u",
                plan->launch.index, plan->launch.of);
        }
        list->n++;
        if (run_point(plan, work, &choice, row, &err) < 0) {
            (void)fprintf(plan->context->log, "bench run: point %s: %s\n", choice.name, err.text);
        }
    }
}

/* What no launch of these points can be measured without is missing: says so in their rows. */
static void fail_points(
    struct run_plan *plan,
    const struct point_list *points,
    struct point_row *rows,
    struct row_list *list,
    const struct error *err)
{
    for (uint32_t i = 0; i < points->n; i++) {
        run_point_failed(plan, &points->choices[i], err, &rows[(size_t)i * plan->launch.of]);
        list->n++;
    }
    if (plan->launch.of > 1) {
        (void)fprintf(
            plan->context->log, "bench run: launch %u of %u: %s\n", plan->launch.index,
            plan->launch.of, err->text);
    } else {
        (void)fprintf(
            plan->context->log, "bench run: point %s: %s\n", points->choices[0].name, err->text);
    }
}

/* One launch of everything.  The first finds its requests rendered. */
static void measure_launch(
    struct run_plan *plan,
    struct run_work *works,
    const struct point_list *points,
    size_t n,
    struct row_list *list)
{
    struct point_row *rows = list->rows + plan->launch.index - 1;
    for (size_t i = 0; i < n && progress_signals() == 0; i++) {
        struct error err = {0};
        if (works[i].missing.code != ERROR_NONE) {
            fail_points(plan, &points[i], rows, list, &works[i].missing);
        } else if (plan->launch.index > 1 && run_work_reseed(&works[i], plan, &err) < 0) {
            fail_points(plan, &points[i], rows, list, &err);
        } else {
            measure_points(plan, &works[i], &points[i], rows, list);
        }
        rows += (size_t)points[i].n * plan->launch.of;
    }
}

/* Launch by launch, not point by point: what drifts meanwhile touches all points alike, and an
 * interrupted run has equally many launches of each. */
static void measure_launches(
    struct run_plan *plan,
    struct run_work *works,
    const struct point_list *points,
    size_t n,
    struct row_list *list)
{
    const struct run_options *options = plan->options;
    struct run_options launch = *options;
    plan->options = &launch;
    for (uint32_t i = 1; i <= plan->launch.of && progress_signals() == 0; i++) {
        plan->launch.index = i;
        launch.seed = repeat_seed(plan->launch.base_seed, i);
        measure_launch(plan, works, points, n, list);
    }
    plan->options = options;
}

/* Moves the rows that were tried to the front, in order. */
static void keep_tried(struct row_list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n_planned; i++) {
        if (list->rows[i].launch.index > 0) {
            list->rows[n++] = list->rows[i];
        }
    }
    list->n = n;
}

static int measure_all(
    struct run_plan *plan, struct run_work *works, const struct point_list *points, size_t n)
{
    struct row_list list = {0};
    for (size_t i = 0; i < n; i++) {
        list.n_planned += (size_t)points[i].n * plan->launch.of;
    }
    list.rows = mem_alloc(list.n_planned, sizeof(*list.rows));
    progress_catch_signals();
    measure_launches(plan, works, points, n, &list);
    keep_tried(&list);
    run_readout_print(
        plan->context, first_head(plan->options->mode, &points[0]), list.rows, list.n,
        plan->options->json);
    const int code =
        list.n < list.n_planned ? EXIT_INTERRUPTED : run_readout_exit_code(list.rows, list.n);
    for (size_t i = 0; i < list.n; i++) {
        point_row_done(&list.rows[i]);
    }
    free(list.rows);
    return code;
}

/* States of this machine that may move figures.  In virtual time it has no part in them. */
static void warn_of_machine(struct run_plan *plan)
{
    if (plan->options->virtual_time) {
        return;
    }
    struct json *found = json_new(&plan->arena, JSON_ARRAY);
    const struct run_checks_query query = {
        .root = "",
        .engine_is_local = run_site_is_local(plan),
        .engine_pid = plan->site.known ? plan->site.process.pid : 0,
    };
    run_checks_add(&query, &plan->arena, found);
    for (const struct json *row = found->first; row != NULL; row = row->next) {
        (void)fprintf(plan->context->log, "bench run: warning: %s\n", row->text);
        (void)json_append(plan->warnings, json_new_text(&plan->arena, row->text));
    }
}

/* Everything is rendered before anything is sent: a benchmark that cannot run does not cost the time
 * of those before it. */
static int run_works(struct run_plan *plan, struct run_work *works, size_t n, struct error *err)
{
    CLEANUP(mem_freep) struct point_list *points = mem_alloc(n, sizeof(*points));
    for (size_t i = 0; i < n; i++) {
        const int result = prepare(plan, &works[i], &points[i], err);
        if (result < 0) {
            return result;
        }
    }
    if (plan->options->strict && plan->n_warned > 0) {
        return error_set(
            err, ERROR_UNAVAILABLE, "--strict: %u warning%s above, so nothing was sent",
            plan->n_warned, plan->n_warned == 1 ? "" : "s");
    }
    warn_of_machine(plan);
    if (!plan->options->dry_run) {
        return measure_all(plan, works, points, n);
    }
    int code = EXIT_GOOD;
    for (size_t i = 0; i < n; i++) {
        if (works[i].missing.code != ERROR_NONE) {
            code = EXIT_OPERATION;
        } else {
            print_plan(plan, &works[i], &points[i]);
        }
    }
    return code;
}

/* Raises what is needed to what this point needs. */
static void need_point(
    struct run_needs *needs,
    const struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice)
{
    const struct point_options options = run_point_options(plan->options, work, choice);
    const uint64_t connections = point_connections(&options);
    const uint64_t requests = point_requests(&options);
    needs->n_connections = connections > needs->n_connections ? connections : needs->n_connections;
    needs->n_requests = requests > needs->n_requests ? requests : needs->n_requests;
}

/* What this machine must be able to open, for the largest point of all. */
static int
check_limits(const struct run_plan *plan, const struct run_work *works, size_t n, struct error *err)
{
    struct run_needs needs = {0};
    for (size_t i = 0; i < n; i++) {
        struct point_list points;
        list_points(&points, plan->options, &works[i]);
        for (uint32_t k = 0; k < points.n; k++) {
            need_point(&needs, plan, &works[i], &points.choices[k]);
        }
    }
    return run_limits_check(plan->options, &needs, err);
}

static int run_planned(struct run_plan *plan, struct error *err)
{
    struct run_work *works = mem_alloc(plan->specs.n, sizeof(*works));
    size_t n = 0;
    int result = open_works(plan, works, &n, err);
    if (result == 0) {
        result = run_judge_open(plan, works, n, err);
    }
    if (result == 0) {
        result = check_limits(plan, works, n, err);
    }
    if (result == 0) {
        result = run_telemetry_check(plan, err);
    }
    if (result == 0) {
        result = run_plan_reach_engine(plan, err);
    }
    if (result == 0) {
        result = run_judge_reach(plan, err);
    }
    if (result == 0) {
        result = run_works(plan, works, n, err);
    }
    for (size_t i = 0; i < n; i++) {
        run_work_done(&works[i]);
    }
    free(works);
    return result;
}

/* --list: the benchmark ids of the plugin, nothing else. */
static int run_list(struct run_plan *plan, struct error *err)
{
    const int result = run_plan_find_spec(plan, err);
    return result == 0 ? list_benchmarks(plan) : result;
}

static int run_measure(struct run_plan *plan, struct error *err)
{
    const int result = run_plan_open(plan, plan->context, plan->options, err);
    return result == 0 ? run_planned(plan, err) : result;
}

int command_run_main(
    const struct cli_context *context, const struct run_options *options, struct error *err)
{
    struct run_plan *plan = MEM_NEW(struct run_plan);
    plan->context = context;
    plan->options = options;
    const int code = options->mode == RUN_LIST ? run_list(plan, err) : run_measure(plan, err);
    run_plan_done(plan);
    free(plan);
    return code;
}
