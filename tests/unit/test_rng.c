/* The raw numbers are compared with numpy's (tests/oracle/rng_oracle.py).  Moments are those of one
 * fixed seed, so a run is the same every time; the bounds are five standard errors. */
#include "base/attr.h"
#include "base/rng.h"
#include "support/test.h"

#include <inttypes.h>
#include <string.h>

enum {
    N_DRAWS = 200000
};

/* Fills the generator as rng_init_sub would for this stream word. */
static void init_word(struct rng *self, uint64_t seed, uint64_t word)
{
    rng_init_sub(self, seed, (enum rng_stream)(word & 0xff), word >> 8);
}

static void check_row(const char *line)
{
    char *p = NULL;
    const uint64_t seed = strtoull(line, &p, 10);
    const uint64_t word = strtoull(p, &p, 10);
    struct rng rng;
    init_word(&rng, seed, word);
    for (int i = 0; i < 8; i++) {
        assert_true(*p == '\t' || *p == ',');
        assert_int_equal(rng_next(&rng), strtoull(p + 1, &p, 16));
    }
    init_word(&rng, seed, word);
    for (int i = 0; i < 4; i++) {
        assert_true(*p == '\t' || *p == ',');
        const double difference = rng_uniform(&rng) - strtod(p + 1, &p);
        assert_true(fabs(difference) <= 0.0);
    }
}

static void test_rng_next__equals_numpy_philox(void **state)
{
    (void)state;
    FILE *file = fopen("tests/oracle/rng_philox.tsv", "r");
    assert_non_null(file);
    char line[512];
    unsigned n_rows = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        check_row(line);
        n_rows++;
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(n_rows, 36);
}

static void test_rng_init__is_the_first_sub_stream(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    struct rng c;
    rng_init(&a, 42, RNG_STREAM_ARRIVAL);
    rng_init_sub(&b, 42, RNG_STREAM_ARRIVAL, 0);
    rng_init_sub(&c, 42, RNG_STREAM_ARRIVAL, 1);
    const uint64_t first = rng_next(&a);
    assert_int_equal(first, rng_next(&b));
    assert_int_not_equal(first, rng_next(&c));
}

static void test_rng_next__carries_into_the_next_counter_word(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1, RNG_STREAM_TEST);
    rng.counter[0] = UINT64_MAX;
    rng.counter[1] = UINT64_MAX;
    (void)rng_next(&rng);
    assert_int_equal(rng.counter[0], 0);
    assert_int_equal(rng.counter[1], 0);
    assert_int_equal(rng.counter[2], 1);
    assert_int_equal(rng.counter[3], 0);
}

static void test_rng_uniform__stays_in_its_interval(void **state)
{
    (void)state;
    /* The extremes: all bits clear, all bits set. */
    struct rng rng = {.block = {0, UINT64_MAX, 0, UINT64_MAX}, .used = 0};
    assert_near(rng_uniform(&rng), 0.0, 0.0);
    assert_true(rng_uniform(&rng) < 1.0);
    assert_near(rng_uniform_open(&rng), 1.0, 0.0);
    assert_true(rng_uniform_open(&rng) > 0.0);
}

static void test_rng_below__rejects_numbers_that_would_bias(void **state)
{
    (void)state;
    /* 2^64 mod 3 = 1: the number 0 alone is drawn again. */
    struct rng rng = {.block = {0, 7, 1, 2}, .used = 0};
    assert_int_equal(rng_below(&rng, 3), 7 % 3);
    assert_int_equal(rng.used, 2);
    rng.used = 2;
    assert_int_equal(rng_below(&rng, 3), 1);
    assert_int_equal(rng_below(&rng, 1), 0);
}

static void test_rng_below__is_even(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7, RNG_STREAM_TEST);
    unsigned counts[10] = {0};
    for (int i = 0; i < N_DRAWS; i++) {
        counts[rng_below(&rng, 10)]++;
    }
    double chi_square = 0.0;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        const double difference = counts[i] - N_DRAWS / 10.0;
        chi_square += difference * difference / (N_DRAWS / 10.0);
    }
    assert_true(chi_square < 27.9); /* 9 degrees of freedom, one in a thousand above */
}

struct moments {
    double mean;
    double variance;
};

static struct moments
moments_of(double (*draw)(struct rng *rng, double a, double b), double a, double b)
{
    struct rng rng;
    rng_init(&rng, 42, RNG_STREAM_TEST);
    double mean = 0.0;
    double squares = 0.0;
    for (int i = 0; i < N_DRAWS; i++) {
        const double x = draw(&rng, a, b);
        const double delta = x - mean;
        mean += delta / (i + 1);
        squares += delta * (x - mean);
    }
    return (struct moments){.mean = mean, .variance = squares / (N_DRAWS - 1)};
}

static double draw_exponential(struct rng *rng, double mean, double unused)
{
    (void)unused;
    return rng_exponential(rng, mean);
}

static double draw_normal(struct rng *rng, double unused, double unused2)
{
    (void)unused;
    (void)unused2;
    return rng_normal(rng);
}

/* Moments of each distribution: mean, variance, and the excess kurtosis that sets the error of the
 * sampled variance: var(s^2) = variance^2 (kurtosis + 2) / n. */
static const struct {
    const char *what;
    double (*draw)(struct rng *rng, double a, double b);
    double a;
    double b;
    double mean;
    double variance;
    double kurtosis;
} moment_rows[] = {
    {"exponential, mean 2.5", draw_exponential, 2.5, 0.0, 2.5, 6.25, 6.0},
    {"normal", draw_normal, 0.0, 0.0, 0.0, 1.0, 0.0},
    {"gamma, shape 0.5", rng_gamma, 0.5, 3.0, 1.5, 4.5, 12.0},
    {"gamma, shape 1", rng_gamma, 1.0, 2.0, 2.0, 4.0, 6.0},
    {"gamma, shape 4", rng_gamma, 4.0, 0.25, 1.0, 0.25, 1.5},
    {"gamma, shape 0.1", rng_gamma, 0.1, 10.0, 1.0, 10.0, 60.0},
};

static void check_moments(size_t row)
{
    const struct moments got =
        moments_of(moment_rows[row].draw, moment_rows[row].a, moment_rows[row].b);
    const double variance = moment_rows[row].variance;
    const double kurtosis = moment_rows[row].kurtosis;
    assert_near(got.mean, moment_rows[row].mean, 5.0 * sqrt(variance / N_DRAWS));
    assert_near(got.variance, variance, 5.0 * variance * sqrt((kurtosis + 2.0) / N_DRAWS));
}

static void test_rng_distributions__have_their_moments(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(moment_rows); row++) {
        print_message("  %s\n", moment_rows[row].what);
        check_moments(row);
    }
}

static void test_rng_exponential__has_the_tail_of_its_law(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3, RNG_STREAM_TEST);
    unsigned above = 0;
    for (int i = 0; i < N_DRAWS; i++) {
        const double x = rng_exponential(&rng, 1.0);
        assert_true(x >= 0.0);
        above += x > 3.0 ? 1 : 0;
    }
    const double share = exp(-3.0);
    assert_near(above / (double)N_DRAWS, share, 5.0 * sqrt(share * (1.0 - share) / N_DRAWS));
}

static void test_rng_permutation__holds_every_number_once(void **state)
{
    (void)state;
    struct rng rng;
    for (uint32_t n = 0; n <= 64; n++) {
        uint32_t out[64];
        uint64_t seen = 0;
        rng_init_sub(&rng, 42, RNG_STREAM_PROMPT_ORDER, n);
        rng_permutation(&rng, out, n);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(out[i] < n);
            seen |= UINT64_C(1) << out[i];
        }
        assert_int_equal(seen, n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1);
    }
}

static void test_rng_permutation__reaches_all_orders_evenly(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5, RNG_STREAM_TEST);
    unsigned counts[27] = {0};

    enum {
        N = 60000
    };

    for (int i = 0; i < N; i++) {
        uint32_t out[3];
        rng_permutation(&rng, out, 3);
        counts[out[0] * 9 + out[1] * 3 + out[2]]++;
    }
    unsigned n_orders = 0;
    double farthest = 0.0;

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        n_orders += counts[i] > 0 ? 1 : 0;
        farthest = fmax(farthest, counts[i] > 0 ? fabs(counts[i] - N / 6.0) : 0.0);
    }
    assert_true(farthest < 5.0 * sqrt(N / 6.0));
    assert_int_equal(n_orders, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rng_next__equals_numpy_philox),
        cmocka_unit_test(test_rng_init__is_the_first_sub_stream),
        cmocka_unit_test(test_rng_next__carries_into_the_next_counter_word),
        cmocka_unit_test(test_rng_uniform__stays_in_its_interval),
        cmocka_unit_test(test_rng_below__rejects_numbers_that_would_bias),
        cmocka_unit_test(test_rng_below__is_even),
        cmocka_unit_test(test_rng_distributions__have_their_moments),
        cmocka_unit_test(test_rng_exponential__has_the_tail_of_its_law),
        cmocka_unit_test(test_rng_permutation__holds_every_number_once),
        cmocka_unit_test(test_rng_permutation__reaches_all_orders_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
