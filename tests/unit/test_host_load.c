/* Figures of the host, worked out by hand. */
#include "base/attr.h"
#include "stats/host_load.h"
#include "support/test.h"

#define S INT64_C(1000000000)

enum {
    SAMPLES = 4
};

/* At 0, 2, 4 and 6 s; the span is [1, 5) s: half of the first and of the last interval. */
static int64_t at_ns[SAMPLES] = {0, 2 * S, 4 * S, 6 * S};
static const struct span span = {1 * S, 5 * S};

static void test_host_load__gives_rates_shares_and_levels(void **state)
{
    (void)state;
    double cpu[] = {10.0, 12.0, 15.0, 16.0};         /* 1 + 3 + 0.5 in 4 s */
    double voluntary[] = {0.0, 100.0, 100.0, 300.0}; /* 50 + 0 + 100 */
    double involuntary[] = {5.0, 5.0, 13.0, 13.0};   /* 8 */
    double busy[] = {0.0, 4.0, 8.0, 10.0};           /* 2 + 4 + 1 of 4 s and 2 processors */
    double steal[] = {0.0, 0.0, 0.8, 0.8};
    double switches[] = {0.0, 1000.0, 2000.0, 2200.0}; /* 500 + 1000 + 100 */
    double cpus[] = {2.0, 2.0, 2.0, 2.0};
    double mhz[] = {1.0, 3000.0, 2000.0, 1.0};
    struct track_column client[] = {
        {.key = "cpu_s", .role = TRACK_COUNTER, .values = cpu},
        {.key = "voluntary_switches", .role = TRACK_COUNTER, .values = voluntary},
        {.key = "involuntary_switches", .role = TRACK_COUNTER, .values = involuntary},
    };
    struct track_column machine[] = {
        {.key = "busy_s", .role = TRACK_COUNTER, .values = busy},
        {.key = "steal_s", .role = TRACK_COUNTER, .values = steal},
        {.key = "context_switches", .role = TRACK_COUNTER, .values = switches},
        {.key = "cpus", .role = TRACK_GAUGE, .values = cpus},
        {.key = "frequency_mean_mhz", .role = TRACK_GAUGE, .values = mhz},
    };
    struct track tracks[] = {
        {.sampler = "rapl", .source = "client", .part = "package"},
        {.sampler = "host",
         .source = "client",
         .part = "client",
         .n = SAMPLES,
         .at_ns = at_ns,
         .n_columns = ARRAY_LEN(client),
         .columns = client},
        {.sampler = "host",
         .source = "machine",
         .part = "client",
         .n = SAMPLES,
         .at_ns = at_ns,
         .n_columns = ARRAY_LEN(machine),
         .columns = machine},
    };
    struct telemetry telemetry = {.n_tracks = ARRAY_LEN(tracks), .tracks = tracks};

    static const struct {
        const char *key;
        double value;
    } expected[] = {
        {"client_cpus", 4.5 / 4.0},
        {"client_voluntary_switches_per_s", 37.5},
        {"client_involuntary_switches_per_s", 2.0},
        {"machine_busy_share", 7.0 / 8.0},
        {"machine_steal_share", 0.1},
        {"machine_switches_per_s", 400.0},
        {"frequency_mean_mhz", 2500.0},
        {"frequency_min_mhz", 2000.0},
    };

    struct host_figure figures[HOST_FIGURES];
    assert_true(host_load_compute(&telemetry, &span, figures));
    for (size_t i = 0; i < HOST_FIGURES; i++) {
        assert_string_equal(figures[i].key, expected[i].key);
        assert_near(figures[i].value, expected[i].value, 1e-12);
    }

    /* Without the machine's track its figures are unknown, and nothing is where nothing was sampled. */
    telemetry.n_tracks = 2;
    assert_true(host_load_compute(&telemetry, &span, figures));
    assert_near(figures[0].value, 4.5 / 4.0, 1e-12);
    assert_true(isnan(figures[3].value) && isnan(figures[6].value));
    telemetry.n_tracks = 1;
    assert_false(host_load_compute(&telemetry, &span, figures));
    assert_false(host_load_compute(NULL, &span, figures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_load__gives_rates_shares_and_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
