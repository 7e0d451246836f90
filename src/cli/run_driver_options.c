/* Every choice that changes what is sent, or when, stands here; secrets never do. */
#include "cli/run_driver_options.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/run_cost.h"
#include "cli/run_point.h"

#include <math.h>

static double seconds_of(int64_t ns)
{
    return ns == CLOCK_NEVER ? (double)NAN : (double)ns / 1e9;
}

static void add_load(
    struct arena *arena,
    struct json *out,
    const struct point_options *options,
    const struct point_result *result)
{
    const bool open = options->driver == DRIVER_OPEN;
    json_add_text(arena, out, "driver", driver_name(options->driver));
    json_add_text(arena, out, "arrival", arrival_name(options->arrival));
    if (open) {
        json_add_null(arena, out, "concurrency");
        json_add_f64(arena, out, "rate_rps", options->rate_rps);
    } else {
        json_add_i64(arena, out, "concurrency", options->concurrency);
        json_add_null(arena, out, "rate_rps");
    }
    json_add_f64(arena, out, "burstiness", options->burstiness);
    json_add_i64(arena, out, "max_concurrency", options->max_concurrency);
    json_add_f64(arena, out, "duration_s", seconds_of(options->duration_ns));
    json_add_i64(arena, out, "requests", (int64_t)options->n_requests);
    json_add_i64(arena, out, "warmup_per_stream", options->warmup_per_stream);
    json_add_text(arena, out, "warmup_gate", gate_mode_name(options->gate));
    json_add_f64(arena, out, "warmup_timeout_s", seconds_of(options->warmup_timeout_ns));
    json_add_f64(arena, out, "grace_s", seconds_of(options->grace_ns));
    json_add_f64(arena, out, "timeout_s", seconds_of(options->timeout_ns));
    json_add_i64(arena, out, "workers", point_workers(options));
    json_add_bool(arena, out, "virtual_time", options->virtual_time);
    if (open) {
        json_add_text(arena, out, "schedule_sha256", result->schedule_sha256);
    } else {
        json_add_null(arena, out, "schedule_sha256");
    }
}

/* What was asked of this machine beyond the usual; absent where nothing was. */
static void add_machine(
    struct arena *arena, struct json *out, const struct run_options *options, bool open_loop)
{
    if (options->pin.n > 0) {
        char text[CPU_LIST_TEXT_MAX];
        cpu_list_write(&options->pin, text);
        json_add_text(arena, out, "pin", text);
    }
    if (open_loop && !options->virtual_time) {
        json_add_f64(arena, out, "spin_us", options->spin_us);
    }
    if (options->busy_poll_us > 0) {
        json_add_i64(arena, out, "busy_poll_us", options->busy_poll_us);
    }
    if (options->sources.n > 0) {
        json_add_text(arena, out, "source_address", options->source_address);
    }
}

static void add_request(struct arena *arena, struct json *out, const struct request_shape *shape)
{
    struct json *request = json_add(arena, out, "request", json_new(arena, JSON_OBJECT));
    json_add_text(arena, request, "api", shape->chat ? "chat" : "completions");
    json_add_bool(arena, request, "stream", shape->stream);
    json_add_i64(arena, request, "max_tokens", shape->max_tokens);
    json_add_f64(arena, request, "temperature", shape->temperature);
    json_add_bool(arena, request, "ignore_eos", shape->ignore_eos);
    json_add_text(arena, request, "extra_body", shape->extra_body != NULL ? shape->extra_body : "");
    json_add_text(arena, out, "cache_policy", shape->salt ? "salt" : "as-is");
}

static void add_sim(struct arena *arena, struct json *out, const struct run_options *options)
{
    if (!run_plan_is_built_in(options)) {
        return;
    }
    struct json *sim = json_add(arena, out, "sim", json_new(arena, JSON_OBJECT));
    json_add_f64(arena, sim, "ttft_ms", options->sim_ttft_ms);
    json_add_f64(arena, sim, "itl_ms", options->sim_itl_ms);
    json_add_i64(arena, sim, "tokens", options->sim_tokens);
    json_add_i64(arena, sim, "max_batch", options->sim_max_batch);
    json_add_f64(arena, sim, "jitter", options->sim_jitter);
    json_add_text(arena, sim, "faults", options->sim_faults);
    json_add_text(arena, sim, "answers", options->sim_answers);
}

static void add_telemetry(struct arena *arena, struct json *out, const struct run_options *options)
{
    struct json *telemetry = json_add(arena, out, "telemetry", json_new(arena, JSON_OBJECT));
    json_add_text(arena, telemetry, "gpus", options->gpus_given);
    json_add_f64(arena, telemetry, "idle_baseline_s", options->idle_baseline_s);
    json_add_text(arena, telemetry, "sample_ms", options->sample_ms);
    json_add_bool(arena, telemetry, "profile", options->profile);
}

static void add_repeat(
    struct arena *arena,
    struct json *out,
    const struct run_launch *launch,
    const struct point_choice *choice)
{
    if (launch->of < 2) {
        return;
    }
    struct json *repeat = json_add(arena, out, "repeat", json_new(arena, JSON_OBJECT));
    json_add_text(arena, repeat, "group_id", choice->group_id);
    json_add_i64(arena, repeat, "index", launch->index);
    json_add_i64(arena, repeat, "of", launch->of);
    (void)json_add(arena, repeat, "base_seed", json_new_u64(arena, launch->base_seed));
}

struct json *run_driver_options(
    struct arena *arena,
    const struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    const struct point_result *result)
{
    const struct point_options options = run_point_options(plan->options, work, choice);
    struct json *out = json_new(arena, JSON_OBJECT);
    add_load(arena, out, &options, result);
    add_machine(arena, out, plan->options, options.driver == DRIVER_OPEN);
    add_request(arena, out, &work->shape);
    json_add_text(arena, out, "spec_sha256", work->spec->sha256);
    json_add_text(
        arena, out, "dataset",
        plan->options->dataset[0] != '\0' ? plan->options->dataset : work->spec->dataset);
    if (work->prompts.recipe != NULL) {
        (void)json_add(arena, out, "dataset_recipe", json_copy(arena, work->prompts.recipe));
    }
    json_add_i64(arena, out, "dataset_prompts", work->prompts.n);
    json_add_text(arena, out, "requests_sha256", work->requests_sha256);
    json_add_text(arena, out, "hardware", plan->options->hardware);
    json_add_text(
        arena, out, "records",
        plan->options->records == RECORDS_FULL       ? "full"
        : plan->options->records == RECORDS_REQUESTS ? "requests"
                                                     : "off");
    if (!plan->options->virtual_time) {
        add_telemetry(arena, out, plan->options);
    }
    if (plan->options->selftest) {
        json_add_bool(arena, out, "selftest", true);
    }
    run_cost_add(arena, plan, out);
    add_sim(arena, out, plan->options);
    add_repeat(arena, out, &plan->launch, choice);
    return out;
}
