/* @ID@: a plugin of `bench`.  inferencebench/plugin.h explains every function and struct. */
#include <inferencebench/plugin.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_BYTES = 512
};

static const char example[] =
    "id: @ID@.example\n"
    "plugin: @ID@\n"
    "version: 0.1.0\n"
    "title: Requests made from the seed, closed loop\n"
    "kind: perf\n"
    "dataset: {recipe: 'plugin:n=100'}\n"
    "request: {shape: chat, max_tokens: 64}\n"
    "load: {driver: closed, concurrency: [1, 4, 16]}\n"
    "slo_template: llm.standard\n";

/* The benchmarks, one after the other. */
static const char *list(const struct bench_host *host, uint32_t index)
{
    (void)host;
    return index == 0 ? example : NULL;
}

/* Request `index`: what it asks follows from the host's random numbers, and they from seed and index. */
static const char *next_request(const struct bench_host *host, const struct bench_ask *ask)
{
    static const char *const words[] = {"river", "lamp", "orchard", "violin", "harbour"};
    char prompt[LINE_BYTES];
    (void)ask;
    (void)snprintf(
        prompt, sizeof(prompt), "Write %u sentences about a %s.", 1 + (unsigned)host->below(host, 4),
        words[host->below(host, sizeof(words) / sizeof(words[0]))]);
    const char *quoted = host->json_quote(host, prompt);
    char *line = host->alloc(host, LINE_BYTES);
    if (quoted == NULL || line == NULL) {
        host->fail(host, "there is no memory for a request");
        return NULL;
    }
    (void)snprintf(line, LINE_BYTES, "{\"prompt\": %s, \"answer\": \"yes\"}", quoted);
    return line;
}

/* Only for benchmarks of kind quality with `scoring: plugin`. */
static int score(const struct bench_host *host, const struct bench_answer *answer, double *out)
{
    const char *expected = host->json_text(host, answer->request, "answer");
    if (expected == NULL) {
        host->fail(host, "the request has no answer to compare with");
        return -1;
    }
    *out = strstr(answer->text, expected) != NULL ? 1.0 : 0.0;
    return 1;
}

static const struct bench_metric metric_table[] = {
    {"tokens_per_answer", "tokens", BENCH_BETTER_NONE, "Mean output tokens of the answered requests."},
};

static int metrics(const struct bench_host *host, const struct bench_result *result, double *values)
{
    double tokens = 0.0;
    uint64_t n = 0;
    (void)host;
    for (uint64_t i = 0; i < result->n; i++) {
        const struct bench_fact *fact = bench_fact_at(result, i);
        if (fact->outcome == BENCH_OK && fact->output_tokens >= 0) {
            tokens += fact->output_tokens;
            n++;
        }
    }
    if (n > 0) {
        values[0] = tokens / (double)n;
    }
    return 0;
}

BENCH_PLUGIN_EXPORT const struct bench_plugin bench_plugin = {
    .abi = BENCH_PLUGIN_ABI,
    .size = sizeof(struct bench_plugin),
    .id = "@ID@",
    .version = "0.1.0",
    .title = "Benchmarks of @ID@",
    .list = list,
    .next_request = next_request,
    .score = score,
    .metric_table = metric_table,
    .n_metrics = sizeof(metric_table) / sizeof(metric_table[0]),
    .metrics = metrics,
};
