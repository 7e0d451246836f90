/* All questions begin with the samples that a column has: those where it told nothing are passed over,
 * so that a source that keeps silent for a while has a gap and not a zero. */
#include "stats/track.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>

static const char *const role_names[] = {
    [TRACK_GAUGE] = "gauge",
    [TRACK_COUNTER] = "counter",
    [TRACK_POWER] = "power",
    [TRACK_ENERGY] = "energy",
};

const char *column_role_name(enum column_role role)
{
    assert((size_t)role < ARRAY_LEN(role_names));
    return role_names[role];
}

bool column_role_parse(const char *name, enum column_role *out)
{
    for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
        if (text_equal(role_names[i], name)) {
            *out = (enum column_role)i;
            return true;
        }
    }
    return false;
}

const struct track_column *track_column_find(const struct track *self, const char *key)
{
    for (uint32_t i = 0; i < self->n_columns; i++) {
        if (text_equal(self->columns[i].key, key)) {
            return &self->columns[i];
        }
    }
    return NULL;
}

/* The first sample from `from` on that the column has; n when there is none. */
static uint64_t
next_told(const struct track *self, const struct track_column *column, uint64_t from)
{
    while (from < self->n && isnan(column->values[from])) {
        from++;
    }
    return from;
}

/* The last told sample at or before `at_ns`, or the first told one after it when there is none. */
static uint64_t
told_before(const struct track *self, const struct track_column *column, int64_t at_ns)
{
    uint64_t low = 0;
    uint64_t high = self->n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (self->at_ns[middle] <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (uint64_t i = low; i > 0; i--) {
        if (!isnan(column->values[i - 1])) {
            return i - 1;
        }
    }
    return next_told(self, column, low);
}

void track_coverage(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    struct coverage *out)
{
    *out = (struct coverage){0};
    uint64_t i = told_before(self, column, span->start_ns);
    if (i == self->n) {
        return;
    }
    const bool begins = self->at_ns[i] <= span->start_ns;
    bool ends = false;
    const int64_t gap_ns = (int64_t)(TRACK_GAP_PERIODS * (double)self->period_ns);
    while (i < self->n) {
        const int64_t at_ns = self->at_ns[i];
        out->n_samples += at_ns >= span->start_ns && at_ns < span->end_ns;
        if (at_ns >= span->end_ns) {
            ends = true;
            break;
        }
        i = next_told(self, column, i + 1);
        const int64_t apart_ns = i < self->n ? self->at_ns[i] - at_ns : 0;
        if (apart_ns > gap_ns) {
            out->n_gaps++;
            out->longest_gap_ns = apart_ns > out->longest_gap_ns ? apart_ns : out->longest_gap_ns;
        }
    }
    out->whole = begins && ends;
}

/* Two neighbours, and the part of their interval that lies in the span. */
struct interval {
    uint64_t a;
    uint64_t b;
    double length_s;
    double share; /* of the interval inside the span */
};

/* The interval that begins with the told sample `a`; false when none follows or it lies outside. */
static bool interval_at(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    uint64_t a,
    struct interval *out)
{
    const uint64_t b = next_told(self, column, a + 1);
    if (b >= self->n || self->at_ns[a] >= span->end_ns) {
        return false;
    }
    const int64_t from_ns = self->at_ns[a] > span->start_ns ? self->at_ns[a] : span->start_ns;
    const int64_t to_ns = self->at_ns[b] < span->end_ns ? self->at_ns[b] : span->end_ns;
    const int64_t length_ns = self->at_ns[b] - self->at_ns[a];
    const int64_t inside_ns = to_ns > from_ns ? to_ns - from_ns : 0;
    *out = (struct interval){
        .a = a,
        .b = b,
        .length_s = (double)length_ns / (double)NS_PER_S,
        .share = inside_ns == length_ns ? 1.0 : (double)inside_ns / (double)length_ns,
    };
    return true;
}

enum step {
    STEP_GROWN,
    STEP_WRAPPED,
    STEP_RESET,
};

static enum step step_of(
    const struct track_column *column,
    const struct interval *interval,
    double max_per_s,
    double *out_amount)
{
    const double before = column->values[interval->a];
    const double after = column->values[interval->b];
    *out_amount = after - before;
    if (after >= before) {
        return STEP_GROWN;
    }
    const double wrapped = column->range - before + after;
    if (column->range > 0.0 && before <= column->range &&
        wrapped <= max_per_s * interval->length_s) {
        *out_amount = wrapped;
        return STEP_WRAPPED;
    }
    *out_amount = 0.0;
    return STEP_RESET;
}

/* Rate of the interval that begins at the told sample `a`; NAN when it has none. */
static double
rate_at(const struct track *self, const struct track_column *column, uint64_t a, double max_per_s)
{
    const struct span all = {INT64_MIN / 4, INT64_MAX / 4};
    struct interval interval;
    double amount = 0.0;
    if (!interval_at(self, column, &all, a, &interval) ||
        step_of(column, &interval, max_per_s, &amount) == STEP_RESET) {
        return (double)NAN;
    }
    return amount / interval.length_s;
}

/* The told sample before `i`, or n. */
static uint64_t
previous_told(const struct track *self, const struct track_column *column, uint64_t i)
{
    while (i > 0) {
        i--;
        if (!isnan(column->values[i])) {
            return i;
        }
    }
    return self->n;
}

/* What was lost in a reset: the mean rate of the neighbours, or the only one's, or nothing. */
static double reset_amount(
    const struct track *self,
    const struct track_column *column,
    const struct interval *interval,
    double max_per_s)
{
    const uint64_t previous = previous_told(self, column, interval->a);
    const double before =
        previous < self->n ? rate_at(self, column, previous, max_per_s) : (double)NAN;
    const double after = rate_at(self, column, interval->b, max_per_s);
    if (isnan(before) && isnan(after)) {
        return column->values[interval->b]; /* what it has counted since */
    }
    const double rate = isnan(before) ? after : isnan(after) ? before : (before + after) / 2.0;
    return rate * interval->length_s;
}

void track_growth(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    double max_per_s,
    struct growth *out)
{
    *out = (struct growth){.amount = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    struct coverage coverage;
    track_coverage(self, column, span, &coverage);
    if (!coverage.whole) {
        return;
    }
    out->amount = 0.0;
    out->low = 0.0;
    out->high = 0.0;
    struct interval interval;
    for (uint64_t i = told_before(self, column, span->start_ns);
         interval_at(self, column, span, i, &interval); i = interval.b) {
        double amount = 0.0;
        const enum step step = step_of(column, &interval, max_per_s, &amount);
        if (step == STEP_RESET) {
            amount = reset_amount(self, column, &interval, max_per_s);
            out->unknown += amount * interval.share;
        }
        out->n_wraps += step == STEP_WRAPPED;
        out->n_resets += step == STEP_RESET;
        out->amount += interval.share >= 1.0 ? amount : amount * interval.share;
        out->low += interval.share >= 1.0 ? amount : 0.0;
        out->high += interval.share > 0.0 ? amount : 0.0;
    }
}

void track_level(
    const struct track *self,
    const struct track_column *column,
    const struct span *span,
    struct level *out)
{
    double sum = 0.0;
    uint64_t n = 0;
    *out = (struct level){(double)NAN, (double)NAN, (double)NAN};
    for (uint64_t i = told_before(self, column, span->start_ns);
         i < self->n && self->at_ns[i] < span->end_ns; i = next_told(self, column, i + 1)) {
        if (self->at_ns[i] < span->start_ns) {
            continue;
        }
        const double value = column->values[i];
        sum += value;
        n++;
        out->min = n == 1 || value < out->min ? value : out->min;
        out->max = n == 1 || value > out->max ? value : out->max;
    }
    if (n > 0) {
        out->mean = sum / (double)n;
    }
}
