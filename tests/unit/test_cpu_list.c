#include "base/cpu_list.h"
#include "support/test.h"

#include <pthread.h>
#include <sched.h>

static void test_cpu_list_parse__reads_what_it_writes(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *written;
        size_t n;
    } rows[] = {
        {"0", "0", 1},   {"0,1,2", "0-2", 3}, {"0-3,8", "0-3,8", 5},   {"3,1", "3,1", 2},
        {"5-5", "5", 1}, {"1023", "1023", 1}, {"0-255", "0-255", 256},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cpu_list list;
        struct error err = {0};
        print_message("  %s\n", rows[i].text);
        assert_int_equal(cpu_list_parse(rows[i].text, &list, &err), 0);
        assert_int_equal(list.n, rows[i].n);
        char text[CPU_LIST_TEXT_MAX];
        cpu_list_write(&list, text);
        assert_string_equal(text, rows[i].written);
    }
}

static void test_cpu_list_parse__names_what_is_wrong(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "'' is no processor and no range of them, like 0 or 2-5"},
        {"0,", "'' is no processor and no range of them, like 0 or 2-5"},
        {"a", "'a' is no processor and no range of them, like 0 or 2-5"},
        {"3-1", "'3-1' is no processor and no range of them, like 0 or 2-5"},
        {"1-", "'1-' is no processor and no range of them, like 0 or 2-5"},
        {"-1", "'-1' is no processor and no range of them, like 0 or 2-5"},
        {"0 1", "'0 1' is no processor and no range of them, like 0 or 2-5"},
        {"1024", "'1024' is no processor and no range of them, like 0 or 2-5"},
        {"99999999999", "'99999999999' is no processor and no range of them, like 0 or 2-5"},
        {"0-2,1", "processor 1 stands twice in the list"},
        {"0-256", "more than 256 processors"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cpu_list list;
        struct error err = {0};
        print_message("  %s\n", rows[i].text);
        assert_int_equal(cpu_list_parse(rows[i].text, &list, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].error);
    }
}

static void test_cpu_list_check__names_the_processor(void **state)
{
    (void)state;
    const struct cpu_list allowed = {.cpus = {0, 1, 4}, .n = 3};
    const struct cpu_list good = {.cpus = {4, 0}, .n = 2};
    const struct cpu_list bad = {.cpus = {1, 3}, .n = 2};
    struct error err = {0};
    assert_int_equal(cpu_list_check(&good, &allowed, &err), 0);
    assert_int_equal(cpu_list_check(&bad, &allowed, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "processor 3 is none that this process may use: 0-1,4");
}

static void *pin_here(void *argument)
{
    const struct cpu_list *allowed = argument;
    const unsigned last = allowed->cpus[allowed->n - 1];
    assert_true(cpu_pin(last));
    struct cpu_list now;
    cpu_list_allowed(&now);
    assert_int_equal(now.n, 1);
    assert_int_equal(now.cpus[0], last);
    assert_int_equal(sched_getcpu(), last);
    return NULL;
}

static void test_cpu_pin__holds_the_thread_alone(void **state)
{
    (void)state;
    struct cpu_list before;
    struct cpu_list after;
    cpu_list_allowed(&before);
    assert_true(before.n > 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, pin_here, &before), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    cpu_list_allowed(&after);
    assert_int_equal(after.n, before.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_list_parse__reads_what_it_writes),
        cmocka_unit_test(test_cpu_list_parse__names_what_is_wrong),
        cmocka_unit_test(test_cpu_list_check__names_the_processor),
        cmocka_unit_test(test_cpu_pin__holds_the_thread_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
