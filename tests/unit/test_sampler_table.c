/* What every sampler must keep, for each row of the table: without anything to read it says so; with it,
 * its sources can be told apart, its readings are numbers or nothing, and its totals never fall.  A new
 * sampler needs a row in `stages` here. */
#include "base/attr.h"
#include "base/bytes.h"
#include "base/text.h"
#include "support/scratch.h"
#include "telemetry/kernel_file.h"
#include "telemetry/recorder.h"

#include <ctype.h>

/* An engine's text whose totals rise with every answer. */
static int answer(void *context, struct bytes *out, struct error *err)
{
    (void)err;
    unsigned *n_asked = context;
    ++*n_asked;
    bytes_add_format(
        out, "vllm:num_requests_running %u\nvllm:generation_tokens_total %u\n", *n_asked % 2,
        *n_asked * 100);
    return 0;
}

static unsigned n_asked;
static const struct metrics_source source = {
    .engine = "vllm", .url = "http://e/metrics", .fetch = answer, .context = &n_asked};

/* Where each sampler has everything. */
static const struct stage {
    const struct sampler_ops *ops;
    const char *root;
    const char *nvml_variable;
    const struct metrics_source *metrics;
} stages[] = {
    {&sampler_nvml, "", "BENCH_TEST_NVML_DOUBLE", NULL},
    {&sampler_amdgpu, "tests/data/hwmon/three-cards", NULL, NULL},
    {&sampler_rapl, "tests/data/rapl/two-sockets", NULL, NULL},
    {&sampler_engine_metrics, "", NULL, &source},
    {&sampler_host, "tests/data/host/three-cpus", NULL, NULL},
    {&sampler_null, "", NULL, NULL},
};

static struct stage stage_of(const struct sampler_ops *ops)
{
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        if (stages[i].ops == ops) {
            return stages[i];
        }
    }
    print_error("sampler %s has no stage in this test\n", ops->name);
    fail();
    return stages[0];
}

static struct sampler *open_on_stage(const struct sampler_ops *ops)
{
    const struct stage stage = stage_of(ops);
    const struct sampler_options options = {
        .root = stage.root,
        .nvml_library = stage.nvml_variable == NULL ? NULL : getenv(stage.nvml_variable),
        .metrics = stage.metrics,
    };
    struct sampler *sampler = NULL;
    struct error err = {0};
    if (ops->open(&options, &sampler, &err) < 0) {
        print_error("%s\n", err.text);
        fail();
    }
    assert_ptr_equal(sampler->ops, ops);
    return sampler;
}

static void test_row__describes_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sampler_table_len; i++) {
        const struct sampler_ops *ops = sampler_table[i];
        assert_true(ops->name[0] != '\0' && ops->summary[0] != '\0');
        assert_true(ops->period_ns > 0);
        for (size_t k = 0; k < i; k++) {
            assert_false(text_equal(sampler_table[k]->name, ops->name));
        }
    }
}

/* Nothing to read: a reason that begins with the sampler's name, and nothing to close. */
static void test_open__is_absent_with_a_reason(void **state)
{
    (void)state;
    const struct sampler_options options = {
        .root = "/nonexistent", .nvml_library = "/nonexistent/nvml.so"};
    for (size_t i = 0; i < sampler_table_len; i++) {
        const struct sampler_ops *ops = sampler_table[i];
        if (ops == &sampler_null) {
            continue; /* it needs nothing */
        }
        struct sampler *sampler = NULL;
        struct error err = {0};
        assert_int_equal(ops->open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
        assert_null(sampler);
        assert_true(text_starts_with(err.text, ops->name));
        ops->close(NULL);
    }
}

static bool is_key(const char *key)
{
    for (const char *p = key; *p != '\0'; p++) {
        if (!islower((unsigned char)*p) && *p != '_') {
            return false;
        }
    }
    return key[0] != '\0' && strchr(key, '_') != NULL;
}

static void test_open__names_sources_and_columns_that_can_be_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sampler_table_len; i++) {
        struct sampler *sampler = open_on_stage(sampler_table[i]);
        assert_true(sampler->n_sources > 0 && sampler->n_sources <= TRACKS_MAX);
        for (uint32_t s = 0; s < sampler->n_sources; s++) {
            const struct track *track = &sampler->sources[s];
            assert_string_equal(track->sampler, sampler_table[i]->name);
            assert_true(track->source[0] != '\0' && track->part[0] != '\0');
            assert_true(track->n_columns > 0 && track->n_columns <= TRACK_COLUMNS_MAX);
            for (uint32_t k = 0; k < s; k++) {
                assert_false(text_equal(sampler->sources[k].source, track->source));
            }
            for (uint32_t c = 0; c < track->n_columns; c++) {
                const bool one_word = text_equal(track->columns[c].key, "cpus") ||
                                      text_equal(track->columns[c].key, "zero");
                assert_true(one_word || is_key(track->columns[c].key));
                assert_ptr_equal(
                    track_column_find(track, track->columns[c].key), &track->columns[c]);
            }
        }
        sampler_table[i]->close(sampler);
    }
}

static void check_values(const struct track *track, const double *values, const double *before)
{
    for (uint32_t c = 0; c < track->n_columns; c++) {
        const enum column_role role = track->columns[c].role;
        assert_true(isnan(values[c]) || fabs(values[c]) < (double)INFINITY);
        if ((role == TRACK_COUNTER || role == TRACK_ENERGY) && !isnan(values[c])) {
            assert_true(values[c] >= 0.0);
            assert_true(isnan(before[c]) || values[c] >= before[c]);
        }
    }
}

static void test_sample__gives_numbers_and_totals_that_never_fall(void **state)
{
    (void)state;
    for (size_t i = 0; i < sampler_table_len; i++) {
        struct sampler *sampler = open_on_stage(sampler_table[i]);
        for (uint32_t s = 0; s < sampler->n_sources; s++) {
            const struct track *track = &sampler->sources[s];
            double before[TRACK_COLUMNS_MAX];
            double values[TRACK_COLUMNS_MAX];
            for (uint32_t c = 0; c < TRACK_COLUMNS_MAX; c++) {
                before[c] = (double)NAN;
                values[c] = (double)INFINITY; /* what is left alone is found */
            }
            for (int reading = 0; reading < 3; reading++) {
                assert_true(sampler_table[i]->sample(sampler, s, values));
                check_values(track, values, before);
                memcpy(before, values, sizeof(before));
            }
        }
        sampler_table[i]->close(sampler);
    }
}

/* All at once, by the recorder: each source has a first and a last sample. */
static void test_recorder__takes_them_all(void **state)
{
    (void)state;
    struct sampler *samplers[ARRAY_LEN(stages)] = {NULL};
    struct recorder *recorder = NULL;
    struct error err = {0};
    uint32_t n_sources = 0;
    assert_int_equal(sampler_table_len, ARRAY_LEN(stages));
    for (size_t i = 0; i < sampler_table_len; i++) {
        samplers[i] = open_on_stage(sampler_table[i]);
        n_sources += samplers[i]->n_sources;
    }
    assert_int_equal(recorder_start(samplers, ARRAY_LEN(stages), NULL, &recorder, &err), 0);
    recorder_stop(recorder);
    const struct telemetry *telemetry = recorder_telemetry(recorder, 0);
    assert_int_equal(telemetry->n_tracks, n_sources);
    for (uint32_t t = 0; t < telemetry->n_tracks; t++) {
        const struct track *track = &telemetry->tracks[t];
        assert_true(track->n >= 1);
        assert_int_equal(track->n_failed, 0);
        assert_true(track->cpu_ns >= 0);
    }
    recorder_free(recorder);
    for (size_t i = 0; i < sampler_table_len; i++) {
        sampler_table[i]->close(samplers[i]);
    }
}

/* What every sampler of files reads with never waits for a writer. */
static void test_kernel_file__does_not_wait_for_a_pipe(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    assert_int_equal(mkfifo(scratch_path(&scratch, "energy_uj"), 0600), 0);
    double value = -1.0;
    assert_false(kernel_file_number_at(scratch.folder, "energy_uj", &value));
    assert_near(value, -1.0, 0.0);
    scratch_done(&scratch);
}

static void test_kernel_file__takes_whole_numbers_alone(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        double value; /* NAN: refused */
    } rows[] = {
        {"0\n", 0.0},           {"42", 42.0},
        {"42\n43\n", 42.0},     {"9007199254740992\n", 9007199254740992.0},
        {"", (double)NAN},      {"\n", (double)NAN},
        {"-1\n", (double)NAN},  {"9007199254740993\n", (double)NAN},
        {"4 2\n", (double)NAN}, {"N/A\n", (double)NAN},
    };

    struct scratch scratch;
    scratch_init(&scratch);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double value = (double)NAN;
        (void)scratch_write_bytes(&scratch, "file", rows[i].text, strlen(rows[i].text));
        const bool told = kernel_file_number_at(scratch.folder, "file", &value);
        assert_int_equal(told, !isnan(rows[i].value));
        if (told) {
            assert_near(value, rows[i].value, 0.0);
        }
    }
    scratch_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row__describes_itself),
        cmocka_unit_test(test_open__is_absent_with_a_reason),
        cmocka_unit_test(test_open__names_sources_and_columns_that_can_be_told_apart),
        cmocka_unit_test(test_sample__gives_numbers_and_totals_that_never_fall),
        cmocka_unit_test(test_recorder__takes_them_all),
        cmocka_unit_test(test_kernel_file__does_not_wait_for_a_pipe),
        cmocka_unit_test(test_kernel_file__takes_whole_numbers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
