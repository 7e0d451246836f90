/* Names change between versions, so a row may have an older one.  Tokens of llama.cpp's prompts are
 * counted without those from its cache, hence the sums.
 * Sources: vLLM 0.32.0 and llama.cpp b10434 as recorded (tests/data/metrics);
 * https://docs.vllm.ai/en/latest/usage/metrics/,
 * https://docs.sglang.ai/references/production_metrics.html,
 * https://huggingface.co/docs/text-generation-inference/reference/metrics. */
#include "telemetry/engine_metric.h"

#include "base/text.h"
#include "stats/engine_load.h"

#include <math.h>

#define G TRACK_GAUGE
#define C TRACK_COUNTER

/* clang-format off */
const struct engine_metric engine_metric_table[] = {
    {"vllm", ENGINE_RUNNING, G, SERIES_SUM, false, "vllm:num_requests_running", NULL, NULL},
    {"vllm", ENGINE_WAITING, G, SERIES_SUM, false, "vllm:num_requests_waiting", NULL, NULL},
    {"vllm", ENGINE_KV_SHARE, G, SERIES_MEAN, false, "vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", NULL},
    {"vllm", ENGINE_QUERIED, C, SERIES_SUM, false, "vllm:prefix_cache_queries_total", "vllm:gpu_prefix_cache_queries_total", NULL},
    {"vllm", ENGINE_HIT, C, SERIES_SUM, false, "vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total", NULL},
    {"vllm", ENGINE_PREEMPTED, C, SERIES_SUM, false, "vllm:num_preemptions_total", NULL, NULL},
    {"vllm", ENGINE_SPEC_DRAFTED, C, SERIES_SUM, false, "vllm:spec_decode_num_draft_tokens_total", NULL, NULL},
    {"vllm", ENGINE_SPEC_ACCEPTED, C, SERIES_SUM, false, "vllm:spec_decode_num_accepted_tokens_total", NULL, NULL},
    {"vllm", ENGINE_PROMPT, C, SERIES_SUM, false, "vllm:prompt_tokens_total", NULL, NULL},
    {"vllm", ENGINE_GENERATED, C, SERIES_SUM, false, "vllm:generation_tokens_total", NULL, NULL},

    {"sglang", ENGINE_RUNNING, G, SERIES_SUM, true, "sglang:num_running_reqs", NULL, NULL},
    {"sglang", ENGINE_WAITING, G, SERIES_SUM, true, "sglang:num_queue_reqs", NULL, NULL},
    {"sglang", ENGINE_KV_SHARE, G, SERIES_MEAN, true, "sglang:token_usage", NULL, NULL},
    {"sglang", ENGINE_SPEC_SHARE, G, SERIES_MEAN, false, "sglang:spec_accept_rate", NULL, NULL},
    {"sglang", ENGINE_QUERIED, C, SERIES_SUM, true, "sglang:prompt_tokens_total", NULL, NULL},
    {"sglang", ENGINE_HIT, C, SERIES_SUM, true, "sglang:cached_tokens_total", NULL, NULL},
    {"sglang", ENGINE_PREEMPTED, C, SERIES_SUM, true, "sglang:num_retracted_requests_total", NULL, NULL},
    {"sglang", ENGINE_PROMPT, C, SERIES_SUM, true, "sglang:prompt_tokens_total", NULL, NULL},
    {"sglang", ENGINE_GENERATED, C, SERIES_SUM, true, "sglang:generation_tokens_total", NULL, NULL},

    {"llamacpp", ENGINE_RUNNING, G, SERIES_SUM, false, "llamacpp:requests_processing", NULL, NULL},
    {"llamacpp", ENGINE_WAITING, G, SERIES_SUM, false, "llamacpp:requests_deferred", NULL, NULL},
    {"llamacpp", ENGINE_KV_SHARE, G, SERIES_MEAN, false, "llamacpp:kv_cache_usage_ratio", NULL, NULL},
    {"llamacpp", ENGINE_QUERIED, C, SERIES_SUM, false, "llamacpp:prompt_tokens_total", NULL, "llamacpp:prompt_tokens_cached_total"},
    {"llamacpp", ENGINE_HIT, C, SERIES_SUM, false, "llamacpp:prompt_tokens_cached_total", NULL, NULL},
    {"llamacpp", ENGINE_SPEC_DRAFTED, C, SERIES_SUM, false, "llamacpp:spec_decode_num_draft_tokens_total", NULL, NULL},
    {"llamacpp", ENGINE_SPEC_ACCEPTED, C, SERIES_SUM, false, "llamacpp:spec_decode_num_accepted_tokens_total", NULL, NULL},
    {"llamacpp", ENGINE_PROMPT, C, SERIES_SUM, false, "llamacpp:prompt_tokens_total", NULL, "llamacpp:prompt_tokens_cached_total"},
    {"llamacpp", ENGINE_GENERATED, C, SERIES_SUM, false, "llamacpp:tokens_predicted_total", NULL, NULL},

    {"tgi", ENGINE_RUNNING, G, SERIES_SUM, true, "tgi_batch_current_size", NULL, NULL},
    {"tgi", ENGINE_WAITING, G, SERIES_SUM, true, "tgi_queue_size", NULL, NULL},
    {"tgi", ENGINE_SPEC_ACCEPTED, C, SERIES_SUM, true, "tgi_request_skipped_tokens_sum", NULL, NULL},
    {"tgi", ENGINE_PROMPT, C, SERIES_SUM, true, "tgi_request_input_length_sum", NULL, NULL},
    {"tgi", ENGINE_GENERATED, C, SERIES_SUM, true, "tgi_request_generated_tokens_sum", NULL, NULL},
};
/* clang-format on */
const size_t engine_metric_table_len = ARRAY_LEN(engine_metric_table);

_Static_assert(ARRAY_LEN(engine_metric_table) <= ENGINE_METRICS_MAX, "there is a sum for each row");

enum {
    SUM_NAME,
    SUM_OLDER,
    SUM_PLUS
};

static bool is_first_rank(const struct prometheus *sample, const char *label)
{
    const char *rank = NULL;
    size_t len = 0;
    return !prometheus_label(sample, label, &rank, &len) || (len == 1 && rank[0] == '0');
}

static void add_to_row(
    const struct engine_metric *row, const struct prometheus *sample, struct engine_metric_sum *sum)
{
    const char *const names[] = {row->name, row->older, row->plus};
    for (int which = SUM_NAME; which <= SUM_PLUS; which++) {
        if (names[which] != NULL && prometheus_is(sample, names[which]) &&
            is_first_rank(sample, "tp_rank") && is_first_rank(sample, "pp_rank")) {
            sum->sum[which] += sample->value;
            sum->n[which]++;
        }
    }
}

void engine_metric_add(
    const struct prometheus *sample, struct engine_metric_sum sums[ENGINE_METRICS_MAX])
{
    for (size_t i = 0; i < engine_metric_table_len; i++) {
        add_to_row(&engine_metric_table[i], sample, &sums[i]);
    }
}

double engine_metric_value(const struct engine_metric *self, const struct engine_metric_sum *sum)
{
    const int which = sum->n[SUM_NAME] > 0 ? SUM_NAME : SUM_OLDER;
    if (sum->n[which] == 0 || (self->plus != NULL && sum->n[SUM_PLUS] == 0)) {
        return self->late && self->role == TRACK_COUNTER ? 0.0 : (double)NAN;
    }
    const double value =
        self->rule == SERIES_MEAN ? sum->sum[which] / sum->n[which] : sum->sum[which];
    return value + (self->plus != NULL ? sum->sum[SUM_PLUS] : 0.0);
}

const char *
engine_metric_family(const struct engine_metric_sum sums[ENGINE_METRICS_MAX], const char *fallback)
{
    for (size_t i = 0; i < engine_metric_table_len; i++) {
        if (sums[i].n[SUM_NAME] + sums[i].n[SUM_OLDER] > 0) {
            return engine_metric_table[i].engine;
        }
    }
    return fallback;
}
