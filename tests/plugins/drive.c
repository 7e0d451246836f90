/* A host of its own for one plugin, linked with it: calls every function many times with small and odd input.
 *
 * Built with the sanitizers, so that what a plugin reads or leaks wrongly ends the program; and a second
 * implementation of the host, which the header alone must be enough for. */
#include <inferencebench/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    POOL = 50,
    BLOCKS = 10000
};

static void *blocks[BLOCKS];
static size_t n_blocks;
static uint64_t state;
static unsigned n_failures;

static void take_back(void)
{
    while (n_blocks > 0) {
        free(blocks[--n_blocks]);
    }
}

static void host_warn(const struct bench_host *host, const char *text)
{
    (void)host;
    (void)strlen(text);
}

static void host_fail(const struct bench_host *host, const char *text)
{
    host_warn(host, text);
    n_failures++;
}

static void *host_alloc(const struct bench_host *host, size_t bytes)
{
    (void)host;
    return n_blocks == BLOCKS ? NULL : (blocks[n_blocks++] = calloc(1, bytes));
}

static uint64_t host_random(const struct bench_host *host)
{
    (void)host;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state;
}

static uint64_t host_below(const struct bench_host *host, uint64_t n)
{
    return host_random(host) % n;
}

static double host_uniform(const struct bench_host *host)
{
    return (double)(host_random(host) >> 11) / 9007199254740992.0;
}

/* ASCII without escapes is all that the examples ask for. */
static const char *host_json_quote(const struct bench_host *host, const char *text)
{
    const size_t len = strlen(text);
    char *out = host_alloc(host, len + 3);
    if (out != NULL) {
        out[0] = '"';
        memcpy(out + 1, text, len);
        out[len + 1] = '"';
    }
    return out;
}

static const char *host_json_text(const struct bench_host *host, const char *json, const char *key)
{
    char mark[64];
    (void)snprintf(mark, sizeof(mark), "\"%s\": \"", key);
    const char *at = strstr(json, mark);
    const char *end = at == NULL ? NULL : strchr(at + strlen(mark), '"');
    if (end == NULL) {
        return NULL;
    }
    at += strlen(mark);
    char *out = host_alloc(host, (size_t)(end - at) + 1);
    if (out != NULL) {
        memcpy(out, at, (size_t)(end - at));
    }
    return out;
}

static int
host_json_number(const struct bench_host *host, const char *json, const char *key, double *out)
{
    (void)host;
    (void)json;
    (void)key;
    (void)out;
    return 0;
}

static const struct bench_host host = {
    BENCH_PLUGIN_ABI,  sizeof(struct bench_host), host_warn,       host_fail,       host_alloc,
    host_random,       host_below,                host_uniform,    host_json_quote, host_json_text,
    host_json_number,
};

/* An answer on the heap, in exactly its length and a NUL. */
static void judge(const char *request, const char *text, size_t len)
{
    char *copy = calloc(1, len + 1);
    double out = 2.0;
    memcpy(copy, text, len);
    const struct bench_answer answer = {sizeof(answer), "x", request, copy, len};
    const int rc = bench_plugin.score(&host, &answer, &out);
    if (rc == 1 && !(out >= 0.0 && out <= 1.0)) {
        n_failures++;
    }
    free(copy);
}

static void drive_requests(void)
{
    for (uint32_t i = 0; i < POOL; i++) {
        const struct bench_ask ask = {sizeof(ask), "x", i};
        state = i;
        const char *text = bench_plugin.next_request(&host, &ask);
        if (text == NULL || bench_plugin.score == NULL) {
            break;
        }
        judge(text, "", 0);
        judge(text, "\xff\0 7", 4);
        judge(text, "The answer is 1234.", strlen("The answer is 1234."));
        const char *expected = host_json_text(&host, text, "answer");
        if (expected != NULL) {
            judge(text, expected, strlen(expected));
        }
        take_back();
    }
}

static void drive_metrics(void)
{
    struct bench_fact facts[4] = {
        {0, "{}", BENCH_OK, 200, 0, 1000, 2000000, 9000000, 9100000, 10, 8, 1.0},
        {1, "{}", BENCH_FAILED, 500, 5000000, 5001000, -1, -1, 6000000, -1, -1, 0.0},
        {2, "{}", BENCH_OK, 200, 9000000, 9001000, 9500000, 9500000, 9600000, 1, 1, 0.0},
        {3, "{}", BENCH_FAILED, 0, 9900000, -1, -1, -1, -1, -1, -1, 0.0},
    };
    for (uint64_t n = 0; n <= 4; n++) {
        const struct bench_result result = {sizeof(result), sizeof(facts[0]), "x", 42, 1000000, n, facts};
        double *values = calloc(bench_plugin.n_metrics, sizeof(*values));
        if (bench_plugin.metrics(&host, &result, values) != 0) {
            n_failures++;
        }
        free(values);
        take_back();
    }
}

int main(void)
{
    for (uint32_t i = 0; bench_plugin.list(&host, i) != NULL; i++) {
        take_back();
    }
    if (bench_plugin.next_request != NULL) {
        drive_requests();
    }
    if (bench_plugin.n_metrics > 0) {
        drive_metrics();
    }
    if (bench_plugin.validate != NULL) {
        const struct bench_plan plan = {sizeof(plan), "x", "sim", "sim", 42, 1, 1, 0};
        bench_plugin.validate(&host, &plan);
    }
    take_back();
    (void)printf("%u failures\n", n_failures);
    return n_failures == 0 ? 0 : 1;
}
