/* A heap with four children to a node: half the depth of a binary one, and the children of a node
 * lie beside each other. */
#include "sim/sim_timer.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
    TIMER_CHILDREN = 4,
    TIMER_FIRST_CAP = 64
};

void sim_timers_done(struct sim_timers *self)
{
    free(self->heap);
    *self = (struct sim_timers){0};
}

static bool entry_before(const struct sim_timer_entry *a, const struct sim_timer_entry *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void entry_put(struct sim_timers *self, uint32_t at, struct sim_timer_entry entry)
{
    self->heap[at] = entry;
    entry.timer->slot = at + 1;
}

static void sift_up(struct sim_timers *self, uint32_t at, struct sim_timer_entry entry)
{
    while (at > 0) {
        const uint32_t parent = (at - 1) / TIMER_CHILDREN;
        if (!entry_before(&entry, &self->heap[parent])) {
            break;
        }
        entry_put(self, at, self->heap[parent]);
        at = parent;
    }
    entry_put(self, at, entry);
}

/* The earliest of the children that begin at `first`. */
static uint32_t least_child(const struct sim_timers *self, uint32_t first)
{
    const uint32_t end = first + TIMER_CHILDREN < self->n ? first + TIMER_CHILDREN : self->n;
    uint32_t least = first;
    for (uint32_t i = first + 1; i < end; i++) {
        if (entry_before(&self->heap[i], &self->heap[least])) {
            least = i;
        }
    }
    return least;
}

static void sift_down(struct sim_timers *self, uint32_t at, struct sim_timer_entry entry)
{
    uint32_t first = at * TIMER_CHILDREN + 1;
    while (first < self->n) {
        const uint32_t least = least_child(self, first);
        if (!entry_before(&self->heap[least], &entry)) {
            break;
        }
        entry_put(self, at, self->heap[least]);
        at = least;
        first = at * TIMER_CHILDREN + 1;
    }
    entry_put(self, at, entry);
}

/* Puts an entry into a hole: it may have to go either way. */
static void entry_settle(struct sim_timers *self, uint32_t at, struct sim_timer_entry entry)
{
    if (at > 0 && entry_before(&entry, &self->heap[(at - 1) / TIMER_CHILDREN])) {
        sift_up(self, at, entry);
    } else {
        sift_down(self, at, entry);
    }
}

void sim_timer_stop(struct sim_timers *self, struct sim_timer *timer)
{
    if (timer->slot == 0) {
        return;
    }
    const uint32_t at = timer->slot - 1;
    timer->slot = 0;
    self->n--;
    if (at < self->n) {
        entry_settle(self, at, self->heap[self->n]);
    }
}

void sim_timer_set(struct sim_timers *self, struct sim_timer *timer, int64_t due_ns)
{
    if (due_ns == CLOCK_NEVER) {
        sim_timer_stop(self, timer);
        return;
    }
    const struct sim_timer_entry entry = {
        .due_ns = due_ns, .order = self->next_order++, .timer = timer};
    if (timer->slot != 0) {
        entry_settle(self, timer->slot - 1, entry);
        return;
    }
    if (self->n == self->cap) {
        self->cap = self->cap == 0 ? TIMER_FIRST_CAP : self->cap * 2;
        self->heap = mem_resize(self->heap, self->cap, sizeof(*self->heap));
    }
    self->n++;
    sift_up(self, self->n - 1, entry);
}

int64_t sim_timers_next_ns(const struct sim_timers *self)
{
    return self->n > 0 ? self->heap[0].due_ns : CLOCK_NEVER;
}

struct sim_timer *sim_timers_due(const struct sim_timers *self, int64_t now_ns)
{
    return self->n > 0 && self->heap[0].due_ns <= now_ns ? self->heap[0].timer : NULL;
}
