/* The rows differ in facts, not in code: all of them speak the OpenAI form.
 *
 * Ports and paths are the engines' own defaults.  SGLang's counts of every event come by the same
 * option as vLLM's, and its /tokenize has the same form.  The row `openai` is for hosted services: no extension of any engine is sent, and
 * the limit of a chat has the name that newer models insist on.  The row `sim` is the null engine:
 * it measures bench itself.
 * Source: REAL-ENGINES.md 2;
 * https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html,
 * https://docs.sglang.ai/basic_usage/openai_api_completions.html,
 * https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md,
 * https://huggingface.co/docs/text-generation-inference/reference/api_reference,
 * https://platform.openai.com/docs/api-reference/chat/create. */
#include "base/text.h"
#include "engine/engine_openai.h"

#define OPENAI_FUNCTIONS                                            \
    .probe = openai_probe, .render_request = openai_render_request, \
    .read_event = openai_read_event, .read_body = openai_read_body

static const struct engine_ops engine_vllm = {
    .name = "vllm",
    .summary = "vLLM's OpenAI-compatible server",
    .default_port = 8000,
    .continuous_usage = true,
    .ignore_eos = true,
    .version_path = "/version",
    .metrics_path = "/metrics",
    .tokenize_member = "prompt",
    OPENAI_FUNCTIONS,
};

static const struct engine_ops engine_sglang = {
    .name = "sglang",
    .summary = "SGLang's OpenAI-compatible server",
    .default_port = 30000,
    .continuous_usage = true,
    .ignore_eos = true,
    .config_path = "/get_server_info",
    .metrics_path = "/metrics",
    .metrics_flag = "--enable-metrics",
    .tokenize_member = "prompt",
    OPENAI_FUNCTIONS,
};

static const struct engine_ops engine_llamacpp = {
    .name = "llamacpp",
    .summary = "llama.cpp's llama-server",
    .default_port = 8080,
    .timings_per_token = true,
    .ignore_eos = true,
    .config_path = "/props",
    .metrics_path = "/metrics",
    .metrics_flag = "--metrics",
    .tokenize_member = "content",
    OPENAI_FUNCTIONS,
};

static const struct engine_ops engine_tgi = {
    .name = "tgi",
    .summary = "Hugging Face Text Generation Inference",
    .default_port = 8080,
    .config_path = "/info",
    .metrics_path = "/metrics",
    .tokenize_member = "inputs",
    OPENAI_FUNCTIONS,
};

static const struct engine_ops engine_hosted = {
    .name = "openai",
    .summary = "any service with the OpenAI API, no extensions (needs --base-url)",
    .max_completion_tokens = true,
    .models_optional = true,
    OPENAI_FUNCTIONS,
};

static const struct engine_ops engine_sim = {
    .name = "sim",
    .summary = "the built-in simulated engine: measures bench itself",
    .continuous_usage = true,
    .ignore_eos = true,
    .version_path = "/version", /* in vLLM's style */
    .config_path = "/props",    /* in llama.cpp's */
    .metrics_path = "/metrics",
    .tokenize_member = "prompt",
    OPENAI_FUNCTIONS,
};

const struct engine_ops *const engine_table[] = {
    &engine_vllm, &engine_sglang, &engine_llamacpp, &engine_tgi, &engine_hosted, &engine_sim,
};
const size_t engine_table_len = ARRAY_LEN(engine_table);

const struct engine_ops *engine_find(const char *name)
{
    for (size_t i = 0; i < engine_table_len; i++) {
        if (text_equal(engine_table[i]->name, name)) {
            return engine_table[i];
        }
    }
    return NULL;
}

const char *engine_option_prefix(const struct engine_target *target)
{
    return target->option_prefix != NULL ? target->option_prefix : "";
}
