/* `bench selftest`: how exact this client is on this machine, and up to which load. */
#include "base/clock.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/selftest_report.h"

#include <stdio.h>

struct selftest_flags {
    struct option_given given;
    struct option_u32_list streams;
    double ttft_ms;
    double itl_ms;
    uint32_t tokens;
    uint32_t waves;
    int64_t seed;
    bool json;
};

#define AT(member) .offset = offsetof(struct selftest_flags, member)

static const struct option_row rows[] = {
    {.name = "streams",
     .value_name = "N,...",
     .type = OPTION_U32_LIST,
     AT(streams),
     .group = "Load",
     .default_text = "1,10,100,500,1000",
     .min = 1,
     .max = POINT_STREAMS_MAX,
     .help = "Requests in flight, one row of the table each."},
    {.name = "waves",
     .value_name = "N",
     .type = OPTION_U32,
     AT(waves),
     .default_text = "10",
     .min = 1,
     .max = 10000,
     .help = "Answers of each stream that are compared."},
    {.name = "ttft-ms",
     .value_name = "MS",
     .type = OPTION_F64,
     AT(ttft_ms),
     .group = "Simulated engine",
     .default_text = "50",
     .min = 0.001,
     .max = 60000,
     .help = "Time to the first token."},
    {.name = "itl-ms",
     .value_name = "MS",
     .type = OPTION_F64,
     AT(itl_ms),
     .default_text = "10",
     .min = 0.001,
     .max = 60000,
     .help = "Time between tokens."},
    {.name = "tokens",
     .value_name = "N",
     .type = OPTION_U32,
     AT(tokens),
     .default_text = "100",
     .min = 2,
     .max = 10000,
     .help = "Tokens of an answer."},
    {.name = "seed",
     .value_name = "N",
     .type = OPTION_I64,
     AT(seed),
     .default_text = "42",
     .help = "Seed of arrivals and texts."},
    {.name = "json", .type = OPTION_FLAG, AT(json), .group = "Output", .help = "Print JSON."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct selftest_flags)};

static int measure(
    const struct cli_context *context,
    const struct selftest_recipe *recipe,
    struct selftest_row *out,
    struct error *err)
{
    char label[48];
    (void)snprintf(label, sizeof(label), "%u streams", recipe->streams);
    const double answer_s = recipe->streams / selftest_rate_rps(recipe);
    struct progress progress = {
        .context = context,
        .label = label,
        .duration_ns = clock_ns_of_seconds(recipe->waves * answer_s),
        .stream = true,
    };
    const struct selftest_watch watch = {.tick = progress_tick, .context = &progress};
    const int result = selftest_run(recipe, &watch, out, err);
    progress_end(&progress);
    return result < 0 ? error_prefix(err, "%s: ", label) : 0;
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    (void)operands;
    const struct selftest_flags *flags = options;
    struct selftest_row measured[OPTION_LIST_MAX];
    progress_catch_signals();
    for (size_t i = 0; i < flags->streams.n; i++) {
        const struct selftest_recipe recipe = {
            .streams = flags->streams.values[i],
            .ttft_ns = clock_ns_of_seconds(flags->ttft_ms / 1e3),
            .itl_ns = clock_ns_of_seconds(flags->itl_ms / 1e3),
            .tokens = flags->tokens,
            .waves = flags->waves,
            .seed = (uint64_t)flags->seed,
            .spin_ns = POINT_DISPATCH_SPIN_NS,
        };
        const int result = measure(context, &recipe, &measured[i], err);
        if (result < 0) {
            return result;
        }
    }
    if (flags->json) {
        selftest_report_json(context, measured, flags->streams.n);
    } else {
        selftest_report_print(context, measured, flags->streams.n);
    }
    return selftest_report_trusted(measured, flags->streams.n) != NULL ? EXIT_GOOD : EXIT_OPERATION;
}

const struct command command_selftest = {
    .name = "selftest",
    .synopsis = "[options]",
    .summary = "measure the client's own error against the simulated engine",
    .description =
        "Drives the simulated engine, in a process of its own, and compares every event with the "
        "time at which it was really written. Says up to which load this machine measures within "
        "the limits: TTFT error p99 1 ms, ITL error p99 0.5 ms, 98 % of the streams in flight and "
        "of the tokens written, dispatch delay p99 1 ms (an open loop at the same rate). The "
        "default load is the recipe of vLLM's published table. The exit code is 1 where not even "
        "the smallest load is within the limits.\n"
        "Engine and client share this machine, so its limits are those of both. Other programs "
        "that run meanwhile show in the figures.\n",
    .examples = "  bench selftest\n"
                "  bench selftest --streams 256 --itl-ms 20 --json\n",
    .options = &table,
    .run = run,
};
