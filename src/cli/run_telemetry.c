/* Power of another machine cannot be read here, and this machine's must not stand for it; an engine's own
 * metrics come over the network as its answers do. */
#include "cli/run_telemetry.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/run_site.h"
#include "hardware/process.h"
#include "stats/engine_load.h"

/* How often Ctrl-C is looked at while nothing happens. */
#define IDLE_LOOK_NS (100 * NS_PER_MS)

static void note(struct run_plan *plan, const char *text)
{
    (void)json_append(
        plan->warnings,
        json_new_text(&plan->arena, arena_format(&plan->arena, "telemetry: %s", text)));
}

static int fetch_metrics(void *context, struct bytes *out, struct error *err)
{
    return engine_metrics_fetch(context, out, err);
}

/* False: it is not even tried.  Why an engine elsewhere has no power was said before. */
static bool is_wanted(const struct run_telemetry *self, const struct sampler_ops *ops)
{
    if (ops == &sampler_null) {
        return false;
    }
    switch (ops->scope) {
    case SAMPLER_MACHINE:
        return self->local;
    case SAMPLER_ENGINE:
        return self->metrics.url != NULL;
    case SAMPLER_CLIENT:
        return true;
    }
    return false;
}

/* The process from which all of the engine's come.  TGI's server is a child of its launcher, and so are
 * the processes that compute. */
static int32_t engine_pid(struct run_plan *plan)
{
    struct process parent;
    const struct reader reader = {.arena = &plan->arena, .root = ""};
    if (!plan->site.known) {
        return 0;
    }
    const bool launched = process_read(&reader, plan->site.process.parent, &parent) &&
                          text_starts_with(parent.name, "text-generation");
    return launched ? parent.pid : plan->site.process.pid;
}

static bool has_gpus(const struct run_options *options)
{
    return options->gpus.all || options->gpus.n > 0;
}

static struct sampler_options machine_options(struct run_plan *plan)
{
    return (struct sampler_options){
        .root = "",
        .gpus = has_gpus(plan->options) ? &plan->options->gpus : NULL,
        .engine_pid = engine_pid(plan),
    };
}

static void open_samplers(struct run_telemetry *self, struct run_plan *plan)
{
    const struct metrics_source metrics = {
        .engine = plan->engine->name,
        .url = self->metrics.url,
        .fetch = fetch_metrics,
        .context = &self->metrics,
    };
    struct sampler_options options = machine_options(plan);
    options.metrics = self->metrics.url != NULL ? &metrics : NULL;
    for (size_t i = 0; i < sampler_table_len && self->n < RUN_SAMPLERS_MAX; i++) {
        struct error err = {0};
        struct sampler **sampler = &self->samplers[self->n];
        const int64_t period_ns = plan->options->sample_periods.ns[i];
        if (period_ns == SAMPLE_OFF || !is_wanted(self, sampler_table[i])) {
            continue;
        }
        if (sampler_table[i]->open(&options, sampler, &err) < 0) {
            note(plan, err.text);
            continue;
        }
        if ((*sampler)->note[0] != '\0') {
            note(plan, (*sampler)->note);
        }
        self->periods_ns[self->n++] = period_ns;
    }
}

static bool tells_energy(const struct track *track)
{
    for (uint32_t c = 0; c < track->n_columns; c++) {
        const enum column_role role = track->columns[c].role;
        if (role == TRACK_ENERGY || role == TRACK_POWER) {
            return true;
        }
    }
    return false;
}

/* True when any source tells energy. */
static bool has_energy(const struct run_telemetry *self)
{
    bool any = false;
    for (uint32_t s = 0; s < self->n; s++) {
        for (uint32_t i = 0; i < self->samplers[s]->n_sources; i++) {
            any = any || tells_energy(&self->samplers[s]->sources[i]);
        }
    }
    return any;
}

/* Nothing is sent for a while, so that the samples say what the machine draws anyhow. */
static void wait_idle(struct run_telemetry *self, const struct run_plan *plan)
{
    const int64_t start_ns = clock_mono_ns();
    const int64_t end_ns = start_ns + clock_ns_of_seconds(plan->options->idle_baseline_s);
    if (end_ns <= start_ns || !has_energy(self)) {
        return;
    }
    (void)fprintf(
        plan->context->log, "bench run: idle power is measured for %g s (--idle-baseline)\n",
        plan->options->idle_baseline_s);
    int64_t now_ns = start_ns;
    while (now_ns < end_ns && progress_signals() == 0) {
        const int64_t next_ns = now_ns + IDLE_LOOK_NS;
        clock_sleep_until(next_ns < end_ns ? next_ns : end_ns);
        now_ns = clock_mono_ns();
    }
    recorder_mark_idle(self->recorder, start_ns, now_ns < end_ns ? now_ns : end_ns);
}

void run_telemetry_begin(struct run_telemetry *self, struct run_plan *plan)
{
    *self = (struct run_telemetry){0};
    if (plan->options->virtual_time) {
        return;
    }
    self->local = run_site_is_local(plan);
    if (!self->local) {
        note(
            plan,
            has_gpus(plan->options)
                ? "the engine is not on this machine, whose power says nothing of it: --gpus has "
                  "no effect"
                : "the engine is not on this machine, whose power says nothing of it");
    }
    engine_metrics_init(&self->metrics, plan->engine, &plan->target);
    open_samplers(self, plan);
    struct error err = {0};
    if (self->n == 0) {
        return;
    }
    if (recorder_start(self->samplers, self->n, self->periods_ns, &self->recorder, &err) < 0) {
        note(plan, err.text);
        return;
    }
    wait_idle(self, plan);
}

/* Which of the names stand for a GPU: opened and closed again, before anything is sent. */
static struct gpu_found find_gpus(struct run_plan *plan)
{
    static const struct sampler_ops *const makers[] = {&sampler_nvml, &sampler_amdgpu};
    struct gpu_found found = {0};
    struct sampler_options options = machine_options(plan);
    options.found = &found;
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        struct sampler *sampler = NULL;
        struct error ignored = {0};
        if (makers[i]->open(&options, &sampler, &ignored) == 0) {
            makers[i]->close(sampler);
        }
    }
    return found;
}

int run_telemetry_check(struct run_plan *plan, struct error *err)
{
    const struct gpu_list *gpus = &plan->options->gpus;
    if (!has_gpus(plan->options)) {
        return 0;
    }
    const struct gpu_found found = find_gpus(plan);
    for (uint32_t i = 0; i < gpus->n; i++) {
        if ((found.bits >> i & 1) == 0) {
            return error_set(
                err, ERROR_NOT_FOUND,
                "--gpus: there is no GPU '%s' here: 'nvidia-smi -L' or 'bench fingerprint' names "
                "those that are",
                gpus->names[i]);
        }
    }
    return 0;
}

/* Readings that failed: one line a sampler, with the last reason. */
static void note_failures(
    const struct run_telemetry *self, const struct telemetry *telemetry, struct run_plan *plan)
{
    uint32_t t = 0;
    for (uint32_t s = 0; s < self->n; s++) {
        const struct sampler *sampler = self->samplers[s];
        uint64_t n_failed = 0;
        uint64_t n = 0;
        for (uint32_t i = 0; i < sampler->n_sources; i++, t++) {
            n_failed += telemetry->tracks[t].n_failed;
            n += telemetry->tracks[t].n + telemetry->tracks[t].n_failed;
        }
        if (n_failed > 0) {
            note(
                plan, arena_format(
                          &plan->arena, "%s: %llu of %llu readings failed%s%s", sampler->ops->name,
                          (unsigned long long)n_failed, (unsigned long long)n,
                          sampler->trouble[0] != '\0' ? ", the last: " : "", sampler->trouble));
        }
    }
}

/* Somebody else's requests: then the baseline is not one. */
static void note_busy(const struct telemetry *telemetry, struct run_plan *plan)
{
    const struct span idle = {telemetry->idle_start_ns, telemetry->idle_end_ns};
    const double running = engine_running_max(telemetry, &idle);
    if (running > 0.0) {
        note(
            plan,
            arena_format(
                &plan->arena,
                "the idle baseline is too high: the engine was busy with up to %g requests of "
                "others",
                running));
    }
}

void run_telemetry_end(
    struct run_telemetry *self, struct run_plan *plan, struct point_result *result)
{
    if (self->recorder == NULL) {
        return;
    }
    recorder_stop(self->recorder);
    if (result != NULL) {
        result->facts.telemetry = recorder_telemetry(self->recorder, result->facts.start_mono_ns);
        note_failures(self, result->facts.telemetry, plan);
        note_busy(result->facts.telemetry, plan);
    }
}

void run_telemetry_done(struct run_telemetry *self)
{
    recorder_free(self->recorder);
    for (uint32_t i = 0; i < self->n; i++) {
        self->samplers[i]->ops->close(self->samplers[i]);
    }
    engine_metrics_done(&self->metrics);
    *self = (struct run_telemetry){0};
}
