/* slot_list.h - slots in order: a queue that is taken from its front, and a list that any may leave.
 *
 * A slot is in one list and in one queue at most.  Zeroed is empty.
 * Threads: those of the slots. */
#pragma once

#include <stdint.h>

struct slot;

/* Linked by slot.next_queued. */
struct slot_queue {
    struct slot *first;
    struct slot *last;
    uint32_t n;
};

/* Linked by slot.prev and slot.next. */
struct slot_list {
    struct slot *first;
    struct slot *last;
    uint32_t n;
};

void slot_queue_add(struct slot_queue *self, struct slot *slot);

/* Takes the first one; NULL: there is none. */
struct slot *slot_queue_take(struct slot_queue *self);

/* Removes a slot that is in the queue, in time of its place. */
void slot_queue_remove(struct slot_queue *self, struct slot *slot);

void slot_list_add(struct slot_list *self, struct slot *slot);

/* Removes a slot that is in the list. */
void slot_list_remove(struct slot_list *self, struct slot *slot);
