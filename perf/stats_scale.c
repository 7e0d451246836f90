/* stats_scale - seconds and memory of all numbers of a large point: a million requests, without token
 * events and with a hundred token gaps each.
 *
 * usage: stats_scale [REQUESTS [GAPS]].  Memory is the process's peak, so the larger part comes last;
 * what the records take is said beside it.  Gaps scatter by 10 % around 10 ms; every eighth request
 * has events of two tokens. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "stats/summary.h"
#include "stats/token_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    PERF_REQUESTS = 1000000,
    PERF_GAPS = 100,
    DECIMAL = 10,
    KIB_PER_MIB = 1024
};

static const int64_t itl_ns = 10 * NS_PER_MS;

static uint64_t
make_events(struct rng *rng, struct token_log *log, struct record *record, uint32_t n_gaps)
{
    token_log_clear(log);
    struct token_event event = {.arrival_ns = record->first_token_ns};
    event.tokens = record->index % 8 == 0 ? 2 : 1;
    for (uint32_t e = 0; e <= n_gaps; e++) {
        token_log_add(log, &event);
        event.arrival_ns += itl_ns + (int64_t)rng_below(rng, (uint64_t)itl_ns / 5) - itl_ns / 10;
    }
    record->last_token_ns = log->last_ns;
    record->end_ns = log->last_ns;
    uint32_t *words = mem_alloc(log->n_words, sizeof(*words));
    memcpy(words, log->words, log->n_words * sizeof(*words));
    record->n_events = n_gaps + 1;
    record->event_words = words;
    return log->n_words * sizeof(*words);
}

static void measure(uint64_t n, uint32_t n_gaps)
{
    struct rng rng;
    rng_init(&rng, 1, RNG_STREAM_TEST);
    struct token_log log;
    token_log_init(&log, n_gaps);
    struct record *records = mem_alloc(n, sizeof(*records));
    uint64_t size = n * sizeof(*records);
    for (uint64_t i = 0; i < n; i++) {
        const int64_t sent_ns = (int64_t)i * NS_PER_MS;
        const int64_t first_ns = sent_ns + (int64_t)rng_exponential(&rng, 50e6);
        records[i] = (struct record){
            .index = i,
            .phase = PHASE_WINDOW,
            .scheduled_ns = sent_ns,
            .sent_ns = sent_ns,
            .first_token_ns = first_ns,
            .content_ns = first_ns,
            .last_token_ns = first_ns,
            .end_ns = first_ns,
            .prompt_tokens = 20,
            .output_tokens = (int32_t)n_gaps + 1,
            .output_tokens_usage = true};
        if (n_gaps > 0) {
            size += make_events(&rng, &log, &records[i], n_gaps);
        }
    }
    token_log_done(&log);
    const struct record_set set = {.records = records, .n = n, .has_events = n_gaps > 0};
    const struct point_facts facts = {
        .seed = 42,
        .streaming = true,
        .concurrency = 100,
        .window_end_ns = (int64_t)n * NS_PER_MS,
        .end_ns = (int64_t)n * NS_PER_MS};
    struct summary *summary = MEM_NEW(struct summary);
    const int64_t start_ns = clock_thread_cpu_ns();
    summary_compute(&facts, &set, summary);
    const double seconds = (double)(clock_thread_cpu_ns() - start_ns) / 1e9;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf(
        "%10llu %12llu %10.2f %12ld %12llu   %.4f %.4f\n", (unsigned long long)n,
        (unsigned long long)(n * n_gaps), seconds, usage.ru_maxrss / KIB_PER_MIB,
        (unsigned long long)(size >> 20), summary_get(summary, "ttft_p99_ms"),
        summary_get(summary, "itl_p99_ms"));
    for (uint64_t i = 0; i < n; i++) {
        free((void *)(uintptr_t)records[i].event_words);
    }
    free(records);
    free(summary);
}

int main(int argc, char **argv)
{
    const uint64_t n = argc > 1 ? strtoull(argv[1], NULL, DECIMAL) : PERF_REQUESTS;
    const uint32_t n_gaps = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, DECIMAL) : PERF_GAPS;
    printf(
        "%10s %12s %10s %12s %12s   %s\n", "requests", "gaps", "CPU s", "peak MiB", "records MiB",
        "TTFT p99, ITL p99 ms");
    measure(n, 0);
    measure(n, n_gaps);
    return 0;
}
