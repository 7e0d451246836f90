/* Power of another machine cannot be read here, and this machine's must not stand for it. */
#include "cli/run_telemetry.h"

/* True when the engine runs on this machine. */
static bool is_local(const struct run_plan *plan)
{
    return run_plan_is_built_in(plan->options) || plan->site.local;
}

static void note(struct run_plan *plan, const char *text)
{
    (void)json_append(
        plan->warnings,
        json_new_text(&plan->arena, arena_format(&plan->arena, "telemetry: %s", text)));
}

static void open_samplers(struct run_telemetry *self, struct run_plan *plan)
{
    const struct sampler_options options = {.root = ""};
    for (size_t i = 0; i < sampler_table_len && self->n < RUN_SAMPLERS_MAX; i++) {
        struct error err = {0};
        if (sampler_table[i] == &sampler_null) {
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
    if (!is_local(plan)) {
        note(plan, "the engine is not on this machine, whose power says nothing of it");
        return;
    }
    open_samplers(self, plan);
    struct error err = {0};
    if (self->n > 0 && recorder_start(self->samplers, self->n, 0, &self->recorder, &err) < 0) {
        note(plan, err.text);
    }
}

void run_telemetry_end(struct run_telemetry *self, struct point_result *result)
{
    if (self->recorder == NULL) {
        return;
    }
    recorder_stop(self->recorder);
    if (result != NULL) {
        result->facts.telemetry = recorder_telemetry(self->recorder, result->facts.start_mono_ns);
    }
}

void run_telemetry_done(struct run_telemetry *self)
{
    recorder_free(self->recorder);
    for (uint32_t i = 0; i < self->n; i++) {
        self->samplers[i]->ops->close(self->samplers[i]);
    }
    *self = (struct run_telemetry){0};
}
