#include "base/attr.h"
#include "report/number.h"
#include "support/test.h"

#include <string.h>

static const struct {
    const char *what;
    double value;
    int decimals;
    const char *text;
} rows[] = {
    {"rates of the example", 122.21, 2, "122.2"},
    {"rates of the example", 580.34, 2, "580.3"},
    {"no decimals from four digits on", 1384.4, 2, "1384"},
    {"all digits before the point", 123456.7, 2, "123457"},
    {"two decimals", 13.984, 2, "13.98"},
    {"decimals are a limit", 6.4812, 2, "6.48"},
    {"three decimals", 7.2391, 3, "7.239"},
    {"trailing zeros stay", 0.7, 3, "0.700"},
    {"below one", 0.6914, 3, "0.691"},
    {"rounding adds a digit", 9.9996, 3, "10.00"},
    {"rounding adds a digit", 99.996, 3, "100.0"},
    {"rounding adds a digit", 999.96, 3, "1000"},
    {"zero", 0.0, 3, "0.000"},
    {"zero without decimals", 0.0, 0, "0"},
    {"small numbers do not vanish", 0.001234, 2, "0.0012"},
    {"small numbers do not vanish", 0.00001, 3, "0.000010"},
    {"negative", -13.984, 2, "-13.98"},
    {"counts", 42.0, 0, "42"},
    {"absent", (double)NAN, 2, "-"},
    {"infinite", (double)INFINITY, 2, "inf"},
    {"infinite", -(double)INFINITY, 2, "-inf"},
};

static void test_report_number__four_significant_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[REPORT_NUMBER_SIZE];
        report_number(rows[i].value, rows[i].decimals, text);
        if (strcmp(text, rows[i].text) != 0) {
            print_error("%s: %g is '%s'\n", rows[i].what, rows[i].value, text);
        }
        assert_string_equal(text, rows[i].text);
    }
}

static void test_report_number__any_double_fits(void **state)
{
    (void)state;
    char text[REPORT_NUMBER_SIZE];
    report_number(-1.7976931348623157e308, 2, text);
    assert_int_equal(strlen(text), 310);
    report_fixed(-1.7976931348623157e308, 3, text);
    assert_int_equal(strlen(text), 314);
    report_number(5e-324, 2, text);
    assert_string_equal(text, "0.000000000000");
}

static void test_report_fixed__keeps_its_decimals(void **state)
{
    (void)state;
    char text[REPORT_NUMBER_SIZE];
    report_fixed(1.0, 3, text);
    assert_string_equal(text, "1.000");
    report_fixed(0.94999, 3, text);
    assert_string_equal(text, "0.950");
    report_fixed((double)NAN, 3, text);
    assert_string_equal(text, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_number__four_significant_digits),
        cmocka_unit_test(test_report_number__any_double_fits),
        cmocka_unit_test(test_report_fixed__keeps_its_decimals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
