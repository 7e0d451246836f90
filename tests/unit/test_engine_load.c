/* Figures of an engine, over samples whose answers are worked out by hand. */
#include "base/attr.h"
#include "stats/engine_load.h"
#include "support/test.h"

#include <string.h>

#define S INT64_C(1000000000)

enum {
    SAMPLES = 5
};

/* At -1, 1, 3, 5 and 7 s; the span is [0, 6) s: the first and the last interval lie half in it. */
static int64_t at_ns[SAMPLES] = {-1 * S, 1 * S, 3 * S, 5 * S, 7 * S};
static const struct span span = {0, 6 * S};

static struct track_column gauge(const char *key, double *values)
{
    return (struct track_column){.key = key, .role = TRACK_GAUGE, .values = values};
}

static struct track_column total(const char *key, double *values)
{
    return (struct track_column){.key = key, .role = TRACK_COUNTER, .values = values};
}

static struct track track_of(struct track_column *columns, uint32_t n)
{
    return (struct track){
        .sampler = "engine_metrics",
        .source = "u",
        .part = ENGINE_PART,
        .period_ns = 2 * S,
        .n = SAMPLES,
        .at_ns = at_ns,
        .n_columns = n,
        .columns = columns,
    };
}

struct expected {
    const char *key;
    double value;
};

static void check(struct track *track, const struct expected *expected, size_t n, const char *what)
{
    struct engine_figure figures[ENGINE_FIGURES];
    const struct telemetry telemetry = {.n_tracks = 1, .tracks = track};
    assert_true(engine_load_compute(&telemetry, &span, figures));
    for (size_t i = 0; i < ENGINE_FIGURES; i++) {
        double value = (double)NAN;
        for (size_t k = 0; k < n; k++) {
            value = strcmp(expected[k].key, figures[i].key) == 0 ? expected[k].value : value;
        }
        if (isnan(value) != isnan(figures[i].value)) {
            print_error("%s: %s is %g\n", what, figures[i].key, figures[i].value);
            fail();
        }
        if (!isnan(value)) {
            assert_near(figures[i].value, value, 1e-12);
        }
    }
}

static void test_engine_load__cuts_to_the_span(void **state)
{
    (void)state;
    /* Inside the span: the middle three. */
    double running[] = {9.0, 2.0, 4.0, 3.0, 9.0};
    double waiting[] = {0.0, (double)NAN, 5.0, 1.0, 0.0};
    double kv[] = {0.9, 0.25, 0.5, 0.75, 0.9};
    /* Halves of the first and last interval, and both in the middle. */
    double queried[] = {0.0, 100.0, 300.0, 400.0, 600.0}; /* 50 + 200 + 100 + 100 */
    double hit[] = {0.0, 20.0, 60.0, 100.0, 130.0};       /* 10 + 40 + 40 + 15 */
    double preempted[] = {7.0, 7.0, 8.0, 9.0, 9.0};
    double drafted[] = {5.0, 5.0, 5.0, 5.0, 5.0};
    double accepted[] = {1.0, 1.0, 1.0, 1.0, 1.0};
    double generated[] = {1000.0, 1100.0, 1300.0, 10.0, 210.0}; /* 50 + 200 + (75 a second) + 100 */
    struct track_column columns[] = {
        gauge(ENGINE_RUNNING, running),
        gauge(ENGINE_WAITING, waiting),
        gauge(ENGINE_KV_SHARE, kv),
        total(ENGINE_QUERIED, queried),
        total(ENGINE_HIT, hit),
        total(ENGINE_PREEMPTED, preempted),
        total(ENGINE_SPEC_DRAFTED, drafted),
        total(ENGINE_SPEC_ACCEPTED, accepted),
        total(ENGINE_GENERATED, generated),
    };
    struct track track = track_of(columns, ARRAY_LEN(columns));

    static const struct expected expected[] = {
        {"running_requests_mean", 3.0},
        {"running_requests_max", 4.0},
        {"waiting_requests_mean", 3.0},
        {"waiting_requests_max", 5.0},
        {"kv_cache_used_share_mean", 0.5},
        {"kv_cache_used_share_max", 0.75},
        {"prefix_hit_share", 105.0 / 450.0},
        {"preempted_requests", 2.0},
        /* The reset: the mean of 100 a second before it and 100 after it, for two seconds. */
        {"generated_tokens", 50.0 + 200.0 + 200.0 + 100.0},
    };

    check(&track, expected, ARRAY_LEN(expected), "all");
}

static void test_engine_load__takes_a_gauge_of_shares_where_there_are_no_totals(void **state)
{
    (void)state;
    double shares[] = {0.1, 0.5, 0.75, 0.25, 0.9};
    double zeros[SAMPLES] = {0.0};
    struct track_column columns[] = {gauge(ENGINE_SPEC_SHARE, shares)};
    struct track track = track_of(columns, 1);
    const struct expected expected[] = {{"spec_accepted_share", 0.5}};
    check(&track, expected, 1, "speculating");
    columns[0].values = zeros;
    check(&track, NULL, 0, "not speculating");
}

static void test_engine_load__has_no_total_that_is_not_covered(void **state)
{
    (void)state;
    double generated[] = {(double)NAN, 1.0, 2.0, 3.0, 4.0};
    struct track_column columns[] = {total(ENGINE_GENERATED, generated)};
    struct track track = track_of(columns, 1);
    check(&track, NULL, 0, "begins late");
}

static void test_engine_load__needs_a_track_of_the_engine(void **state)
{
    (void)state;
    struct engine_figure figures[ENGINE_FIGURES];
    struct track track = track_of(NULL, 0);
    track.part = "gpu";
    const struct telemetry telemetry = {.n_tracks = 1, .tracks = &track};
    assert_false(engine_load_compute(&telemetry, &span, figures));
    assert_false(engine_load_compute(NULL, &span, figures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine_load__cuts_to_the_span),
        cmocka_unit_test(test_engine_load__takes_a_gauge_of_shares_where_there_are_no_totals),
        cmocka_unit_test(test_engine_load__has_no_total_that_is_not_covered),
        cmocka_unit_test(test_engine_load__needs_a_track_of_the_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
