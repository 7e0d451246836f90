/* RAPL over a tree of two sockets as the kernel shows it. */
#include "support/test.h"
#include "telemetry/sampler.h"

#include <string.h>

static void test_open__takes_packages_and_memory_and_nothing_twice(void **state)
{
    (void)state;
    const struct sampler_options options = {.root = "tests/data/rapl/two-sockets"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_rapl.open(&options, &sampler, &err), 0);

    static const struct {
        const char *source;
        const char *part;
        double energy_uj;
    } rows[] = {
        {"intel-rapl:0 package-0", "package", 1000000.0},
        {"intel-rapl:0:1 dram", "dram", 50000.0},
        {"intel-rapl:1 package-1", "package", 2000000.0},
        {"intel-rapl:1:0 dram", "dram", 60000.0},
    };

    assert_int_equal(sampler->n_sources, ARRAY_LEN(rows));
    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        double value = 0.0;
        assert_string_equal(sampler->sources[i].source, rows[i].source);
        assert_string_equal(sampler->sources[i].part, rows[i].part);
        assert_true(sampler->sources[i].counted);
        assert_near(sampler->sources[i].columns[0].range, 262143328850.0, 0.0);
        assert_true(sampler_rapl.sample(sampler, i, &value));
        assert_near(value, rows[i].energy_uj, 0.0);
    }
    sampler_rapl.close(sampler);
}

static void test_open__says_what_is_missing(void **state)
{
    (void)state;
    const struct sampler_options options = {.root = "/nonexistent"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_rapl.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
    assert_null(sampler);
    assert_string_equal(
        err.text, "rapl: there are no package or dram domains in /nonexistent/sys/class/powercap");
    sampler_rapl.close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__takes_packages_and_memory_and_nothing_twice),
        cmocka_unit_test(test_open__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
