/* What a run writes down of the machine: every WARN and FAIL that costs no time, and nothing else. */
#include "base/text.h"
#include "cli/run_checks.h"
#include "support/test.h"

#include <string.h>

static void test_run_checks_add__a_machine_with_everything_wrong(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json *warnings = json_new(&arena, JSON_ARRAY);
    const struct run_checks_query query = {
        .root = "tests/data/hardware/untuned", .engine_is_local = true};
    run_checks_add(&query, &arena, warnings);
    assert_int_equal(warnings->len, 18);
    assert_string_equal(
        json_at(warnings, 0)->text, "machine: cpu.governor: powersave (wanted: performance)");
    bool failed = false;
    for (const struct json *row = warnings->first; row != NULL; row = row->next) {
        assert_true(text_starts_with(row->text, "machine: "));
        failed |=
            text_equal(row->text, "machine: clock.source: hpet (wanted: read without a call)");
    }
    assert_true(failed);
    arena_done(&arena);
}

/* The client's GPUs have no part in the figures of an engine elsewhere. */
static void test_run_checks_add__no_gpus_beside_an_engine_elsewhere(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json *warnings = json_new(&arena, JSON_ARRAY);
    const struct run_checks_query query = {.root = "tests/data/hardware/untuned"};
    run_checks_add(&query, &arena, warnings);
    assert_int_equal(warnings->len, 17);
    for (const struct json *row = warnings->first; row != NULL; row = row->next) {
        assert_false(text_starts_with(row->text, "machine: gpu."));
    }
    arena_done(&arena);
}

static void test_run_checks_add__nothing_of_a_good_machine(void **state)
{
    (void)state;
    static const char *const roots[] = {"tests/data/hardware/tuned", "/nonexistent"};
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        struct arena arena = {0};
        struct json *warnings = json_new(&arena, JSON_ARRAY);
        const struct run_checks_query query = {.root = roots[i], .engine_is_local = true};
        run_checks_add(&query, &arena, warnings);
        assert_int_equal(warnings->len, 0);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_checks_add__a_machine_with_everything_wrong),
        cmocka_unit_test(test_run_checks_add__no_gpus_beside_an_engine_elsewhere),
        cmocka_unit_test(test_run_checks_add__nothing_of_a_good_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
