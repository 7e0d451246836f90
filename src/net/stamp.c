/* Three vDSO readings, mono-real-mono, give the pair and a bound on its error.  A wide spread means that
 * the thread lost the processor in between; trying again costs less than carrying the error. */
#include "net/stamp.h"

#include "base/clock.h"

enum {
    PAIR_TRIES = 3,
    PAIR_SPREAD_NS = 2000 /* a good pair takes about 50 ns; a context switch several us */
};

void stamp_pair_read(struct stamp_pair *out)
{
    int64_t before_ns = clock_mono_ns();
    out->read_ns = before_ns;
    out->spread_ns = INT64_MAX;
    for (int i = 0; i < PAIR_TRIES && out->spread_ns > PAIR_SPREAD_NS; i++) {
        const int64_t real_ns = clock_real_ns();
        const int64_t after_ns = clock_mono_ns();
        if (after_ns - before_ns < out->spread_ns) {
            out->spread_ns = after_ns - before_ns;
            out->mono_ns = before_ns + out->spread_ns / 2;
            out->real_ns = real_ns;
        }
        before_ns = after_ns;
    }
}

/* Takes the pair over; a step begins a new epoch. */
static void clock_follow(struct stamp_clock *self, const struct stamp_pair *pair)
{
    const int64_t offset_ns = pair->real_ns - pair->mono_ns;
    if (self->known) {
        const int64_t change_ns = offset_ns - self->offset_ns;
        const int64_t slew_ns = (pair->mono_ns - self->mono_ns) / (1000000 / STAMP_SLEW_PPM);
        const int64_t limit_ns = STAMP_STEP_NS + slew_ns + pair->spread_ns;
        if (change_ns > limit_ns || change_ns < -limit_ns) {
            self->epoch++;
        }
    }
    self->known = true;
    self->mono_ns = pair->mono_ns;
    self->offset_ns = offset_ns;
}

void stamp_receipt(
    struct stamp_clock *clock,
    struct stamp_stream *stream,
    const struct stamp_pair *pair,
    int64_t stamp_real_ns,
    bool drained,
    struct receipt *out)
{
    const uint32_t epoch_of_read = clock->epoch;
    clock_follow(clock, pair);
    const bool across_step = stream->epoch != clock->epoch;
    if (drained) {
        /* Not the epoch that this pair may have begun: more may have arrived between read and step. */
        stream->epoch = epoch_of_read;
    }
    int64_t arrival_ns = pair->read_ns;
    const bool kernel = stamp_real_ns != STAMP_NONE && !across_step;
    if (kernel) {
        arrival_ns = pair->mono_ns - (pair->real_ns - stamp_real_ns);
    }
    if (arrival_ns > pair->read_ns) {
        arrival_ns = pair->read_ns;
    }
    if (arrival_ns < stream->last_ns) {
        arrival_ns = stream->last_ns;
    }
    stream->last_ns = arrival_ns;
    *out = (struct receipt){
        .arrival_ns = arrival_ns,
        .read_ns = pair->read_ns,
        .kernel = kernel,
        .clock_step = stamp_real_ns != STAMP_NONE && across_step,
    };
}
