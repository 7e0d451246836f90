/* The warm-up gate, and the trend test inside it (values by numpy and scipy). */
#include "base/rng.h"
#include "oracle/stats_trend.h"
#include "stats/gate.h"
#include "stats/trend.h"
#include "support/test.h"

static void test_trend_mann_kendall_z__equals_the_oracle(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(trend_rows); i++) {
        const double z = trend_mann_kendall_z(trend_rows[i].values, trend_rows[i].n);
        if (fabs(z - trend_rows[i].z) > 1e-12) {
            print_error("%s: %.17g, not %.17g\n", trend_rows[i].what, z, trend_rows[i].z);
            fail();
        }
    }
    assert_near(trend_mann_kendall_z(NULL, 0), 0.0, 0.0);
    assert_near(trend_mann_kendall_z(trend_rows[0].values, 1), 0.0, 0.0);
}

/* Series, by the number of the value from 0. */
static double constant(uint64_t i)
{
    (void)i;
    return 50.0;
}

static double zero(uint64_t i)
{
    (void)i;
    return 0.0;
}

static double narrow(uint64_t i)
{
    return 100.0 + (double)(i * 7 % 11); /* deviation about 3 % */
}

static double dispersed(uint64_t i)
{
    return 50.0 + (double)(i * 7 % 30) * 5.0; /* each span has the same thirty values */
}

static double rising(uint64_t i)
{
    return 50.0 + 10.0 * (double)i;
}

/* Medians of the two spans agree, but values rise from the first to the last. */
static double creeping(uint64_t i)
{
    return 1000.0 + (double)i + 400.0 * (double)(i % 2);
}

/* Warming up: falls to a constant.  With 120 and 110 left in the span, cov is 4.0 %; with 130 too, 6.5 %. */
static double settling(uint64_t i)
{
    return i < 40 ? 500.0 - 10.0 * (double)i : 100.0;
}

/* Two levels, 14 and 16 of 30 values high by turns: the medians of two spans are far apart, though
 * there is no trend (|z| is about 0.5). */
static double jumping(uint64_t i)
{
    const uint64_t n_high = i / GATE_SPAN % 2 == 0 ? 14 : 16;
    return i * 7 % 30 < n_high ? 300.0 : 100.0;
}

static void test_gate_is_open__opens_at_the_known_completion(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        double (*series)(uint64_t);
        enum gate_mode mode;
        uint32_t opens_after; /* completions; 0: not within 300 */
        enum gate_result result;
    } rows[] = {
        {"off is open at once", rising, GATE_MODE_OFF, 0, GATE_OFF},
        {"constant opens after one span", constant, GATE_MODE_AUTO, 30, GATE_COV},
        {"constant zero too", zero, GATE_MODE_AUTO, 30, GATE_COV},
        {"constant by stationarity needs two", constant, GATE_MODE_STATIONARY, 60, GATE_STATIONARY},
        {"zero by stationarity too", zero, GATE_MODE_STATIONARY, 60, GATE_STATIONARY},
        {"narrow opens by cov", narrow, GATE_MODE_AUTO, 30, GATE_COV},
        {"dispersed opens by stationarity", dispersed, GATE_MODE_AUTO, 60, GATE_STATIONARY},
        {"dispersed never by cov", dispersed, GATE_MODE_COV, 301, GATE_OFF},
        {"settled once the last span is", settling, GATE_MODE_COV, 68, GATE_COV},
        {"jumping medians keep it shut at a span's end", jumping, GATE_MODE_STATIONARY, 301,
         GATE_OFF},
        {"a trend keeps it shut though medians agree", creeping, GATE_MODE_STATIONARY, 301,
         GATE_OFF},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct gate gate;
        gate_init(&gate, rows[r].mode);
        enum gate_result result = GATE_OFF;
        uint64_t n = 0;
        /* Jumping is looked at where a span ends: in between, spans mix both levels. */
        const uint64_t step = rows[r].series == jumping ? GATE_SPAN : 1;
        while (n < 301 && !(n % step == 0 && gate_is_open(&gate, &result))) {
            gate_add(&gate, rows[r].series(n));
            n++;
        }
        if (n != rows[r].opens_after || result != rows[r].result) {
            print_error("%s: after %d by %s\n", rows[r].what, (int)n, gate_result_name(result));
            fail();
        }
    }
}

static void test_gate_is_open__leaves_the_result_while_shut(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, GATE_MODE_AUTO);
    enum gate_result result = GATE_TIMEOUT;
    assert_false(gate_is_open(&gate, &result));
    assert_int_equal(result, GATE_TIMEOUT);
}

static void test_gate_cov__is_the_sample_deviation_over_the_mean(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate, GATE_MODE_AUTO);
    for (uint64_t i = 0; i < 1000; i++) {
        if (i < GATE_SPAN) {
            assert_true(isnan(gate_cov(&gate)));
        }
        gate_add(&gate, (double)i);
    }
    /* numpy: np.std(np.arange(970, 1000), ddof=1) / np.mean(np.arange(970, 1000)) */
    assert_near(gate_cov(&gate), 0.008942009579308791, 1e-15);
}

static void test_gate_mode_parse__reads_back_every_name(void **state)
{
    (void)state;
    static const char *const names[] = {"auto", "cov", "stationary", "off"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum gate_mode mode = GATE_MODE_AUTO;
        assert_true(gate_mode_parse(names[i], &mode));
        assert_int_equal(mode, i);
        assert_string_equal(gate_mode_name(mode), names[i]);
    }
    enum gate_mode mode = GATE_MODE_COV;
    assert_false(gate_mode_parse("Cov", &mode));
    assert_false(gate_mode_parse("", &mode));
    assert_int_equal(mode, GATE_MODE_COV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trend_mann_kendall_z__equals_the_oracle),
        cmocka_unit_test(test_gate_is_open__opens_at_the_known_completion),
        cmocka_unit_test(test_gate_is_open__leaves_the_result_while_shut),
        cmocka_unit_test(test_gate_cov__is_the_sample_deviation_over_the_mean),
        cmocka_unit_test(test_gate_mode_parse__reads_back_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
