/* Each source is integrated by itself; the sum is over those that measure different things.  The peak
 * needs them together: power is taken of all sources at every moment at which one was read. */
#include "stats/energy.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define UJ_PER_J 1e6

static const struct track_column *role_find(const struct track *track, enum column_role role)
{
    for (uint32_t i = 0; i < track->n_columns; i++) {
        if (track->columns[i].role == role) {
            return &track->columns[i];
        }
    }
    return NULL;
}

const char *energy_method_name(enum energy_method method)
{
    return method == ENERGY_COUNTER ? "counter" : "power";
}

/* ---- Walking along one column. ---- */

struct walk {
    const struct track *track;
    const struct track_column *column;
    uint64_t a; /* told sample that the walk stands on; n: there is none */
    uint64_t b; /* the next one; n: none */
};

static uint64_t next_told(const struct walk *self, uint64_t from)
{
    while (from < self->track->n && isnan(self->column->values[from])) {
        from++;
    }
    return from;
}

static void
walk_init(struct walk *self, const struct track *track, const struct track_column *column)
{
    *self = (struct walk){.track = track, .column = column};
    self->a = next_told(self, 0);
    self->b = self->a < track->n ? next_told(self, self->a + 1) : track->n;
}

/* Moves on to the interval that holds `at_ns`; never back. */
static void walk_to(struct walk *self, int64_t at_ns)
{
    while (self->b < self->track->n && self->track->at_ns[self->b] <= at_ns) {
        self->a = self->b;
        self->b = next_told(self, self->b + 1);
    }
}

static double walk_value(const struct walk *self, int64_t at_ns)
{
    const double a = self->column->values[self->a];
    const int64_t a_ns = self->track->at_ns[self->a];
    if (self->b >= self->track->n || at_ns <= a_ns) {
        return a;
    }
    const double b = self->column->values[self->b];
    const int64_t b_ns = self->track->at_ns[self->b];
    return a + (b - a) * ((double)(at_ns - a_ns) / (double)(b_ns - a_ns));
}

/* W at a moment that the track covers. */
static double walk_power(const struct walk *self, int64_t at_ns)
{
    if (self->column->role == TRACK_POWER) {
        return walk_value(self, at_ns);
    }
    if (self->b >= self->track->n) {
        return 0.0; /* after the last reading: no interval begins here */
    }
    const struct span span = {self->track->at_ns[self->a], self->track->at_ns[self->b]};
    struct growth growth;
    track_growth(self->track, self->column, &span, ENERGY_POWER_MAX_W * UJ_PER_J, &growth);
    return growth.amount / UJ_PER_J / ((double)(span.end_ns - span.start_ns) / (double)NS_PER_S);
}

/* ---- One source. ---- */

/* Trapezoids between the samples, cut to the span.  *out_open gets half of what a monotone way between
 * the samples leaves open. */
static double integrate_power(const struct walk *from, const struct span *span, double *out_open)
{
    struct walk walk = *from;
    double joules = 0.0;
    double open = 0.0;
    walk_to(&walk, span->start_ns);
    int64_t at_ns = span->start_ns;
    while (at_ns < span->end_ns && walk.b < walk.track->n) {
        const int64_t b_ns = walk.track->at_ns[walk.b];
        const int64_t to_ns = b_ns < span->end_ns ? b_ns : span->end_ns;
        const double begin_w = walk_value(&walk, at_ns);
        const double end_w = walk_value(&walk, to_ns);
        const double length_s = (double)(to_ns - at_ns) / (double)NS_PER_S;
        joules += (begin_w + end_w) / 2.0 * length_s;
        open += fabs(end_w - begin_w) / 2.0 * length_s;
        at_ns = to_ns;
        walk_to(&walk, at_ns);
    }
    *out_open = open;
    return joules;
}

static void
read_counter(const struct track_column *column, const struct span *span, struct energy_source *out)
{
    struct growth growth;
    out->method = ENERGY_COUNTER;
    out->resolution = column->resolution;
    track_coverage(out->track, column, span, &out->coverage);
    track_growth(out->track, column, span, ENERGY_POWER_MAX_W * UJ_PER_J, &growth);
    out->energy_j = growth.amount / UJ_PER_J;
    const double open = (growth.high - growth.low) / 2.0 + growth.unknown + column->resolution;
    out->uncertainty_j = open / UJ_PER_J;
    out->n_wraps = growth.n_wraps;
    out->n_resets = growth.n_resets;
}

static void
read_power(const struct track_column *column, const struct span *span, struct energy_source *out)
{
    out->method = ENERGY_POWER;
    out->resolution = column->resolution;
    track_coverage(out->track, column, span, &out->coverage);
    out->energy_j = (double)NAN;
    out->uncertainty_j = (double)NAN;
    if (!out->coverage.whole) {
        return;
    }
    struct walk walk;
    walk_init(&walk, out->track, column);
    double open = 0.0;
    out->energy_j = integrate_power(&walk, span, &open);
    const double length_s = (double)(span->end_ns - span->start_ns) / (double)NS_PER_S;
    out->uncertainty_j = open + column->resolution / 2.0 * length_s;
}

/* False when the track tells no energy at all. */
static bool
read_source(const struct track *track, const struct span *span, struct energy_source *out)
{
    const struct track_column *counter = role_find(track, TRACK_ENERGY);
    const struct track_column *power = role_find(track, TRACK_POWER);
    *out = (struct energy_source){.track = track};
    if (counter != NULL) {
        read_counter(counter, span, out);
        if (!isnan(out->energy_j) || power == NULL) {
            return true;
        }
        *out = (struct energy_source){.track = track};
    }
    if (power != NULL) {
        read_power(power, span, out);
    }
    return power != NULL;
}

/* ---- All together. ---- */

static void begin_walks(const struct energy *energy, struct walk *walks)
{
    for (uint32_t i = 0; i < energy->n_sources; i++) {
        const struct track *track = energy->sources[i].track;
        const struct track_column *power = role_find(track, TRACK_POWER);
        walk_init(&walks[i], track, power != NULL ? power : role_find(track, TRACK_ENERGY));
    }
}

static double power_of_all(const struct energy *energy, struct walk *walks, int64_t at_ns)
{
    double power_w = 0.0;
    for (uint32_t i = 0; i < energy->n_sources; i++) {
        if (energy->sources[i].track->counted && walks[i].a < walks[i].track->n) {
            walk_to(&walks[i], at_ns);
            power_w += walk_power(&walks[i], at_ns);
        }
    }
    return power_w;
}

/* At the moments of one track's samples; NAN without one in the span. */
static double peak_at(
    const struct energy *energy,
    const struct track *track,
    const struct span *span,
    struct walk *walks)
{
    double peak_w = (double)NAN;
    begin_walks(energy, walks);
    for (uint64_t i = 0; i < track->n && track->at_ns[i] < span->end_ns; i++) {
        if (track->at_ns[i] >= span->start_ns) {
            peak_w = fmax(peak_w, power_of_all(energy, walks, track->at_ns[i]));
        }
    }
    return peak_w;
}

static double peak_of_all(const struct energy *energy, const struct span *span)
{
    CLEANUP(mem_freep) struct walk *walks = mem_alloc(energy->n_sources, sizeof(*walks));
    double peak_w = (double)NAN;
    for (uint32_t s = 0; s < energy->n_sources; s++) {
        if (energy->sources[s].track->counted) {
            peak_w = fmax(peak_w, peak_at(energy, energy->sources[s].track, span, walks));
        }
    }
    return peak_w;
}

void energy_compute(const struct telemetry *telemetry, const struct span *span, struct energy *out)
{
    *out = (struct energy){
        .energy_j = (double)NAN,
        .uncertainty_j = (double)NAN,
        .power_avg_w = (double)NAN,
        .power_peak_w = (double)NAN,
    };
    if (telemetry == NULL || span->end_ns <= span->start_ns) {
        return;
    }
    assert(telemetry->n_tracks <= TRACKS_MAX);
    double energy_j = 0.0;
    double uncertainty_j = 0.0;
    uint32_t n_counted = 0;
    for (uint32_t i = 0; i < telemetry->n_tracks; i++) {
        struct energy_source *source = &out->sources[out->n_sources];
        if (!read_source(&telemetry->tracks[i], span, source)) {
            continue;
        }
        out->n_sources++;
        if (source->track->counted) {
            n_counted++;
            energy_j += source->energy_j; /* NAN stays NAN */
            uncertainty_j += source->uncertainty_j;
        }
    }
    out->known = n_counted > 0 && !isnan(energy_j);
    if (out->known) {
        out->energy_j = energy_j;
        out->uncertainty_j = uncertainty_j;
        out->power_avg_w = energy_j / ((double)(span->end_ns - span->start_ns) / (double)NS_PER_S);
        out->power_peak_w = peak_of_all(out, span);
    }
}
