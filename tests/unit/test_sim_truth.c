/* The truth log: blocks that are handed from the thread that adds to the one that writes. */
#include "base/file.h"
#include "sim/sim_truth.h"
#include "support/test.h"

#include <string.h>
#include <unistd.h>

/* A file in a folder of its own; `out` is emptied by remove_path. */
static void make_path(char out[64])
{
    (void)snprintf(out, 64, "/tmp/test_truth_XXXXXX");
    assert_non_null(mkdtemp(out));
    const size_t len = strlen(out);
    (void)snprintf(out + len, 64 - len, "/log");
}

static void remove_path(char path[64])
{
    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    (void)rmdir(path);
}

static void test_truth__is_handed_over_in_blocks(void **state)
{
    (void)state;

    enum {
        ENTRIES = 100000
    };

    static const bool keeps[] = {false, true};
    for (size_t k = 0; k < ARRAY_LEN(keeps); k++) {
        char path[64];
        make_path(path);
        struct sim_truth_log *log = NULL;
        struct error err = {0};
        assert_int_equal(sim_truth_open(path, keeps[k], &log, &err), 0);
        for (uint64_t i = 0; i < ENTRIES; i++) {
            const struct sim_truth entry = {
                .request = i, .token = 2, .tokens = 1, .due_ns = 5, .write_ns = -7};
            sim_truth_add(log, &entry);
        }
        assert_int_equal(sim_truth_count(log), ENTRIES);
        if (keeps[k]) {
            assert_int_equal(sim_truth_at(log, ENTRIES - 1)->request, ENTRIES - 1);
        }
        assert_int_equal(sim_truth_close(log, &err), 0);
        char *lines = NULL;
        size_t len = 0;
        assert_int_equal(file_read(path, 1 << 24, &lines, &len, &err), 0);
        const char *at = lines;
        for (uint64_t i = 0; i < ENTRIES; i++) {
            char line[96];
            const int n = snprintf(
                line, sizeof(line), "{\"request\":%llu,\"token\":2,\"due_ns\":5,\"write_ns\":-7}\n",
                (unsigned long long)i);
            assert_int_equal(strncmp(at, line, (size_t)n), 0);
            at += n;
        }
        assert_int_equal(*at, '\0');
        free(lines);
        remove_path(path);
    }
}

static void test_truth__tells_of_failed_writes(void **state)
{
    (void)state;
    struct sim_truth_log *log = NULL;
    struct error err = {0};
    assert_int_equal(sim_truth_open("/nonexistent/truth", false, &log, &err), -ERROR_IO);
    assert_non_null(strstr(err.text, "cannot write the truth log /nonexistent/truth"));
    error_clear(&err);
    assert_int_equal(sim_truth_open("/dev/full", false, &log, &err), 0);
    const struct sim_truth entry = {.request = UINT64_MAX};
    sim_truth_add(log, &entry);
    assert_int_equal(sim_truth_close(log, &err), -ERROR_IO);
    assert_non_null(strstr(err.text, "cannot write the truth log /dev/full: No space left"));
    error_clear(&err);
    assert_int_equal(sim_truth_close(NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth__is_handed_over_in_blocks),
        cmocka_unit_test(test_truth__tells_of_failed_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
