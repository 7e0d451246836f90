#include "base/arena.h"
#include "support/test.h"

#include <string.h>

static void test_arena_alloc__gives_zeroed_aligned_memory_apart(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};

    enum {
        N = 3000
    };

    static unsigned char *pieces[N];
    for (size_t i = 0; i < N; i++) {
        const size_t size = i % 97;
        pieces[i] = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(pieces[i][j], 0);
        }
        memset(pieces[i], (int)(i % 251) + 1, size);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < i % 97; j++) {
            assert_int_equal(pieces[i][j], i % 251 + 1);
        }
    }
}

static void test_arena_alloc__takes_requests_larger_than_a_block(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    static const size_t sizes[] = {5000000, 1, 2000000, 100000, 3};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *memory = arena_alloc(&arena, sizes[i]);
        memset(memory, 'x', sizes[i]);
    }
}

static void test_arena_copy__ends_with_nul(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const char *copy = arena_copy(&arena, "a\0bX", 3);
    assert_memory_equal(copy, "a\0b\0", 4);
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    assert_string_equal(arena_copy_text(&arena, "hello"), "hello");
}

static void test_arena_format__formats_any_length(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    assert_string_equal(arena_format(&arena, "%s-%d", "a", 7), "a-7");
    const char *text = arena_format(&arena, "%0*d", 9000, 1);
    assert_int_equal(strlen(text), 9000);
    assert_int_equal(text[8999], '1');
}

static void test_arena_done__leaves_an_empty_arena(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_done(&arena);
    (void)arena_alloc(&arena, 10);
    arena_done(&arena);
    assert_null(arena.blocks);
    (void)arena_alloc(&arena, 10);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_alloc__gives_zeroed_aligned_memory_apart),
        cmocka_unit_test(test_arena_alloc__takes_requests_larger_than_a_block),
        cmocka_unit_test(test_arena_copy__ends_with_nul),
        cmocka_unit_test(test_arena_format__formats_any_length),
        cmocka_unit_test(test_arena_done__leaves_an_empty_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
