/* stamp.h - the kernel's receive stamps, which are wall time, as times of the one clock.
 *
 * A stamp is converted with a pair of readings of both clocks taken right after the read:
 * arrival = mono - (real - stamp).  Where the wall clock was set in between, that would be off by the
 * step, so the offset of the two clocks is watched from pair to pair: a change of more than 1 ms, beyond
 * what slewing explains, is a step.  After a step each stream's stamps are used again only once it has
 * been read empty: what lies in its socket until then may have been stamped before the step.
 * Nothing here calls the system except stamp_pair_read (vDSO). */
#pragma once

#include "net/transport.h"

/* Fastest slewing of the wall clock, in parts per million.  Source: adjtimex(2), MAXFREQ. */
enum {
    STAMP_SLEW_PPM = 500
};

/* A change of the offset that is a step. */
#define STAMP_STEP_NS INT64_C(1000000)

/* No stamp came with the bytes. */
#define STAMP_NONE INT64_C(0)

struct stamp_pair {
    int64_t read_ns;   /* monotonic time of the first reading */
    int64_t mono_ns;   /* the pair: both clocks at one moment */
    int64_t real_ns;   /* ... */
    int64_t spread_ns; /* the moment is known to half of this */
};

/* Of one transport.  {0} before the first pair. */
struct stamp_clock {
    bool known;
    int64_t mono_ns;   /* of the last pair */
    int64_t offset_ns; /* real - mono */
    uint32_t epoch;    /* number of steps seen */
};

/* Of one stream. */
struct stamp_stream {
    int64_t last_ns; /* last arrival; before the first, when the stream was opened */
    uint32_t epoch;  /* its socket was read empty in this epoch */
};

/* Reads both clocks, again where the thread was interrupted in between. */
void stamp_pair_read(struct stamp_pair *out);

/* Fills the receipt of a read that ended just before `pair` was taken.  `stamp_real_ns` is the kernel's
 * stamp in wall time or STAMP_NONE; `drained` says that the read left nothing in the socket.
 * arrival_ns is never after read_ns, and never before the stream's last arrival. */
void stamp_receipt(
    struct stamp_clock *clock,
    struct stamp_stream *stream,
    const struct stamp_pair *pair,
    int64_t stamp_real_ns,
    bool drained,
    struct receipt *out);
