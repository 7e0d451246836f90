/* How often samplers are read: the closer look, and what a person says. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "support/test.h"
#include "telemetry/sample_periods.h"

#define OFF INT64_C(-1)

static int64_t period_ms(const struct sample_periods *periods, const char *name)
{
    for (size_t i = 0; i < sampler_table_len; i++) {
        if (text_equal(sampler_table[i]->name, name)) {
            return periods->ns[i] == SAMPLE_OFF ? OFF : periods->ns[i] / NS_PER_MS;
        }
    }
    print_error("no sampler %s\n", name);
    fail();
    return 0;
}

static void test_sample_periods__take_one_number_or_one_for_each(void **state)
{
    (void)state;

    static const struct {
        bool profile;
        const char *text; /* NULL: not given */
        int64_t nvml;
        int64_t rapl;
        int64_t host;
        int64_t engine_metrics;
    } rows[] = {
        {false, NULL, 0, 0, 0, 0},
        {true, NULL, 10, 25, 0, 0},
        {false, "50", 50, 50, 50, 0}, /* what costs the engine is named or left alone */
        {false, "1", 1, 1, 1, 0},
        {false, "60000", 60000, 60000, 60000, 0},
        {false, "nvml=20", 20, 0, 0, 0},
        {false, "engine_metrics=250,host=100", 0, 0, 100, 250},
        {true, "nvml=5", 5, 25, 0, 0},
        {true, "200", 200, 200, 200, 0},
        {false, "nvml=5,nvml=6", 6, 0, 0, 0},
        {false, "off", OFF, OFF, OFF, OFF},
        {true, "engine_metrics=off,rapl=off", 10, OFF, 0, OFF},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample_periods periods = {0};
        struct error err = {0};
        if (rows[i].profile) {
            sample_periods_profile(&periods);
        }
        if (rows[i].text != NULL) {
            assert_int_equal(sample_periods_parse(rows[i].text, &periods, &err), 0);
        }
        assert_int_equal(period_ms(&periods, "nvml"), rows[i].nvml);
        assert_int_equal(period_ms(&periods, "rapl"), rows[i].rapl);
        assert_int_equal(period_ms(&periods, "host"), rows[i].host);
        assert_int_equal(period_ms(&periods, "engine_metrics"), rows[i].engine_metrics);
    }
}

static void test_sample_periods__name_what_is_wrong(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"x", "'x' is not a whole number"},
        {"0", "'0' is not between 1 and 60000"},
        {"60001", "'60001' is not between 1 and 60000"},
        {"1.5", "'1.5' is not a whole number"},
        {"nvml=0", "'0' is not between 1 and 60000"},
        {"nvml=", "'' is not a whole number"},
        {"=5", "there is no sampler ''"},
        {"nvm=5", "there is no sampler 'nvm': did you mean 'nvml'?"},
        {"rapl=5,gpu=5", "there is no sampler 'gpu'"},
        {"rapl=5,10", "'10' is not NAME=MS"},
        {"rapl=5,", "'' is not NAME=MS"},
        {"nvml=00000000000000000000000000000000000000000000000000000000000000010",
         "'nvml=0000000000000000000000000000000000000000000000000000000000' is not NAME=MS"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sample_periods periods = {.ns = {7, 7}};
        struct error err = {0};
        assert_int_equal(sample_periods_parse(rows[i].text, &periods, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].says);
        assert_int_equal(periods.ns[0], 7); /* untouched */
        assert_int_equal(periods.ns[1], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample_periods__take_one_number_or_one_for_each),
        cmocka_unit_test(test_sample_periods__name_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
