/* What the simulated engine can be told of a point: numbers, rounded to what it can do. */
#include "base/clock.h"
#include "load/selftest.h"

#include <math.h>

/* Between the two tokens that stand for an answer of one. */
#define LONE_TOKEN_ITL_NS NS_PER_MS
/* As for `bench selftest`. */
#define DURATION_MIN_NS NS_PER_US

static int64_t clamp_ns(double ms, int64_t max_ns)
{
    const double ns = ms * (double)NS_PER_MS;
    if (ns < (double)DURATION_MIN_NS) {
        return DURATION_MIN_NS;
    }
    return ns < (double)max_ns ? (int64_t)ns : max_ns;
}

static uint32_t clamp_tokens(double tokens)
{
    if (tokens < 2.0) {
        return 2;
    }
    return tokens < SELFTEST_LIKE_TOKENS_MAX ? (uint32_t)tokens : SELFTEST_LIKE_TOKENS_MAX;
}

static uint32_t streams_of(const struct point_facts *facts, const struct summary *summary)
{
    if (facts->driver == DRIVER_CLOSED) {
        return facts->concurrency;
    }
    const double mean = ceil(summary->measurement.in_flight_mean);
    if (!(mean > 1.0)) {
        return 1;
    }
    return mean < POINT_STREAMS_MAX ? (uint32_t)mean : POINT_STREAMS_MAX;
}

/* At least so many answers as fill the window. */
static uint32_t waves_of(const struct selftest_recipe *recipe)
{
    const int64_t answer_ns = recipe->ttft_ns + (int64_t)(recipe->tokens - 1) * recipe->itl_ns;
    const int64_t waves = (SELFTEST_LIKE_WINDOW_NS + answer_ns - 1) / answer_ns;
    return waves > SELFTEST_LIKE_WAVES_MIN ? (uint32_t)waves : SELFTEST_LIKE_WAVES_MIN;
}

const char *selftest_recipe_like(
    const struct point_facts *facts,
    const struct summary *summary,
    struct selftest_recipe *out,
    double *out_scale)
{
    const double ttft_ms = summary_get(summary, "ttft_p50_ms");
    const double tokens = summary_get(summary, "output_tokens_mean");
    double itl_ms = summary_get(summary, "tpot_p50_ms");
    if (!facts->streaming) {
        return "its answers do not stream";
    }
    if (isnan(ttft_ms) || isnan(tokens)) {
        return "no request of it was answered";
    }
    if (isnan(itl_ms)) {
        itl_ms = (double)LONE_TOKEN_ITL_NS / (double)NS_PER_MS;
    }
    const double answer_max_ms = (double)SELFTEST_LIKE_ANSWER_MAX_NS / (double)NS_PER_MS;
    const double answer_ms = ttft_ms + fmax(tokens - 1.0, 1.0) * itl_ms;
    const double scale = fmin(1.0, answer_max_ms / answer_ms);
    /* Two tokens are the least: where the gap between them is too long for an answer, it is cut. */
    *out = (struct selftest_recipe){
        .streams = streams_of(facts, summary),
        .ttft_ns = clamp_ns(ttft_ms * scale, SELFTEST_LIKE_ANSWER_MAX_NS),
        .itl_ns = clamp_ns(itl_ms, SELFTEST_LIKE_ANSWER_MAX_NS / 2),
        .tokens = clamp_tokens(scale < 1.0 ? floor(tokens * scale) : round(tokens)),
        .rate_rps = facts->driver == DRIVER_OPEN ? facts->rate_rps / scale : 0.0,
    };
    out->waves = waves_of(out);
    *out_scale = scale;
    return NULL;
}
