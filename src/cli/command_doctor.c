/* `bench doctor`: whether this machine can measure, check by check, and what to change. */
#include "base/file.h"
#include "base/text.h"
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
};

#define AT(member) .offset = offsetof(struct doctor_options, member)

static const struct option_row rows[] = {
    {.name = "strict", .type = OPTION_FLAG, AT(strict), .help = "WARN gives exit code 1 too."},
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

static void check_machine(struct arena *arena, const char *root, struct doctor_report *out)
{
    struct check_context context = {.reader = {.arena = arena, .root = root}};
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
    if (given->root[0] != '\0' && !file_is_folder(given->root)) {
        return error_set(err, ERROR_NOT_FOUND, "--root: %s is not a folder", given->root);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct doctor_report *report = arena_alloc(&arena, sizeof(*report));
    check_machine(&arena, given->root, report);
    if (given->show_slo && add_slo(&arena, given->root, report, err) < 0) {
        return -(int)err->code;
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
        "GPUs. Each check is one row: PASS; WARN, where figures may be moved; FAIL, where they are "
        "wrong or there will be none; SKIP, where a state cannot be read, with the reason. Below "
        "the table stands what to do. The exit code is 1 after a FAIL, with --strict also after a "
        "WARN; a machine without a GPU is none.\n"
        "'bench list checks' says of each check where it looks. 'bench run' makes those that cost "
        "no time before it sends anything, and writes WARN and FAIL into 'warnings'.\n",
    .examples = "  bench doctor\n"
                "  bench doctor --strict && bench run llm.inference.sharegpt-v3 ...\n",
    .options = &table,
    .run = run,
};
