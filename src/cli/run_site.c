/* Found out after the probe and before the first point: nothing of it runs while requests are under way. */
#include "cli/run_site.h"

#include "base/text.h"
#include "envelope/host_file.h"
#include "hardware/fingerprint.h"

#include <string.h>

enum {
    SECRETS_MAX = RUN_HEADERS_MAX + 1
};

/* The value of a header, from behind its colon; the whole text when it has none. */
static const char *header_value(const char *header)
{
    const char *colon = strchr(header, ':');
    return colon == NULL ? header : colon + 1 + strspn(colon + 1, " \t");
}

/* What is unknown of this machine, when the envelope's hardware_fingerprint is another's. */
static void warn_of_client(struct run_plan *plan, const struct json *warnings)
{
    static const char head[] = "hardware_fingerprint.";
    for (const struct json *row = warnings->first; row != NULL; row = row->next) {
        const char *text = row->text;
        if (text_starts_with(text, head)) {
            text = arena_format(&plan->arena, "client_fingerprint.%s", text + strlen(head));
        }
        (void)json_append(plan->warnings, json_new_text(&plan->arena, text));
    }
}

int run_site_fingerprint(struct run_plan *plan, struct error *err)
{
    const char *path = plan->options->engine_host_file;
    if (path[0] == '\0') {
        plan->fingerprint = fingerprint_read(&plan->arena, "", plan->warnings);
        return 0;
    }
    if (host_file_read(&plan->arena, path, plan->warnings, &plan->fingerprint, err) < 0) {
        return error_prefix(err, "--engine-host-file: ");
    }
    struct json *warnings = json_new(&plan->arena, JSON_ARRAY);
    plan->client_fingerprint = fingerprint_read(&plan->arena, "", warnings);
    warn_of_client(plan, warnings);
    return 0;
}

bool run_site_is_local(const struct run_plan *plan)
{
    return run_plan_is_built_in(plan->options) || plan->site.local;
}

enum fingerprint_of run_site_fingerprint_of(const struct run_plan *plan)
{
    if (plan->client_fingerprint != NULL) {
        return FINGERPRINT_OF_ENGINE;
    }
    return run_site_is_local(plan) ? FINGERPRINT_OF_BOTH : FINGERPRINT_OF_CLIENT;
}

/* What the command line says of the machine does not fit what was found. */
static void check_machine(struct run_plan *plan)
{
    const bool given = plan->client_fingerprint != NULL;
    if (given && run_site_is_local(plan)) {
        run_plan_warn(
            plan,
            "--engine-host-file is recorded as given, although the engine is on this machine");
    }
    if (!given && !run_site_is_local(plan) && text_equal(plan->options->hardware, "auto")) {
        run_plan_warn(
            plan,
            "--hardware auto looked at this machine, and the engine is on another one: name its "
            "class, or give --engine-host-file");
    }
}

static void find_process(struct run_plan *plan, const struct nvml *nvml)
{
    const char *secrets[SECRETS_MAX];
    size_t n_secrets = 0;
    if (plan->options->virtual_time || plan->n_addresses == 0) {
        return;
    }
    if (plan->target.api_key != NULL) {
        secrets[n_secrets++] = plan->target.api_key;
    }
    for (size_t i = 0; i < plan->options->n_headers; i++) {
        secrets[n_secrets++] = header_value(plan->options->headers[i]);
    }
    const struct engine_site_query query = {
        .root = "",
        .address = (const struct sockaddr *)&plan->addresses[0].storage,
        .secrets = {secrets, n_secrets},
        .nvml = nvml,
        .simulated = run_plan_is_built_in(plan->options),
    };
    engine_site_find(&query, &plan->arena, plan->warnings, &plan->site);
}

void run_site_find(struct run_plan *plan)
{
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    const bool simulated = run_plan_is_built_in(plan->options);
    if (!simulated && nvml_open(NULL, &nvml, &err) < 0) {
        error_clear(&err); /* most machines have none */
    }
    find_process(plan, nvml);
    check_machine(plan);
    const struct provenance_inputs inputs = {
        .simulated = simulated,
        .site = plan->options->virtual_time ? NULL : &plan->site,
        .has_nvidia = !plan->options->dry_run && nvml != NULL && nvml_device_count(nvml) > 0,
        .nvidia_smi = nvidia_smi_paths,
    };
    plan->provenance = software_provenance_read(&plan->arena, &inputs, plan->warnings);
}
