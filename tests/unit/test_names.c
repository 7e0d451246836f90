#include "suite/names.h"
#include "support/test.h"

static void test_name_is_id__words_of_letters_digits_and_dashes(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "a.b", "llm.inference.chatbot-short", "9.0", "a-.b"};
    static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "A", "a_b", "-a", "a.-b", "a b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(name_is_id(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(name_is_id(bad[i]));
    }
}

static void test_name_is_semver__three_numbers_and_a_pre_release(void **state)
{
    (void)state;
    static const char *const good[] = {"0.0.0", "1.2.3", "10.20.30", "1.0.0-rc.1"};
    static const char *const bad[] = {"",       "1",      "1.0",    "1.0.0.0",
                                      "01.0.0", "1.0.0-", "v1.0.0", "1.0.x"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(name_is_semver(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(name_is_semver(bad[i]));
    }
}

/* In this order, each below the next.  Source: semver.org 2.0.0, 11. */
static void test_name_compare_semver__by_numbers_not_by_letters(void **state)
{
    (void)state;
    static const char *const order[] = {"0.0.9", "0.0.10", "0.1.0", "0.9.99",
                                        "1.0.0", "2.0.0",  "10.0.0"};

    enum {
        N = sizeof(order) / sizeof(order[0])
    };

    for (size_t a = 0; a < N; a++) {
        for (size_t b = 0; b < N; b++) {
            const int got = name_compare_semver(order[a], order[b]);
            assert_int_equal((got > 0) - (got < 0), (a > b) - (a < b));
        }
    }
    assert_int_equal(name_compare_semver("1.2.3-rc.1", "1.2.3"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_is_id__words_of_letters_digits_and_dashes),
        cmocka_unit_test(test_name_is_semver__three_numbers_and_a_pre_release),
        cmocka_unit_test(test_name_compare_semver__by_numbers_not_by_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
