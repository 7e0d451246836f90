/* Do the intervals keep their promise?  In 1000 samples of known laws the true value is looked for in
 * each sample's 95 % interval; and at sizes where shortcuts and groups matter, the ends are held
 * against resampling as the textbook does it.  All seeds are fixed. */
#include "base/mem.h"
#include "stats/gap_groups.h"
#include "stats/percentile.h"
#include "support/test.h"

enum {
    N_SAMPLES = 1000,
    N_VALUES = 200,
    N_REQUESTS = 60,
    N_GAPS = 10
};

/* What is expected: 950 of 1000 where nothing else is said.  Plain resampling by numpy itself falls short
 * of that in skewed samples and far tails (4000 samples each): these figures stand in the rows.  The
 * band is four standard deviations of the difference of the two binomial counts. */
static const double nominal = 0.95;
static const double reference_samples = 4000.0;

enum law {
    LAW_EXPONENTIAL, /* mean 50 */
    LAW_NORMAL,      /* 50, standard deviation 5 */
    LAW_LOGNORMAL,   /* of a standard deviation of 0.5 */
};

static double draw(struct rng *rng, enum law law)
{
    if (law == LAW_EXPONENTIAL) {
        return rng_exponential(rng, 50.0);
    }
    return law == LAW_NORMAL ? 50.0 + 5.0 * rng_normal(rng) : exp(0.5 * rng_normal(rng));
}

static void assert_coverage(const char *what, int covered, double expected)
{
    const double share = (double)covered / N_SAMPLES;
    const double variance = expected * (1.0 - expected);
    const double band = 4.0 * sqrt(variance / N_SAMPLES + variance / reference_samples);
    print_message("%-26s %4d of %d\n", what, covered, N_SAMPLES);
    assert_near(share, expected, band);
}

static void test_intervals__of_one_value_a_request_cover_the_truth(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        enum law law;
        double percent; /* below 0: the mean */
        double truth;
        double expected;
    } rows[] = {
        {"exponential p50", LAW_EXPONENTIAL, 50.0, 50.0 * 0.69314718055994531, 0.9465},
        {"exponential p90", LAW_EXPONENTIAL, 90.0, 50.0 * 2.3025850929940457, 0.937},
        {"exponential mean", LAW_EXPONENTIAL, -1.0, 50.0, 0.94525},
        {"normal p50", LAW_NORMAL, 50.0, 50.0, 0.94575},
        {"normal p95", LAW_NORMAL, 95.0, 50.0 + 5.0 * 1.6448536269514722, 0.9325},
        {"normal mean", LAW_NORMAL, -1.0, 50.0, 0.95},
        {"lognormal p90", LAW_LOGNORMAL, 90.0, 1.8980373732860117, 0.937},
        {"lognormal mean", LAW_LOGNORMAL, -1.0, 1.1331484530668263, 0.9445},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        int covered = 0;
        for (uint64_t s = 0; s < N_SAMPLES; s++) {
            struct rng rng;
            rng_init_sub(&rng, r, RNG_STREAM_TEST, s);
            double values[N_VALUES];
            for (size_t i = 0; i < N_VALUES; i++) {
                values[i] = draw(&rng, rows[r].law);
            }
            sort_doubles(values, N_VALUES);
            bootstrap_start(&rng, s, rows[r].what);
            const struct interval interval =
                rows[r].percent < 0.0
                    ? bootstrap_mean(values, N_VALUES, &rng)
                    : bootstrap_percentile(values, N_VALUES, rows[r].percent, &rng);
            covered += interval.low <= rows[r].truth && rows[r].truth <= interval.high;
        }
        assert_coverage(rows[r].what, covered, rows[r].expected);
    }
}

static void test_intervals__of_a_share_cover_the_truth(void **state)
{
    (void)state;
    int covered = 0;
    for (uint64_t s = 0; s < N_SAMPLES; s++) {
        struct rng rng;
        rng_init_sub(&rng, 77, RNG_STREAM_TEST, s);
        uint64_t hits = 0;
        for (int i = 0; i < N_VALUES * 2; i++) {
            hits += rng_uniform(&rng) < 0.9;
        }
        bootstrap_start(&rng, s, "ok_rate");
        const struct interval interval = bootstrap_share(hits, N_VALUES * 2, &rng);
        covered += interval.low <= 0.9 && 0.9 <= interval.high;
    }
    assert_coverage("share", covered, nominal);
}

/* Gaps 10 ms on average, but each request has a pace of its own: gaps alone would claim too much. */
static void
gaps_make(struct gaps *out, struct weighted *items, uint32_t n_requests, struct rng *rng)
{
    *out = (struct gaps){.items = items, .n_clusters = n_requests};
    for (uint32_t c = 0; c < n_requests; c++) {
        const double pace = 8.0 + 4.0 * rng_uniform(rng);
        for (uint32_t k = 0; k < N_GAPS; k++) {
            items[out->n] = (struct weighted){
                .value = pace + 2.0 * rng_uniform(rng) - 1.0, .weight = 1 + k % 2, .cluster = c};
            out->n_repeated += items[out->n].weight;
            out->n++;
        }
    }
    sort_weighted(items, out->n);
}

static void test_intervals__of_gaps_cover_the_truth(void **state)
{
    (void)state;
    int median = 0;
    int mean = 0;
    for (uint64_t s = 0; s < N_SAMPLES; s++) {
        struct rng rng;
        rng_init_sub(&rng, 99, RNG_STREAM_TEST, s);
        struct weighted items[N_REQUESTS * N_GAPS];
        struct gaps gaps;
        gaps_make(&gaps, items, N_REQUESTS, &rng);
        bootstrap_start(&rng, s, "itl");
        CLEANUP(gap_groups_done) struct gap_groups groups;
        gap_groups_init(&groups, &gaps, &rng);
        const struct interval of_median = gap_groups_percentile_interval(&groups, 50.0, &rng);
        const struct interval of_mean = gap_groups_mean_interval(&groups, &rng);
        median += of_median.low <= 10.0 && 10.0 <= of_median.high;
        mean += of_mean.low <= 10.0 && 10.0 <= of_mean.high;
    }
    assert_coverage("gaps p50", median, nominal);
    assert_coverage("gaps mean", mean, nominal);
}

/* ---- Against brute force. ---- */

/* Six standard deviations of the difference of two such ends, in widths of the interval: an end is
 * the 2.5th percentile of 1000 results, which scatters by 2.2 % of the width. */
static void assert_alike(const char *what, struct interval got, struct interval plain)
{
    const double tolerance = 0.19 * (plain.high - plain.low);
    if (!(fabs(got.low - plain.low) < tolerance && fabs(got.high - plain.high) < tolerance)) {
        print_error("%s: %g..%g, not %g..%g\n", what, got.low, got.high, plain.low, plain.high);
        fail();
    }
}

/* The percentile of a resample that has counts[cluster] copies of each cluster. */
static double
counted_percentile(const struct weighted *items, size_t n, const uint32_t *counts, double percent)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += (uint64_t)items[i].weight * counts[items[i].cluster];
    }
    const uint64_t place = percentile_rank(all, percent).lower;
    uint64_t passed = 0;
    for (size_t i = 0; i < n; i++) {
        passed += (uint64_t)items[i].weight * counts[items[i].cluster];
        if (passed > place) {
            return items[i].value;
        }
    }
    return (double)NAN;
}

static struct interval
plain_interval(const struct weighted *items, size_t n, uint32_t n_clusters, double percent)
{
    struct rng rng;
    rng_init(&rng, 1234, RNG_STREAM_TEST);
    CLEANUP(mem_freep) uint32_t *counts = mem_alloc(n_clusters, sizeof(*counts));
    double results[BOOTSTRAP_RESAMPLES];
    for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
        for (uint32_t c = 0; c < n_clusters; c++) {
            counts[c] = 0;
        }
        for (uint32_t c = 0; c < n_clusters; c++) {
            counts[rng_below(&rng, n_clusters)]++;
        }
        results[i] = counted_percentile(items, n, counts, percent);
    }
    return bootstrap_middle(results);
}

static void test_shortcuts__agree_with_brute_force_at_scale(void **state)
{
    (void)state;

    enum {
        N_LARGE = 6000 /* values; and requests of ten gaps each: three to a group */
    };
    static struct weighted items[N_LARGE * N_GAPS];
    static double values[N_LARGE];
    static const double percents[] = {50.0, 90.0, 99.0};
    struct rng rng;
    rng_init(&rng, 5, RNG_STREAM_TEST);
    for (uint32_t i = 0; i < N_LARGE; i++) {
        values[i] = draw(&rng, LAW_LOGNORMAL);
    }
    sort_doubles(values, N_LARGE);
    for (uint32_t i = 0; i < N_LARGE; i++) {
        items[i] = (struct weighted){.value = values[i], .weight = 1, .cluster = i};
    }
    for (size_t p = 0; p < ARRAY_LEN(percents); p++) {
        bootstrap_start(&rng, 8, "ttft");
        const struct interval got = bootstrap_percentile(values, N_LARGE, percents[p], &rng);
        assert_alike("values", got, plain_interval(items, N_LARGE, N_LARGE, percents[p]));
    }
    rng_init(&rng, 6, RNG_STREAM_TEST);
    struct gaps gaps;
    gaps_make(&gaps, items, N_LARGE, &rng);
    struct interval plain[ARRAY_LEN(percents)];
    for (size_t p = 0; p < ARRAY_LEN(percents); p++) {
        plain[p] = plain_interval(items, gaps.n, N_LARGE, percents[p]);
    }
    bootstrap_start(&rng, 8, "itl");
    CLEANUP(gap_groups_done) struct gap_groups groups;
    gap_groups_init(&groups, &gaps, &rng);
    assert_int_equal(groups.n_groups, BOOTSTRAP_GROUPS_MAX);
    for (size_t p = 0; p < ARRAY_LEN(percents); p++) {
        assert_alike("gaps", gap_groups_percentile_interval(&groups, percents[p], &rng), plain[p]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals__of_one_value_a_request_cover_the_truth),
        cmocka_unit_test(test_intervals__of_a_share_cover_the_truth),
        cmocka_unit_test(test_intervals__of_gaps_cover_the_truth),
        cmocka_unit_test(test_shortcuts__agree_with_brute_force_at_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
