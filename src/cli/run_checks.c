/* A run is not stopped by a state of the machine: it is written down beside the figures. */
#include "cli/run_checks.h"

static void add_warnings(const struct check_list *list, struct arena *arena, struct json *warnings)
{
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

static void look_at_gpus(
    const struct run_checks_query *query, struct check_context *context, struct check_list *out)
{
    struct error no_nvml = {0};
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    if (!query->engine_is_local) {
        return;
    }
    if (query->root[0] == '\0' && nvml_open(NULL, &nvml, &no_nvml) < 0) {
        context->no_nvml = no_nvml.text;
    }
    context->reader.nvml = nvml;
    (void)check_gpus(context, out);
    context->reader.nvml = NULL; /* both live no longer than this call */
    context->no_nvml = NULL;
}

void run_checks_add(
    const struct run_checks_query *query, struct arena *arena, struct json *warnings)
{
    struct check_context context = {
        .reader = {.arena = arena, .root = query->root},
        .fast_only = true,
        .engine_pid = query->engine_pid,
    };
    if (query->root[0] == '\0') {
        context.probes = check_probes_live(false);
    }
    struct check_list *list = arena_alloc(arena, sizeof(*list));
    check_host(&context, list);
    look_at_gpus(query, &context, list);
    add_warnings(list, arena, warnings);
}
