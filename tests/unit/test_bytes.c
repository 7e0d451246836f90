#include "base/bytes.h"
#include "support/test.h"

#include <string.h>

static void test_bytes_add__grows_and_ends_with_nul(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 100000);
    for (size_t i = 0; i < 100000; i++) {
        bytes_add_char(&bytes, (char)('a' + (char)(i % 26)));
        assert_int_equal(bytes.data[i + 1], '\0');
    }
    assert_false(bytes.failed);
    assert_int_equal(bytes.len, 100000);
    for (size_t i = 0; i < bytes.len; i++) {
        assert_int_equal(bytes.data[i], 'a' + (int)(i % 26));
    }
}

static void test_bytes_add__failure_is_sticky_and_adds_nothing(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 5);
    bytes_add_text(&bytes, "abc");
    bytes_add_text(&bytes, "def");
    assert_true(bytes.failed);
    assert_string_equal(bytes.data, "abc");
    bytes_add_text(&bytes, "x"); /* would fit, comes too late */
    bytes_add_char(&bytes, 'x');
    bytes_add_i64(&bytes, 1);
    bytes_add_format(&bytes, "%d", 1);
    assert_int_equal(bytes.len, 3);
    assert_null(bytes_reserve(&bytes, 0));

    bytes_clear(&bytes);
    assert_false(bytes.failed);
    assert_string_equal(bytes.data, "");
    bytes_add_text(&bytes, "12345");
    assert_false(bytes.failed);
    assert_string_equal(bytes.data, "12345");
}

static void test_bytes_reserve__does_not_overflow(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 10);
    bytes_add_text(&bytes, "abc");
    assert_null(bytes_reserve(&bytes, SIZE_MAX));
    assert_true(bytes.failed);
}

static void test_bytes_reserve__gives_room_behind_the_content(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 1000);
    bytes_add_text(&bytes, "abc");
    char *room = bytes_reserve(&bytes, 500);
    assert_non_null(room);
    assert_ptr_equal(room, bytes.data + 3);
    memset(room, 'x', 500);
    assert_int_equal(bytes.len, 3);
}

static void test_bytes_add_i64__writes_all_integers(void **state)
{
    (void)state;

    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {-7, "-7"},
        {10, "10"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_done) struct bytes bytes;
        bytes_init(&bytes, 100);
        bytes_add_i64(&bytes, rows[i].value);
        assert_string_equal(bytes.data, rows[i].text);
    }
}

static void test_bytes_add_format__appends_and_respects_the_maximum(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 300);
    bytes_add_format(&bytes, "%s=%d;", "a", 1);
    bytes_add_format(&bytes, "%0*d", 200, 5);
    assert_int_equal(bytes.len, 204);
    assert_memory_equal(bytes.data, "a=1;000", 7);
    assert_int_equal(bytes.data[203], '5');
    bytes_add_format(&bytes, "%0*d", 97, 5);
    assert_true(bytes.failed);
    assert_int_equal(bytes.len, 204);
    assert_int_equal(bytes.data[204], '\0');
}

static void test_bytes_drop_front__moves_the_rest(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 100);
    bytes_drop_front(&bytes, 0); /* also before the first append */
    bytes_add_text(&bytes, "abcdef");
    bytes_drop_front(&bytes, 2);
    assert_string_equal(bytes.data, "cdef");
    bytes_drop_front(&bytes, 4);
    assert_string_equal(bytes.data, "");
    assert_int_equal(bytes.len, 0);
}

static void test_bytes_take__hands_the_content_over(void **state)
{
    (void)state;
    struct bytes bytes;
    bytes_init(&bytes, 100);
    bytes_add_text(&bytes, "abc");
    char *text = bytes_take(&bytes);
    assert_string_equal(text, "abc");
    free(text);
    assert_null(bytes.data);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(bytes.max, 100);
    text = bytes_take(&bytes);
    assert_string_equal(text, "");
    free(text);
    bytes_add_text(&bytes, "again");
    assert_string_equal(bytes.data, "again");
    bytes_done(&bytes);
    bytes_done(&bytes);
}

static void test_bytes_clear__works_before_the_first_append(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes bytes;
    bytes_init(&bytes, 0);
    bytes_clear(&bytes);
    bytes_add(&bytes, NULL, 0);
    assert_false(bytes.failed);
    bytes_add_char(&bytes, 'x');
    assert_true(bytes.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_add__grows_and_ends_with_nul),
        cmocka_unit_test(test_bytes_add__failure_is_sticky_and_adds_nothing),
        cmocka_unit_test(test_bytes_reserve__does_not_overflow),
        cmocka_unit_test(test_bytes_reserve__gives_room_behind_the_content),
        cmocka_unit_test(test_bytes_add_i64__writes_all_integers),
        cmocka_unit_test(test_bytes_add_format__appends_and_respects_the_maximum),
        cmocka_unit_test(test_bytes_drop_front__moves_the_rest),
        cmocka_unit_test(test_bytes_take__hands_the_content_over),
        cmocka_unit_test(test_bytes_clear__works_before_the_first_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
