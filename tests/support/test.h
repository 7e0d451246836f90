/* The one place that includes cmocka, which needs four headers before it. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Fails unless |a - b| <= tolerance.  cmocka's own float assertion casts to float.
 * Named like cmocka's own assertions. */
// NOLINTNEXTLINE(readability-identifier-naming)
#define assert_near(a, b, tolerance)                                                     \
    do {                                                                                 \
        const double near_a_ = (a);                                                      \
        const double near_b_ = (b);                                                      \
        const bool near_ok_ = fabs(near_a_ - near_b_) <= (tolerance);                    \
        if (!near_ok_) {                                                                 \
            print_error(                                                                 \
                "%s:%d: %.17g is not within %g of %.17g\n", __FILE__, __LINE__, near_a_, \
                (double)(tolerance), near_b_);                                           \
            fail();                                                                      \
        }                                                                                \
    } while (0)

/* The folder beside the project with design and fixtures, or NULL on machines without it.
 * Tests that need it print "skipped: ..." and call skip(): meson and .ci/run count those. */
static inline const char *shared_folder(void)
{
    static const char *const folder = "../shared";
    FILE *probe = fopen("../shared/README.md", "r");
    if (probe == NULL) {
        return NULL;
    }
    (void)fclose(probe);
    return folder;
}
