/* Flags to options: modes are told apart by what was given, and flags that could not have any effect
 * are refused rather than ignored. */
#include "cli/run_options.h"

#include "base/text.h"
#include "codec/json.h"
#include "engine/engine.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

enum {
    REVISION_LEN_MIN = 7,
    REVISION_LEN_MAX = 40,
    SIGNING_KEYLESS = 1,
};

static bool given(const struct run_flags *flags, const char *name)
{
    return option_is_given(&run_option_table, flags, name);
}

/* Texts that the envelope records must survive its normal form: UTF-8, no blanks at the ends. */
static int check_recorded(const char *name, const char *text, struct error *err)
{
    const size_t len = strlen(text);
    if (len == 0) {
        return 0;
    }
    if (!text_is_utf8(text, len)) {
        return error_set(err, ERROR_USAGE, "--%s: '%s' is not UTF-8", name, text);
    }
    if (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1])) {
        return error_set(err, ERROR_USAGE, "--%s: '%s' begins or ends with a blank", name, text);
    }
    return 0;
}

static int check_texts(const struct run_flags *flags, struct error *err)
{
    const struct {
        const char *name;
        const char *text;
    } recorded[] = {
        {"model", flags->model},       {"model-revision", flags->model_revision},
        {"hardware", flags->hardware}, {"quant", flags->quant},
        {"dataset", flags->dataset},
    };

    for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
        const int result = check_recorded(recorded[i].name, recorded[i].text, err);
        if (result < 0) {
            return result;
        }
    }
    const size_t len = strlen(flags->model_revision);
    if (given(flags, "model-revision") && (len < REVISION_LEN_MIN || len > REVISION_LEN_MAX)) {
        return error_set(
            err, ERROR_USAGE, "--model-revision: '%s' must have %d to %d characters",
            flags->model_revision, REVISION_LEN_MIN, REVISION_LEN_MAX);
    }
    return 0;
}

/* A header's name is a token, its value has no control characters.  Source: RFC 9110, 5.1 and 5.5. */
int run_header_check(const char *header, struct error *err)
{
    const char *colon = strchr(header, ':');
    if (colon == NULL || colon == header) {
        return error_set(err, ERROR_USAGE, "--header: '%s' is not NAME:VALUE", header);
    }
    for (const char *p = header; p < colon; p++) {
        if (!isalnum((unsigned char)*p) && strchr("!#$%&'*+-.^_`|~", *p) == NULL) {
            return error_set(
                err, ERROR_USAGE, "--header: '%s': a name has no character '%c'", header, *p);
        }
    }
    for (const char *p = colon + 1; *p != '\0'; p++) {
        if (iscntrl((unsigned char)*p) && *p != '\t') {
            return error_set(
                err, ERROR_USAGE, "--header: '%s': a value has no control characters", header);
        }
    }
    return 0;
}

static int check_extra_body(const char *text, struct error *err)
{
    struct arena arena = {0};
    struct json *value = NULL;
    int result = json_parse(&arena, "--extra-body", text, strlen(text), &value, err);
    if (result < 0) {
        err->code = ERROR_USAGE; /* the input is the command line itself */
        result = -(int)ERROR_USAGE;
    } else if (value->kind != JSON_OBJECT) {
        result = error_set(err, ERROR_USAGE, "--extra-body: '%s' is not a JSON object", text);
    }
    arena_done(&arena);
    return result;
}

static int check_requests(const struct run_flags *flags, struct error *err)
{
    for (size_t i = 0; i < flags->headers.n; i++) {
        const int result = run_header_check(flags->headers.values[i], err);
        if (result < 0) {
            return result;
        }
    }
    if (given(flags, "burstiness") && flags->arrival + 1 != (int)ARRIVAL_GAMMA) {
        return error_set(
            err, ERROR_USAGE, "--burstiness: '%g' has no effect without --arrival gamma",
            flags->burstiness);
    }
    return given(flags, "extra-body") ? check_extra_body(flags->extra_body, err) : 0;
}

/* A trace has its own times, and is replayed whole: nothing of it is discarded. */
static int check_trace(const struct run_flags *flags, struct error *err)
{
    if (flags->arrival + 1 != (int)ARRIVAL_TRACE) {
        return 0;
    }
    static const char *const rates[] = {"rps", "rps-sweep"};
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        if (given(flags, rates[i])) {
            return error_set(
                err, ERROR_USAGE,
                "--%s has no effect with --arrival trace: the trace has its own rate; change it with "
                "--dataset trace:FILE,speed=X",
                rates[i]);
        }
    }
    if (given(flags, "warmup") && flags->warmup > 0) {
        return error_set(
            err, ERROR_USAGE, "--warmup has no effect with --arrival trace: every request counts");
    }
    if (given(flags, "warmup-gate") && flags->gate != (int)GATE_MODE_OFF) {
        return error_set(
            err, ERROR_USAGE,
            "--warmup-gate has no effect with --arrival trace: every request counts");
    }
    return 0;
}

static int check_results(const struct run_flags *flags, struct error *err)
{
    if (flags->signing_mode == SIGNING_KEYLESS) {
        return error_set(err, ERROR_USAGE, "--signing-mode: 'keyless': not built yet");
    }
    if (flags->save_text && flags->records == (int)RECORDS_OFF) {
        return error_set(err, ERROR_USAGE, "--save-text has no effect with --records off");
    }
    return 0;
}

/* Options of the built-in engine mean nothing for another one. */
static int check_built_in(const struct run_flags *flags, struct error *err)
{
    const char *engine = engine_table[flags->engine]->name;
    if (text_equal(engine, "sim") && flags->base_url[0] == '\0') {
        return 0;
    }
    for (size_t i = 0; i < run_option_table.n; i++) {
        const char *name = run_option_table.rows[i].name;
        const bool built_in = text_starts_with(name, "sim-") || text_equal(name, "virtual-time");
        if (built_in && given(flags, name)) {
            return error_set(
                err, ERROR_USAGE, "--%s has no effect without the built-in engine: %s", name,
                text_equal(engine, "sim") ? "leave --base-url out" : "use --engine sim");
        }
    }
    return 0;
}

static void take_points(const struct run_flags *flags, struct run_options *out)
{
    assert(flags != NULL);
    const struct option_u32_list *levels = NULL;
    if (given(flags, "sweep")) {
        out->mode = RUN_SWEEP;
        levels = &flags->sweep;
    } else if (given(flags, "concurrency")) {
        levels = &flags->concurrency;
    }
    if (levels != NULL) {
        out->n_concurrency = levels->n;
        out->sweep_of_spec = levels->keyword;
        memcpy(out->concurrency, levels->values, levels->n * sizeof(levels->values[0]));
    }
    if (given(flags, "rps-sweep")) {
        out->mode = RUN_RPS_SWEEP;
        out->n_rates = flags->rps_sweep.n;
        out->sweep_of_spec = flags->rps_sweep.keyword;
        memcpy(
            out->rates_rps, flags->rps_sweep.values,
            flags->rps_sweep.n * sizeof(flags->rps_sweep.values[0]));
    } else if (given(flags, "rps")) {
        out->mode = RUN_OPEN;
        out->n_rates = 1;
        out->rates_rps[0] = flags->rps;
    }
    if (flags->all_benchmarks) {
        out->mode = RUN_ALL;
    } else if (flags->list) {
        out->mode = RUN_LIST;
    }
}

static void take_values(const struct run_flags *flags, struct run_options *out)
{
    out->model = flags->model;
    out->model_revision = flags->model_revision;
    out->engine = engine_table[flags->engine]->name;
    out->hardware = flags->hardware;
    out->quant = flags->quant;
    out->dataset = flags->dataset;
    out->duration_s = flags->duration_s;
    out->duration_given = given(flags, "duration");
    out->requests = (uint64_t)flags->requests;
    out->slo_template = flags->slo_template;
    out->prices_file = flags->prices_file;
    out->price_per_hour = given(flags, "price-per-hour") ? flags->price_per_hour : (double)NAN;
    out->seed = (uint64_t)flags->seed;
    out->base_url = flags->base_url;
    out->api_key_env = flags->api_key_env;
    out->n_headers = flags->headers.n;
    memcpy(out->headers, flags->headers.values, sizeof(out->headers));
    out->cacert = flags->cacert;
    out->insecure = flags->insecure;
    out->engine_host_file = flags->engine_host_file;
    out->output = flags->output;
    out->signing_mode =
        option_choice(option_find(&run_option_table, "signing-mode"), (size_t)flags->signing_mode);
    out->dev_key = flags->dev_key;
    out->dev_key_pass_env = flags->dev_key_pass_env;
    out->spec_dir = flags->spec_dir;
    out->plugin_dirs = flags->plugin_dirs;
    out->strict = flags->strict;
    out->offline = flags->offline;
    out->dry_run = flags->dry_run;
    out->json = flags->json;
}

static void take_load(const struct run_flags *flags, struct run_options *out)
{
    out->max_tokens = given(flags, "max-tokens") ? flags->max_tokens : -1;
    out->temperature = given(flags, "temperature") ? flags->temperature : (double)NAN;
    out->ignore_eos = flags->ignore_eos;
    out->no_stream = flags->no_stream;
    out->extra_body = flags->extra_body;
    out->arrival = (enum arrival)(flags->arrival + 1);
    out->burstiness = flags->burstiness;
    out->max_concurrency = flags->max_concurrency;
    out->salt = flags->cache_policy == 0;
    out->salt_given = given(flags, "cache-policy");
    out->warmup = given(flags, "warmup") ? flags->warmup : -1;
    out->gate = (enum gate_mode)flags->gate;
    out->gate_given = given(flags, "warmup-gate");
    out->warmup_timeout_s = flags->warmup_timeout_s;
    out->warmup_timeout_given = given(flags, "warmup-timeout");
    out->grace_s = flags->grace_s;
    out->timeout_s = flags->timeout_s;
    out->workers = flags->workers;
    out->spin_us = flags->spin_us;
    out->busy_poll_us = flags->busy_poll_us;
    out->source_address = flags->source_address;
    out->repeat = flags->repeat;
    out->selftest = flags->selftest;
    out->records = (enum records_level)flags->records;
    out->save_text = flags->save_text;
    out->virtual_time = flags->virtual_time;
    out->sim_ttft_ms = flags->sim_ttft_ms;
    out->sim_itl_ms = flags->sim_itl_ms;
    out->sim_tokens = flags->sim_tokens;
    out->sim_max_batch = flags->sim_max_batch;
    out->sim_jitter = flags->sim_jitter;
    out->sim_faults = flags->sim_faults;
    out->sim_answers = flags->sim_answers;
}

/* The first one that was given, whatever its value. */
static const char *first_judge_option(const struct run_flags *flags)
{
    for (size_t i = 0; i < run_option_table.n; i++) {
        const char *name = run_option_table.rows[i].name;
        if (text_starts_with(name, "judge-") && given(flags, name)) {
            return name;
        }
    }
    return NULL;
}

static int take_judge(const struct run_flags *flags, struct run_options *out, struct error *err)
{
    out->judge = (struct run_judge_options){
        .given = first_judge_option(flags),
        .model = flags->judge_model,
        .base_url = flags->judge_base_url,
        .engine = engine_table[flags->judge_engine]->name,
        .api_key_env = flags->judge_api_key_env,
        .max_questions = flags->judge_max_questions,
        .max_rps = flags->judge_rps,
        .concurrency = flags->judge_concurrency,
        .max_tokens = flags->judge_max_tokens,
        .timeout_s = flags->judge_timeout_s,
    };
    static const char *const of_address[] = {"judge-engine", "judge-api-key-env"};
    for (size_t i = 0; i < ARRAY_LEN(of_address); i++) {
        if (given(flags, of_address[i]) && !given(flags, "judge-base-url")) {
            return error_set(
                err, ERROR_USAGE,
                "--%s needs --judge-base-url: without it the engine itself is asked, as it is "
                "measured",
                of_address[i]);
        }
    }
    if (out->judge.given != NULL && !given(flags, "judge-model")) {
        return error_set(
            err, ERROR_USAGE, "--%s needs --judge-model: the model that judges", out->judge.given);
    }
    return 0;
}

/* Processors and addresses of this machine: their form only; whether they are there comes later. */
static int take_machine(const struct run_flags *flags, struct run_options *out, struct error *err)
{
    if (given(flags, "pin") && cpu_list_parse(flags->pin, &out->pin, err) < 0) {
        return error_prefix(err, "--pin: ");
    }
    if (given(flags, "source-address") &&
        source_list_parse(flags->source_address, &out->sources, err) < 0) {
        return error_prefix(err, "--source-address: ");
    }
    return 0;
}

/* What is sampled, and how often. */
static int take_telemetry(const struct run_flags *flags, struct run_options *out, struct error *err)
{
    const bool built_in = text_equal(out->engine, "sim") && out->base_url[0] == '\0';
    out->gpus_given = flags->gpus;
    out->sample_ms = flags->sample_ms;
    out->profile = flags->profile;
    out->idle_baseline_s =
        built_in && !given(flags, "idle-baseline") ? 0.0 : flags->idle_baseline_s;
    if (given(flags, "gpus") && gpu_list_parse(flags->gpus, &out->gpus, err) < 0) {
        return error_prefix(err, "--gpus: ");
    }
    if (flags->profile) {
        sample_periods_profile(&out->sample_periods);
    }
    if (given(flags, "sample-ms") &&
        sample_periods_parse(flags->sample_ms, &out->sample_periods, err) < 0) {
        return error_prefix(err, "--sample-ms: ");
    }
    return 0;
}

int run_options_resolve(
    const struct run_flags *flags, const char *suite, struct run_options *out, struct error *err)
{
    int (*const checks[])(const struct run_flags *, struct error *) = {
        check_texts, check_requests, check_trace, check_results, check_built_in};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const int result = checks[i](flags, err);
        if (result < 0) {
            return result;
        }
    }
    *out = (struct run_options){.suite = suite, .mode = RUN_CLOSED};
    take_points(flags, out);
    take_values(flags, out);
    take_load(flags, out);
    int result = take_judge(flags, out, err);
    if (result == 0) {
        result = take_machine(flags, out, err);
    }
    return result < 0 ? result : take_telemetry(flags, out, err);
}
