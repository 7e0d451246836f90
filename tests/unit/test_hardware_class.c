#include "base/text.h"
#include "suite/slo.h"
#include "support/test.h"

#include <string.h>

static void test_hardware_class_find__any_case(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *name;
        double multiplier;
    } rows[] = {
        {"the base of all templates", "h100", 1.0},
        {"as a data sheet writes it", "H100", 1.0},
        {"faster", "h200", 0.6},
        {"mixed case", "MI300x", 1.2},
        {"with a dash", "rtx-4090", 1.8},
        {"no accelerator", "cpu", 20.0},
        {"Apple", "M-Series", 5.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct hardware_class *found = hardware_class_find(rows[i].name);
        if (found == NULL || fabs(found->multiplier - rows[i].multiplier) > 1e-12) {
            print_error("%s: %s\n", rows[i].what, rows[i].name);
            fail();
        }
    }
}

/* PROMISES.md 32: names that the Python suite takes for another class. */
static void test_hardware_class_find__promise_32_no_class_is_taken_for_another(void **state)
{
    (void)state;
    static const char *const names[] = {"b200", "h20", "t4", "a10", "l40s", "gh200"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct hardware_class *found = hardware_class_find(names[i]);
        assert_non_null(found);
        assert_string_equal(found->name, names[i]);
        assert_true(found->multiplier < 20.0);
    }
    assert_true(hardware_class_find("l40s")->multiplier < hardware_class_find("l4")->multiplier);
    assert_true(hardware_class_find("gh200")->multiplier > hardware_class_find("h200")->multiplier);
    assert_true(hardware_class_find("h20")->multiplier > hardware_class_find("h200")->multiplier);
}

static void test_hardware_class_find__unknown_is_null(void **state)
{
    (void)state;
    static const char *const names[] = {"", "h1000", "h", "NVIDIA H100", "tpu-v5", "h100 "};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_null(hardware_class_find(names[i]));
    }
}

static void test_hardware_class_table__rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < hardware_class_table_len; i++) {
        const struct hardware_class *row = &hardware_class_table[i];
        assert_true(row->multiplier >= 0.1 && row->multiplier <= 100.0);
        assert_true(row->title[0] != '\0');
        assert_true(strlen(row->name) < SLO_CLASS_SIZE);
        assert_int_equal(
            strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(row->name));
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(hardware_class_table[k].name, row->name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hardware_class_find__any_case),
        cmocka_unit_test(test_hardware_class_find__promise_32_no_class_is_taken_for_another),
        cmocka_unit_test(test_hardware_class_find__unknown_is_null),
        cmocka_unit_test(test_hardware_class_table__rows_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
