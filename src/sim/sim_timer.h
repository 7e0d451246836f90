/* sim_timer.h - deadlines of the simulated engine: a heap ordered by time, then by order of setting.
 *
 * Timers are embedded in what they belong to and never allocate; the heap grows with their number.
 * Equal deadlines run in the order in which they were set, so a run repeats. */
#pragma once

#include "base/attr.h"

#include <stdint.h>

struct sim_timer {
    uint32_t slot; /* place in the heap plus 1; 0: not set */
};

struct sim_timer_entry {
    int64_t due_ns;
    uint64_t order;
    struct sim_timer *timer;
};

/* An empty heap is {0}. */
struct sim_timers {
    struct sim_timer_entry *heap;
    uint32_t n;
    uint32_t cap;
    uint64_t next_order;
};

void sim_timers_done(struct sim_timers *self);

/* Sets or moves the timer; CLOCK_NEVER stops it. */
void sim_timer_set(struct sim_timers *self, struct sim_timer *timer, int64_t due_ns);
void sim_timer_stop(struct sim_timers *self, struct sim_timer *timer);

/* The earliest deadline, CLOCK_NEVER when there is none. */
int64_t sim_timers_next_ns(const struct sim_timers *self);

/* The earliest timer when it is due at `now_ns`, else NULL.  It stays set. */
struct sim_timer *sim_timers_due(const struct sim_timers *self, int64_t now_ns);
