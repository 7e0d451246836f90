/* `bench doctor`: whether this machine can measure, check by check, and what to change. */
#include "base/file.h"
#include "base/text.h"
#include "cli/doctor_engine.h"
#include "cli/doctor_report.h"
#include "hardware/fingerprint.h"
#include "net/transport_socket.h"
#include "suite/embedded.h"
#include "suite/slo.h"

#include <string.h>

struct doctor_options {
    struct option_given given;
    bool strict;
    bool show_slo;
    bool json;
    const char *root;
    struct doctor_engine engine;
};

static const char *engine_choice(size_t i)
{
    return i < engine_table_len ? engine_table[i]->name : NULL;
}

#define AT(member) .offset = offsetof(struct doctor_options, member)

static const struct option_row rows[] = {
    {.name = "base-url",
     .letter = 'u',
     .value_name = "URL",
     .type = OPTION_TEXT,
     AT(engine.base_url),
     .group = "Engine",
     .default_shown = "no engine is looked at",
     .not_empty = true,
     .help = "Also look at the engine that answers here, like http://localhost:8000/v1."},
    {.name = "engine",
     .letter = 'e',
     .value_name = "NAME",
     .type = OPTION_CHOICE,
     AT(engine.engine),
     .default_text = "vllm",
     .choice_at = engine_choice,
     .help = "Which engine it is."},
    {.name = "model",
     .letter = 'm',
     .value_name = "ID",
     .type = OPTION_TEXT,
     AT(engine.model),
     .default_shown = "the only one that the engine serves",
     .help = "Model that it should serve."},
    {.name = "api-key-env",
     .value_name = "NAME",
     .type = OPTION_TEXT,
     AT(engine.api_key_env),
     .not_empty = true,
     .help = "Environment variable that holds the API key."},
    {.name = "header",
     .letter = 'H',
     .value_name = "NAME:VALUE",
     .type = OPTION_TEXTS,
     AT(engine.headers),
     .help = "Header that is sent with every request; may be given several times."},
    {.name = "cacert",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(engine.cacert),
     .not_empty = true,
     .excludes = "insecure",
     .help = "Certificates that https is checked against, PEM."},
    {.name = "insecure",
     .type = OPTION_FLAG,
     AT(engine.insecure),
     .excludes = "cacert",
     .help = "Do not check the engine's certificate."},

    {.name = "strict",
     .group = "Judgement and output",
     .type = OPTION_FLAG,
     AT(strict),
     .help = "WARN gives exit code 1 too."},
    {.name = "show-slo",
     .type = OPTION_FLAG,
     AT(show_slo),
     .help = "Also print the service levels of this machine's hardware class."},
    {.name = "root",
     .value_name = "FOLDER",
     .type = OPTION_TEXT,
     AT(root),
     .help = "Read proc and sys below this folder in place of the machine's own."},
    {.name = "json", .type = OPTION_FLAG, AT(json), .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct doctor_options)};

/* The templates with their limits on the class of this machine. */
static int
add_slo(struct arena *arena, const char *root, struct doctor_report *out, struct error *err)
{
    static const char folder[] = "slo/";
    static const char ending[] = ".yaml";
    const char *class =
        fingerprint_hardware_class(fingerprint_read(arena, root, json_new(arena, JSON_ARRAY)));
    struct json *slo = json_new(arena, JSON_OBJECT);
    json_add_text(arena, slo, "hardware_class", class);
    struct json *templates = json_add(arena, slo, "templates", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < embedded_table_len; i++) {
        const char *name = embedded_table[i].name;
        if (!text_starts_with(name, folder)) {
            continue;
        }
        const char *id = arena_copy(
            arena, name + strlen(folder), strlen(name) - strlen(folder) - strlen(ending));
        struct slo limits = {0};
        const int result = slo_load(id, class, &limits, err);
        if (result < 0) {
            return result;
        }
        struct json *row = json_append(templates, json_new(arena, JSON_OBJECT));
        json_add_text(arena, row, "id", id);
        json_add_text(arena, row, "limits", limits.resolved);
    }
    out->slo = slo;
    return 0;
}

static void
check_machine(struct arena *arena, const char *root, int32_t engine_pid, struct doctor_report *out)
{
    struct check_context context = {
        .reader = {.arena = arena, .root = root}, .engine_pid = engine_pid};
    struct error no_nvml = {0};
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    if (root[0] == '\0') {
        context.probes = check_probes_live(true);
        context.probes.kernel_stamps = transport_socket_has_kernel_stamps;
        if (nvml_open(NULL, &nvml, &no_nvml) < 0) {
            context.no_nvml = no_nvml.text;
        }
        context.reader.nvml = nvml;
    }
    check_host(&context, &out->checks);
    const bool any = check_gpus(&context, &out->checks);
    if (!check_has_nvidia(&context.reader)) {
        out->notes[out->n_notes++] = any ? "GPU: NVML was not asked (no NVIDIA GPUs detected)"
                                         : "GPU: No checks ran (no NVIDIA GPUs detected)";
    }
}

/* The engine first, since the GPUs' processes are its own; the table shows the machine first. */
static int check_all(
    const struct doctor_options *given,
    struct arena *arena,
    struct doctor_report *out,
    struct error *err)
{
    struct engine_site site = {0};
    struct check_list *engine = arena_alloc(arena, sizeof(*engine));
    if (given->engine.base_url[0] != '\0') {
        struct engine_target target;
        const int result = doctor_engine_target(&given->engine, &target, err);
        if (result < 0) {
            return result;
        }
        const struct engine_check_query query = {
            .engine = engine_table[given->engine.engine], .target = &target};
        engine_check(&query, arena, engine, &site);
    }
    const bool here = site.known && given->root[0] == '\0';
    check_machine(arena, given->root, here ? site.process.pid : 0, out);
    for (size_t i = 0; i < engine->n; i++) {
        out->checks.results[out->checks.n++] = engine->results[i];
    }
    return 0;
}

/* Options that mean nothing without an engine. */
static int check_options(const struct doctor_options *given, struct error *err)
{
    static const char *const names[] = {"engine", "model",  "api-key-env",
                                        "header", "cacert", "insecure"};
    if (given->root[0] != '\0' && !file_is_folder(given->root)) {
        return error_set(err, ERROR_NOT_FOUND, "--root: %s is not a folder", given->root);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (given->engine.base_url[0] == '\0' && option_is_given(&table, given, names[i])) {
            return error_set(
                err, ERROR_USAGE, "--%s: is about an engine: give its --base-url too", names[i]);
        }
    }
    return 0;
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    (void)operands;
    const struct doctor_options *given = options;
    CLEANUP(arena_done) struct arena arena = {0};
    struct doctor_report *report = arena_alloc(&arena, sizeof(*report));
    int result = check_options(given, err);
    if (result == 0) {
        result = check_all(given, &arena, report, err);
    }
    if (result == 0 && given->show_slo) {
        result = add_slo(&arena, given->root, report, err);
    }
    if (result < 0) {
        return result;
    }
    if (given->json) {
        doctor_report_json(context, &arena, report);
    } else {
        doctor_report_print(context, report);
    }
    const bool failed = check_list_count(&report->checks, CHECK_FAIL) > 0;
    const bool warned = check_list_count(&report->checks, CHECK_WARN) > 0;
    return failed || (given->strict && warned) ? EXIT_OPERATION : EXIT_GOOD;
}

const struct command command_doctor = {
    .name = "doctor",
    .synopsis = "[options]",
    .summary = "check that this machine can measure",
    .description =
        "Looks at the states of this machine that move figures: processors, clocks, memory, limits, "
        "GPUs; with --base-url also at the engine. Each check is one row: PASS; WARN, where figures may be moved; FAIL, where they are "
        "wrong or there will be none; SKIP, where a state cannot be read, with the reason. Below "
        "the table stands what to do. The exit code is 1 after a FAIL, with --strict also after a "
        "WARN; a machine without a GPU is none.\n"
        "'bench list checks' says of each check where it looks. 'bench run' makes those that cost "
        "no time before it sends anything, and writes WARN and FAIL into 'warnings'.\n",
    .examples = "  bench doctor\n"
                "  bench doctor --base-url http://localhost:8000/v1 --model my-model\n"
                "  bench doctor --strict && bench run llm.inference.sharegpt-v3 ...\n",
    .options = &table,
    .run = run,
};
