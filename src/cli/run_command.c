/* The row of `bench run`, and the step from flags to options. */
#include "cli/run_main.h"

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    struct run_options resolved;
    const int result = run_options_resolve(options, operands[0], &resolved, err);
    return result < 0 ? result : command_run_main(context, &resolved, err);
}

const struct command command_run = {
    .name = "run",
    .synopsis = "<suite-id> [options]",
    .summary = "drive an engine, measure it, write signed envelopes",
    .description =
        "Sends the requests of a benchmark to an engine and measures every token. Each measured "
        "point gives one signed envelope in --output, and at the end a table with one row a point.\n"
        "\n"
        "<suite-id> is a benchmark (llm.inference.chatbot-short) or a plugin (llm.inference: its "
        "first benchmark); 'bench list benchmarks' names them. Everything that can be checked is "
        "checked before the first request. Ctrl-C once stops sending and writes what is complete, "
        "twice stops at once.\n"
        "\n"
        "--repeat launches every point several times, all points once before any twice. Launch 1 has "
        "the seed of --seed, the others seeds that follow from it (--dry-run shows them); each gives "
        "an envelope of its own. The table then ends each point with mean, 95 % Student-t interval "
        "of the mean (+- half its width), standard deviation, least and greatest of the launches. "
        "There is no interval where launches are all alike, and an interrupted launch is not "
        "counted.\n"
        "\n"
        "The exit code is 0 only when every point has an ok_rate of 0.95 or more.\n",
    .examples = "  bench run llm.inference.chatbot-short --engine sim --sweep 1,4,16 --duration 5\n"
                "  bench run llm.inference.chatbot-short --base-url http://localhost:8000/v1 \\\n"
                "      --model meta-llama/Llama-3.1-8B-Instruct --sweep 1,4,16,64\n"
                "  bench run llm.inference.sharegpt-v3 --rps-sweep 1,2,4 --dataset sharegpt:FILE\n",
    .options = &run_option_table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
