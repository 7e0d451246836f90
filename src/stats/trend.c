/* Counts the pairs that rise less the pairs that fall.  Each group of t equal values takes
 * t(t-1)(2t+5) from the variance; a group is found at its first member. */
#include "stats/trend.h"

#include <math.h>
#include <stdint.h>

static int sign_of(double x)
{
    return (x > 0.0) - (x < 0.0);
}

static int64_t variance_term(int64_t n)
{
    return n * (n - 1) * (2 * n + 5);
}

/* What the group of values equal to values[i] takes away; 0 unless i is the group's first. */
static int64_t tie_term(const double *values, size_t n, size_t i)
{
    int64_t equal = 1;
    for (size_t j = 0; j < n; j++) {
        if (j == i || sign_of(values[j] - values[i]) != 0) {
            continue;
        }
        if (j < i) {
            return 0;
        }
        equal++;
    }
    return variance_term(equal);
}

double trend_mann_kendall_z(const double *values, size_t n)
{
    int64_t s = 0;
    int64_t variance18 = n < 2 ? 0 : variance_term((int64_t)n);
    for (size_t i = 0; n >= 2 && i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            s += sign_of(values[j] - values[i]);
        }
        variance18 -= tie_term(values, n, i);
    }
    if (s == 0 || variance18 <= 0) {
        return 0.0;
    }
    const double continuity = s > 0 ? -1.0 : 1.0;
    return ((double)s + continuity) / sqrt((double)variance18 / 18.0);
}
