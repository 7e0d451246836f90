#include "base/mem.h"
#include "report/table.h"
#include "support/test.h"

#include <string.h>

/* The columns of the sweep readout. */
static const struct report_column columns[] = {
    {"conc", NULL, true},        {"throughput_tok_per_s", NULL, true},
    {"ttft_p50_ms", NULL, true}, {"tpot_p50_ms", NULL, true},
    {"ok_rate", NULL, true},     {"J/tok", "joules_per_token", true},
    {"envelope", NULL, false},
};

static void fill(struct report_table *table)
{
    report_table_init(table, "Sweep results (concurrency)", columns, ARRAY_LEN(columns));

    static const struct {
        double values[6];
        const char *envelope;
    } rows[] = {
        {{1, 122.21, 13.984, 6.48, 1, 7.239}, "c1-814953250c16.json"},
        {{16, 1384.4, 41.69, 10.94, 1, 0.7}, "c16-60be8efd6d21.json"},
        {{64, (double)NAN, (double)NAN, (double)NAN, 0, (double)NAN}, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        report_table_add_row(table);
        report_table_number(table, 0, rows[i].values[0], 0);
        report_table_number(table, 1, rows[i].values[1], 2);
        report_table_number(table, 2, rows[i].values[2], 2);
        report_table_number(table, 3, rows[i].values[3], 2);
        report_table_fixed(table, 4, rows[i].values[4], 3);
        report_table_number(table, 5, rows[i].values[5], 3);
        if (rows[i].envelope != NULL) {
            report_table_text(table, 6, rows[i].envelope);
        }
    }
}

/* What the table prints; the caller's to free. */
static char *printed(unsigned width, bool bold)
{
    struct report_table table;
    fill(&table);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    report_table_print(&table, out, width, bold);
    assert_int_equal(fclose(out), 0);
    report_table_done(&table);
    return text;
}

#define WIDE                                                                                        \
    "Sweep results (concurrency)\n"                                                                 \
    "conc  throughput_tok_per_s  ttft_p50_ms  tpot_p50_ms  ok_rate  J/tok  envelope\n"              \
    "   1                 122.2        13.98         6.48    1.000  7.239  c1-814953250c16.json\n"  \
    "  16                  1384        41.69        10.94    1.000  0.700  c16-60be8efd6d21.json\n" \
    "  64                     -            -            -    0.000      -  -\n"

static void test_report_table_print__one_line_a_row_where_there_is_room(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *pipe = printed(0, false);
    assert_string_equal(pipe, WIDE);
    CLEANUP(mem_freep) char *terminal = printed(92, false);
    assert_string_equal(terminal, WIDE);
}

static void test_report_table_print__80_columns_break_heads_at_underscores(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = printed(80, false);
    assert_string_equal(
        text, "Sweep results (concurrency)\n"
              "     throughput_\n"
              "conc   tok_per_s ttft_p50_ms tpot_p50_ms ok_rate J/tok envelope\n"
              "   1       122.2       13.98        6.48   1.000 7.239 c1-814953250c16.json\n"
              "  16        1384       41.69       10.94   1.000 0.700 c16-60be8efd6d21.json\n"
              "  64           -           -           -   0.000     - -\n");
}

static void expect_all(const char *text, unsigned width)
{
    static const char *const needed[] = {"throughput_", "tok_per_s", "envelope",
                                         "122.2",       "1384",      "c16-60be8efd6d21.json",
                                         "J/tok",       "0.700"};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (strstr(text, needed[i]) == NULL) {
            print_error("width %u: no '%s' in\n%s", width, needed[i], text);
            fail();
        }
    }
}

/* At any width every head and every number can be read in full. */
static void test_report_table_print__promise_22_never_cuts(void **state)
{
    (void)state;
    for (unsigned width = 0; width < 120; width++) {
        CLEANUP(mem_freep) char *text = printed(width, false);
        expect_all(text, width);
    }
}

static void test_report_table_print__bold_marks_title_and_heads_only(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = printed(0, true);
    assert_true(strncmp(text, "\033[1mSweep results (concurrency)\033[0m\n\033[1m", 40) == 0);
    const char *last = strstr(text, "c16-60be");
    assert_non_null(last);
    assert_null(strchr(last, '\033'));
}

static void test_report_table_json__values_are_not_rounded(void **state)
{
    (void)state;
    struct report_table table;
    fill(&table);
    struct arena arena = {0};
    struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    json_write_compact(json_at(report_table_json(&table, &arena), 0), &out);
    bytes_add_char(&out, '\n');
    json_write_compact(json_at(report_table_json(&table, &arena), 2), &out);
    assert_string_equal(
        out.data,
        "{\"conc\":1,\"throughput_tok_per_s\":122.21,\"ttft_p50_ms\":13.984,\"tpot_p50_ms\":6.48,"
        "\"ok_rate\":1.0,\"joules_per_token\":7.239,\"envelope\":\"c1-814953250c16.json\"}\n"
        "{\"conc\":64,\"throughput_tok_per_s\":null,\"ttft_p50_ms\":null,\"tpot_p50_ms\":null,"
        "\"ok_rate\":0.0,\"joules_per_token\":null,\"envelope\":null}");
    bytes_done(&out);
    arena_done(&arena);
    report_table_done(&table);
}

static void test_report_table_flag__is_a_word_and_a_boolean(void **state)
{
    (void)state;
    static const struct report_column flags[] = {{"ok", NULL, false}};
    struct report_table table;
    report_table_init(&table, NULL, flags, 1);
    report_table_add_row(&table);
    report_table_flag(&table, 0, true);
    struct arena arena = {0};
    bool value = false;
    assert_true(json_bool(json_find(json_at(report_table_json(&table, &arena), 0), "ok"), &value));
    assert_true(value);
    assert_string_equal(table.cells[0].text, "yes");
    arena_done(&arena);
    report_table_done(&table);
}

static void test_report_table_setting__prints_what_was_given(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        double value;
        const char *json;
    } rows[] = {
        {"0.5", 0.5, "[{\"rps\":0.5}]"},
        {"128", 128.0, "[{\"rps\":128}]"},
        {"1234.5", 1234.5, "[{\"rps\":1234.5}]"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct report_column column = {"rps", NULL, true};
        struct report_table table;
        report_table_init(&table, NULL, &column, 1);
        report_table_add_row(&table);
        report_table_setting(&table, 0, rows[i].value, rows[i].text);
        assert_string_equal(table.cells[0].text, rows[i].text);
        struct arena arena = {0};
        struct bytes json;
        bytes_init(&json, BYTES_MAX_DEFAULT);
        json_write_compact(report_table_json(&table, &arena), &json);
        assert_string_equal(json.data, rows[i].json);
        bytes_done(&json);
        arena_done(&arena);
        report_table_done(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_table_setting__prints_what_was_given),
        cmocka_unit_test(test_report_table_print__one_line_a_row_where_there_is_room),
        cmocka_unit_test(test_report_table_print__80_columns_break_heads_at_underscores),
        cmocka_unit_test(test_report_table_print__promise_22_never_cuts),
        cmocka_unit_test(test_report_table_print__bold_marks_title_and_heads_only),
        cmocka_unit_test(test_report_table_json__values_are_not_rounded),
        cmocka_unit_test(test_report_table_flag__is_a_word_and_a_boolean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
