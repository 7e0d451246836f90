/* Seeds of launches, and what the readout makes of launches that failed or were cut short. */
#include "cli/run_readout.h"
#include "cli/run_repeat.h"
#include "support/test.h"

#include <string.h>

static void test_repeat_seed__is_the_documented_number(void **state)
{
    (void)state;
    /* numpy 2.4.6: np.random.Philox(key=[42, 9 + 256*k], counter=0).random_raw() >> 11 */
    assert_true(repeat_seed(42, 1) == 42);
    assert_true(repeat_seed(UINT64_MAX, 1) == UINT64_MAX);
    assert_true(repeat_seed(42, 2) == UINT64_C(6952591914047934));
    assert_true(repeat_seed(42, 3) == UINT64_C(5773946113842339));
}

static void test_repeat_seed__differs_from_launch_to_launch(void **state)
{
    (void)state;
    uint64_t seen[RUN_REPEAT_MAX];
    for (uint32_t i = 0; i < RUN_REPEAT_MAX; i++) {
        seen[i] = repeat_seed(0, i + 1);
        assert_true(seen[i] < UINT64_C(1) << 53);
        for (uint32_t j = 0; j < i; j++) {
            assert_true(seen[j] != seen[i]);
        }
    }
}

/* No test frees the name: point_row_done is not called. */
static struct point_row row_of(uint32_t index, double value, const char *envelope)
{
    struct point_row row = {
        .label = "4",
        .load = 4.0,
        .launch = {index, 4, 42},
        .seed = index,
        .group_id = "g",
        .validity = envelope != NULL ? VALIDITY_VALID : VALIDITY_INVALID,
        .envelope = (char *)(uintptr_t)envelope,
    };
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        row.numbers[i] = value;
    }
    row.numbers[SUMMARY_COST] = (double)NAN;
    return row;
}

static char *readout(const struct point_row *rows, size_t n, bool json)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    const struct cli_context context = {.out = out, .log = out, .columns = 80};
    run_readout_print(&context, "conc", rows, n, json);
    (void)fclose(out);
    return text;
}

static void test_run_readout_print__counts_only_whole_launches(void **state)
{
    (void)state;
    struct point_row rows[] = {
        row_of(1, 10.0, "c4-a.json"),
        row_of(2, (double)NAN, NULL), /* failed */
        row_of(3, 20.0, "c4-b.json"),
        row_of(4, 99.0, "c4-c.json"),
    };
    rows[3].interrupted = true;
    char *text = readout(rows, 4, false);
    const char *const lines[] = {" 4 #2 ", " 4 #4 ", " mean ", " 15.00 ", "+-95% ", " 63.53 "};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        if (strstr(text, lines[i]) == NULL) {
            print_error("'%s' is not in\n%s", lines[i], text);
            fail();
        }
    }
    free(text);
    text = readout(rows, 4, true);
    assert_non_null(strstr(text, "\"launches\": 2,"));
    assert_non_null(strstr(text, "\"mean\": 15.0,"));
    assert_non_null(strstr(text, "\"max\": 20.0"));
    assert_null(strstr(text, "\"max\": 99.0"));
    free(text);
    assert_int_equal(run_readout_exit_code(rows, 3), EXIT_OPERATION);
    assert_int_equal(run_readout_exit_code(rows, 4), EXIT_INTERRUPTED);
}

static void test_run_readout_print__a_flagged_repeated_sweep_fits_80_columns(void **state)
{
    (void)state;
    struct point_row rows[] = {
        row_of(1, 1234.5, "c64-0123456789ab.json"), row_of(2, 1233.5, "c64-ba9876543210.json")};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(rows[i].label, sizeof(rows[i].label), "64");
        rows[i].numbers[SUMMARY_OK_RATE] = 0.5;
        rows[i].validity = VALIDITY_FLAGGED;
    }
    char *text = readout(rows, 2, false);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        assert_true(strcspn(line, "\n") <= 80);
    }
    free(text);
}

static void test_run_readout_print__launches_that_all_failed_have_no_group_rows(void **state)
{
    (void)state;
    const struct point_row rows[] = {row_of(1, (double)NAN, NULL), row_of(2, (double)NAN, NULL)};
    char *text = readout(rows, 2, false);
    assert_null(strstr(text, "mean"));
    free(text);
    text = readout(rows, 2, true);
    assert_non_null(strstr(text, "\"launches\": 0,"));
    assert_non_null(strstr(text, "\"mean\": null,"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeat_seed__is_the_documented_number),
        cmocka_unit_test(test_repeat_seed__differs_from_launch_to_launch),
        cmocka_unit_test(test_run_readout_print__counts_only_whole_launches),
        cmocka_unit_test(test_run_readout_print__a_flagged_repeated_sweep_fits_80_columns),
        cmocka_unit_test(test_run_readout_print__launches_that_all_failed_have_no_group_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
