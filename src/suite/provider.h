/* provider.h - who serves a model: the name under which a price list has it.
 *
 * Source: docs/cost.md. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A provider's public endpoint. */
struct provider {
    const char *name; /* "openai" */
    const char *host; /* "api.openai.com" */
};

extern const struct provider provider_table[];
extern const size_t provider_table_len;

/* What a run is against. */
struct provider_query {
    const char *engine; /* "openai", "vllm" */
    bool tls;
    const char *host; /* of the base URL */
};

/* The provider whose public endpoint this is, or NULL: only --engine openai over https at a host of
 * the table is one.  Everything else is somebody's own deployment. */
const struct provider *provider_find(const struct provider_query *query);

/* The provider's name; of other endpoints the engine's, where "openai" is "openai-compatible": such a
 * server is not OpenAI.  Static or borrowed from the query. */
const char *provider_name(const struct provider_query *query);
