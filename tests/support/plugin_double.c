/* A plugin that does one thing wrong, chosen by PLUGIN_DOUBLE: each number is one object of the tests. */
#include <inferencebench/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOOD           0
#define WRONG_ABI      1
#define NO_SYMBOL      2
#define SMALL          3
#define NO_LIST        4
#define CRASHES        5 /* when it lists */
#define BAD_SPEC       6
#define CLASH          7  /* a built-in id */
#define EXITS          8  /* when it lists */
#define OTHER_PLUGIN   9  /* a spec of another plugin */
#define CRASHES_LATE   10 /* in next_request, score and metrics */
#define REMEMBERS      11 /* what it gives depends on earlier calls */
#define BAD_SCORE      12 /* above 1 */
#define NO_REQUESTS    13 /* next_request is NULL */
#define BAD_JSON       14
#define FAILS          15 /* and says why */
#define HAS_FILE       16 /* a dataset that is a file */
#define BAD_METRIC_KEY 17
#define PRINTS         18 /* on stdout, whenever it can */
#define CRASHES_AFTER  19 /* in score and metrics */
#define QUALITY        21 /* nothing wrong: its answers are judged */
#define QUALITY_CRASH  22 /* judges, and crashes */
#define NO_SCORE       23 /* would judge, and score is NULL */
#define JUDGES_FILE    24 /* would judge answers to requests that it did not make */
#define LARGE          20 /* a table of a later header, with more members behind */

#ifndef PLUGIN_DOUBLE
#define PLUGIN_DOUBLE GOOD
#endif
#define IS(what) (PLUGIN_DOUBLE == (what))

#define IS_JUDGE (IS(QUALITY) || IS(QUALITY_CRASH) || IS(NO_SCORE) || IS(JUDGES_FILE))

/* The NULL that is written to: not known to the compiler. */
static int *volatile nowhere;

static const char *list(const struct bench_host *host, uint32_t index)
{
    if (IS(CRASHES)) {
        *nowhere = 1;
    }
    if (IS(EXITS)) {
        _exit(3);
    }
    if (IS(PRINTS)) {
        (void)puts("text of a plugin");
        (void)fflush(stdout);
    }
    if (IS(FAILS) && index == 1) {
        host->fail(host, "the second benchmark is lost");
        return NULL;
    }
    const char *plugin = IS(CLASH)          ? "llm.inference"
                         : IS(OTHER_PLUGIN) ? "my.other"
                                            : "test.double";
    const char *dataset = IS(HAS_FILE)      ? "jsonl:data.jsonl"
                          : IS(JUDGES_FILE) ? "chatbot-short"
                                            : "plugin:n=5";
    static const char form[] = "id: %s.one\nplugin: %s\nversion: 1.0.0\ntitle: %s\nkind: %s\n"
                               "dataset: {recipe: '%s'}\nrequest: {shape: chat, max_tokens: 8}\n"
                               "load: {driver: closed, concurrency: [2]}\nslo_template: llm.%s\n"
                               "%s";
    char *text = host->alloc(host, sizeof(form) + 256);
    if (index > 0 || text == NULL) {
        return NULL;
    }
    (void)snprintf(
        text, sizeof(form) + 256, form, plugin, plugin, "One",
        IS_JUDGE ? "quality\nscoring: plugin" : "perf", dataset, IS_JUDGE ? "quality" : "standard",
        IS(BAD_SPEC) ? "titel: x\n" : "");
    return text;
}

static const char *next_request(const struct bench_host *host, const struct bench_ask *ask)
{
    static unsigned n_calls;
    if (IS(CRASHES_LATE)) {
        abort();
    }
    n_calls++;
    char prompt[64];
    (void)snprintf(
        prompt, sizeof(prompt), "%u \"%llu\"", IS(REMEMBERS) ? n_calls : (unsigned)ask->index,
        (unsigned long long)host->below(host, 1000000));
    const char *quoted = host->json_quote(host, prompt);
    char *line = host->alloc(host, 256);
    if (quoted == NULL || line == NULL || ask->index >= 8) {
        return NULL;
    }
    (void)snprintf(
        line, 256,
        IS(BAD_JSON) ? "{\"prompt\": %s"
                     : "{\"prompt\": %s, \"answer\": \"yes\", \"deep\": {\"n\": 2}}",
        quoted);
    return line;
}

static int score(const struct bench_host *host, const struct bench_answer *answer, double *out)
{
    double n = 0.0;
    if (IS(CRASHES_LATE) || IS(CRASHES_AFTER) || IS(QUALITY_CRASH)) {
        *nowhere = 1;
    }
    const char *expected = host->json_text(host, answer->request, "answer");
    if (expected == NULL) {
        host->fail(host, "there is no answer to compare with");
        return -1;
    }
    if (answer->len == 0) {
        return 0;
    }
    if (host->json_number(host, answer->request, "deep.n", &n) != 1) {
        return -1;
    }
    *out = IS(BAD_SCORE) ? 1.5 : strcmp(expected, answer->text) == 0 ? 1.0 : 1.0 / n;
    return 1;
}

static void validate(const struct bench_host *host, const struct bench_plan *plan)
{
    if (plan->max_tokens > 1000) {
        host->warn(host, "more than a thousand\ntokens");
        host->warn(host, plan->engine);
    }
}

static const struct bench_metric rows[] = {
    {IS(BAD_METRIC_KEY) ? "Not A Key" : "counted", "count", BENCH_BETTER_NONE, "Requests."},
    {"nothing", "ms", BENCH_BETTER_LOWER, "Never there."},
};

static int metrics(const struct bench_host *host, const struct bench_result *result, double *values)
{
    (void)host;
    if (IS(CRASHES_LATE) || IS(CRASHES_AFTER)) {
        *nowhere = 1;
    }
    values[0] = 0.0;
    for (uint64_t i = 0; i < result->n; i++) {
        values[0] += bench_fact_at(result, i)->outcome == BENCH_OK;
    }
    return 0;
}

#if PLUGIN_DOUBLE == NO_SYMBOL
#define SYMBOL bench_plugin_misspelt
#else
#define SYMBOL bench_plugin
#endif

BENCH_PLUGIN_EXPORT const struct bench_plugin SYMBOL = {
    .abi = IS(WRONG_ABI) ? 7 : BENCH_PLUGIN_ABI,
    .size = IS(SMALL) ? 16 : sizeof(struct bench_plugin) + (IS(LARGE) ? 64 : 0),
    .id = IS(CLASH) ? "llm.inference" : "test.double",
    .version = "1.2.3",
    .title = "A double",
    .list = IS(NO_LIST) ? NULL : list,
    .next_request = IS(NO_REQUESTS) ? NULL : next_request,
    .score = IS(NO_SCORE) ? NULL : score,
    .validate = validate,
    .metric_table = rows,
    .n_metrics = 2,
    .metrics = metrics,
};
