/* Two passes: the mean first, then squares of distances from it, so that nothing cancels.  Values that
 * are all alike keep their value to the bit: a sum divided by n need not. */
#include "stats/between_runs.h"

#include "stats/student.h"

#include <math.h>
#include <stdbool.h>

/* Both tails of a 95 % interval leave 2.5 %. */
#define UPPER_PROBABILITY 0.975

/* n, min, max; the sum of the values that are there. */
static double find_range(const double *values, size_t n, struct between_runs *out)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            out->n++;
            out->min = fmin(out->min, values[i]); /* of a number and NAN: the number */
            out->max = fmax(out->max, values[i]);
            sum += values[i];
        }
    }
    return sum;
}

void between_runs_compute(const double *values, size_t n, struct between_runs *out)
{
    const double none = (double)NAN;
    *out = (struct between_runs){0, none, none, none, none, none};
    const double sum = find_range(values, n, out);
    if (out->n == 0) {
        return;
    }
    const bool alike = out->max <= out->min;
    out->mean = alike ? out->min : sum / (double)out->n;
    if (out->n < 2) {
        return;
    }
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            squares += (values[i] - out->mean) * (values[i] - out->mean);
        }
    }
    out->sd = sqrt(squares / (double)(out->n - 1));
    if (!alike) {
        const double factor = student_quantile(UPPER_PROBABILITY, (unsigned)(out->n - 1));
        out->half = factor * out->sd / sqrt((double)out->n);
    }
}
