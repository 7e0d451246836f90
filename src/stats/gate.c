/* A ring of the last two spans, judged anew after each completion.  The cheap rule comes first; the
 * trend test looks at all pairs of sixty values, a few microseconds, and only once medians agree. */
#include "stats/gate.h"

#include "base/text.h"
#include "stats/trend.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    GATE_RING = 2 * GATE_SPAN
};

static const char *const mode_names[] = {
    [GATE_MODE_AUTO] = "auto",
    [GATE_MODE_COV] = "cov",
    [GATE_MODE_STATIONARY] = "stationary",
    [GATE_MODE_OFF] = "off",
};

void gate_init(struct gate *self, enum gate_mode mode)
{
    *self = (struct gate){.mode = mode};
}

void gate_add(struct gate *self, double ttft_ms)
{
    self->values[self->n % GATE_RING] = ttft_ms;
    self->n++;
}

/* Copies the last `count` values, oldest first. */
static void last_values(const struct gate *self, size_t count, double *out)
{
    assert(count <= GATE_RING && count <= self->n);
    for (size_t i = 0; i < count; i++) {
        out[i] = self->values[(self->n - count + i) % GATE_RING];
    }
}

double gate_cov(const struct gate *self)
{
    if (self->n < GATE_SPAN) {
        return (double)NAN;
    }
    double values[GATE_SPAN];
    last_values(self, GATE_SPAN, values);
    double sum = 0.0;
    for (size_t i = 0; i < GATE_SPAN; i++) {
        sum += values[i];
    }
    const double mean = sum / GATE_SPAN;
    double squares = 0.0;
    for (size_t i = 0; i < GATE_SPAN; i++) {
        squares += (values[i] - mean) * (values[i] - mean);
    }
    const double deviation = sqrt(squares / (GATE_SPAN - 1));
    /* Constant values do not vary, also when they are all zero. */
    return deviation > 0.0 ? deviation / mean : 0.0;
}

static double median_of_span(const double *values)
{
    double sorted[GATE_SPAN];
    memcpy(sorted, values, sizeof(sorted));
    for (size_t i = 1; i < GATE_SPAN; i++) {
        const double value = sorted[i];
        size_t j = i;
        for (; j > 0 && sorted[j - 1] > value; j--) {
            sorted[j] = sorted[j - 1];
        }
        sorted[j] = value;
    }
    return (sorted[GATE_SPAN / 2 - 1] + sorted[GATE_SPAN / 2]) / 2.0;
}

static bool is_stationary(const struct gate *self)
{
    if (self->n < GATE_RING) {
        return false;
    }
    double values[GATE_RING];
    last_values(self, GATE_RING, values);
    const double before = median_of_span(values);
    const double after = median_of_span(values + GATE_SPAN);
    const double difference = fabs(after - before);
    if (difference > 0.0 && difference >= GATE_MEDIAN_LIMIT * before) {
        return false;
    }
    return fabs(trend_mann_kendall_z(values, GATE_RING)) < GATE_TREND_Z;
}

bool gate_is_open(const struct gate *self, enum gate_result *result)
{
    if (self->mode == GATE_MODE_OFF) {
        *result = GATE_OFF;
        return true;
    }
    if (self->mode != GATE_MODE_STATIONARY && gate_cov(self) < GATE_COV_LIMIT) {
        *result = GATE_COV;
        return true;
    }
    if (self->mode != GATE_MODE_COV && is_stationary(self)) {
        *result = GATE_STATIONARY;
        return true;
    }
    return false;
}

const char *gate_mode_name(enum gate_mode mode)
{
    assert((size_t)mode < ARRAY_LEN(mode_names));
    return mode_names[mode];
}

bool gate_mode_parse(const char *name, enum gate_mode *out)
{
    for (size_t i = 0; i < ARRAY_LEN(mode_names); i++) {
        if (text_equal(mode_names[i], name)) {
            *out = (enum gate_mode)i;
            return true;
        }
    }
    return false;
}
