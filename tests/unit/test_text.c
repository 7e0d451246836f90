#include "base/text.h"
#include "support/test.h"

#include <inttypes.h>
#include <locale.h>
#include <string.h>

static void test_text_parse_i64__reads_whole_numbers_in_range(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        int64_t min;
        int64_t max;
        int64_t value;
        const char *error; /* NULL: value is expected */
    } rows[] = {
        {"zero", "0", 0, 5, 0, NULL},
        {"sign", "-3", -5, 5, -3, NULL},
        {"plus", "+3", -5, 5, 3, NULL},
        {"leading zeros", "007", 0, 9, 7, NULL},
        {"greatest", "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, NULL},
        {"smallest", "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, NULL},
        {"at the bounds", "5", 5, 5, 5, NULL},
        {"empty", "", 0, 5, 0, "'' is not a whole number"},
        {"sign alone", "-", 0, 5, 0, "'-' is not a whole number"},
        {"word", "abc", 0, 5, 0, "'abc' is not a whole number"},
        {"trailing unit", "5s", 0, 5, 0, "'5s' is not a whole number"},
        {"leading blank", " 5", 0, 5, 0, "' 5' is not a whole number"},
        {"trailing blank", "5 ", 0, 5, 0, "'5 ' is not a whole number"},
        {"fraction", "1.0", 0, 5, 0, "'1.0' is not a whole number"},
        {"hex", "0x1", 0, 5, 0, "'0x1' is not a whole number"},
        {"below", "0", 1, 5, 0, "'0' is not between 1 and 5"},
        {"above", "7", 1, 5, 0, "'7' is not between 1 and 5"},
        {"overflow", "9223372036854775808", 0, INT64_MAX, 0,
         "'9223372036854775808' is not between 0 and 9223372036854775807"},
        {"underflow", "-9223372036854775809", INT64_MIN, 0, 0,
         "'-9223372036854775809' is not between -9223372036854775808 and 0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        int64_t value = 77;
        const int result = text_parse_i64(rows[i].text, rows[i].min, rows[i].max, &value, &err);
        print_message("  %s\n", rows[i].what);
        if (rows[i].error != NULL) {
            assert_int_equal(result, -ERROR_USAGE);
            assert_string_equal(err.text, rows[i].error);
            assert_int_equal(value, 77);
        } else {
            assert_int_equal(result, 0);
            assert_int_equal(value, rows[i].value);
        }
    }
}

static const struct {
    const char *what;
    const char *text;
    double value;
    const char *error;
} decimal_rows[] = {
    {"whole", "3", 3.0, NULL},
    {"the greatest", "1000", 1000.0, NULL},
    {"the smallest", "-1000.0", -1000.0, NULL},
    {"fraction", "2.5", 2.5, NULL},
    {"sign", "-2.5", -2.5, NULL},
    {"plus", "+2.5", 2.5, NULL},
    {"no integer part", ".5", 0.5, NULL},
    {"no fraction digits", "5.", 5.0, NULL},
    {"exponent", "1e2", 100.0, NULL},
    {"signed exponents", "1E-2", 0.01, NULL},
    {"plus in the exponent", "1e+2", 100.0, NULL},
    {"empty", "", 0.0, "'' is not a number"},
    {"point alone", ".", 0.0, "'.' is not a number"},
    {"sign alone", "+", 0.0, "'+' is not a number"},
    {"exponent without digits", "1e", 0.0, "'1e' is not a number"},
    {"exponent with sign alone", "1e+", 0.0, "'1e+' is not a number"},
    {"exponent alone", "e5", 0.0, "'e5' is not a number"},
    {"unit", "5s", 0.0, "'5s' is not a number"},
    {"comma", "1,5", 0.0, "'1,5' is not a number"},
    {"blank", " 1", 0.0, "' 1' is not a number"},
    {"hex", "0x10", 0.0, "'0x10' is not a number"},
    {"infinity", "inf", 0.0, "'inf' is not a number"},
    {"nan", "nan", 0.0, "'nan' is not a number"},
    {"too large for a double", "1e999", 0.0, "'1e999' is not between -1000 and 1000"},
    {"above", "1000.5", 0.0, "'1000.5' is not between -1000 and 1000"},
    {"below", "-1001", 0.0, "'-1001' is not between -1000 and 1000"},
};

static void check_decimal(size_t row)
{
    struct error err = {0};
    double value = 77.0;
    const int result = text_parse_f64(decimal_rows[row].text, -1000.0, 1000.0, &value, &err);
    const char *error = decimal_rows[row].error;
    assert_int_equal(result, error != NULL ? -ERROR_USAGE : 0);
    assert_string_equal(err.text, error != NULL ? error : "");
    assert_near(value, error != NULL ? 77.0 : decimal_rows[row].value, 0.0);
}

static void test_text_parse_f64__reads_finite_decimals_in_range(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(decimal_rows); row++) {
        print_message("  %s\n", decimal_rows[row].what);
        check_decimal(row);
    }
}

/* One thread: changing the locale is safe. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */
static void test_text_to_f64__ignores_the_locale(void **state)
{
    (void)state;
    static const char *const comma_locales[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "fr_FR"};
    const char *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(comma_locales) && found == NULL; i++) {
        found = setlocale(LC_ALL, comma_locales[i]);
    }
    if (found == NULL) {
        print_message("skipped: no locale with a decimal comma on this machine\n");
        skip();
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    struct error err = {0};
    double value = 0.0;
    const int result = text_parse_f64("2.5", 0.0, 10.0, &value, &err);
    const double direct = text_to_f64("1.25e1");
    (void)setlocale(LC_ALL, "C");
    assert_int_equal(result, 0);
    assert_near(value, 2.5, 0.0);
    assert_near(direct, 12.5, 0.0);
}

/* NOLINTEND(concurrency-mt-unsafe) */

static void test_text_starts_ends_with__compare_whole_affixes(void **state)
{
    (void)state;
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "ab"));
    assert_true(text_starts_with("abc", ""));
    assert_true(text_starts_with("abc", "ab"));
    assert_true(text_starts_with("abc", "abc"));
    assert_false(text_starts_with("abc", "abcd"));
    assert_false(text_starts_with("abc", "b"));
    assert_true(text_ends_with("abc", ""));
    assert_true(text_ends_with("abc", "bc"));
    assert_true(text_ends_with("abc", "abc"));
    assert_false(text_ends_with("abc", "xabc"));
    assert_false(text_ends_with("abc", "b"));
}

static void test_text_distance__counts_edits_and_swaps(void **state)
{
    (void)state;

    static const struct {
        const char *a;
        const char *b;
        unsigned limit;
        unsigned distance;
    } rows[] = {
        {"", "", 5, 0},
        {"", "abc", 5, 3},
        {"abc", "", 5, 3},
        {"verify", "verify", 5, 0},
        {"verify", "verfiy", 5, 1}, /* swap of neighbours */
        {"verify", "veryfi", 5, 2}, /* no neighbours: two substitutions */
        {"verify", "verifyy", 5, 1},
        {"verify", "erify", 5, 1},
        {"kitten", "sitting", 5, 3},
        {"ca", "abc", 5, 3}, /* optimal string alignment: a swapped pair is not edited again */
        {"abcdef", "ghijkl", 3, 4}, /* capped at limit + 1 */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("  '%s' and '%s'\n", rows[i].a, rows[i].b);
        assert_int_equal(text_distance(rows[i].a, rows[i].b, rows[i].limit), rows[i].distance);
        assert_int_equal(text_distance(rows[i].b, rows[i].a, rows[i].limit), rows[i].distance);
    }
}

static void test_text_distance__treats_long_texts_as_far(void **state)
{
    (void)state;
    char longest[64];
    char too_long[65];
    memset(longest, 'a', 63);
    longest[63] = '\0';
    memset(too_long, 'a', 64);
    too_long[64] = '\0';
    assert_int_equal(text_distance(longest, longest, 2), 0);
    assert_int_equal(text_distance(longest, too_long, 2), 3);
    assert_int_equal(text_distance(too_long, longest, 2), 3);
}

static void test_text_nearest__suggests_only_what_is_near(void **state)
{
    (void)state;
    static const char *const names[] = {"run", "verify", "compare", "keygen"};
    assert_string_equal(text_nearest("verfy", names, ARRAY_LEN(names)), "verify");
    assert_string_equal(text_nearest("rnu", names, ARRAY_LEN(names)), "run");
    assert_string_equal(text_nearest("kegyen", names, ARRAY_LEN(names)), "keygen");
    assert_null(text_nearest("publish", names, ARRAY_LEN(names)));
    assert_null(text_nearest("rxx", names, ARRAY_LEN(names))); /* two edits in three letters */
    assert_null(text_nearest("run", names, 0));
}

static size_t encode_utf8(unsigned code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    const size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(lead[len] | code);
    return len;
}

static void test_text_utf8_length__accepts_every_scalar_value(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 0x10ffff; code++) {
        char text[4];
        const size_t len = encode_utf8(code, text);
        const bool surrogate = code >= 0xd800 && code <= 0xdfff;
        if (text_utf8_length(text, len) != (surrogate ? 0 : len)) {
            print_error("U+%04X\n", code);
            fail();
        }
        if (len > 1 && text_utf8_length(text, len - 1) != 0) {
            print_error("U+%04X, cut\n", code);
            fail();
        }
    }
}

/* Counts the well-formed sequences of `len` bytes.  Equal to the number of scalar values of that
 * length, so together with the test above: nothing else is accepted. */
static unsigned count_well_formed(size_t len)
{
    unsigned n = 0;
    const unsigned top = 1U << (8 * (len - 1)) << 7;
    for (unsigned bits = 0; bits < top; bits++) {
        const unsigned all = bits | top; /* the first byte is 0x80 or more */
        char text[4];
        for (size_t i = 0; i < len; i++) {
            text[i] = (char)(all >> (8 * (len - 1 - i)) & 0xff);
        }
        n += text_utf8_length(text, len) == len ? 1 : 0;
    }
    return n;
}

static void test_text_utf8_length__accepts_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(count_well_formed(1), 0);
    assert_int_equal(count_well_formed(2), 0x800 - 0x80);
    assert_int_equal(count_well_formed(3), 0x10000 - 0x800 - 0x800);

    static const struct {
        const char *what;
        const char *bytes;
    } rows[] = {
        {"overlong, 4 bytes", "\xf0\x8f\xbf\xbf"},
        {"above U+10FFFF", "\xf4\x90\x80\x80"},
        {"lead byte f5", "\xf5\x80\x80\x80"},
        {"lead byte ff", "\xff\x80\x80\x80"},
        {"third byte no continuation", "\xf0\x90\x41\x80"},
        {"third byte too high", "\xf0\x90\xc0\x80"},
        {"fourth byte no continuation", "\xf0\x90\x80\x41"},
        {"fourth byte too high", "\xf0\x90\x80\xff"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("  %s\n", rows[i].what);
        assert_int_equal(text_utf8_length(rows[i].bytes, 4), 0);
    }
}

static void test_text_is_utf8__checks_all_of_the_text(void **state)
{
    (void)state;
    assert_true(text_is_utf8("", 0));
    assert_true(text_is_utf8("a\0\xc3\xa9\xf0\x9f\x98\x80z", 9));
    assert_false(text_is_utf8("abc\xc3", 4));
    assert_false(text_is_utf8("\xed\xa0\x80", 3));
    assert_false(text_is_utf8("ok\x80ok", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_parse_i64__reads_whole_numbers_in_range),
        cmocka_unit_test(test_text_parse_f64__reads_finite_decimals_in_range),
        cmocka_unit_test(test_text_to_f64__ignores_the_locale),
        cmocka_unit_test(test_text_starts_ends_with__compare_whole_affixes),
        cmocka_unit_test(test_text_distance__counts_edits_and_swaps),
        cmocka_unit_test(test_text_distance__treats_long_texts_as_far),
        cmocka_unit_test(test_text_nearest__suggests_only_what_is_near),
        cmocka_unit_test(test_text_utf8_length__accepts_every_scalar_value),
        cmocka_unit_test(test_text_utf8_length__accepts_nothing_else),
        cmocka_unit_test(test_text_is_utf8__checks_all_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
