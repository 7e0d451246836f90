#include "base/clock.h"
#include "base/error.h"
#include "suite/plugin_child.h"
#include "support/test.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    ROOM = 100
};

static int say_hello(void *context, struct bytes *out, struct error *err)
{
    (void)err;
    bytes_add_text(out, context);
    return 0;
}

static int describe(void *context, struct bytes *out, struct error *err)
{
    bytes_add_text(out, "lost");
    return error_set(err, ERROR_PARSE, "line %s is wrong", (const char *)context);
}

static int say_too_much(void *context, struct bytes *out, struct error *err)
{
    (void)context;
    (void)err;
    for (int i = 0; i <= ROOM; i++) {
        bytes_add_char(out, 'x');
    }
    return 0;
}

static int die(void *context, struct bytes *out, struct error *err)
{
    (void)out;
    (void)err;
    (void)raise(*(const int *)context);
    return 0;
}

static int leave(void *context, struct bytes *out, struct error *err)
{
    (void)context;
    (void)out;
    (void)err;
    _exit(7);
}

static int sleep_on(void *context, struct bytes *out, struct error *err)
{
    (void)context;
    (void)out;
    (void)err;
    for (;;) {
        clock_sleep_until(clock_mono_ns() + NS_PER_S);
    }
    return 0;
}

static int print(void *context, struct bytes *out, struct error *err)
{
    (void)context;
    (void)err;
    const bool printed = puts("of the child") >= 0 && fflush(stdout) == 0;
    bytes_add_text(
        out, printed && getchar() == EOF ? "printed, and nothing to read" : "cannot print");
    return 0;
}

static int run(struct plugin_child child, struct bytes *out, struct error *err)
{
    child.timeout_ns = child.timeout_ns != 0 ? child.timeout_ns : 20 * NS_PER_S;
    child.max_bytes = ROOM;
    bytes_init(out, ROOM);
    return plugin_child_run(&child, out, err);
}

static void test_plugin_child_run__gives_bytes_or_the_failure(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(bytes_done) struct bytes out = {0};
    char hello[] = "hello";
    char number[] = "3";
    assert_int_equal(
        run((struct plugin_child){.work = say_hello, .context = hello}, &out, &err), 0);
    assert_string_equal(out.data, "hello");
    bytes_done(&out);
    assert_int_equal(
        run((struct plugin_child){.work = describe, .context = number}, &out, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "line 3 is wrong");
}

static void test_plugin_child_run__crashes_and_ends_are_told(void **state)
{
    (void)state;
    static int signals[] = {SIGSEGV, SIGABRT, SIGKILL};
    static const char *const texts[] = {
        "it crashed: Segmentation fault (signal 11)", "it crashed: Aborted (signal 6)",
        "it crashed: Killed (signal 9)"};
    for (size_t i = 0; i < 3; i++) {
        struct error err = {0};
        CLEANUP(bytes_done) struct bytes out = {0};
        assert_int_equal(
            run((struct plugin_child){.work = die, .context = &signals[i]}, &out, &err),
            -ERROR_UNAVAILABLE);
        assert_string_equal(err.text, texts[i]);
    }
    struct error err = {0};
    CLEANUP(bytes_done) struct bytes out = {0};
    assert_int_equal(run((struct plugin_child){.work = leave}, &out, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "it ended its process with exit code 7");
}

static void test_plugin_child_run__bounds_of_time_and_size(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(bytes_done) struct bytes out = {0};
    assert_int_equal(run((struct plugin_child){.work = say_too_much}, &out, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "it gave more than 100 bytes");
    bytes_done(&out);
    error_clear(&err);
    /* The time is up at once: nothing has to be waited for. */
    assert_int_equal(
        run((struct plugin_child){.work = sleep_on, .timeout_ns = 1}, &out, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "it did not answer within 1e-09 s");
}

/* What a plugin prints cannot get between the results: this test's own output would show it. */
static void test_plugin_child_run__prints_nowhere_and_reads_nothing(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(bytes_done) struct bytes out = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(stdout);
    const int saved = dup(STDOUT_FILENO);
    assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
    const int rc = run((struct plugin_child){.work = print}, &out, &err);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    (void)close(ends[1]);
    char byte = 0;
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
    assert_int_equal(rc, 0);
    assert_string_equal(out.data, "printed, and nothing to read");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_child_run__gives_bytes_or_the_failure),
        cmocka_unit_test(test_plugin_child_run__crashes_and_ends_are_told),
        cmocka_unit_test(test_plugin_child_run__bounds_of_time_and_size),
        cmocka_unit_test(test_plugin_child_run__prints_nowhere_and_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
