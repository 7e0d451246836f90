/* The NVML sampler over a scripted library, an old driver's, and none. */
#include "base/attr.h"
#include "support/test.h"
#include "telemetry/sampler.h"

#include <dlfcn.h>
#include <string.h>

static double value_of(const struct sampler *sampler, const double *values, const char *key)
{
    for (uint32_t c = 0; c < sampler->sources[0].n_columns; c++) {
        if (strcmp(sampler->sources[0].columns[c].key, key) == 0) {
            return values[c];
        }
    }
    print_error("no column %s\n", key);
    fail();
    return 0.0;
}

static void test_sample__follows_the_script(void **state)
{
    (void)state;
    const struct sampler_options options = {
        .root = "", .nvml_library = getenv("BENCH_TEST_NVML_DOUBLE")};
    void *library = dlopen(options.nvml_library, RTLD_NOW);
    assert_non_null(library);
    int *step = dlsym(library, "nvml_double_step");
    assert_non_null(step);
    *step = 0;
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_nvml.open(&options, &sampler, &err), 0);
    assert_int_equal(sampler->n_sources, 1);
    assert_int_equal(sampler->sources[0].n_columns, 5); /* no ECC, and no function for the rest */

    static const struct {
        double energy_uj;
        double power_w;
        double throttle;
    } rows[] = {{1e9, 70.125, 1.0}, {1.0007e9, 699.5, 4.0}, {42e3, 699.5, 4.0}};

    double values[TRACK_COLUMNS_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        *step = (int)i;
        assert_true(sampler_nvml.sample(sampler, 0, values));
        assert_near(value_of(sampler, values, "energy_uj"), rows[i].energy_uj, 0.0);
        assert_near(value_of(sampler, values, "power_w"), rows[i].power_w, 0.0);
        assert_near(value_of(sampler, values, "throttle_reason_bits"), rows[i].throttle, 0.0);
        assert_near(value_of(sampler, values, "sm_clock_mhz"), 1980.0, 0.0);
        assert_near(value_of(sampler, values, "memory_clock_mhz"), 2619.0, 0.0);
    }
    *step = 3;
    assert_false(sampler_nvml.sample(sampler, 0, values)); /* lost: no sample, and no zero */
    assert_true(isnan(values[0]));
    sampler_nvml.close(sampler);
    assert_int_equal(dlclose(library), 0);
}

static void test_open__an_old_driver_has_power_alone(void **state)
{
    (void)state;
    const struct sampler_options options = {
        .root = "", .nvml_library = getenv("BENCH_TEST_NVML_OLD")};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_nvml.open(&options, &sampler, &err), 0);
    assert_int_equal(sampler->sources[0].n_columns, 1);
    assert_string_equal(sampler->sources[0].columns[0].key, "power_w");
    assert_string_equal(sampler->sources[0].source, "gpu0 00000000:8A:00.0");
    sampler_nvml.close(sampler);
}

static void test_open__says_what_is_missing(void **state)
{
    (void)state;
    const struct sampler_options options = {.root = "", .nvml_library = "/nonexistent.so"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_nvml.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "nvml: /nonexistent.so cannot be loaded");
    sampler_nvml.close(NULL);
}

/* Two GPUs, and a machine where the process of vLLM is 410 and 420 comes from it. */
static void test_open__takes_the_gpus_that_are_asked_for(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *gpus; /* NULL: none are named */
        int32_t engine_pid;
        unsigned pid;        /* that computes on the second GPU */
        const char *sources; /* NULL: the error below */
        const char *says;    /* note or error */
    } rows[] = {
        {"the engine's child computes on the second", NULL, 410, 420, "gpu1 00000000:CA:00.0;", ""},
        {"so does the engine itself", NULL, 410, 410, "gpu1 00000000:CA:00.0;", ""},
        {"another process computes", NULL, 410, 500, "gpu0 00000000:0A:00.0;gpu1 00000000:CA:00.0;",
         "nvml: the engine's process computes on no GPU: energy is that of all 2 GPUs here; name "
         "those of the engine with --gpus"},
        {"nobody computes", NULL, 410, 0, "gpu0 00000000:0A:00.0;gpu1 00000000:CA:00.0;",
         "nvml: the engine's process computes on no GPU: energy is that of all 2 GPUs here; name "
         "those of the engine with --gpus"},
        {"the engine is not known", NULL, 0, 420, "gpu0 00000000:0A:00.0;gpu1 00000000:CA:00.0;",
         "nvml: the engine's process is not known: energy is that of all 2 GPUs here; name those "
         "of the engine with --gpus"},
        {"named against the process", "0", 410, 420, "gpu0 00000000:0A:00.0;", ""},
        {"named by UUID", "GPU-feedf00d", 0, 0, "gpu1 00000000:CA:00.0;", ""},
        {"all", "all", 410, 420, "gpu0 00000000:0A:00.0;gpu1 00000000:CA:00.0;", ""},
        {"not there", "7", 410, 420, NULL, "nvml: none of the 2 GPUs here is asked for"},
    };

    const char *path = getenv("BENCH_TEST_NVML_DOUBLE");
    void *library = dlopen(path, RTLD_NOW);
    assert_non_null(library);
    unsigned *n_gpus = dlsym(library, "nvml_double_gpus");
    unsigned *pid = dlsym(library, "nvml_double_pid");
    assert_true(n_gpus != NULL && pid != NULL);
    *n_gpus = 2;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gpu_list list = {0};
        struct gpu_found found = {0};
        struct error err = {0};
        if (rows[i].gpus != NULL) {
            assert_int_equal(gpu_list_parse(rows[i].gpus, &list, &err), 0);
        }
        const struct sampler_options options = {
            .root = "tests/data/processes/machine",
            .nvml_library = path,
            .gpus = rows[i].gpus == NULL ? NULL : &list,
            .engine_pid = rows[i].engine_pid,
            .found = &found,
        };
        struct sampler *sampler = NULL;
        *pid = rows[i].pid;
        const int result = sampler_nvml.open(&options, &sampler, &err);
        char sources[128] = "";
        for (uint32_t k = 0; sampler != NULL && k < sampler->n_sources; k++) {
            (void)strcat(strcat(sources, sampler->sources[k].source), ";");
        }
        print_message("%s\n", rows[i].what);
        assert_int_equal(result, rows[i].sources == NULL ? -ERROR_UNAVAILABLE : 0);
        assert_string_equal(sources, rows[i].sources == NULL ? "" : rows[i].sources);
        assert_string_equal(sampler == NULL ? err.text : sampler->note, rows[i].says);
        assert_int_equal(found.bits, list.n > 0 && result == 0);
        sampler_nvml.close(sampler);
    }
    *n_gpus = 1;
    assert_int_equal(dlclose(library), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample__follows_the_script),
        cmocka_unit_test(test_open__takes_the_gpus_that_are_asked_for),
        cmocka_unit_test(test_open__an_old_driver_has_power_alone),
        cmocka_unit_test(test_open__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
