/* The links lie in the slots: nothing is allocated, and all but slot_queue_remove take one step. */
#include "load/slot_list.h"

#include "load/slot.h"

void slot_queue_add(struct slot_queue *self, struct slot *slot)
{
    slot->next_queued = NULL;
    if (self->first == NULL) {
        self->first = slot;
    } else {
        self->last->next_queued = slot;
    }
    self->last = slot;
    self->n++;
}

struct slot *slot_queue_take(struct slot_queue *self)
{
    struct slot *slot = self->first;
    if (slot != NULL) {
        self->first = slot->next_queued;
        self->n--;
    }
    return slot;
}

void slot_queue_remove(struct slot_queue *self, struct slot *slot)
{
    struct slot *before = NULL;
    for (struct slot *at = self->first; at != slot; at = at->next_queued) {
        before = at;
    }
    if (before == NULL) {
        self->first = slot->next_queued;
    } else {
        before->next_queued = slot->next_queued;
    }
    if (self->last == slot) {
        self->last = before;
    }
    self->n--;
}

void slot_list_add(struct slot_list *self, struct slot *slot)
{
    slot->next = NULL;
    slot->prev = self->last;
    if (self->last != NULL) {
        self->last->next = slot;
    } else {
        self->first = slot;
    }
    self->last = slot;
    self->n++;
}

void slot_list_remove(struct slot_list *self, struct slot *slot)
{
    if (slot->prev != NULL) {
        slot->prev->next = slot->next;
    } else {
        self->first = slot->next;
    }
    if (slot->next != NULL) {
        slot->next->prev = slot->prev;
    } else {
        self->last = slot->prev;
    }
    self->n--;
}
