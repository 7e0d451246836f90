/* Found out after the probe and before the first point: nothing of it runs while requests are under way. */
#include "cli/run_site.h"

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

void run_site_find(struct run_plan *plan)
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
    };
    engine_site_find(&query, &plan->arena, plan->warnings, &plan->site);
}
