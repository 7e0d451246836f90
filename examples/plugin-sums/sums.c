/* A plugin of `bench` in plain C: sums to be done in the head, made from the seed, judged by their last number.
 *
 * Nothing but inferencebench/plugin.h and the C library is used. */
#include <inferencebench/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_BYTES = 512,
    NUMBER_MAX = 900,
    TOKENS_FOR_A_SUM = 64
};

static const char speed_spec[] =
    "id: examples.sums.speed\n"
    "plugin: examples.sums\n"
    "version: 1.0.0\n"
    "title: Sums of two numbers, short answers, closed loop\n"
    "kind: perf\n"
    "dataset: {recipe: 'plugin:n=200'}\n"
    "request: {shape: chat, max_tokens: 64, temperature: 0.0}\n"
    "load: {driver: closed, concurrency: [1, 4, 16]}\n"
    "slo_template: llm.standard\n";

static const char accuracy_spec[] =
    "id: examples.sums.accuracy\n"
    "plugin: examples.sums\n"
    "version: 1.0.0\n"
    "title: Sums of two numbers, judged by the last number of the answer\n"
    "kind: quality\n"
    "scoring: plugin\n"
    "dataset: {recipe: 'plugin:n=100'}\n"
    "request: {shape: chat, max_tokens: 64, temperature: 0.0}\n"
    "load: {driver: closed, concurrency: [4]}\n"
    "slo_template: llm.quality\n";

static const char *list(const struct bench_host *host, uint32_t index)
{
    static const char *const specs[] = {speed_spec, accuracy_spec};
    (void)host;
    return index < sizeof(specs) / sizeof(specs[0]) ? specs[index] : NULL;
}

/* Everything follows from the host's random numbers, which follow from seed and index. */
static const char *next_request(const struct bench_host *host, const struct bench_ask *ask)
{
    static const char *const things[] = {"apples", "stamps", "marbles", "tickets", "pages"};
    (void)ask;
    const unsigned a = 100 + (unsigned)host->below(host, NUMBER_MAX);
    const unsigned b = 100 + (unsigned)host->below(host, NUMBER_MAX);
    const char *thing = things[host->below(host, sizeof(things) / sizeof(things[0]))];
    char prompt[LINE_MAX_BYTES];
    (void)snprintf(
        prompt, sizeof(prompt),
        "A box holds %u %s and another one %u. How many %s are that together? Answer with the number.",
        a, thing, b, thing);
    const char *quoted = host->json_quote(host, prompt);
    char *line = host->alloc(host, LINE_MAX_BYTES);
    if (quoted == NULL || line == NULL) {
        host->fail(host, "there is no memory for a request");
        return NULL;
    }
    (void)snprintf(
        line, LINE_MAX_BYTES,
        "{\"prompt\": %s, \"max_tokens\": %d, \"answer\": \"%u\", \"category\": \"%s\"}", quoted,
        TOKENS_FOR_A_SUM, a + b, a % 10 + b % 10 > 9 ? "carry" : "no-carry");
    return line;
}

/* Right when the last number of the answer is the sum. */
static int score(const struct bench_host *host, const struct bench_answer *answer, double *out)
{
    const char *expected = host->json_text(host, answer->request, "answer");
    if (expected == NULL) {
        host->fail(host, "the request has no answer to compare with");
        return -1;
    }
    size_t end = answer->len;
    while (end > 0 && (answer->text[end - 1] < '0' || answer->text[end - 1] > '9')) {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && answer->text[begin - 1] >= '0' && answer->text[begin - 1] <= '9') {
        begin--;
    }
    *out = end - begin == strlen(expected) && memcmp(answer->text + begin, expected, end - begin) == 0
               ? 1.0
               : 0.0;
    return 1;
}

static void validate(const struct bench_host *host, const struct bench_plan *plan)
{
    if (plan->max_tokens < TOKENS_FOR_A_SUM / 2) {
        host->warn(host, "max_tokens is too small for a model that shows how it adds");
    }
}

static const struct bench_metric metric_table[] = {
    {"answer_p50_ms", "ms", BENCH_BETTER_LOWER,
     "Median time from sending a request to the last token of its answer, over the answered ones."},
    {"answers_per_s", "req/s", BENCH_BETTER_HIGHER, "Answered requests divided by the window's length."},
};

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int
metrics(const struct bench_host *host, const struct bench_result *result, double *values)
{
    double *ms = host->alloc(host, (size_t)(result->n + 1) * sizeof(*ms));
    if (ms == NULL) {
        host->fail(host, "there are too many requests");
        return -1;
    }
    size_t n = 0;
    for (uint64_t i = 0; i < result->n; i++) {
        const struct bench_fact *fact = bench_fact_at(result, i);
        if (fact->outcome == BENCH_OK && fact->last_token_ns >= 0) {
            ms[n++] = (double)(fact->last_token_ns - fact->sent_ns) / 1e6;
        }
    }
    if (n > 0) {
        qsort(ms, n, sizeof(*ms), compare);
        values[0] = n % 2 == 1 ? ms[n / 2] : (ms[n / 2 - 1] + ms[n / 2]) / 2.0;
    }
    if (result->window_ns > 0) {
        values[1] = (double)n / ((double)result->window_ns / 1e9);
    }
    return 0;
}

BENCH_PLUGIN_EXPORT const struct bench_plugin bench_plugin = {
    .abi = BENCH_PLUGIN_ABI,
    .size = sizeof(struct bench_plugin),
    .id = "examples.sums",
    .version = "1.0.0",
    .title = "Sums to be done in the head",
    .license = "Apache-2.0",
    .list = list,
    .next_request = next_request,
    .score = score,
    .validate = validate,
    .metric_table = metric_table,
    .n_metrics = sizeof(metric_table) / sizeof(metric_table[0]),
    .metrics = metrics,
};
