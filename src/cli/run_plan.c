/* Cheap checks first, then files, then the engine: a run that cannot succeed ends here, with one line
 * that says what to change. */
#include "cli/run_plan.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/fetch_progress.h"
#include "cli/passphrase.h"
#include "cli/plugins.h"
#include "cli/run_cost.h"
#include "cli/run_lengths.h"
#include "cli/run_plugin.h"
#include "cli/run_quality.h"
#include "cli/run_site.h"
#include "cli/run_trace.h"
#include "cli/specs.h"
#include "hardware/fingerprint.h"
#include "sim/sim_answer.h"
#include "suite/validate.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void run_plan_warn(struct run_plan *self, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)fprintf(self->context->log, "bench run: warning: %s\n", text);
    self->n_warned++;
    (void)json_append(self->warnings, json_new_text(&self->arena, text));
}

bool run_plan_is_built_in(const struct run_options *options)
{
    return text_equal(options->engine, "sim") && options->base_url[0] == '\0';
}

struct sim_options run_plan_sim_options(const struct run_plan *self)
{
    const struct run_options *options = self->options;
    return (struct sim_options){
        .style = SIM_STYLE_VLLM,
        .ttft_ns = clock_ns_of_seconds(options->sim_ttft_ms / 1e3),
        .itl_ns = clock_ns_of_seconds(options->sim_itl_ms / 1e3),
        .tokens = options->sim_tokens,
        .max_batch = options->sim_max_batch,
        .jitter = options->sim_jitter,
        .seed = options->seed,
        .answers = self->answers,
    };
}

static int find_engine(struct run_plan *self, struct error *err)
{
    const char *name = self->options->engine;
    self->engine = engine_find(name);
    if (self->engine != NULL) {
        return 0;
    }
    const char *names[32];
    size_t n = 0;
    for (size_t i = 0; i < engine_table_len && n < ARRAY_LEN(names); i++) {
        names[n++] = engine_table[i]->name;
    }
    const char *near = text_nearest(name, names, n);
    if (near != NULL) {
        return error_set(
            err, ERROR_USAGE, "--engine: unknown engine '%s': did you mean '%s'?", name, near);
    }
    return error_set(
        err, ERROR_USAGE, "--engine: unknown engine '%s'; 'bench list' names the engines", name);
}

static int find_endpoint(struct run_plan *self, struct error *err)
{
    const struct run_options *options = self->options;
    const char *url = options->base_url;
    if (url[0] == '\0' && run_plan_is_built_in(options)) {
        url = "http://127.0.0.1:1/v1"; /* the port comes when the engine has started */
    } else if (url[0] == '\0') {
        if (self->engine->default_port == 0) {
            return error_set(
                err, ERROR_USAGE, "--base-url is needed with --engine %s", options->engine);
        }
        url = arena_format(&self->arena, "http://127.0.0.1:%u/v1", self->engine->default_port);
    }
    self->target.base_url = url;
    if (endpoint_parse(url, &self->target.endpoint, err) < 0) {
        return error_prefix(err, "--base-url: ");
    }
    return 0;
}

static int find_credentials(struct run_plan *self, struct error *err)
{
    const struct run_options *options = self->options;
    self->target.headers = options->headers;
    self->target.n_headers = options->n_headers;
    self->target.insecure = options->insecure;
    self->target.ca_file = options->cacert[0] != '\0' ? options->cacert : NULL;
    self->target.model = options->model;
    if (options->api_key_env[0] != '\0') {
        self->target.api_key = secure_getenv(options->api_key_env);
        if (self->target.api_key == NULL || self->target.api_key[0] == '\0') {
            return error_set(
                err, ERROR_USAGE, "--api-key-env: environment variable %s is not set",
                options->api_key_env);
        }
    }
    if (!self->target.endpoint.tls) {
        return 0;
    }
    if (options->insecure) {
        run_plan_warn(self, "--insecure: the engine's certificate is not verified");
    }
    if (tls_context_open(self->target.ca_file, options->insecure, &self->tls, err) < 0) {
        return error_prefix(err, "--cacert: ");
    }
    return 0;
}

static int load_key(struct run_plan *self, struct error *err)
{
    const struct run_options *options = self->options;
    if (options->dry_run && !file_exists(options->dev_key)) {
        run_plan_warn(self, "%s does not exist: a real run would stop here", options->dev_key);
        return 0;
    }
    if (options->dev_key_pass_env[0] != '\0') {
        const char *passphrase = secure_getenv(options->dev_key_pass_env);
        if (passphrase == NULL) {
            return error_set(
                err, ERROR_USAGE, "--dev-key-pass-env: environment variable %s is not set",
                options->dev_key_pass_env);
        }
        return signing_key_load(options->dev_key, passphrase, &self->key, err);
    }
    if (!signing_key_is_encrypted(options->dev_key)) {
        return signing_key_load(options->dev_key, NULL, &self->key, err);
    }
    char *asked = NULL;
    CLEANUP(mem_freep) char *prompt = mem_format("passphrase of %s: ", options->dev_key);
    int result = passphrase_ask(prompt, &asked, err);
    if (result == 0) {
        result = signing_key_load(options->dev_key, asked, &self->key, err);
    }
    passphrase_free(asked);
    return result;
}

/* The script is read whole and tried, so that a mistake in it is told before anything is written. */
static int load_faults(struct run_plan *self, struct error *err)
{
    const char *path = self->options->sim_faults;
    if (path[0] == '\0') {
        return 0;
    }
    size_t len = 0;
    if (file_read(path, JSON_SIZE_MAX, &self->faults, &len, err) < 0) {
        return error_prefix(err, "--sim-faults: ");
    }
    const struct sim_options options = run_plan_sim_options(self);
    struct sim *sim = NULL;
    if (sim_open(&options, self->faults, &sim, err) < 0) {
        return error_prefix(err, "--sim-faults: %s: ", path);
    }
    sim_free(sim);
    return 0;
}

/* As the fault script. */
static int load_answers(struct run_plan *self, struct error *err)
{
    const char *path = self->options->sim_answers;
    if (path[0] == '\0') {
        return 0;
    }
    size_t len = 0;
    struct sim_answers *answers = NULL;
    if (file_read(path, JSON_SIZE_MAX, &self->answers, &len, err) < 0 ||
        sim_answers_open(path, self->answers, &answers, err) < 0) {
        return error_prefix(err, "--sim-answers: ");
    }
    sim_answers_free(answers);
    return 0;
}

static int check_output(const struct run_plan *self, struct error *err)
{
    const char *folder = self->options->output;
    if (file_exists(folder) && !file_is_folder(folder)) {
        return error_set(err, ERROR_USAGE, "--output: %s is not a folder", folder);
    }
    return 0;
}

static void check_hardware(struct run_plan *self)
{
    const char *asked = self->options->hardware;
    const char *here = fingerprint_hardware_class(self->fingerprint);
    const char *host = self->client_fingerprint == NULL ? "this host" : "the engine's host";
    if (text_equal(asked, "auto")) {
        return;
    }
    if (hardware_class_find(asked) == NULL) {
        run_plan_warn(
            self, "hardware class '%s' is unknown: SLO limits are used with multiplier 1.0", asked);
    }
    if (!text_equal(asked, here)) {
        run_plan_warn(
            self, "hardware '%s' is recorded as asked; %s looks like '%s'", asked, host, here);
    }
}

int run_plan_find_spec(struct run_plan *self, struct error *err)
{
    const int result = specs_load(self->options->spec_dir, &self->specs, err);
    const struct plugins_source source = {
        .context = self->context,
        .folders = &self->options->plugin_dirs,
        .table = &self->specs,
        .plugins = &self->plugins,
    };
    return result < 0 ? result : plugins_find_spec(&source, self->options->suite, &self->spec, err);
}

int run_plan_open(
    struct run_plan *self,
    const struct cli_context *context,
    const struct run_options *options,
    struct error *err)
{
    *self = (struct run_plan){
        .options = options,
        .context = context,
        .launch = {1, options->repeat, options->seed},
    };
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    int result = run_plan_find_spec(self, err);
    if (result == 0) {
        result = find_engine(self, err);
    }
    if (result == 0) {
        result = find_endpoint(self, err);
    }
    if (result == 0) {
        result = find_credentials(self, err);
    }
    if (result == 0) {
        result = load_faults(self, err);
    }
    if (result == 0) {
        result = load_answers(self, err);
    }
    if (result == 0) {
        result = run_cost_open(self, err);
    }
    if (result == 0) {
        result = check_output(self, err);
    }
    if (result == 0) {
        result = load_key(self, err);
    }
    if (result < 0) {
        return result;
    }
    return run_site_fingerprint(self, err);
}

/* The spec's shape with what the command line changes. */
static struct request_shape work_shape(const struct run_options *options, const struct spec *spec)
{
    struct request_shape shape = spec->shape;
    if (options->max_tokens >= 0) {
        shape.max_tokens = (uint32_t)options->max_tokens;
    }
    if (!isnan(options->temperature)) {
        shape.temperature = options->temperature;
    }
    if (options->ignore_eos) {
        shape.ignore_eos = true;
    }
    if (options->no_stream) {
        shape.stream = false;
    }
    if (options->extra_body[0] != '\0') {
        shape.extra_body = options->extra_body;
    }
    shape.salt = spec->kind == SPEC_QUALITY && !options->salt_given ? false : options->salt;
    shape.seed = options->seed;
    return shape;
}

static int load_prompts(struct run_work *self, struct run_plan *plan, struct error *err)
{
    const struct run_options *options = plan->options;
    const char *asked = options->dataset[0] != '\0' ? options->dataset : self->spec->dataset;
    const char *recipe = self->recipe != NULL ? self->recipe : asked;
    struct fetch_progress progress = {.context = plan->context, .name = recipe};
    const struct hub_watch watch = fetch_progress_watch(&progress);
    const struct dataset_options dataset = {
        .recipe = recipe,
        .benchmark = self->spec->id,
        .provider = run_plugin_of_dataset(options, self->spec),
        .seed = options->seed,
        .items = self->spec->scoring,
        .offline = options->offline,
        .watch = &watch,
    };
    const int result = dataset_load(&dataset, &self->prompts, err);
    fetch_progress_end(&progress);
    if (result < 0) {
        return options->dataset[0] != '\0' ? error_prefix(err, "--dataset: ") : -(int)err->code;
    }
    /* Every launch of a point reads the same, also when a branch moves on meanwhile. */
    self->recipe = arena_copy_text(&plan->arena, self->prompts.recipe_again);
    if (options->max_tokens >= 0) {
        /* What was asked on the command line wins over the dataset's lengths. */
        for (uint32_t i = 0; i < self->prompts.n; i++) {
            self->prompts.prompts[i].max_tokens = 0;
        }
    }
    return 0;
}

int run_work_open(
    struct run_work *self, struct run_plan *plan, const struct spec *spec, struct error *err)
{
    const struct run_options *options = plan->options;
    *self = (struct run_work){.spec = spec, .shape = work_shape(options, spec)};
    if (run_quality_check_options(options, spec, err) < 0) {
        return -(int)err->code;
    }
    const char *hardware = options->hardware;
    if (text_equal(hardware, "auto")) {
        hardware = fingerprint_hardware_class(plan->fingerprint);
    }
    const char *slo = options->slo_template[0] != '\0' ? options->slo_template
                                                       : run_plugin_slo(&plan->arena, spec);
    if (slo_load(slo, hardware, &self->slo, err) < 0) {
        return error_prefix(err, "--slo-template: ");
    }
    int result = load_prompts(self, plan, err);
    if (result == 0) {
        result = run_quality_check_items(options, self, err);
    }
    if (result == 0) {
        result = run_plugin_check_items(self, err);
    }
    if (result == 0) {
        result = run_judge_check_work(plan, self, err);
    }
    return result < 0 ? result : run_trace_open(self, plan, err);
}

static int start_built_in(struct run_plan *self, struct error *err)
{
    const struct sim_server_options options = {
        .sim = run_plan_sim_options(self),
        .faults = self->faults,
    };
    if (sim_server_start(&options, &self->sim, err) < 0) {
        return -(int)err->code;
    }
    self->target.base_url =
        arena_format(&self->arena, "http://127.0.0.1:%u/v1", sim_server_port(self->sim));
    return endpoint_parse(self->target.base_url, &self->target.endpoint, err);
}

/* In virtual time nobody can be asked: the simulated engine's answers are known. */
static void know_virtual_engine(struct run_plan *self)
{
    struct engine_identity *identity = &self->identity;
    const struct sim_options sim = run_plan_sim_options(self);
    (void)snprintf(identity->version, sizeof(identity->version), "%s", sim_version(sim.style));
    (void)snprintf(identity->model, sizeof(identity->model), "sim");
    identity->n_models = 1;
}

static int probe_engine(struct run_plan *self, struct error *err)
{
    int result =
        self->engine->probe(self->engine, &self->target, &self->arena, &self->identity, err);
    if (result < 0) {
        return result;
    }
    result = endpoint_resolve(&self->target.endpoint, self->addresses, &self->n_addresses, err);
    if (result < 0) {
        return result;
    }
    if (source_list_match(&self->options->sources, self->addresses, &self->n_addresses, err) < 0) {
        return error_prefix(err, "--source-address: ");
    }
    return 0;
}

static int find_engine_on_network(struct run_plan *self, struct error *err)
{
    if (self->options->virtual_time) {
        know_virtual_engine(self);
        return 0;
    }
    const int result = run_plan_is_built_in(self->options) ? start_built_in(self, err) : 0;
    return result == 0 ? probe_engine(self, err) : result;
}

static int make_output(const struct run_plan *self, struct error *err)
{
    const char *folder = self->options->output;
    if (self->options->dry_run) {
        return 0;
    }
    if (file_make_folder(folder, err) < 0 || file_check_writable(folder, err) < 0) {
        return error_prefix(err, "--output: ");
    }
    return 0;
}

int run_plan_reach_engine(struct run_plan *self, struct error *err)
{
    check_hardware(self);
    int result = find_engine_on_network(self, err);
    if (result == 0) {
        result = make_output(self, err);
    }
    if (result < 0) {
        return result;
    }
    run_site_find(self);
    self->target.model = self->identity.model;
    run_cost_find(self);
    if (self->identity.version[0] == '\0') {
        run_plan_warn(self, "the engine does not tell its version");
    }
    return 0;
}

static void warn_of(void *context, const char *text)
{
    run_plan_warn(context, "%s", text);
}

void run_work_check(const struct run_work *self, struct run_plan *plan)
{
    const struct validation validation = {
        .spec = self->spec,
        .shape = &self->shape,
        .prompts = &self->prompts,
        .slo = &self->slo,
        .engine = plan->engine,
        .identity = &plan->identity,
    };
    spec_validate(&validation, warn_of, plan);
}

int run_work_render(struct run_work *self, struct run_plan *plan, struct error *err)
{
    const int fitted = run_lengths_fit(self, plan, err);
    if (fitted < 0) {
        return fitted;
    }
    const struct workload_source source = {
        .engine = plan->engine,
        .target = &plan->target,
        .shape = &self->shape,
        .prompts = self->prompts.prompts,
        .n_prompts = self->prompts.n,
        .in_order = plan->options->arrival == ARRIVAL_TRACE,
        .n_rounds = self->prompts.n_rounds,
    };
    const int result = workload_init(&self->workload, &source, err);
    if (result == 0) {
        workload_digest(&self->workload, self->requests_sha256);
    }
    return result;
}

int run_work_reseed(struct run_work *self, struct run_plan *plan, struct error *err)
{
    run_work_done(self);
    self->shape.seed = plan->options->seed;
    const int result = load_prompts(self, plan, err);
    return result < 0 ? result : run_work_render(self, plan, err);
}

void run_work_done(struct run_work *self)
{
    if (self->workload.requests != NULL) {
        workload_done(&self->workload);
    }
    prompt_set_done(&self->prompts);
}

void run_plan_done(struct run_plan *self)
{
    if (self->sim != NULL) {
        struct error err = {0};
        if (sim_server_stop(self->sim, &err) < 0) {
            (void)fprintf(self->context->log, "bench run: warning: %s\n", err.text);
        }
    }
    tls_context_free(self->tls);
    free(self->faults);
    free(self->answers);
    signing_key_free(self->key);
    run_cost_done(self);
    spec_table_done(&self->specs);
    plugin_registry_done(&self->plugins);
    arena_done(&self->arena);
}
