/* The loader against a library that is not there, one that is something else, and an old driver's. */
#include "base/text.h"
#include "hardware/nvml.h"
#include "support/test.h"

#include <string.h>

static void test_open__says_what_is_missing(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *library;
        const char *text;
    } rows[] = {
        {"no such library", "/nonexistent/libnvidia-ml.so.1",
         "/nonexistent/libnvidia-ml.so.1 cannot be loaded"},
        {"another library", "libm.so.6", "libm.so.6 has no function nvmlInit_v2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct nvml *nvml = NULL;
        struct error err = {0};
        assert_int_equal(nvml_open(rows[i].library, &nvml, &err), -ERROR_UNAVAILABLE);
        assert_null(nvml);
        if (!text_equal(err.text, rows[i].text)) {
            print_error("%s: %s\n", rows[i].what, err.text);
            fail();
        }
    }
}

static void test_open__an_old_driver_answers_what_it_can(void **state)
{
    (void)state;
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_OLD"), &nvml, &err), 0);
    assert_int_equal(nvml_device_count(nvml), 1);
    assert_null(nvml_device_at(nvml, 1));
    struct nvml_device *device = nvml_device_at(nvml, 0);
    assert_non_null(device);
    char text[NVML_TEXT_SIZE];
    assert_int_equal(NVML_CALL(nvml, device_name, device, text, sizeof(text)), NVML_SUCCESS);
    assert_string_equal(text, "Tesla K80");
    assert_true(nvml_device_pci_id(nvml, device, text));
    assert_string_equal(text, "00000000:8A:00.0");
    unsigned mw = 0;
    assert_int_equal(NVML_CALL(nvml, device_power_usage, device, &mw), NVML_SUCCESS);
    assert_int_equal(mw, 59123);
    uint64_t mj = 0;
    assert_int_equal(
        NVML_CALL(nvml, device_total_energy, device, &mj), NVML_ERROR_FUNCTION_NOT_FOUND);
    assert_string_equal(nvml_result_text(nvml, 13, text), "NVML result 13");
    uint32_t pids[NVML_PROCESSES_MAX];
    unsigned n = 0;
    assert_int_equal(nvml_device_processes(nvml, device, pids, &n), NVML_SUCCESS);
    assert_int_equal(n, 2);
    assert_int_equal(pids[0], 4711);
    assert_int_equal(pids[1], 4712);
}

static void test_open__finds_what_a_newer_driver_has(void **state)
{
    (void)state;
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_DOUBLE"), &nvml, &err), 0);
    struct nvml_device *device = nvml_device_at(nvml, 0);
    unsigned numbers[4] = {9, 9, 9, 9};
    int result =
        NVML_CALL(nvml, device_clock_application_default, device, NVML_CLOCK_GRAPHICS, &numbers[0]);
    assert_int_equal(result, NVML_SUCCESS);
    assert_int_equal(numbers[0], 1980);
    int performance = -1;
    result = NVML_CALL(nvml, device_performance_state, device, &performance);
    assert_int_equal(result, NVML_SUCCESS);
    assert_int_equal(performance, 8);
    result = NVML_CALL(
        nvml, device_remapped_rows, device, &numbers[0], &numbers[1], &numbers[2], &numbers[3]);
    assert_int_equal(result, NVML_SUCCESS);
    assert_int_equal(numbers[0] * 1000 + numbers[1] * 100 + numbers[2] * 10 + numbers[3], 1200);
}

static void test_close__lets_the_library_be_opened_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct nvml *nvml = NULL;
        struct error err = {0};
        assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_OLD"), &nvml, &err), 0);
        assert_int_equal(nvml_device_count(nvml), 1);
        nvml_close(nvml);
    }
    nvml_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__says_what_is_missing),
        cmocka_unit_test(test_open__an_old_driver_answers_what_it_can),
        cmocka_unit_test(test_open__finds_what_a_newer_driver_has),
        cmocka_unit_test(test_close__lets_the_library_be_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
