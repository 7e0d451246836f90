#include "base/mem.h"
#include "support/test.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_mem_alloc__is_zeroed_and_never_null(void **state)
{
    (void)state;
    unsigned char *block = mem_alloc(100, 7);
    for (size_t i = 0; i < 700; i++) {
        assert_int_equal(block[i], 0);
    }
    free(block);
    void *empty = mem_alloc(0, 8);
    assert_non_null(empty);
    free(empty);
    empty = mem_alloc(8, 0);
    assert_non_null(empty);
    free(empty);
}

static void test_mem_resize__keeps_the_content(void **state)
{
    (void)state;
    char *block = mem_resize(NULL, 4, 1);
    memcpy(block, "abc", 4);
    block = mem_resize(block, 100000, 1);
    assert_string_equal(block, "abc");
    block = mem_resize(block, 0, 1);
    assert_non_null(block);
    free(block);
}

static void test_mem_copy__ends_with_nul(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = mem_copy_text("hello");
    assert_string_equal(text, "hello");
    CLEANUP(mem_freep) char *bytes = mem_copy_bytes("a\0bX", 3);
    assert_memory_equal(bytes, "a\0b\0", 4);
    CLEANUP(mem_freep) char *nothing = mem_copy_bytes(NULL, 0);
    assert_string_equal(nothing, "");
    CLEANUP(mem_freep) char *formatted = mem_format("%s %d", "x", 5);
    assert_string_equal(formatted, "x 5");
}

/* Runs in a child: an allocation whose size overflows must say so and abort. */
static void test_mem_resize__says_so_and_aborts_when_there_is_no_memory(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        void *block = mem_resize(NULL, SIZE_MAX / 2, 3);
        free(block);
        _exit(0);
    }
    (void)close(ends[1]);
    char text[200] = {0};
    size_t len = 0;
    ssize_t n = 0;
    while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)n;
    }
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(text, "bench: out of memory (9223372036854775807 elements of 3 bytes)\n");
}

/* Bytes of this process that are in memory.  Source: proc(5), statm. */
static size_t resident_bytes(void)
{
    unsigned long size = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
    assert_int_equal(fclose(file), 0);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Blocks too small for a mapping of their own, below one that stays: free() alone gives none of them back. */
static void test_mem_give_back__returns_what_was_freed_and_keeps_the_rest(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* the sanitizers' own allocators keep what is freed */
#endif
    enum {
        BLOCKS = 1024,
        BLOCK_SIZE = 16384
    };

    static char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = mem_alloc(BLOCK_SIZE, 1);
        memset(blocks[i], 1, BLOCK_SIZE);
    }
    CLEANUP(mem_freep) char *kept = mem_copy_text("kept");
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    const size_t before = resident_bytes();
    mem_give_back();
    assert_true(before - resident_bytes() > (size_t)BLOCKS * BLOCK_SIZE / 2);
    assert_string_equal(kept, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem_alloc__is_zeroed_and_never_null),
        cmocka_unit_test(test_mem_resize__keeps_the_content),
        cmocka_unit_test(test_mem_copy__ends_with_nul),
        cmocka_unit_test(test_mem_resize__says_so_and_aborts_when_there_is_no_memory),
        cmocka_unit_test(test_mem_give_back__returns_what_was_freed_and_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
