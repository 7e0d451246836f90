/* `bench sim`: the simulated engine as a server, until a signal.  Signals are blocked before the
 * server's thread exists and taken by sigwait, so nothing runs inside a signal handler. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/sim_defaults.h"
#include "codec/json.h"
#include "net/limits.h"
#include "sim/sim_answer.h"
#include "sim/sim_server.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct sim_flags {
    struct option_given given;
    uint32_t port;
    const char *host;
    const char *model;
    int style;
    double ttft_ms;
    double itl_ms;
    uint32_t tokens;
    uint32_t max_batch;
    double prefill_tok_per_s;
    double jitter;
    int64_t seed;
    uint32_t max_model_len;
    const char *api_key_env;
    const char *faults;
    const char *answers;
    const char *truth;
    const char *tls_cert;
    const char *tls_key;
};

#define AT(member) .offset = offsetof(struct sim_flags, member)

static const char *const styles[] = {
    [SIM_STYLE_VLLM] = "vllm",
    [SIM_STYLE_LLAMACPP] = "llamacpp",
    [SIM_STYLE_LLAMACPP + 1] = NULL,
};

static const struct option_row rows[] = {
    {.name = "port",
     .letter = 'p',
     .value_name = "PORT",
     .type = OPTION_U32,
     AT(port),
     .group = "Server",
     .default_text = "0",
     .max = 65535,
     .help = "Port to listen on; 0: any that is free."},
    {.name = "host",
     .value_name = "ADDRESS",
     .type = OPTION_TEXT,
     AT(host),
     .default_text = "127.0.0.1",
     .not_empty = true,
     .help = "Address to listen on."},
    {.name = "tls-cert",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(tls_cert),
     .not_empty = true,
     .help = "Certificate, PEM: serve https (with --tls-key)."},
    {.name = "tls-key",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(tls_key),
     .not_empty = true,
     .help = "Key of the certificate, PEM."},
    {.name = "api-key-env",
     .value_name = "NAME",
     .type = OPTION_TEXT,
     AT(api_key_env),
     .not_empty = true,
     .help = "Environment variable with the API key that requests must bring."},
    {.name = "style",
     .value_name = "STYLE",
     .type = OPTION_CHOICE,
     AT(style),
     .group = "Engine",
     .default_text = "vllm",
     .choices = styles,
     .help = "Which real server's habits are shown."},
    {.name = "model",
     .letter = 'm',
     .value_name = "ID",
     .type = OPTION_TEXT,
     AT(model),
     .default_text = "sim",
     .not_empty = true,
     .help = "Model id that is served."},
    {.name = "max-model-len",
     .value_name = "N",
     .type = OPTION_U32,
     AT(max_model_len),
     .default_text = "131072",
     .min = 1,
     .max = 1e9,
     .help = "Context in tokens."},
    {.name = "ttft-ms",
     .value_name = "MS",
     .type = OPTION_F64,
     AT(ttft_ms),
     .group = "Model of time",
     .default_text = SIM_DEFAULT_TTFT_MS,
     .max = 1e6,
     .help = "Time to the first token."},
    {.name = "itl-ms",
     .value_name = "MS",
     .type = OPTION_F64,
     AT(itl_ms),
     .default_text = SIM_DEFAULT_ITL_MS,
     .max = 1e6,
     .help = "Time of one decoding step."},
    {.name = "tokens",
     .value_name = "N",
     .type = OPTION_U32,
     AT(tokens),
     .default_text = SIM_DEFAULT_TOKENS,
     .min = 1,
     .max = 1e6,
     .help = "Length of an answer that the request does not limit."},
    {.name = "max-batch",
     .value_name = "N",
     .type = OPTION_U32,
     AT(max_batch),
     .default_text = SIM_DEFAULT_MAX_BATCH,
     .max = 1e6,
     .help = "Requests that are decoded together, the rest waits; 0: all, without batching."},
    {.name = "prefill-tok-per-s",
     .value_name = "RATE",
     .type = OPTION_F64,
     AT(prefill_tok_per_s),
     .default_text = "0",
     .max = 1e9,
     .help = "Speed of reading prompts; 0: free."},
    {.name = "jitter",
     .value_name = "SHARE",
     .type = OPTION_F64,
     AT(jitter),
     .default_text = SIM_DEFAULT_JITTER,
     .max = 10,
     .help = "Standard deviation of every duration as a share of it."},
    {.name = "seed",
     .value_name = "N",
     .type = OPTION_I64,
     AT(seed),
     .default_text = "42",
     .help = "Seed of the jitter and the texts."},
    {.name = "faults",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(faults),
     .group = "Script",
     .not_empty = true,
     .help = "Fault script. See 'bench help faults'."},
    {.name = "answers",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(answers),
     .not_empty = true,
     .help = "What to answer to which prompts, JSON lines. See 'bench help answers'."},
    {.name = "truth",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     AT(truth),
     .not_empty = true,
     .help = "Log of the true write time of every event, JSON lines."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct sim_flags)};

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static int find_api_key(const struct sim_flags *flags, const char **out, struct error *err)
{
    *out = NULL;
    if (flags->api_key_env[0] == '\0') {
        return 0;
    }
    *out = getenv(flags->api_key_env); // NOLINT(concurrency-mt-unsafe): before any thread
    if (*out == NULL || (*out)[0] == '\0') {
        return error_set(
            err, ERROR_USAGE, "--api-key-env: environment variable '%s' is not set",
            flags->api_key_env);
    }
    return 0;
}

static int read_faults(const struct sim_flags *flags, char **out, struct error *err)
{
    size_t len = 0;
    if (flags->faults[0] == '\0') {
        return 0;
    }
    if (file_read(flags->faults, JSON_SIZE_MAX, out, &len, err) < 0) {
        return error_prefix(err, "--faults: ");
    }
    return 0;
}

/* The file is tried here, so that a mistake in it is told with its name. */
static int read_answers(const struct sim_flags *flags, char **out, struct error *err)
{
    size_t len = 0;
    if (flags->answers[0] == '\0') {
        return 0;
    }
    struct sim_answers *answers = NULL;
    if (file_read(flags->answers, JSON_SIZE_MAX, out, &len, err) < 0 ||
        sim_answers_open(flags->answers, *out, &answers, err) < 0) {
        return error_prefix(err, "--answers: ");
    }
    sim_answers_free(answers);
    return 0;
}

static int serve(
    const struct cli_context *context, const struct sim_server_options *options, struct error *err)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)limits_raise_descriptors(); /* as many clients as the system lets in */
    struct sim_server *server = NULL;
    const int result = sim_server_start(options, &server, err);
    if (result < 0) {
        return result;
    }
    const bool ipv6 = strchr(options->host, ':') != NULL;
    (void)fprintf(
        context->out, "%s://%s%s%s:%u/v1\n", options->tls_cert_path != NULL ? "https" : "http",
        ipv6 ? "[" : "", options->host, ipv6 ? "]" : "", sim_server_port(server));
    (void)fflush(context->out);
    int number = 0;
    (void)sigwait(&signals, &number);
    struct sim_load load = {0};
    sim_server_load(server, &load);
    (void)fprintf(
        context->log,
        "bench sim: %" PRIu64 " requests, %" PRIu64 " tokens, at most %" PRIu64 " at once\n",
        load.n_requests, load.n_tokens, load.n_running_max);
    return sim_server_stop(server, err);
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
    const struct sim_flags *flags = options;
    if ((flags->tls_cert[0] == '\0') != (flags->tls_key[0] == '\0')) {
        return error_set(err, ERROR_USAGE, "--tls-cert and --tls-key need each other");
    }
    CLEANUP(mem_freep) char *faults = NULL;
    CLEANUP(mem_freep) char *answers = NULL;
    const char *api_key = NULL;
    int result = find_api_key(flags, &api_key, err);
    if (result == 0) {
        result = read_faults(flags, &faults, err);
    }
    if (result == 0) {
        result = read_answers(flags, &answers, err);
    }
    if (result < 0) {
        return result;
    }
    const struct sim_server_options server = {
        .sim =
            {
                .style = (enum sim_style)flags->style,
                .model = flags->model,
                .ttft_ns = clock_ns_of_seconds(flags->ttft_ms / 1e3),
                .itl_ns = clock_ns_of_seconds(flags->itl_ms / 1e3),
                .tokens = flags->tokens,
                .max_batch = flags->max_batch,
                .prefill_tok_per_s = flags->prefill_tok_per_s,
                .jitter = flags->jitter,
                .seed = (uint64_t)flags->seed,
                .max_model_len = flags->max_model_len,
                .api_key = api_key,
                .answers = answers,
            },
        .faults = faults,
        .host = flags->host,
        .port = flags->port,
        .truth_path = or_null(flags->truth),
        .tls_cert_path = or_null(flags->tls_cert),
        .tls_key_path = or_null(flags->tls_key),
    };
    result = serve(context, &server, err);
    const bool script = err->code == ERROR_PARSE || err->code == ERROR_USAGE;
    if (result < 0 && faults != NULL && script) {
        return error_prefix(err, "--faults %s: ", flags->faults);
    }
    return result;
}

const struct command command_sim = {
    .name = "sim",
    .synopsis = "[options]",
    .summary = "serve the simulated engine",
    .description =
        "Serves an OpenAI-compatible engine whose times are known, and prints its URL. It stands "
        "in for a real engine in trials, and shows how exact a client measures: --truth logs when "
        "every event was really written. Ctrl-C ends it.\n",
    .examples = "  bench sim --port 8000\n"
                "  bench sim --ttft-ms 50 --itl-ms 10 --tokens 100 --truth truth.jsonl\n",
    .options = &table,
    .run = run,
};
