/* Hosts of the providers' own documentation of their OpenAI-compatible endpoints. */
#include "suite/provider.h"

#include "base/attr.h"
#include "base/text.h"

#include <strings.h>

#define ENGINE_OPENAI "openai"

const struct provider provider_table[] = {
    {"anthropic", "api.anthropic.com"}, {"cerebras", "api.cerebras.ai"},
    {"deepinfra", "api.deepinfra.com"}, {"deepseek", "api.deepseek.com"},
    {"fireworks", "api.fireworks.ai"},  {"google", "generativelanguage.googleapis.com"},
    {"groq", "api.groq.com"},           {"mistral", "api.mistral.ai"},
    {"openai", "api.openai.com"},       {"openrouter", "openrouter.ai"},
    {"together", "api.together.xyz"},   {"xai", "api.x.ai"},
};
const size_t provider_table_len = ARRAY_LEN(provider_table);

const struct provider *provider_find(const struct provider_query *query)
{
    if (!query->tls || !text_equal(query->engine, ENGINE_OPENAI)) {
        return NULL;
    }
    for (size_t i = 0; i < provider_table_len; i++) {
        if (strcasecmp(provider_table[i].host, query->host) == 0) {
            return &provider_table[i];
        }
    }
    return NULL;
}

const char *provider_name(const struct provider_query *query)
{
    const struct provider *provider = provider_find(query);
    if (provider != NULL) {
        return provider->name;
    }
    return text_equal(query->engine, ENGINE_OPENAI) ? "openai-compatible" : query->engine;
}
