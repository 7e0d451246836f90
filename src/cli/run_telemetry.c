/* Power of another machine cannot be read here, and this machine's must not stand for it; an engine's own
 * metrics come over the network as its answers do. */
#include "cli/run_telemetry.h"

#include "cli/run_site.h"

/* True when the engine runs on this machine. */
static bool is_local(const struct run_plan *plan)
{
    return run_site_is_local(plan);
}

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

static void open_samplers(struct run_telemetry *self, struct run_plan *plan)
{
    const struct metrics_source metrics = {
        .engine = plan->engine->name,
        .url = self->metrics.url,
        .fetch = fetch_metrics,
        .context = &self->metrics,
    };
    const struct sampler_options options = {
        .root = "", .metrics = self->metrics.url != NULL ? &metrics : NULL};
    for (size_t i = 0; i < sampler_table_len && self->n < RUN_SAMPLERS_MAX; i++) {
        struct error err = {0};
        if (!is_wanted(self, sampler_table[i])) {
            continue;
        }
        if (sampler_table[i]->open(&options, &self->samplers[self->n], &err) < 0) {
            note(plan, err.text);
            continue;
        }
        if (sampler_table[i] == &sampler_nvml && self->samplers[self->n]->n_sources > 1) {
            note(
                plan,
                "energy is that of all GPUs here, also of those that the engine does not use");
        }
        self->n++;
    }
}

void run_telemetry_begin(struct run_telemetry *self, struct run_plan *plan)
{
    *self = (struct run_telemetry){0};
    if (plan->options->virtual_time) {
        return;
    }
    self->local = is_local(plan);
    if (!self->local) {
        note(plan, "the engine is not on this machine, whose power says nothing of it");
    }
    engine_metrics_init(&self->metrics, plan->engine, &plan->target);
    open_samplers(self, plan);
    struct error err = {0};
    if (self->n > 0 && recorder_start(self->samplers, self->n, NULL, &self->recorder, &err) < 0) {
        note(plan, err.text);
    }
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
