/* The rate is declared, not estimated from the sample, so the plain Kolmogorov-Smirnov distribution
 * holds (no Lilliefors correction). */
#include "stats/arrival_test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/ks.h"
#include "stats/sort.h"
#include "stats/special.h"

#include <assert.h>
#include <math.h>

enum {
    DISPERSION_BINS_MIN = 10
};

double arrival_cdf(const struct arrival_process *process, double gap_s)
{
    if (process->arrival == ARRIVAL_GAMMA) {
        return special_gamma_p(
            process->burstiness, gap_s * process->rate_rps * process->burstiness);
    }
    assert(process->arrival == ARRIVAL_POISSON);
    return -expm1(-gap_s * process->rate_rps);
}

static double
constant_distance(const struct arrival_process *process, const double *gaps_s, size_t n)
{
    const double gap_s = 1.0 / process->rate_rps;
    const double tolerance_s = gap_s * ARRIVAL_CONSTANT_TOLERANCE;
    size_t n_short = 0;
    size_t n_long = 0;
    for (size_t i = 0; i < n; i++) {
        n_short += gaps_s[i] < gap_s - tolerance_s;
        n_long += gaps_s[i] > gap_s + tolerance_s;
    }
    return (double)(n_short > n_long ? n_short : n_long) / (double)n;
}

double arrival_ks_distance(const struct arrival_process *process, const double *gaps_s, size_t n)
{
    assert(n > 0);
    if (process->arrival == ARRIVAL_CONSTANT) {
        return constant_distance(process, gaps_s, n);
    }
    double distance = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double share = arrival_cdf(process, gaps_s[i]);
        distance = fmax(distance, share - (double)i / (double)n);
        distance = fmax(distance, (double)(i + 1) / (double)n - share);
    }
    return distance;
}

double arrival_ks_p_value(const struct arrival_process *process, const double *times_ns, size_t n)
{
    if (n < 2) {
        return (double)NAN;
    }
    const size_t n_gaps = n - 1;
    CLEANUP(mem_freep) double *gaps_s = mem_alloc(n_gaps, sizeof(*gaps_s));
    for (size_t i = 0; i < n_gaps; i++) {
        gaps_s[i] = (times_ns[i + 1] - times_ns[i]) / (double)NS_PER_S;
    }
    sort_doubles(gaps_s, n_gaps);
    return ks_p_value(n_gaps, arrival_ks_distance(process, gaps_s, n_gaps));
}

double arrival_dispersion_1s(const double *times_ns, size_t n, double from_ns, double to_ns)
{
    const double whole_seconds = floor((to_ns - from_ns) / (double)NS_PER_S);
    if (n == 0 || whole_seconds < DISPERSION_BINS_MIN) {
        return (double)NAN;
    }
    const size_t n_bins = (size_t)whole_seconds;
    CLEANUP(mem_freep) double *bins = mem_alloc(n_bins, sizeof(*bins));
    double total = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double second = floor((times_ns[i] - from_ns) / (double)NS_PER_S);
        if (second >= 0.0 && second < whole_seconds) {
            bins[(size_t)second] += 1.0;
            total += 1.0;
        }
    }
    const double mean = total / whole_seconds;
    double squares = 0.0;
    for (size_t i = 0; i < n_bins; i++) {
        squares += (bins[i] - mean) * (bins[i] - mean);
    }
    return total > 0.0 ? squares / (whole_seconds - 1.0) / mean : (double)NAN;
}
