/* Every byte at every place, among neighbours that are as near to it as can be. */
#include "base/wide.h"
#include "support/test.h"

enum {
    WORD = 8
};

/* Place of the first byte for which `is` holds, or WORD. */
static size_t first_of(const char *bytes, bool (*is)(unsigned char c, unsigned char n), int n)
{
    size_t at = 0;
    while (at < WORD && !is((unsigned char)bytes[at], (unsigned char)n)) {
        at++;
    }
    return at;
}

static bool is_equal(unsigned char c, unsigned char n)
{
    return c == n;
}

static bool is_less(unsigned char c, unsigned char n)
{
    return c < n;
}

static void check(uint64_t mask, size_t expected)
{
    assert_int_equal(mask == 0 ? WORD : wide_first(mask), expected);
}

static void check_word(const char *bytes, int n)
{
    const uint64_t word = wide_load(bytes);
    check(wide_equal(word, (char)n), first_of(bytes, is_equal, n));
    if (n <= 128) {
        check(wide_less(word, (unsigned char)n), first_of(bytes, is_less, n));
    }
}

static void test_wide__finds_the_first_byte(void **state)
{
    (void)state;
    for (int n = 0; n < 256; n++) {
        for (int around = -2; around <= 2; around++) {
            for (size_t at = 0; at < WORD; at++) {
                for (int c = 0; c < 256; c++) {
                    char bytes[WORD];
                    memset(bytes, n + around, sizeof(bytes));
                    bytes[at] = (char)c;
                    check_word(bytes, n);
                }
            }
        }
    }
}

static void test_wide_load__needs_no_alignment(void **state)
{
    (void)state;
    static const char text[] = "0123456789abcdef";
    for (size_t at = 0; at + WORD <= sizeof(text) - 1; at++) {
        const uint64_t word = wide_load(text + at);
        for (size_t i = 0; i < WORD; i++) {
            assert_int_equal(word >> (8 * i) & 0xff, text[at + i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide__finds_the_first_byte),
        cmocka_unit_test(test_wide_load__needs_no_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
