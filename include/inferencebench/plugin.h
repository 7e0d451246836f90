/* inferencebench/plugin.h - what a plugin that is code exports to `bench`, and what it is given.
 *
 * A plugin is a shared object with one exported constant, `bench_plugin`.  This header is all that it
 * needs: C99 or later, C++, or any language with C structs; no library of `bench` is linked.
 *
 *   static const char *list(const struct bench_host *host, uint32_t index) { ... }
 *   BENCH_PLUGIN_EXPORT const struct bench_plugin bench_plugin = {
 *       .abi = BENCH_PLUGIN_ABI, .size = sizeof(struct bench_plugin),
 *       .id = "my.words", .version = "1.0.0", .title = "Words of mine", .list = list,
 *   };
 *
 * Where and when: `bench` opens the object in a process of its own, forked for each of its tasks: before
 * the first request of a run is sent, and after the last answer is there.  Nothing of it runs while
 * something is measured, and a crash or a hang is told by the plugin's name and costs nothing else.
 * Static variables do not last from one task to the next.
 *
 * Reproducible: what a function gives must follow from what it is given and from the host's random
 * numbers alone, whatever was called before; `bench plugin check` holds it to that.
 *
 * Texts are UTF-8 and end with NUL.  What a function hands back is static or from host->alloc, whose
 * memory lives until the call under way returns; what it is handed lives as long.
 *
 * Growth: an ABI number never changes its meaning.  Members may be appended to structs; `size` of the
 * struct (or `stride` of an array) says how far the other side knows it.  SPDX: Apache-2.0. */
#ifndef INFERENCEBENCH_PLUGIN_H
#define INFERENCEBENCH_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_PLUGIN_ABI 1u

#if defined(__GNUC__)
#define BENCH_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define BENCH_PLUGIN_EXPORT
#endif

/* Services of the host, valid during the call that is given them. */
struct bench_host {
    uint32_t abi;  /* BENCH_PLUGIN_ABI of the host */
    uint32_t size; /* bytes of this struct as the host knows it */

    /* From `validate`: a warning of the run in one line.  The terminal shows it, every envelope holds
     * it, and --strict makes it fatal. */
    void (*warn)(const struct bench_host *host, const char *text);

    /* Says in one line why the call under way cannot give what it should; it then returns its value
     * for failure.  Before the run that ends the run; after it, scores or metrics are absent. */
    void (*fail)(const struct bench_host *host, const char *text);

    /* Zeroed memory until the call under way returns; NULL beyond 64 MiB in one call. */
    void *(*alloc)(const struct bench_host *host, size_t bytes);

    /* Random numbers of a stream that follows from the run's seed and, in next_request, from the index
     * of the request: the same call in the same run draws the same numbers.  64 bits; a whole number
     * below n (n > 0) without bias; [0, 1). */
    uint64_t (*random)(const struct bench_host *host);
    uint64_t (*below)(const struct bench_host *host, uint64_t n);
    double (*uniform)(const struct bench_host *host);

    /* `text` as a JSON string with its quotes; NULL when it is not UTF-8. */
    const char *(*json_quote)(const struct bench_host *host, const char *text);

    /* A value of a JSON object by its key, or by keys with dots between ("expected.low").  json_text
     * gives a string's text, json_number a number's value and 1.  NULL and 0 when it is absent, of
     * another kind, or `json` is not JSON. */
    const char *(*json_text)(const struct bench_host *host, const char *json, const char *key);
    int (*json_number)(
        const struct bench_host *host, const char *json, const char *key, double *out);
};

/* Which request is asked for. */
struct bench_ask {
    uint32_t size;
    const char *benchmark; /* its id */
    uint32_t index;        /* from 0 */
};

/* What is going to be run. */
struct bench_plan {
    uint32_t size;
    const char *benchmark;
    const char *engine; /* "vllm", ... */
    const char *model;  /* as it is sent */
    uint64_t seed;
    uint32_t n_requests;     /* in the pool */
    uint32_t max_tokens;     /* for requests that bring no length of their own */
    uint32_t context_tokens; /* of the model, as the engine tells; 0: it does not */
};

/* One answer to be judged. */
struct bench_answer {
    uint32_t size;
    const char *benchmark;
    const char
        *request;     /* the JSON text that asked for it, as next_request or the data file had it */
    const char *text; /* what the model answered; ends with NUL, and may hold NUL and non-UTF-8 */
    size_t len;       /* bytes of text */
};

/* How a request ended. */
#define BENCH_FAILED 0
#define BENCH_OK     1

/* Facts of one counted request, times in ns since the start of the point, -1 where a thing did not
 * happen or was not told. */
struct bench_fact {
    uint64_t index;
    const char *request;  /* JSON text as in bench_answer */
    int32_t outcome;      /* BENCH_OK or BENCH_FAILED */
    int32_t http_status;  /* 0: none came */
    int64_t scheduled_ns; /* when it should have been sent */
    int64_t sent_ns;
    int64_t first_token_ns;
    int64_t last_token_ns;
    int64_t end_ns;
    int32_t prompt_tokens;
    int32_t output_tokens;
    double score; /* 0..1, NAN where there is none */
};

/* A point that was measured. */
struct bench_result {
    uint32_t size;
    uint32_t stride; /* bytes from one fact to the next */
    const char *benchmark;
    uint64_t seed;
    int64_t window_ns; /* length of the measured window */
    uint64_t n;
    const struct bench_fact *facts; /* those counted, by rising index; use bench_fact_at */
};

static inline const struct bench_fact *bench_fact_at(const struct bench_result *result, uint64_t i)
{
    return (const struct bench_fact
                *)(const void *)((const char *)result->facts + (size_t)(i * result->stride));
}

/* Which way is better. */
#define BENCH_BETTER_NONE   0
#define BENCH_BETTER_HIGHER 1
#define BENCH_BETTER_LOWER  2

/* A number that `metrics` computes.  The envelope holds it as "plugin_KEY". */
struct bench_metric {
    const char *key;        /* a-z, 0-9 and '_', unit last: "gap_max_ms" */
    const char *unit;       /* "ms", "count", "share", ... */
    int32_t better;         /* BENCH_BETTER_... */
    const char *definition; /* one sentence: what is computed, over which requests */
};

/* The plugin.  `abi` is read before anything else of it. */
struct bench_plugin {
    uint32_t abi;        /* BENCH_PLUGIN_ABI */
    uint32_t size;       /* sizeof(struct bench_plugin) */
    const char *id;      /* words of a-z, 0-9 and '-', joined by dots; no other plugin's */
    const char *version; /* SemVer */
    const char *title;
    const char *license; /* SPDX expression; NULL: not said */

    /* Required.  The index-th benchmark as a YAML text (docs/adding-a-benchmark.md), NULL behind the
     * last.  Its `plugin` is `id`; its dataset is a built-in one, a synthetic one, or
     * "plugin:n=N": N requests from next_request. */
    const char *(*list)(const struct bench_host *host, uint32_t index);

    /* Needed for "plugin:n=N".  One request as a line of a JSON Lines dataset has it
     * (docs/adding-a-dataset.md): {"prompt": "...", "max_tokens": 64, "answer": "..."}; more keys may
     * stand in it.  NULL: there are no more, or it failed. */
    const char *(*next_request)(const struct bench_host *host, const struct bench_ask *ask);

    /* Needed for `scoring: plugin`.  Sets *out to 0 (wrong) .. 1 (right) and returns 1; returns 0 when
     * the answer cannot be judged, which is no score, and -1 after host->fail. */
    int (*score)(const struct bench_host *host, const struct bench_answer *answer, double *out);

    /* Optional.  Says with host->warn what would make this run worth less. */
    void (*validate)(const struct bench_host *host, const struct bench_plan *plan);

    /* Optional, together.  Sets one value for each row of the table, NAN where it does not exist; they
     * come in as NAN.  Returns 0, or -1 after host->fail. */
    const struct bench_metric *metric_table;
    uint32_t n_metrics;
    int (*metrics)(
        const struct bench_host *host, const struct bench_result *result, double *values);
};

/* What the object exports. */
extern BENCH_PLUGIN_EXPORT const struct bench_plugin bench_plugin;

#ifdef __cplusplus
}
#endif

#endif
