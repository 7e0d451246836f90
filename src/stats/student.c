/* With whole degrees of freedom the distribution function is a finite sum of powers of the cosine of
 * an angle, t = sqrt(degrees) tan(angle), and rises with it.  So the angle is found by halving
 * (0, pi/2) until doubles have no number in between: nothing to converge, nothing to guess. */
#include "stats/student.h"

#include <assert.h>
#include <math.h>

/* A finite range halved this often has reached neighbouring doubles. */
enum {
    HALVINGS = 60
};

/* Probability of |t| below sqrt(degrees) tan(angle). */
static double inside(double angle, unsigned degrees)
{
    const double squared = cos(angle) * cos(angle);
    const unsigned first = degrees % 2 == 0 ? 2 : 3; /* degrees whose sum has one term */
    double term = degrees % 2 == 0 ? 1.0 : cos(angle);
    double sum = degrees >= first ? term : 0.0;
    for (unsigned k = first; k < degrees; k += 2) {
        term *= squared * (double)(k - 1) / (double)k;
        sum += term;
    }
    return degrees % 2 == 0 ? sin(angle) * sum : (angle + sin(angle) * sum) * M_2_PI;
}

double student_quantile(double probability, unsigned degrees)
{
    assert(probability > 0.0 && probability < 1.0 && degrees > 0);
    const double wanted = fabs(2.0 * probability - 1.0);
    double low = 0.0;
    double high = M_PI_2;
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = low + (high - low) / 2.0;
        if (inside(middle, degrees) < wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const double value = sqrt((double)degrees) * tan(low + (high - low) / 2.0);
    return probability < 0.5 ? -value : value;
}
