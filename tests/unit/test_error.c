#include "base/error.h"
#include "support/test.h"

#include <errno.h>
#include <string.h>

static void test_error_set__describes_and_returns_the_negative_code(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_PARSE, "%s:%d: bad", "a.json", 3), -ERROR_PARSE);
    assert_int_equal(err.code, ERROR_PARSE);
    assert_int_equal(err.os_errno, 0);
    assert_string_equal(err.text, "a.json:3: bad");
}

static void test_error_set__keeps_the_text_on_one_line(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(
        error_set(&err, ERROR_USAGE, "%s", "a\nb\tc\x1b[31m\x7f\xc3\xa9"), -ERROR_USAGE);
    assert_string_equal(err.text, "a?b?c?[31m?\xc3\xa9");
}

static void test_error_set__cuts_long_texts(void **state)
{
    (void)state;
    char text[2 * ERROR_TEXT_MAX];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_USAGE, "%s", text), -ERROR_USAGE);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);

    assert_int_equal(error_prefix(&err, "%s", text), -ERROR_USAGE);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);

    error_clear(&err);
    assert_int_equal(error_set_os(&err, ERROR_IO, ENOENT, "%s", text), -ERROR_IO);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void test_error_set_os__appends_the_reason(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set_os(&err, ERROR_IO, ENOSPC, "cannot write %s", "x\n"), -ERROR_IO);
    assert_string_equal(err.text, "cannot write x?: No space left on device");
    assert_int_equal(err.os_errno, ENOSPC);

    error_clear(&err);
    assert_int_equal(error_set_os(&err, ERROR_IO, 99999, "cannot write"), -ERROR_IO);
    assert_string_equal(err.text, "cannot write: unknown error");
}

static void test_error_prefix__puts_context_in_front(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set_os(&err, ERROR_KEY, EACCES, "cannot open k"), -ERROR_KEY);
    assert_int_equal(error_prefix(&err, "signing %d\n: ", 7), -ERROR_KEY);
    assert_string_equal(err.text, "signing 7?: cannot open k: Permission denied");
    assert_int_equal(err.os_errno, EACCES);
}

static void test_error_clear__makes_it_usable_again(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set_os(&err, ERROR_IO, EIO, "x"), -ERROR_IO);
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_int_equal(err.os_errno, 0);
    assert_string_equal(err.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_set__describes_and_returns_the_negative_code),
        cmocka_unit_test(test_error_set__keeps_the_text_on_one_line),
        cmocka_unit_test(test_error_set__cuts_long_texts),
        cmocka_unit_test(test_error_set_os__appends_the_reason),
        cmocka_unit_test(test_error_prefix__puts_context_in_front),
        cmocka_unit_test(test_error_clear__makes_it_usable_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
