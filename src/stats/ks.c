/* No single formula serves all n and d, so the plane is cut as Simard and L'Ecuyer propose:
 *   far tail         twice the one-sided probability, exact but for the chance of both sides at once
 *   short samples    the exact distribution as a power of a matrix (Marsaglia, Tsang and Wang)
 *   the rest         the asymptotic series (Pelz and Good), within 3e-6 for n > 140 */
#include "stats/ks.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    N_MATRIX = 140,       /* longest sample for the matrix */
    N_ONE_SIDED = 100000, /* longest sample for the sum over all its values */
    SERIES_TERMS = 20
};

/* Tail of n d^2 from which both sides at once cannot matter, for short and long samples. */
static const double tail_short = 4.0;
static const double tail_long = 2.2;
static const double tail_zero = 370.0; /* 2 exp(-2 n d^2) is below the smallest double */

static double log_factorial(double n)
{
    int sign = 0;
    return lgamma_r(n + 1.0, &sign);
}

/* P(D+ >= d), Smirnov's sum; every term is positive, so nothing cancels.
 * Source: Birnbaum and Tingey, Annals of Mathematical Statistics 22 (1951). */
static double one_sided(uint64_t n, double d)
{
    const double count = (double)n;
    const double log_all = log_factorial(count);
    const uint64_t last = (uint64_t)floor(count * (1.0 - d));
    double sum = 0.0;
    for (uint64_t j = 0; j <= last; j++) {
        const double k = (double)j;
        const double up = d + k / count;
        const double down = 1.0 - up;
        if (down <= 0.0) {
            break;
        }
        sum +=
            exp(log_all - log_factorial(k) - log_factorial(count - k) + (k - 1.0) * log(up) +
                (count - k) * log(down));
    }
    return d * sum;
}

/* A square matrix.  Up to N_MATRIX its powers stay below n^n / n!, far inside the range of double. */
struct matrix {
    int size;
    double *cells;
};

static struct matrix matrix_new(int size)
{
    const size_t n = (size_t)size * (size_t)size;
    return (struct matrix){.size = size, .cells = mem_alloc(n, sizeof(double))};
}

static void matrix_done(struct matrix *self)
{
    mem_freep(&self->cells);
}

static double *matrix_at(const struct matrix *self, int row, int column)
{
    return &self->cells[(size_t)row * (size_t)self->size + (size_t)column];
}

static double row_times_column(const struct matrix *a, int row, const struct matrix *b, int column)
{
    double sum = 0.0;
    for (int k = 0; k < a->size; k++) {
        sum += *matrix_at(a, row, k) * *matrix_at(b, k, column);
    }
    return sum;
}

/* out = a b; out is another matrix. */
static void matrix_multiply(const struct matrix *a, const struct matrix *b, struct matrix *out)
{
    const int size = a->size;
    for (int i = 0; i < size; i++) {
        for (int j = 0; j < size; j++) {
            *matrix_at(out, i, j) = row_times_column(a, i, b, j);
        }
    }
}

static void matrix_swap(struct matrix *a, struct matrix *b)
{
    const struct matrix c = *a;
    *a = *b;
    *b = c;
}

/* The matrix of the statistic: h = k - n d, size 2 k - 1. */
static void matrix_fill(struct matrix *self, double h)
{
    const int size = self->size;
    for (int i = 0; i < size; i++) {
        for (int j = 0; j < size && j <= i + 1; j++) {
            *matrix_at(self, i, j) = 1.0;
        }
    }
    for (int i = 0; i < size; i++) {
        *matrix_at(self, i, 0) -= pow(h, i + 1);
        *matrix_at(self, size - 1, i) -= pow(h, size - i);
    }
    if (2.0 * h - 1.0 > 0.0) {
        *matrix_at(self, size - 1, 0) += pow(2.0 * h - 1.0, size);
    }
    for (int i = 0; i < size; i++) {
        for (int j = 0; j <= i; j++) {
            *matrix_at(self, i, j) /= tgamma((double)(i - j + 2));
        }
    }
}

/* P(D_n < d), exactly.  Source: Journal of Statistical Software 8(18), 2003. */
static double below_by_matrix(uint64_t n, double d)
{
    const double scaled = (double)n * d;
    const int k = (int)scaled + 1;
    const int size = 2 * k - 1;
    CLEANUP(matrix_done) struct matrix base = matrix_new(size);
    CLEANUP(matrix_done) struct matrix power = matrix_new(size);
    CLEANUP(matrix_done) struct matrix product = matrix_new(size);
    matrix_fill(&base, (double)k - scaled);
    for (int i = 0; i < size; i++) {
        *matrix_at(&power, i, i) = 1.0;
    }
    for (uint64_t bits = n; bits > 0; bits >>= 1U) {
        if ((bits & 1U) != 0) {
            matrix_multiply(&power, &base, &product);
            matrix_swap(&power, &product);
        }
        matrix_multiply(&base, &base, &product);
        matrix_swap(&base, &product);
    }
    double result = *matrix_at(&power, k - 1, k - 1);
    for (uint64_t i = 1; i <= n; i++) {
        result *= (double)i / (double)n;
    }
    return result;
}

/* P(D_n < d) by the series in 1 / sqrt(n).
 * Source: Pelz and Good, Journal of the Royal Statistical Society B 38 (1976). */
static double below_by_series(uint64_t n, double d)
{
    const double root = sqrt((double)n);
    const double x = root * d;
    const double x2 = x * x;
    const double x4 = x2 * x2;
    const double x6 = x4 * x2;
    const double x8 = x4 * x4;
    const double pi2 = M_PI * M_PI;
    double k0 = 0.0;
    double k1 = 0.0;
    double k2 = 0.0;
    double k2_whole = 0.0;
    double k3 = 0.0;
    double k3_whole = 0.0;
    for (int i = 0; i < SERIES_TERMS; i++) {
        const double half = pi2 * ((double)i + 0.5) * ((double)i + 0.5);
        const double whole = pi2 * (double)i * (double)i;
        const double e_half = exp(-half / (2.0 * x2));
        const double e_whole = exp(-whole / (2.0 * x2));
        k0 += e_half;
        k1 += (half - x2) * e_half;
        k2 +=
            (6.0 * x6 + 2.0 * x4 + half * (2.0 * x4 - 5.0 * x2) + half * half * (1.0 - 2.0 * x2)) *
            e_half;
        k2_whole += whole * e_whole;
        k3 += (half * half * half * (5.0 - 30.0 * x2) + half * half * (-60.0 * x2 + 212.0 * x4) +
               half * (135.0 * x4 - 96.0 * x6) - (30.0 * x6 + 90.0 * x8)) *
              e_half;
        k3_whole += (-whole * whole + 3.0 * whole * x2) * e_whole;
    }
    /* The sums run over all whole numbers: each term stands for itself and its mirror image. */
    const double half_root_pi = sqrt(M_PI / 2.0);
    const double term0 = sqrt(2.0 * M_PI) / x * k0;
    const double term1 = 2.0 * half_root_pi / (6.0 * x4) * k1;
    const double term2 = 2.0 * half_root_pi * (k2 / (72.0 * x6 * x) - k2_whole / (36.0 * x2 * x));
    const double term3 = 2.0 * half_root_pi * (k3 / (6480.0 * x8 * x2) + k3_whole / (216.0 * x6));
    return term0 + term1 / root + term2 / (root * root) + term3 / (root * root * root);
}

double ks_p_value(uint64_t n, double d)
{
    assert(n > 0 && d >= 0.0 && d <= 1.0);
    const double tail = (double)n * d * d;
    if (tail > tail_zero) {
        return 0.0;
    }
    if (2.0 * (double)n * d <= 1.0) {
        return 1.0; /* no sample can be nearer than half a step */
    }
    if (n <= N_ONE_SIDED && tail >= (n <= N_MATRIX ? tail_short : tail_long)) {
        return fmin(1.0, 2.0 * one_sided(n, d));
    }
    const double below = n <= N_MATRIX ? below_by_matrix(n, d) : below_by_series(n, d);
    return fmin(1.0, fmax(0.0, 1.0 - below));
}
