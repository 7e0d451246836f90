/* Which load the simulated engine is given for a point: worked out by hand for each row. */
#include "base/clock.h"
#include "load/selftest.h"
#include "support/test.h"

#include <math.h>

/* A summary with nothing but what a recipe is made from; NAN: the figure has no number. */
static void fill_summary(
    struct summary *out, double in_flight_mean, double ttft_ms, double tpot_ms, double tokens)
{
    static const char *const keys[] = {"ttft_p50_ms", "tpot_p50_ms", "output_tokens_mean"};
    const double values[] = {ttft_ms, tpot_ms, tokens};
    *out = (struct summary){0};
    out->measurement.in_flight_mean = in_flight_mean;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        out->values[i] = (struct summary_value){.metric = metric_find(keys[i]), .value = values[i]};
        assert_non_null(out->values[i].metric);
    }
    out->n_values = ARRAY_LEN(keys);
}

static void test_selftest_recipe_like__follows_the_point(void **state)
{
    (void)state;
    const double none = (double)NAN;

    const struct {
        const char *what;
        uint32_t concurrency; /* 0: an open loop */
        double rate_rps;
        double in_flight;
        double ttft_ms;
        double tpot_ms;
        double tokens;
        struct selftest_recipe expected;
        double scale;
    } rows[] = {
        /* An answer takes 50 + 50 x 10 = 550 ms: six fill three seconds. */
        {"closed loop",
         64,
         0,
         63.2,
         50,
         10,
         51.4,
         {.streams = 64, .ttft_ns = 50000000, .itl_ns = 10000000, .tokens = 51, .waves = 6},
         1.0},
        {"open loop",
         0,
         12.5,
         6.01,
         50,
         10,
         51,
         {.streams = 7,
          .ttft_ns = 50000000,
          .itl_ns = 10000000,
          .tokens = 51,
          .waves = 6,
          .rate_rps = 12.5},
         1.0},
        {"open loop, seldom busy",
         0,
         0.1,
         0.05,
         50,
         10,
         51,
         {.streams = 1,
          .ttft_ns = 50000000,
          .itl_ns = 10000000,
          .tokens = 51,
          .waves = 6,
          .rate_rps = 0.1},
         1.0},
        /* 2000 + 400 x 20 = 10 s: a tenth of it is 200 ms and 40 tokens, 200 + 39 x 20 = 980 ms. */
        {"long answers",
         8,
         0,
         8,
         2000,
         20,
         401,
         {.streams = 8, .ttft_ns = 200000000, .itl_ns = 20000000, .tokens = 40, .waves = 4},
         0.1},
        {"long answers, open loop",
         0,
         0.8,
         8,
         2000,
         20,
         401,
         {.streams = 8,
          .ttft_ns = 200000000,
          .itl_ns = 20000000,
          .tokens = 40,
          .waves = 4,
          .rate_rps = 8.0},
         0.1},
        /* 5 + 1 x 5 = 10 s: tokens are two, their gap half of a second. */
        {"slow tokens",
         1,
         0,
         1,
         5000,
         5000,
         2,
         {.streams = 1, .ttft_ns = 500000000, .itl_ns = 500000000, .tokens = 2, .waves = 3},
         0.1},
        /* 99 + 1: thirty fill three seconds. */
        {"one token",
         4,
         0,
         4,
         99,
         none,
         1,
         {.streams = 4, .ttft_ns = 99000000, .itl_ns = 1000000, .tokens = 2, .waves = 30},
         1.0},
        {"all at once",
         4,
         0,
         4,
         100,
         0,
         20,
         {.streams = 4, .ttft_ns = 100000000, .itl_ns = 1000, .tokens = 20, .waves = 30},
         1.0},
        /* 10 000 tokens in 10 ms. */
        {"more tokens than the engine is asked for",
         4,
         0,
         4,
         0.001,
         0.001,
         20000,
         {.streams = 4, .ttft_ns = 1000, .itl_ns = 1000, .tokens = 10000, .waves = 300},
         1.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct summary summary;
        fill_summary(&summary, rows[i].in_flight, rows[i].ttft_ms, rows[i].tpot_ms, rows[i].tokens);
        const struct point_facts facts = {
            .driver = rows[i].concurrency > 0 ? DRIVER_CLOSED : DRIVER_OPEN,
            .concurrency = rows[i].concurrency,
            .rate_rps = rows[i].rate_rps,
            .streaming = true,
        };
        const struct selftest_recipe *expected = &rows[i].expected;
        struct selftest_recipe recipe = {0};
        double scale = 0.0;
        print_message("  %s\n", rows[i].what);
        assert_null(selftest_recipe_like(&facts, &summary, &recipe, &scale));
        assert_int_equal(recipe.streams, expected->streams);
        assert_int_equal(recipe.ttft_ns, expected->ttft_ns);
        assert_int_equal(recipe.itl_ns, expected->itl_ns);
        assert_int_equal(recipe.tokens, expected->tokens);
        assert_int_equal(recipe.waves, expected->waves);
        assert_near(recipe.rate_rps, expected->rate_rps, 1e-9);
        assert_near(scale, rows[i].scale, 1e-9);
    }
}

/* Whatever the point: a few seconds, what the engine can do, and no fewer token events than the point had
 * unless a limit of the engine says so. */
static void test_selftest_recipe_like__is_short_and_keeps_the_flow(void **state)
{
    (void)state;
    static const double durations_ms[] = {0.0, 0.3, 5.0, 70.0, 900.0, 20000.0};
    static const double tokens[] = {1.0, 2.0, 9.6, 300.0, 4000.0, 1e6};
    const struct point_facts facts = {
        .driver = DRIVER_CLOSED, .concurrency = 10, .streaming = true};
    for (size_t t = 0; t < ARRAY_LEN(durations_ms); t++) {
        for (size_t g = 0; g < ARRAY_LEN(durations_ms); g++) {
            for (size_t n = 0; n < ARRAY_LEN(tokens); n++) {
                static struct summary summary;
                fill_summary(&summary, 10.0, durations_ms[t], durations_ms[g], tokens[n]);
                struct selftest_recipe recipe = {0};
                double scale = 0.0;
                assert_null(selftest_recipe_like(&facts, &summary, &recipe, &scale));
                const double answer_s = recipe.streams / selftest_rate_rps(&recipe);
                assert_true(scale > 0.0 && scale <= 1.0);
                assert_true(recipe.tokens >= 2 && recipe.tokens <= SELFTEST_LIKE_TOKENS_MAX);
                assert_true(recipe.ttft_ns >= NS_PER_US && recipe.itl_ns >= NS_PER_US);
                assert_true(answer_s <= 1.5);
                assert_true(recipe.waves * answer_s >= 3.0 - 1e-9);
                assert_true(recipe.waves * answer_s <= 4.5);
                const double point_answer_s =
                    (durations_ms[t] + (tokens[n] - 1.0) * durations_ms[g]) / 1e3;
                const double point_events_per_s = 10.0 * tokens[n] / point_answer_s;
                if (tokens[n] <= 4000.0 && durations_ms[t] > 0.0 && durations_ms[g] > 0.0 &&
                    recipe.tokens > 20) {
                    assert_near(selftest_events_per_s(&recipe) / point_events_per_s, 1.0, 0.05);
                }
            }
        }
    }
}

static void test_selftest_recipe_like__says_what_is_missing(void **state)
{
    (void)state;
    static struct summary summary;
    struct selftest_recipe recipe = {0};
    double scale = 0.0;
    struct point_facts facts = {.driver = DRIVER_CLOSED, .concurrency = 1, .streaming = false};
    fill_summary(&summary, 1.0, 50.0, 10.0, 20.0);
    assert_string_equal(
        selftest_recipe_like(&facts, &summary, &recipe, &scale), "its answers do not stream");
    facts.streaming = true;
    fill_summary(&summary, 1.0, (double)NAN, 10.0, 20.0);
    assert_string_equal(
        selftest_recipe_like(&facts, &summary, &recipe, &scale), "no request of it was answered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selftest_recipe_like__follows_the_point),
        cmocka_unit_test(test_selftest_recipe_like__is_short_and_keeps_the_flow),
        cmocka_unit_test(test_selftest_recipe_like__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
