/* Below its mean the power series converges fast, above it the continued fraction of the complement;
 * the border is a + 1.  The fraction is evaluated by Lentz's method, with Thompson and Barnett's
 * guard against a zero denominator. */
#include "stats/special.h"

#include <assert.h>
#include <math.h>

enum {
    TERMS_MAX = 100000
};

static const double precision = 1e-16;
static const double tiny = 1e-300;

/* x^a e^-x / Gamma(a) */
static double factor(double a, double x)
{
    int sign = 0;
    return exp(a * log(x) - x - lgamma_r(a, &sign));
}

static double series(double a, double x)
{
    double term = 1.0 / a;
    double sum = term;
    for (int i = 1; i < TERMS_MAX && term > sum * precision; i++) {
        term *= x / (a + (double)i);
        sum += term;
    }
    return sum * factor(a, x);
}

static double away_from_zero(double value)
{
    return fabs(value) < tiny ? tiny : value;
}

static double fraction(double a, double x)
{
    double b = x + 1.0 - a;
    double c = 1.0 / tiny;
    double d = 1.0 / away_from_zero(b);
    double result = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        const double numerator = -(double)i * ((double)i - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        const double step = d * c;
        result *= step;
        if (fabs(step - 1.0) < precision * 4.0) {
            break;
        }
    }
    return result * factor(a, x);
}

double special_gamma_p(double a, double x)
{
    assert(a > 0.0 && x >= 0.0);
    if (x <= 0.0) {
        return 0.0;
    }
    return x < a + 1.0 ? series(a, x) : 1.0 - fraction(a, x);
}
