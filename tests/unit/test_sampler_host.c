/* The host's sampler over trees of three machines, and this process itself. */
#include "base/attr.h"
#include "base/text.h"
#include "support/test.h"
#include "telemetry/sampler.h"

static struct sampler *open_at(const char *root)
{
    const struct sampler_options options = {.root = root};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(sampler_host.open(&options, &sampler, &err), 0);
    assert_int_equal(sampler->n_sources, 2);
    assert_string_equal(sampler->sources[0].source, "client");
    assert_string_equal(sampler->sources[1].source, "machine");
    return sampler;
}

static void check(const struct track *track, const double *values, const char *key, double expected)
{
    for (uint32_t c = 0; c < track->n_columns; c++) {
        if (text_equal(track->columns[c].key, key)) {
            assert_near(values[c], expected, 1e-9);
            return;
        }
    }
    print_error("no column %s\n", key);
    fail();
}

static void test_sample__adds_up_the_processors(void **state)
{
    (void)state;
    struct sampler *sampler = open_at("tests/data/host/three-cpus");
    const struct track *machine = &sampler->sources[1];
    double values[TRACK_COLUMNS_MAX];
    assert_int_equal(machine->n_columns, 5);
    assert_true(sampler_host.sample(sampler, 1, values));
    check(machine, values, "busy_s", 13.96); /* without idle and waiting, and guests once */
    check(machine, values, "steal_s", 0.8);
    check(machine, values, "context_switches", 123456789.0);
    check(machine, values, "cpus", 3.0);
    check(machine, values, "frequency_mean_mhz", 2000.0);
    sampler_host.close(sampler);
}

static void test_open__without_frequencies_has_no_such_column(void **state)
{
    (void)state;
    struct sampler *sampler = open_at("tests/data/host/no-frequency");
    double values[TRACK_COLUMNS_MAX];
    assert_int_equal(sampler->sources[1].n_columns, 4);
    assert_null(track_column_find(&sampler->sources[1], "frequency_mean_mhz"));
    assert_true(sampler_host.sample(sampler, 1, values));
    check(&sampler->sources[1], values, "cpus", 2.0);
    sampler_host.close(sampler);
}

/* The work between two readings is in their difference, whatever else this machine does. */
static void test_sample__counts_this_process(void **state)
{
    (void)state;
    struct sampler *sampler = open_at("tests/data/host/three-cpus");
    double before[TRACK_COLUMNS_MAX];
    double after[TRACK_COLUMNS_MAX];
    assert_true(sampler_host.sample(sampler, 0, before));
    do {
        assert_true(sampler_host.sample(sampler, 0, after));
    } while (!(after[0] > before[0]));
    for (uint32_t c = 0; c < sampler->sources[0].n_columns; c++) {
        assert_true(after[c] >= before[c]);
    }
    sampler_host.close(sampler);
}

static void test_open__says_what_is_missing(void **state)
{
    (void)state;

    static const struct {
        const char *root;
        const char *says;
    } rows[] = {
        {"/nonexistent", "host: /nonexistent/proc/stat cannot be read"},
        {"tests/data/host/broken",
         "host: tests/data/host/broken/proc/stat has no lines 'cpu' and 'ctxt'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sampler_options options = {.root = rows[i].root};
        struct sampler *sampler = NULL;
        struct error err = {0};
        assert_int_equal(sampler_host.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
        assert_string_equal(err.text, rows[i].says);
        assert_null(sampler);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample__adds_up_the_processors),
        cmocka_unit_test(test_open__without_frequencies_has_no_such_column),
        cmocka_unit_test(test_sample__counts_this_process),
        cmocka_unit_test(test_open__says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
