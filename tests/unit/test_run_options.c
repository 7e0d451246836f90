#include "base/text.h"
#include "cli/run_options.h"
#include "engine/engine.h"
#include "support/test.h"

#include <string.h>

enum {
    ARGS_MAX = 32
};

/* `words` ends with NULL. */
static int resolve(const char *const *words, struct run_options *out, struct error *err)
{
    static struct run_flags flags;
    static char text[ARGS_MAX][256];
    char *argv[ARGS_MAX];
    int argc = 0;
    for (; words[argc] != NULL; argc++) {
        assert_true(argc < ARGS_MAX);
        (void)snprintf(text[argc], sizeof(text[argc]), "%s", words[argc]);
        argv[argc] = text[argc];
    }
    int n_operands = 0;
    const int result = option_parse(&run_option_table, argc, argv, &flags, &n_operands, err);
    return result != 0 ? result : run_options_resolve(&flags, "llm.inference", out, err);
}

#define RESOLVE(out, ...)                                               \
    do {                                                                \
        struct error err_ = {0};                                        \
        const char *const words_[] = {__VA_ARGS__ __VA_OPT__(, ) NULL}; \
        const int result_ = resolve(words_, out, &err_);                \
        if (result_ != 0) {                                             \
            print_error("%s:%d: %s\n", __FILE__, __LINE__, err_.text);  \
            fail();                                                     \
        }                                                               \
    } while (0)

#define REFUSE(expected, ...)                                               \
    do {                                                                    \
        struct run_options out_;                                            \
        struct error err_ = {0};                                            \
        const char *const words_[] = {__VA_ARGS__, NULL};                   \
        assert_int_equal(resolve(words_, &out_, &err_), -(int)ERROR_USAGE); \
        assert_string_equal(err_.text, expected);                           \
    } while (0)

static void test_run_options__defaults_are_those_of_the_page(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out);
    assert_string_equal(out.suite, "llm.inference");
    assert_string_equal(out.model, "");
    assert_string_equal(out.engine, "vllm");
    assert_string_equal(out.hardware, "h100");
    assert_string_equal(out.quant, "fp16");
    assert_int_equal(out.mode, RUN_CLOSED);
    assert_int_equal(out.n_concurrency, 0);
    assert_int_equal(out.n_rates, 0);
    assert_near(out.duration_s, 300.0, 0.0);
    assert_false(out.duration_given);
    assert_int_equal(out.seed, 42);
    assert_string_equal(out.output, "./results");
    assert_string_equal(out.signing_mode, "dev");
    assert_string_equal(out.dev_key, "cosign.key");
    assert_string_equal(out.slo_template, "");
    assert_int_equal(out.max_tokens, -1);
    assert_true(isnan(out.temperature));
    assert_int_equal(out.warmup, -1);
    assert_int_equal(out.arrival, ARRIVAL_POISSON);
    assert_int_equal(out.gate, GATE_MODE_AUTO);
    assert_int_equal(out.records, RECORDS_FULL);
    assert_true(out.salt);
    assert_int_equal(out.workers, 0);
    assert_int_equal(out.max_concurrency, 0);
}

static void test_run_options__promise_5_concurrency_1_is_given(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out, "--concurrency", "1");
    assert_int_equal(out.mode, RUN_CLOSED);
    assert_int_equal(out.n_concurrency, 1);
    assert_int_equal(out.concurrency[0], 1);
}

static void test_run_options__closed_loop_modes(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out, "--sweep", "1,4,16");
    assert_int_equal(out.mode, RUN_SWEEP);
    assert_int_equal(out.n_concurrency, 3);
    assert_int_equal(out.concurrency[2], 16);
    RESOLVE(&out, "--list");
    assert_int_equal(out.mode, RUN_LIST);
}

static void test_run_options__open_loop_modes(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out, "--rps", "0.5");
    assert_int_equal(out.mode, RUN_OPEN);
    assert_int_equal(out.n_rates, 1);
    assert_near(out.rates_rps[0], 0.5, 0.0);
    RESOLVE(&out, "--rps-sweep", "1,2.5");
    assert_int_equal(out.mode, RUN_RPS_SWEEP);
    assert_int_equal(out.n_rates, 2);
    assert_near(out.rates_rps[1], 2.5, 0.0);
    RESOLVE(&out, "--all-benchmarks", "--rps", "2");
    assert_int_equal(out.mode, RUN_ALL);
    assert_int_equal(out.n_rates, 1);
}

static void test_run_options__promise_20_the_specs_own_points(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out, "--sweep", "spec");
    assert_true(out.sweep_of_spec);
    assert_int_equal(out.mode, RUN_SWEEP);
    assert_int_equal(out.n_concurrency, 0);
    RESOLVE(&out, "--rps-sweep", "spec");
    assert_true(out.sweep_of_spec);
    assert_int_equal(out.mode, RUN_RPS_SWEEP);
    RESOLVE(&out, "--sweep", "2");
    assert_false(out.sweep_of_spec);
}

static void test_run_options__values_reach_the_options(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(
        &out, "--engine", "llamacpp", "--rps", "3", "--arrival", "gamma", "--burstiness", "0.5",
        "--max-tokens", "7", "--temperature", "0", "--warmup", "0", "--cache-policy", "as-is",
        "--records", "requests", "--warmup-gate", "cov", "--header", "A: b", "-H", "C:d");
    assert_string_equal(out.engine, "llamacpp");
    assert_int_equal(out.arrival, ARRIVAL_GAMMA);
    assert_near(out.burstiness, 0.5, 0.0);
    assert_int_equal(out.max_tokens, 7);
    assert_near(out.temperature, 0.0, 0.0);
    assert_int_equal(out.warmup, 0);
    assert_false(out.salt);
    assert_false(out.no_stream);
    assert_int_equal(out.records, RECORDS_REQUESTS);
    assert_int_equal(out.gate, GATE_MODE_COV);
    assert_int_equal(out.n_headers, 2);
    assert_string_equal(out.headers[1], "C:d");
    RESOLVE(&out, "--no-stream");
    assert_true(out.no_stream);
}

static void test_run_options__built_in_engine(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(
        &out, "--engine", "sim", "--virtual-time", "--sim-ttft-ms", "5", "--sim-itl-ms", "0.5",
        "--sim-tokens", "9", "--sim-max-batch", "0", "--sim-jitter", "0", "--sim-faults", "f");
    assert_true(out.virtual_time);
    assert_near(out.sim_ttft_ms, 5.0, 0.0);
    assert_near(out.sim_itl_ms, 0.5, 0.0);
    assert_int_equal(out.sim_tokens, 9);
    assert_int_equal(out.sim_max_batch, 0);
    assert_near(out.sim_jitter, 0.0, 0.0);
    assert_string_equal(out.sim_faults, "f");
}

static void test_run_options__what_has_no_effect_is_refused(void **state)
{
    (void)state;
    REFUSE(
        "--sim-jitter has no effect without the built-in engine: use --engine sim", "--sim-jitter",
        "0");
    REFUSE(
        "--virtual-time has no effect without the built-in engine: leave --base-url out",
        "--virtual-time", "--engine", "sim", "--base-url", "http://h/v1");
    REFUSE("--burstiness: '2' has no effect without --arrival gamma", "--burstiness", "2");
    REFUSE("--save-text has no effect with --records off", "--save-text", "--records", "off");
}

static void test_run_options__texts_that_are_recorded(void **state)
{
    (void)state;
    REFUSE("--model: 'x ' begins or ends with a blank", "--model", "x ");
    REFUSE("--quant: '?x' begins or ends with a blank", "--quant", "\tx");
    REFUSE("--hardware: '\xff' is not UTF-8", "--hardware", "\xff");
    REFUSE("--model-revision: '123456' must have 7 to 40 characters", "--model-revision", "123456");
    REFUSE("--model-revision: '' must have 7 to 40 characters", "--model-revision", "");
    struct run_options out;
    RESOLVE(&out, "--model", "a b", "--model-revision", "1234567");
    assert_string_equal(out.model_revision, "1234567");
}

static void test_run_options__request_extras(void **state)
{
    (void)state;
    struct run_options out;
    RESOLVE(&out, "--extra-body", "{\"top_k\": 1}", "--header", "X-Key:");
    REFUSE("--extra-body: '3' is not a JSON object", "--extra-body", "3");
    REFUSE("--header: 'x' is not NAME:VALUE", "--header", "x");
    REFUSE("--header: ':x' is not NAME:VALUE", "--header", ":x");
    REFUSE("--header: 'a b:x': a name has no character ' '", "--header", "a b:x");
    REFUSE("--header: 'a:x?': a value has no control characters", "--header", "a:x\r");
    REFUSE("--signing-mode: 'keyless': not built yet", "--signing-mode", "keyless");
}

static void expect_options(const char *names)
{
    char list[256];
    (void)snprintf(list, sizeof(list), "%s", names);
    char *rest = NULL;
    for (char *name = strtok_r(list, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        if (option_find(&run_option_table, name) == NULL) {
            print_error("'%s' does not exist\n", name);
            fail();
        }
    }
}

static void test_run_option_table__excluded_options_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < run_option_table.n; i++) {
        const char *excludes = run_option_table.rows[i].excludes;
        expect_options(excludes != NULL ? excludes : "");
    }
}

static void expect_exclusion(const char *const *words)
{
    struct run_options out;
    struct error err = {0};
    assert_int_equal(resolve(words, &out, &err), -(int)ERROR_USAGE);
    if (strstr(err.text, "exclude each other") == NULL) {
        print_error("%s: %s\n", words[0], err.text);
        fail();
    }
}

/* Source: PROMISES.md 7 and CLI.md: every documented pair, in both orders. */
static void test_run_option_table__promise_7_every_documented_pair(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"--sweep=1", "--concurrency=1"},
        {"--sweep=1", "--rps-sweep=1"},
        {"--sweep=1", "--rps=0.0"},
        {"--rps-sweep=1", "--rps=0.0"},
        {"--rps-sweep=1", "--concurrency=1"},
        {"--concurrency=1", "--rps=1"},
        {"--duration=300", "--requests=10"},
        {"--all-benchmarks", "--sweep=1"},
        {"--all-benchmarks", "--rps-sweep=1"},
        {"--all-benchmarks", "--list"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        const char *const forward[] = {pairs[i][0], pairs[i][1], NULL};
        const char *const backward[] = {pairs[i][1], pairs[i][0], NULL};
        expect_exclusion(forward);
        expect_exclusion(backward);
    }
}

/* CLI.md names them all; what is not built yet stands in the table all the same. */
static void test_run_option_table__has_every_flag_of_the_page(void **state)
{
    (void)state;
    static const char *const names[] = {
        "model",
        "engine",
        "hardware",
        "quant",
        "concurrency",
        "rps",
        "sweep",
        "rps-sweep",
        "all-benchmarks",
        "list",
        "dataset",
        "duration",
        "requests",
        "slo-template",
        "seed",
        "base-url",
        "api-key-env",
        "header",
        "cacert",
        "insecure",
        "engine-host-file",
        "output",
        "signing-mode",
        "dev-key",
        "strict",
        "prices-file",
        "judge-model",
        "judge-base-url",
        "judge-max-questions",
        "judge-rps",
        "max-tokens",
        "temperature",
        "ignore-eos",
        "extra-body",
        "arrival",
        "burstiness",
        "max-concurrency",
        "cache-policy",
        "warmup",
        "warmup-gate",
        "warmup-timeout",
        "grace",
        "timeout",
        "repeat",
        "workers",
        "records",
        "save-text",
        "gpus",
        "idle-baseline",
        "dry-run",
        "json"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (option_find(&run_option_table, names[i]) == NULL) {
            print_error("no --%s\n", names[i]);
            fail();
        }
    }
}

static void test_run_option_table__choices_come_from_the_tables(void **state)
{
    (void)state;
    const struct option_row *engine = option_find(&run_option_table, "engine");
    for (size_t i = 0; i < engine_table_len; i++) {
        assert_string_equal(option_choice(engine, i), engine_table[i]->name);
    }
    assert_null(option_choice(engine, engine_table_len));
    const struct option_row *gate = option_find(&run_option_table, "warmup-gate");
    assert_string_equal(option_choice(gate, GATE_MODE_OFF), "off");
    assert_null(option_choice(gate, GATE_MODE_OFF + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_options__defaults_are_those_of_the_page),
        cmocka_unit_test(test_run_options__promise_5_concurrency_1_is_given),
        cmocka_unit_test(test_run_options__closed_loop_modes),
        cmocka_unit_test(test_run_options__open_loop_modes),
        cmocka_unit_test(test_run_options__promise_20_the_specs_own_points),
        cmocka_unit_test(test_run_options__values_reach_the_options),
        cmocka_unit_test(test_run_options__built_in_engine),
        cmocka_unit_test(test_run_options__what_has_no_effect_is_refused),
        cmocka_unit_test(test_run_options__texts_that_are_recorded),
        cmocka_unit_test(test_run_options__request_extras),
        cmocka_unit_test(test_run_option_table__excluded_options_exist),
        cmocka_unit_test(test_run_option_table__promise_7_every_documented_pair),
        cmocka_unit_test(test_run_option_table__has_every_flag_of_the_page),
        cmocka_unit_test(test_run_option_table__choices_come_from_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
