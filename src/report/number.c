/* The number of decimals follows from the power of ten, which rounding can raise: 9.9996 has five
 * significant digits as "10.000".  So the text is made, measured and, where needed, made again. */
#include "report/number.h"

#include <math.h>
#include <stdio.h>

enum {
    SIGNIFICANT = 4,
    SIGNIFICANT_SMALL = 2,
    DECIMALS_MAX = 12
};

/* True when there was no finite number to show. */
static bool write_special(double value, char out[REPORT_NUMBER_SIZE])
{
    if (isnan(value)) {
        (void)snprintf(out, REPORT_NUMBER_SIZE, "-");
        return true;
    }
    if (isinf(value)) {
        (void)snprintf(out, REPORT_NUMBER_SIZE, value > 0.0 ? "inf" : "-inf");
        return true;
    }
    return false;
}

void report_fixed(double value, int decimals, char out[REPORT_NUMBER_SIZE])
{
    if (!write_special(value, out)) {
        (void)snprintf(out, REPORT_NUMBER_SIZE, "%.*f", decimals, value);
    }
}

/* Digits before the point of a rounded value; 0.x counts as one digit. */
static int integer_digits(double value)
{
    double rest = fabs(value);
    int n = 1;
    while (rest >= 10.0) {
        rest /= 10.0;
        n++;
    }
    return n;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Decimals that show SIGNIFICANT_SMALL digits of a value below one. */
static int small_decimals(double value)
{
    return clamp((int)-floor(log10(fabs(value))) + SIGNIFICANT_SMALL - 1, 0, DECIMALS_MAX);
}

void report_number(double value, int decimals, char out[REPORT_NUMBER_SIZE])
{
    if (write_special(value, out)) {
        return;
    }
    int shown = clamp(SIGNIFICANT - integer_digits(value), 0, decimals);
    const double rounded = round(fabs(value) * pow(10.0, shown)) / pow(10.0, shown);
    shown = clamp(SIGNIFICANT - integer_digits(rounded), 0, decimals);
    const bool small = fabs(value) > 0.0 && fabs(value) < 1.0;
    if (small && small_decimals(value) > shown) {
        shown = small_decimals(value);
    }
    (void)snprintf(out, REPORT_NUMBER_SIZE, "%.*f", shown, value);
}
