/* The line that a person follows: whole figures without an exponent, and the right name for the median. */
#include "base/clock.h"
#include "cli/progress.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

/* The plain line of a snapshot, as in a pipe; the caller frees it. */
static char *line_of(const struct point_snapshot *snapshot, bool stream)
{
    char *text = NULL;
    size_t len = 0;
    FILE *log = open_memstream(&text, &len);
    assert_non_null(log);
    const struct cli_context context = {.log = log};
    struct progress progress = {
        .context = &context, .label = "c4", .duration_ns = 60 * NS_PER_S, .stream = stream};
    assert_int_equal(progress_tick(&progress, snapshot), 0);
    progress_end(&progress);
    (void)fclose(log);
    return text;
}

static struct point_snapshot snapshot_of(uint64_t n_tokens)
{
    return (struct point_snapshot){
        .phase = "window",
        .elapsed_ns = 20 * NS_PER_S,
        .window_elapsed_ns = 18 * NS_PER_S,
        .n_ended = n_tokens / 100,
        .n_tokens = n_tokens,
        .in_flight = 4,
        .ttft_p50_ms = 50.12,
    };
}

static void test_progress_tick__rates_have_no_exponent(void **state)
{
    (void)state;

    static const struct {
        uint64_t n_tokens;
        const char *line;
    } cases[] = {
        {1800, "c4 window 18/60 s  4 in flight  90 tok/s  0.9 req/s  0 errors  TTFT 50.1 ms\n"},
        {19990, "c4 window 18/60 s  4 in flight  1000 tok/s  9.95 req/s  0 errors  TTFT 50.1 ms\n"},
        {899020,
         "c4 window 18/60 s  4 in flight  44951 tok/s  449.5 req/s  0 errors  TTFT 50.1 ms\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct point_snapshot snapshot = snapshot_of(cases[i].n_tokens);
        char *line = line_of(&snapshot, true);
        assert_string_equal(line, cases[i].line);
        free(line);
    }
}

static void test_progress_tick__names_the_median(void **state)
{
    (void)state;
    const struct point_snapshot snapshot = snapshot_of(1800);
    char *line = line_of(&snapshot, false);
    assert_non_null(strstr(line, "  E2E 50.1 ms\n"));
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_tick__rates_have_no_exponent),
        cmocka_unit_test(test_progress_tick__names_the_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
