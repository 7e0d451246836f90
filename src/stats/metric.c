/* The table, in the order of readouts: rates first, then latencies as a request lives them, then
 * counts, then energy and money.  The words that many rows share are macros, so that a definition is
 * changed in one place. */
#include "stats/metric.h"

#include "base/text.h"

/* clang-format off */
#define OVER_OK   "over the counted requests that ended ok"
#define START     "the scheduled time (open loop) or the send (closed loop)"
#define WHOLE     "last generated text (without streaming: end of the answer)"
#define QUANTILE  "exact, linear between neighbours"
#define AS_INF    "; a counted request that failed stands as infinitely slow, and null means infinite"

#define DEF_TTFT  "time from " START " to the first generated text of any kind, " OVER_OK
#define DEF_SEND  "time from the send to the first generated text of any kind, " OVER_OK
#define DEF_TTFO  "time from " START " to the first content (not reasoning, not a tool call), " OVER_OK
#define DEF_TPOT  "(last token - first token) / (output tokens - 1) of each request with at least two tokens, " OVER_OK
#define DEF_ITL   "time between events that brought tokens, divided by the tokens of the later event and " \
                  "counted once for each of them, pooled " OVER_OK
#define DEF_ICL   "time between consecutive events with generated text, whatever tokens they brought, pooled " OVER_OK
#define DEF_TOTAL "time from " START " to the " WHOLE ", " OVER_OK
#define DEF_TOTAL_SEND "time from the send to the " WHOLE ", " OVER_OK

#define MS(key, title, definition) {key, "ms", BETTER_LOWER, 2, title, definition}
#define PERCENTILE(key, name, definition) MS(key, name, definition "; percentile " QUANTILE)
#define MEAN(key, name, definition) MS(key, name, definition "; arithmetic mean")
/* clang-format on */

const struct metric metric_table[] = {
    {"throughput_tok_per_s", "tok/s", BETTER_HIGHER, 2, "Throughput",
     "output tokens that arrived inside the window / window length, over all requests that were in "
     "flight in it, whatever their phase and outcome; a request whose engine told a total "
     "(usage) that differs from the sum over its events has that total spread over its events in "
     "proportion to their own counts; an answer that does not stream arrives whole at its end"},
    {"req_per_s_all", "req/s", BETTER_HIGHER, 3, "Requests per second",
     "requests of any phase that ended ok inside the window / window length"},
    {"req_per_s_passing", "req/s", BETTER_HIGHER, 3, "Goodput",
     "requests of any phase that ended ok inside the window and met every limit of the service "
     "level / window length"},
    {"prompt_tok_per_s", "tok/s", BETTER_HIGHER, 2, "Prompt throughput",
     "prompt tokens, by the engine's count, of the ok requests whose first generated text (without "
     "streaming: end) arrived inside the window / window length; null when a count is missing"},
    {"ok_rate", "share", BETTER_HIGHER, 4, "OK rate", "counted requests that ended ok / counted"},
    {"compliance_rate", "share", BETTER_HIGHER, 4, "SLO compliance",
     "counted requests that ended ok and met every limit of the service level / counted; a limit "
     "on a time that the request does not have (TPOT with one token, TTFT and TPOT without "
     "streaming) is met"},

    {"accuracy", "share", BETTER_HIGHER, 4, "Accuracy",
     "mean score of the answers that were scored (docs/scoring.md); a counted request that failed has "
     "none: ok_rate tells of those; absent, as all of accuracy, but for quality benchmarks"},
    {"accuracy_incl_failures", "share", BETTER_HIGHER, 4, "Accuracy with failures",
     "sum of scores / (scored answers + counted requests that failed), which thus count as wrong"},

    PERCENTILE("ttft_p50_ms", "TTFT p50", DEF_TTFT),
    PERCENTILE("ttft_p90_ms", "TTFT p90", DEF_TTFT),
    PERCENTILE("ttft_p95_ms", "TTFT p95", DEF_TTFT),
    PERCENTILE("ttft_p99_ms", "TTFT p99", DEF_TTFT),
    MEAN("ttft_mean_ms", "TTFT mean", DEF_TTFT),
    PERCENTILE("ttft_p99_incl_failures_ms", "TTFT p99 with failures", DEF_TTFT AS_INF),
    PERCENTILE("ttft_from_send_p50_ms", "TTFT from send p50", DEF_SEND),
    PERCENTILE("ttft_from_send_p99_ms", "TTFT from send p99", DEF_SEND),
    PERCENTILE("ttfo_p50_ms", "TTFO p50", DEF_TTFO),
    PERCENTILE("ttfo_p99_ms", "TTFO p99", DEF_TTFO),

    PERCENTILE("tpot_p50_ms", "TPOT p50", DEF_TPOT),
    PERCENTILE("tpot_p90_ms", "TPOT p90", DEF_TPOT),
    PERCENTILE("tpot_p95_ms", "TPOT p95", DEF_TPOT),
    PERCENTILE("tpot_p99_ms", "TPOT p99", DEF_TPOT),
    MEAN("tpot_mean_ms", "TPOT mean", DEF_TPOT),

    PERCENTILE("itl_p50_ms", "ITL p50", DEF_ITL),
    PERCENTILE("itl_p90_ms", "ITL p90", DEF_ITL),
    PERCENTILE("itl_p95_ms", "ITL p95", DEF_ITL),
    PERCENTILE("itl_p99_ms", "ITL p99", DEF_ITL),
    MEAN("itl_mean_ms", "ITL mean", DEF_ITL),
    MS("itl_max_ms", "ITL max", DEF_ITL "; the largest"),
    PERCENTILE("icl_p50_ms", "ICL p50", DEF_ICL),
    PERCENTILE("icl_p99_ms", "ICL p99", DEF_ICL),

    PERCENTILE("total_p50_ms", "E2E p50", DEF_TOTAL),
    PERCENTILE("total_p90_ms", "E2E p90", DEF_TOTAL),
    PERCENTILE("total_p95_ms", "E2E p95", DEF_TOTAL),
    PERCENTILE("total_p99_ms", "E2E p99", DEF_TOTAL),
    MEAN("total_mean_ms", "E2E mean", DEF_TOTAL),
    PERCENTILE("total_p99_incl_failures_ms", "E2E p99 with failures", DEF_TOTAL AS_INF),
    PERCENTILE("total_from_send_p50_ms", "E2E from send p50", DEF_TOTAL_SEND),
    PERCENTILE("total_from_send_p99_ms", "E2E from send p99", DEF_TOTAL_SEND),

    MS("cold_start_ms",
       "Cold start",
       "TTFT of the very first request after the connect, before any warm-up"),
    MS("connect_wait_max_ms",
       "Connect wait max",
       "longest time that a counted request waited for a connection to be made; 0 when none did"),

    {"n_samples", "count", BETTER_NONE, 0, "Requests",
     "counted requests: scheduled (open loop) or sent (closed loop) inside the window"},
    {"n_ok", "count", BETTER_NONE, 0, "OK requests", "counted requests that ended ok"},
    {"n_scored", "count", BETTER_NONE, 0, "Scored answers",
     "counted requests whose answer has a score"},
    {"output_tokens_mean", "tok", BETTER_NONE, 2, "Output tokens",
     "output tokens of a request (the engine's count, else the sum over its events); arithmetic "
     "mean " OVER_OK},
    {"prompt_tokens_mean", "tok", BETTER_NONE, 2, "Prompt tokens",
     "prompt tokens of a request by the engine's count; arithmetic mean " OVER_OK
     " and told a count"},

    {"joules_per_token", "J/tok", BETTER_LOWER, 4, "Energy per token",
     "energy integrated over the window / output tokens that arrived inside it; absent, as all of "
     "energy, when no source covers the window"},
    {"joules_per_request", "J/req", BETTER_LOWER, 3, "Energy per request",
     "energy integrated over the window / requests of any phase that ended ok inside it"},
    {"power_avg_w", "W", BETTER_LOWER, 1, "Mean power", "energy over the window / window length"},
    {"power_peak_w", "W", BETTER_LOWER, 1, "Peak power",
     "largest power of all counted sources together at any sample inside the window; between samples "
     "power is linear, and of a source with a running total alone it is the mean between two readings"},
    {"energy_joules_total", "J", BETTER_LOWER, 1, "Energy",
     "energy integrated over the window: sum over the counted sources, each by the difference of its "
     "running total where it has one, else by the trapezoid rule over its power samples"},
    {"energy_uncertainty_joules", "J", BETTER_NONE, 1, "Energy left open",
     "half of what the samples leave open: energy between the window's edges and their neighbouring "
     "samples, the way of power between samples, estimated parts, resolution; not the sensors' own "
     "error"},
    {"cost_usd_per_million_tokens", "USD/Mtok", BETTER_LOWER, 3, "Cost per million tokens",
     "USD for one million output tokens, input paid for: cost_usd_total / output tokens of the same "
     "requests; with cost_source price-per-hour the price of the deployment's time / output tokens "
     "that arrived in it; absent, as all of cost, without a price that applies"},
    {"cost_usd_per_request", "USD/req", BETTER_LOWER, 6, "Cost per request",
     "cost_usd_total / counted requests that ended ok; with cost_source price-per-hour the price of "
     "the window / requests of any phase that ended ok inside it"},
    {"cost_usd_total", "USD", BETTER_NONE, 6, "Cost",
     "what the counted requests that ended ok cost: the sum of what the provider told (cost_source "
     "provider), else their input, cached input and output tokens, by the engine's counts, times the "
     "list price that applies; with cost_source price-per-hour the price of the window's time"},
};

const size_t metric_table_len = ARRAY_LEN(metric_table);

const struct metric *metric_find(const char *key)
{
    for (size_t i = 0; i < metric_table_len; i++) {
        if (text_equal(metric_table[i].key, key)) {
            return &metric_table[i];
        }
    }
    return NULL;
}
