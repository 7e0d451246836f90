/* Load, summary, envelope, file: in this order, each stage on the output of the one before. */
#include "cli/run_point.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/run_cost.h"
#include "cli/run_driver_options.h"
#include "cli/run_lengths.h"
#include "cli/run_plugin.h"
#include "cli/run_quality.h"
#include "cli/run_site.h"
#include "cli/run_telemetry.h"
#include "cli/run_trace.h"
#include "load/point.h"
#include "load/transport_sim.h"
#include "suite/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* TCP connect and TLS handshake; apart from --timeout, which is for a whole request. */
#define CONNECT_TIMEOUT_NS INT64_C(10000000000)

/* Every `from` becomes `to`. */
static void file_name_replace(char *text, char from, char to)
{
    for (char *p = text; *p != '\0'; p++) {
        if (*p == from) {
            *p = to;
        }
    }
}

void point_choice_closed(struct point_choice *out, uint32_t concurrency, bool single)
{
    *out = (struct point_choice){
        .driver = DRIVER_CLOSED, .concurrency = concurrency, .load = concurrency};
    (void)snprintf(out->label, sizeof(out->label), "%u", concurrency);
    (void)snprintf(out->name, sizeof(out->name), "c%u", concurrency);
    if (!single) {
        (void)snprintf(out->prefix, sizeof(out->prefix), "%s-", out->name);
    }
}

void point_choice_open(struct point_choice *out, double rate_rps, bool single)
{
    *out = (struct point_choice){.driver = DRIVER_OPEN, .rate_rps = rate_rps, .load = rate_rps};
    (void)snprintf(out->label, sizeof(out->label), "%.10g", rate_rps);
    (void)snprintf(out->name, sizeof(out->name), "rps%s", out->label);
    if (!single) {
        (void)snprintf(out->prefix, sizeof(out->prefix), "%s-", out->name);
        file_name_replace(out->prefix, '.', 'p');
    }
}

void point_choice_benchmark(struct point_choice *self, const char *id)
{
    self->load = (double)NAN;
    (void)snprintf(self->label, sizeof(self->label), "%s", id);
    (void)snprintf(self->name, sizeof(self->name), "%s", id);
    (void)snprintf(self->prefix, sizeof(self->prefix), "%s-", id);
    file_name_replace(self->prefix, '.', '-');
}

struct point_options run_point_options(
    const struct run_options *options,
    const struct run_work *work,
    const struct point_choice *choice)
{
    const bool open = choice->driver == DRIVER_OPEN;
    struct point_options out = {
        .driver = choice->driver,
        .concurrency = open ? 0 : choice->concurrency,
        .arrival = open ? options->arrival : ARRIVAL_NONE,
        .rate_rps = open ? choice->rate_rps : 0.0,
        .burstiness = options->burstiness,
        .max_concurrency = open ? options->max_concurrency : 0,
        .duration_ns =
            options->requests > 0 ? CLOCK_NEVER : clock_ns_of_seconds(options->duration_s),
        .n_requests = options->requests,
        .warmup_per_stream =
            options->warmup >= 0 ? (uint32_t)options->warmup : work->spec->warmup_per_stream,
        .gate = options->gate,
        .warmup_timeout_ns = clock_ns_of_seconds(options->warmup_timeout_s),
        .grace_ns = clock_ns_of_seconds(options->grace_s),
        .timeout_ns = clock_ns_of_seconds(options->timeout_s),
        .n_workers = options->workers,
        .pin = options->pin,
        .stream = work->shape.stream,
        .save_text = options->save_text,
        .virtual_time = options->virtual_time,
        .workload = &work->workload,
    };
    if (choice->n_trace > 0) {
        run_trace_options(options, work, &out);
    }
    run_quality_apply(work, &out);
    return out;
}

/* What opening a worker's transport needs. */
struct transport_source {
    const struct run_plan *plan;
    bool open_loop;
};

static int open_socket(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    const struct transport_source *source = context;
    const struct run_plan *plan = source->plan;
    const struct transport_socket_options options = {
        .addresses = plan->addresses,
        .n_addresses = plan->n_addresses,
        .server_name = plan->target.endpoint.host,
        .tls = plan->tls,
        .connect_timeout_ns = CONNECT_TIMEOUT_NS,
        .spin_ns = source->open_loop ? clock_ns_of_seconds(plan->options->spin_us / 1e6) : 0,
        .sources = &plan->options->sources,
        .busy_poll_us = plan->options->busy_poll_us,
    };
    return transport_socket_open(&options, out, err);
}

static int open_virtual(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    const struct transport_source *source = context;
    const struct sim_options sim = run_plan_sim_options(source->plan);
    return transport_sim_open(&sim, source->plan->faults, out, err);
}

static int load_point(
    const struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    struct point_result *out,
    struct error *err)
{
    struct point_options options = run_point_options(plan->options, work, choice);
    struct transport_source source = {
        .plan = plan,
        .open_loop = choice->driver == DRIVER_OPEN,
    };
    options.open_transport = options.virtual_time ? open_virtual : open_socket;
    options.context = &source;
    struct progress progress = {
        .context = plan->context,
        .label = choice->name,
        .duration_ns = options.duration_ns,
        .n_requests = options.n_requests,
        .stream = options.stream,
    };
    options.tick = progress_tick;
    options.tick_context = &progress;
    const int result = point_run(&options, out, err);
    progress_end(&progress);
    return result;
}

/* Asks the engine again who it is: a restart or another model in the middle spoils the point.
 * *out, in the plan's arena, is what it says now; NULL when it is not asked, or does not answer. */
static bool engine_has_changed(struct run_plan *plan, struct json **out)
{
    *out = NULL;
    if (plan->options->virtual_time) {
        return false;
    }
    struct engine_identity now = {0};
    struct error err = {0};
    struct arena arena = {0};
    const int result = plan->engine->probe(plan->engine, &plan->target, &arena, &now, &err);
    const bool changed = result < 0 || !engine_identity_equal(&plan->identity, &now);
    if (result < 0) {
        run_plan_warn(plan, "the engine could not be asked again after the point: %s", err.text);
    } else {
        *out = engine_identity_json(&plan->arena, &now);
    }
    arena_done(&arena);
    return changed;
}

/* A point that has been measured. */
struct measured {
    const struct run_work *work;
    const struct point_choice *choice;
    const struct point_result *result;
    const struct summary *summary;
    const struct json *engine_after; /* NULL: not known */
    const struct run_selftest *selftest;
    const struct json *plugin_metrics; /* NULL: none */
    const struct json *judge;          /* of run_judge_json; NULL: nobody judged */
};

static int write_point(
    struct run_plan *plan,
    const struct measured *measured,
    struct point_row *out,
    struct error *err)
{
    const struct run_work *work = measured->work;
    const struct point_result *result = measured->result;
    char run_id[RUN_ID_SIZE];
    const int64_t real_ns = clock_real_ns();
    run_id_new(real_ns, run_id);
    char endpoint[ENDPOINT_NORMAL_MAX];
    endpoint_normal(&plan->target.endpoint, endpoint);
    struct arena arena = {0};
    const struct envelope_inputs inputs = {
        .suite_id = work->spec->id,
        .suite_version = work->spec->version,
        .run_id = run_id,
        .timestamp_real_ns = real_ns,
        .model_id = plan->identity.model,
        .model_revision =
            plan->options->model_revision[0] != '\0' ? plan->options->model_revision : "unknown",
        .model_provider = plan->price.provider,
        .endpoint_normal = endpoint,
        .engine_name = plan->engine->name,
        .engine_version = plan->identity.version[0] != '\0' ? plan->identity.version : "unknown",
        .engine_config = plan->identity.config,
        .engine_image_digest =
            plan->options->virtual_time ? NULL : engine_image_digest(&plan->site),
        .engine_before = engine_identity_json(&arena, &plan->identity),
        .engine_after = measured->engine_after,
        .quantization_format = plan->options->quant,
        .engine_address =
            plan->options->virtual_time ? "none" : host_address_name(plan->site.address),
        .fingerprint_of = run_site_fingerprint_of(plan),
        .engine_process = plan->site.facts,
        .hardware_fingerprint = plan->fingerprint,
        .client_fingerprint = plan->client_fingerprint,
        .software_provenance = plan->provenance,
        .dataset_id = work->prompts.id,
        .dataset_hash = work->prompts.hash,
        .seed = plan->options->seed,
        .driver_options = run_driver_options(&arena, plan, work, measured->choice, result),
        .facts = &result->facts,
        .records = &result->records,
        .summary = measured->summary,
        .slo_template = work->slo.id,
        .slo_hardware_class = work->slo.hardware_class,
        .slo_resolved = work->slo.resolved,
        .selftest = run_selftest_json(measured->selftest, &arena),
        .judge = measured->judge,
        .plugin = run_plugin_json(&arena, work->spec),
        .plugin_metrics = measured->plugin_metrics,
        .scoring =
            work->spec->kind == SPEC_QUALITY ? scorer_of(work->spec->scoring.scoring)->name : NULL,
        .warnings = plan->warnings,
        .records_level = plan->options->records,
    };
    struct envelope envelope = {0};
    CLEANUP(mem_freep) char *path = NULL;
    int status = envelope_build(&inputs, &envelope, err);
    if (status == 0) {
        status = envelope_sign(&envelope, plan->key, err);
    }
    if (status == 0) {
        status =
            envelope_write(&envelope, plan->options->output, measured->choice->prefix, &path, err);
    }
    if (status == 0) {
        out->envelope = mem_copy_text(file_base_name(path));
    }
    envelope_done(&envelope);
    arena_done(&arena);
    return status;
}

static void fill_row(struct point_row *out, const struct spec *spec, const struct summary *summary)
{
    out->n_extras = spec->n_metrics;
    for (uint32_t i = 0; i < spec->n_metrics; i++) {
        const struct metric *metric = spec->metrics[i];
        out->extras[i] =
            (struct summary_value){.metric = metric, .value = summary_get(summary, metric->key)};
    }
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        out->numbers[i] = summary_get(summary, summary_number_key(i));
    }
    out->validity = summary->validity;
}

/* Failures of the counted requests, most telling first, for the person at the terminal. */
static void note_failures(struct run_plan *plan, const struct point_result *result)
{
    uint64_t n[OUTCOME_COUNT] = {0};
    const char *example[OUTCOME_COUNT] = {0};
    for (uint64_t i = 0; i < result->records.n; i++) {
        const struct record *record = &result->records.records[i];
        if (record->phase != PHASE_WINDOW || record->outcome == OUTCOME_OK) {
            continue;
        }
        n[record->outcome]++;
        if (example[record->outcome] == NULL) {
            example[record->outcome] = record->error_body;
        }
    }
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (n[i] == 0) {
            continue;
        }
        char text[200] = "";
        if (example[i] != NULL) {
            engine_error_text(example[i], strlen(example[i]), text, sizeof(text));
        }
        run_plan_warn(
            plan, "%llu requests failed: %s%s%s", (unsigned long long)n[i],
            record_outcome_name((enum outcome)i), text[0] != '\0' ? ": " : "", text);
    }
}

static void note_timeout(struct run_plan *plan, const struct point_facts *facts)
{
    if (facts->gate != GATE_TIMEOUT) {
        return;
    }
    run_plan_warn(
        plan,
        "the warm-up did not settle by --warmup-gate %s in %g s: the window was opened all the same (%u "
        "requests discarded)",
        gate_mode_name(plan->options->gate), plan->options->warmup_timeout_s, facts->n_warmup);
}

/* Summarises what was measured, looks at the client itself where that was asked for, and writes. */
static int finish_point(
    struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    struct point_result *result,
    struct point_row *out,
    struct error *err)
{
    result->facts.slo = work->slo.limits;
    result->facts.price = plan->price.facts;
    struct json *engine_after = NULL;
    result->facts.engine_changed = engine_has_changed(plan, &engine_after);
    note_timeout(plan, &result->facts);
    note_failures(plan, result);
    run_lengths_check(plan, work, result);
    CLEANUP(run_quality_done) struct run_quality quality;
    CLEANUP(run_judged_done) struct run_judged judged;
    run_quality_score(work, result, &quality);
    run_plugin_score(work, plan, result, &quality);
    run_judge_answers(plan, work, choice->name, result, &quality, &judged);
    CLEANUP(mem_freep) struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&result->facts, &result->records, summary);
    run_cost_check(plan, summary);
    fill_row(out, work->spec, summary);
    out->interrupted = result->facts.interrupted || judged.results.interrupted;
    out->judge_failed = judged.failed;
    if (summary->measurement.n_counted == 0) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "no request was counted in the window, so nothing was measured and nothing is written");
    }
    run_selftest(plan, choice->name, &result->facts, summary, &out->selftest);
    const struct measured measured = {
        .work = work,
        .choice = choice,
        .result = result,
        .summary = summary,
        .engine_after = engine_after,
        .selftest = &out->selftest,
        .plugin_metrics = run_plugin_metrics(work, plan, result, out),
        .judge = judged.settings,
    };
    return write_point(plan, &measured, out, err);
}

static void
start_row(const struct run_plan *plan, const struct point_choice *choice, struct point_row *out)
{
    *out = (struct point_row){
        .launch = plan->launch,
        .seed = plan->options->seed,
        .load = choice->load,
        .validity = VALIDITY_INVALID,
    };
    (void)snprintf(out->label, sizeof(out->label), "%s", choice->label);
    (void)snprintf(out->group_id, sizeof(out->group_id), "%s", choice->group_id);
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        out->numbers[i] = (double)NAN;
    }
}

void run_point_failed(
    const struct run_plan *plan,
    const struct point_choice *choice,
    const struct error *why,
    struct point_row *out)
{
    start_row(plan, choice, out);
    (void)snprintf(out->failure, sizeof(out->failure), "%s", why->text);
}

int run_point(
    struct run_plan *plan,
    const struct run_work *work,
    const struct point_choice *choice,
    struct point_row *out,
    struct error *err)
{
    start_row(plan, choice, out);
    struct json *shared_warnings = plan->warnings;
    plan->warnings = json_copy(&plan->arena, shared_warnings);
    struct point_result result = {0};
    struct run_telemetry telemetry;
    run_telemetry_begin(&telemetry, plan);
    int status = load_point(plan, work, choice, &result, err);
    run_telemetry_end(&telemetry, plan, status == 0 ? &result : NULL);
    if (status == 0) {
        status = finish_point(plan, work, choice, &result, out, err);
        point_result_done(&result);
    }
    run_telemetry_done(&telemetry);
    plan->warnings = shared_warnings;
    if (status < 0) {
        (void)snprintf(out->failure, sizeof(out->failure), "%s", err->text);
    }
    return status;
}

void point_row_done(struct point_row *self)
{
    free(self->envelope);
    self->envelope = NULL;
}
