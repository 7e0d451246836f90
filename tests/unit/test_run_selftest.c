/* What a run says of a self-test: warnings, the line below the readout, JSON. */
#include "support/test.h"

#include "base/mem.h"
#include "cli/progress.h"
#include "cli/run_readout.h"

#include <signal.h>
#include <string.h>

/* All figures within their limits. */
static struct selftest_row good_row(void)
{
    return (struct selftest_row){
        .streams = 4,
        .n_requests = 12,
        .n_events = 120,
        .events_per_s = 400.0,
        .events_share = 1.0,
        .in_flight_share = 0.999,
        .ttft = {.p99_ms = 0.46},
        .itl = {.p99_ms = 0.005},
        .dispatch_delay_p99_us = 80.0,
        .kernel_stamps = true,
    };
}

static void test_run_selftest_warn__names_the_limit_that_is_broken(void **state)
{
    (void)state;
    struct selftest_row rows[4] = {good_row(), good_row(), good_row(), good_row()};
    rows[1].itl.p99_ms = 0.75;
    rows[2].dispatch_delay_p99_us = (double)NAN;
    rows[3].n_mismatched = 3;
    static const char *const expected[] = {
        NULL,
        "self-test: this client is not exact enough at this load: ITL error p99 is 0.75, the limit is 0.5",
        "self-test: this client is not exact enough at this load: dispatch delay p99 is unknown, the "
        "limit is 1000",
        "self-test: 3 requests could not be compared",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mem_freep) char *log = NULL;
        size_t len = 0;
        FILE *file = open_memstream(&log, &len);
        assert_non_null(file);
        const struct cli_context context = {.log = file};
        struct run_plan plan = {.context = &context};
        plan.warnings = json_new(&plan.arena, JSON_ARRAY);
        run_selftest_warn(&plan, &rows[i]);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(plan.warnings->len, expected[i] != NULL ? 1 : 0);
        if (expected[i] != NULL) {
            assert_string_equal(plan.warnings->first->text, expected[i]);
            assert_non_null(strstr(log, expected[i]));
        }
        arena_done(&plan.arena);
    }
}

static struct point_row point_of(const char *label, bool done)
{
    struct point_row row = {
        .load = 4.0,
        .launch = {1, 1, 42},
        .validity = VALIDITY_VALID,
        .envelope = (char *)(uintptr_t) "e.json",
        .selftest = {
            .asked = true,
            .done = done,
            .recipe =
                {.streams = 4, .ttft_ns = 50000000, .itl_ns = 10000000, .tokens = 6, .waves = 30},
            .scale = 1.0,
            .row = good_row(),
        }};
    row.numbers[SUMMARY_COST] = (double)NAN;
    (void)snprintf(row.label, sizeof(row.label), "%s", label);
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
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Lines that follow the table's head and its n rows. */
static void assert_below(const struct point_row *rows, size_t n, const char *expected)
{
    CLEANUP(mem_freep) char *text = readout(rows, n, false);
    const char *at = text;
    for (size_t i = 0; i < n + 1; i++) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    assert_string_equal(at, expected);
}

static void test_run_readout__tells_the_clients_error_below_the_table(void **state)
{
    (void)state;
    struct point_row rows[3] = {point_of("4", true), point_of("8", false), point_of("16", true)};
    assert_below(rows, 1, "client error at this load: TTFT p99 0.46 ms, ITL p99 0.005 ms\n");
    assert_below(&rows[1], 1, "");
    rows[2].selftest.row.ttft.p99_ms = 1.25;
    assert_below(
        rows, 3,
        "conc 4: client error at this load: TTFT p99 0.46 ms, ITL p99 0.005 ms\n"
        "conc 16: client error at this load: TTFT p99 1.25 ms, ITL p99 0.005 ms; not within the limit: "
        "TTFT error p99\n");
}

static void test_run_readout_json__has_the_table_of_every_point(void **state)
{
    (void)state;
    const struct point_row rows[2] = {point_of("4", true), point_of("8", false)};
    CLEANUP(mem_freep) char *text = readout(rows, 2, true);
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *json = NULL;
    struct error err = {0};
    assert_int_equal(json_parse(&arena, "readout", text, strlen(text), &json, &err), 0);
    assert_int_equal(json->len, 2);
    const struct json *selftest = json_find(json->first, "selftest");
    assert_string_equal(json_path(selftest, "recipe.tokens")->text, "6");
    assert_string_equal(json_path(selftest, "recipe.closed_loop_rate_rps")->text, "40.0");
    assert_string_equal(json_path(selftest, "recipe.closed_loop_events_per_s")->text, "240.0");
    assert_string_equal(json_path(selftest, "trusted_streams")->text, "4");
    assert_int_equal(json_find(selftest, "rows")->len, 1);
    const struct json *row = json_find(selftest, "rows")->first;
    assert_string_equal(json_find(row, "ttft_error_p99_ms")->text, "0.46");
    assert_int_equal(json_find(json->first->next, "selftest")->kind, JSON_NULL);

    struct point_row without = rows[1];
    without.selftest.asked = false;
    CLEANUP(mem_freep) char *plain = readout(&without, 1, true);
    assert_null(strstr(plain, "selftest"));
}

/* Ctrl-C ends the run as soon as it can: the point is written, and says that nothing came after it. */
static void test_run_selftest__is_not_begun_after_an_interrupt(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *log = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&log, &len);
    assert_non_null(file);
    const struct cli_context context = {.log = file};
    struct run_options options = {.selftest = false};
    struct run_plan plan = {.context = &context, .options = &options};
    plan.warnings = json_new(&plan.arena, JSON_ARRAY);
    const struct point_facts facts = {.streaming = true, .concurrency = 1};
    static struct summary summary;
    struct run_selftest selftest;

    progress_catch_signals();
    assert_int_equal(raise(SIGINT), 0);
    run_selftest(&plan, "c1", &facts, &summary, &selftest);
    assert_false(selftest.asked);
    assert_int_equal(plan.warnings->len, 0);
    options.selftest = true;
    run_selftest(&plan, "c1", &facts, &summary, &selftest);
    assert_true(selftest.asked && !selftest.done);
    assert_int_equal(plan.warnings->len, 1);
    assert_string_equal(plan.warnings->first->text, "self-test: it did not run: interrupted");
    assert_int_equal(fclose(file), 0);
    arena_done(&plan.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_selftest_warn__names_the_limit_that_is_broken),
        cmocka_unit_test(test_run_readout__tells_the_clients_error_below_the_table),
        cmocka_unit_test(test_run_readout_json__has_the_table_of_every_point),
        cmocka_unit_test(test_run_selftest__is_not_begun_after_an_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
