/* A run is not stopped by a state of the machine: it is written down beside the figures. */
#include "cli/run_checks.h"

void run_checks_add(
    struct arena *arena, const char *root, int32_t engine_pid, struct json *warnings)
{
    struct check_context context = {
        .reader = {.arena = arena, .root = root}, .fast_only = true, .engine_pid = engine_pid};
    struct error no_nvml = {0};
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    if (root[0] == '\0') {
        context.probes = check_probes_live(false);
        if (nvml_open(NULL, &nvml, &no_nvml) < 0) {
            context.no_nvml = no_nvml.text;
        }
        context.reader.nvml = nvml;
    }
    struct check_list *list = arena_alloc(arena, sizeof(*list));
    check_host(&context, list);
    (void)check_gpus(&context, list);
    for (size_t i = 0; i < list->n; i++) {
        const struct check_result *result = &list->results[i];
        if (result->status == CHECK_WARN || result->status == CHECK_FAIL) {
            char limit[CHECK_TEXT_SIZE];
            check_limit_text(result->check, limit);
            const char *text = arena_format(
                arena, "machine: %s: %s (wanted: %s)", result->check->name, result->found, limit);
            (void)json_append(warnings, json_new_text(arena, text));
        }
    }
}
