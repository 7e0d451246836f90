/* numpy computes the place as (n - 1) * (percent / 100) and interpolates from whichever neighbour is
 * nearer, so that the result is monotone and meets both ends exactly.  The same operations in the
 * same order give the same bits. */
#include "stats/percentile.h"

#include <assert.h>
#include <math.h>

struct percentile_rank percentile_rank(uint64_t n, double percent)
{
    assert(n > 0 && percent >= 0.0 && percent <= 100.0);
    const double place = (double)(n - 1) * (percent / 100.0);
    const double lower = floor(place);
    const uint64_t index = (uint64_t)lower;
    if (index >= n - 1) {
        return (struct percentile_rank){.lower = n - 1, .upper = n - 1};
    }
    return (struct percentile_rank){.lower = index, .upper = index + 1, .fraction = place - lower};
}

double percentile_between(double lower, double upper, double fraction)
{
    if (isinf(upper) || isinf(lower)) {
        return fraction > 0.0 ? upper : lower;
    }
    const double difference = upper - lower;
    if (fraction >= 0.5) {
        return upper - difference * (1.0 - fraction);
    }
    return lower + difference * fraction;
}

double percentile_sorted(const double *sorted, size_t n, double percent)
{
    if (n == 0) {
        return (double)NAN;
    }
    const struct percentile_rank rank = percentile_rank(n, percent);
    return percentile_between(sorted[rank.lower], sorted[rank.upper], rank.fraction);
}

/* True when P(at most one of n values lies above the percentile) <= 1 %. */
static bool supports(uint64_t n, double share)
{
    const double below_all = pow(share, (double)n);
    const double below_but_one = (double)n * (1.0 - share) * pow(share, (double)(n - 1));
    return below_all + below_but_one <= 0.01;
}

uint64_t percentile_min_samples(double percent)
{
    assert(percent > 0.0 && percent < 100.0);
    const double share = percent / 100.0;
    uint64_t high = 2;
    while (!supports(high, share)) {
        high *= 2;
    }
    uint64_t low = high / 2;
    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        if (supports(middle, share)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}
