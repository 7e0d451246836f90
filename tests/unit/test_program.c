/* Programs that are run for what they print: shell scripts that do each thing that one can do. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/program.h"
#include "support/scratch.h"

#include <string.h>

#define LONG_NS (60 * NS_PER_S)

struct script {
    const char *what;
    const char *text;
    int64_t timeout_ns;
    size_t max_bytes;
    int result;
    const char *prints; /* NULL: of no interest */
    const char *says;
};

static void run_script(const struct script *row)
{
    struct scratch scratch;
    scratch_init(&scratch);
    const char *path = scratch_write_bytes(&scratch, "script", row->text, strlen(row->text));
    assert_int_equal(chmod(path, 0755), 0);
    const char *const argv[] = {path, "one two", NULL};
    const struct program program = {argv, row->timeout_ns, row->max_bytes};
    struct bytes out;
    struct error err = {0};
    bytes_init(&out, BYTES_MAX_DEFAULT);
    const int result = program_run(&program, &out, &err);
    const char *text = out.len == 0 ? "" : out.data;
    const bool prints = row->prints == NULL || strcmp(text, row->prints) == 0;
    if (result != row->result || !prints || strstr(err.text, row->says) == NULL) {
        fail_msg("%s: %d, '%s', '%s'", row->what, result, text, err.text);
    }
    assert_true(result == 0 || strstr(err.text, path) != NULL);
    bytes_done(&out);
    scratch_done(&scratch);
}

static void test_run__within_bounds(void **state)
{
    (void)state;
    static const struct script rows[] = {
        {"arguments are passed as they are", "#!/bin/sh\nprintf '%s\\n' \"$1\"\n", LONG_NS, 100, 0,
         "one two\n", ""},
        {"all that fits", "#!/bin/sh\nprintf 12345\n", LONG_NS, 5, 0, "12345", ""},
        {"one byte too many", "#!/bin/sh\nprintf 123456\n", LONG_NS, 5, -(int)ERROR_LIMIT, NULL,
         "printed more than 5 bytes"},
        {"without end", "#!/bin/sh\nwhile :; do echo yes; done\n", LONG_NS, 100000,
         -(int)ERROR_LIMIT, NULL, "printed more than 100000 bytes"},
        {"its errors are dropped", "#!/bin/sh\necho no >&2\necho yes\n", LONG_NS, 100, 0, "yes\n",
         ""},
        {"no input", "#!/bin/sh\ncat\necho end\n", LONG_NS, 100, 0, "end\n", ""},
        {"exit code", "#!/bin/sh\necho x\nexit 9\n", LONG_NS, 100, -(int)ERROR_UNAVAILABLE, "x\n",
         "ended with exit code 9"},
        {"signal", "#!/bin/sh\nkill -9 $$\n", LONG_NS, 100, -(int)ERROR_UNAVAILABLE, "",
         "ended with signal 9"},
        {"hangs", "#!/bin/sh\necho x\nsleep 1000\n", 200 * NS_PER_MS, 100, -(int)ERROR_LIMIT, NULL,
         "did not end within 0.2 s"},
        {"hangs with its output closed", "#!/bin/sh\nexec >&-\nsleep 1000\n", 200 * NS_PER_MS, 100,
         -(int)ERROR_LIMIT, "", "did not end within 0.2 s"},
        {"no program", "neither script nor program\n", LONG_NS, 100, -(int)ERROR_NOT_FOUND, "",
         "cannot be started"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        run_script(&rows[i]);
    }
}

static void test_run__nothing_of_this_program_is_seen(void **state)
{
    (void)state;
    assert_int_equal(setenv("HF_TOKEN", "secret", 1), 0); /* NOLINT(concurrency-mt-unsafe) */
    const int open_fd = fcntl(STDOUT_FILENO, F_DUPFD, 50);
    assert_int_equal(open_fd, 50);
    static const struct script rows[] = {
        {"environment", "#!/bin/sh\necho \"$HF_TOKEN-$LC_ALL-$HOME\"\n", LONG_NS, 100, 0, "-C-\n",
         ""},
        {"open files", "#!/bin/sh\nreadlink /proc/$$/fd/50 || echo closed\n", LONG_NS, 100, 0,
         "closed\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        run_script(&rows[i]);
    }
    assert_int_equal(close(open_fd), 0);
}

static void test_run__names_what_is_not_there(void **state)
{
    (void)state;
    const char *const argv[] = {"/nonexistent/program", NULL};
    const struct program program = {argv, LONG_NS, 100};
    struct bytes out;
    struct error err = {0};
    bytes_init(&out, BYTES_MAX_DEFAULT);
    assert_int_equal(program_run(&program, &out, &err), -(int)ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/program cannot be started: No such file"));
    bytes_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run__within_bounds),
        cmocka_unit_test(test_run__nothing_of_this_program_is_seen),
        cmocka_unit_test(test_run__names_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
