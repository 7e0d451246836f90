#include "base/clock.h"
#include "support/test.h"

static void test_clock_format_timestamp__has_six_digits_or_none(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int64_t real_ns;
        const char *text;
    } rows[] = {
        {"the beginning", 0, "1970-01-01T00:00:00Z"},
        {"whole second", INT64_C(1717689600) * NS_PER_S, "2024-06-06T16:00:00Z"},
        {"microseconds", INT64_C(1717689600) * NS_PER_S + 123456000, "2024-06-06T16:00:00.123456Z"},
        {"leading zeros", INT64_C(1717689600) * NS_PER_S + 42000, "2024-06-06T16:00:00.000042Z"},
        {"nanoseconds are cut", NS_PER_S + 999999999, "1970-01-01T00:00:01.999999Z"},
        {"less than a microsecond is none", 999, "1970-01-01T00:00:00Z"},
        {"leap day", INT64_C(1709208000) * NS_PER_S, "2024-02-29T12:00:00Z"},
        {"before the beginning", -1000, "1969-12-31T23:59:59.999999Z"},
        {"the last", INT64_MAX, "2262-04-11T23:47:16.854775Z"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[CLOCK_TIMESTAMP_SIZE];
        print_message("  %s\n", rows[i].what);
        clock_format_timestamp(rows[i].real_ns, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_clock_ns_of_seconds__is_the_nearest_nanosecond(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        double seconds;
        int64_t ns;
    } rows[] = {
        {"zero", 0.0, 0},
        {"whole", 300.0, INT64_C(300000000000)},
        {"1.001 is just below in binary", 1.001, 1001000000},
        {"less than half a nanosecond", 4e-10, 0},
        {"negative", -1.5, -1500000000},
        {"the largest that fits", 9.2e9, INT64_C(9200000000000000000)},
        {"too large", 1e10, CLOCK_NEVER},
        {"far too large", 1e300, CLOCK_NEVER},
        {"infinite", (double)INFINITY, CLOCK_NEVER},
        {"far too small", -1e300, -CLOCK_NEVER},
        {"not a number", (double)NAN, CLOCK_NEVER},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("  %s\n", rows[i].what);
        assert_int_equal(clock_ns_of_seconds(rows[i].seconds), rows[i].ns);
    }
}

static void test_clock_mono_ns__never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_mono_ns();
    for (int i = 0; i < 10000; i++) {
        const int64_t now = clock_mono_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void test_clock_sleep_until__does_not_return_early(void **state)
{
    (void)state;
    const int64_t until_ns = clock_mono_ns() + 100 * NS_PER_US;
    clock_sleep_until(until_ns);
    assert_true(clock_mono_ns() >= until_ns);
    clock_sleep_until(0); /* long past: returns at once, or this test would not end */
}

static void test_clock_cpu_ns__counts_work_of_this_thread_and_process(void **state)
{
    (void)state;
    const int64_t process_ns = clock_process_cpu_ns();
    const int64_t thread_ns = clock_thread_cpu_ns();
    int64_t now = 0;
    do {
        now = clock_thread_cpu_ns();
    } while (now < thread_ns + NS_PER_MS);
    assert_true(clock_process_cpu_ns() > process_ns);
}

static void test_clock_real_ns__is_a_date_of_this_century(void **state)
{
    (void)state;
    char text[CLOCK_TIMESTAMP_SIZE];
    clock_format_timestamp(clock_real_ns(), text);
    assert_memory_equal(text, "20", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_format_timestamp__has_six_digits_or_none),
        cmocka_unit_test(test_clock_ns_of_seconds__is_the_nearest_nanosecond),
        cmocka_unit_test(test_clock_mono_ns__never_goes_back),
        cmocka_unit_test(test_clock_sleep_until__does_not_return_early),
        cmocka_unit_test(test_clock_cpu_ns__counts_work_of_this_thread_and_process),
        cmocka_unit_test(test_clock_real_ns__is_a_date_of_this_century),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
