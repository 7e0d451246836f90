/* number.h - numbers as tables show them. */
#pragma once

#include <stdbool.h>

enum {
    REPORT_NUMBER_SIZE = 340 /* any double without exponent and its NUL */
};

/* Four significant digits, but all digits before the point and at most `decimals` after it: 1384,
 * 580.3, 13.98, 0.700.  A number that would vanish in so many decimals gets as many as show two of
 * its digits.  "-" for NAN, "inf" and "-inf" for infinities. */
void report_number(double value, int decimals, char out[REPORT_NUMBER_SIZE]);

/* Always `decimals` digits after the point. */
void report_fixed(double value, int decimals, char out[REPORT_NUMBER_SIZE]);
