/* How a request starts: it is due, it gets a slot, a record and a connection, in this order.
 *
 * Open loop: when the schedule says, with its scheduled time as its start, however late the worker is.
 * Closed loop: as soon as its slot's last request has ended.  A request that finds no connection ready
 * waits for one, first come first served. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/worker.h"

#include <stdlib.h>

/* Gives a request its connection and sends it. */
static void give_link(struct worker *self, struct slot *slot, struct link *link, int64_t now_ns)
{
    link->state = LINK_BUSY;
    link->slot = slot;
    slot->link = link;
    slot->state = SLOT_SENDING;
    worker_send(self, slot, now_ns);
}

void worker_wait_for_link(struct worker *self, struct slot *slot)
{
    slot->state = SLOT_WAITING;
    slot_queue_add(&self->waiting, slot);
    worker_keep_spares(self);
}

static void start_request(
    struct worker *self, struct slot *slot, uint64_t index, int64_t scheduled_ns, int64_t now_ns)
{
    slot_reset(slot);
    slot->stream = self->options->stream;
    struct record *record = record_store_add(&self->store);
    record->index = index;
    record->prompt_index = workload_prompt_of(self->options->workload, index);
    record->worker = (uint16_t)self->index;
    record->scheduled_ns = scheduled_ns;
    slot->record = record;
    slot->started_ns = now_ns;
    slot->request_len = workload_render(self->options->workload, index, slot->request);
    slot_list_add(&self->running, slot);
    (void)atomic_fetch_add_explicit(&self->progress->in_flight, 1, memory_order_relaxed);
    if (self->options->driver == DRIVER_OPEN) {
        worker_count_request(self, slot, scheduled_ns);
    }
    struct link *link = worker_take_idle_link(self, now_ns);
    if (link == NULL) {
        worker_wait_for_link(self, slot);
        return;
    }
    give_link(self, slot, link, now_ns);
    worker_keep_spares(self);
}

static struct slot *take_free_slot(struct worker *self)
{
    if (self->n_free > 0) {
        return self->free[--self->n_free];
    }
    if (self->n_slots >= self->n_slots_max) {
        return NULL;
    }
    self->slots = mem_resize(self->slots, (size_t)self->n_slots + 1, sizeof(struct slot *));
    self->free = mem_resize(self->free, (size_t)self->n_slots + 1, sizeof(struct slot *));
    struct slot *slot = MEM_NEW(struct slot);
    slot_init(slot, self->options->workload->len_max, self->options->workload->max_tokens);
    self->slots[self->n_slots++] = slot;
    return slot;
}

static void start_due_open(struct worker *self, int64_t now_ns)
{
    while (self->due_ns <= now_ns) {
        struct slot *slot = take_free_slot(self);
        if (slot == NULL) {
            return; /* --max-concurrency: waiting counts in latency */
        }
        start_request(self, slot, self->due_index, self->due_ns, now_ns);
        do {
            self->due_ns = schedule_next(&self->schedule, &self->due_index);
        } while (self->due_index % self->n_workers != self->index);
    }
}

static void start_due_closed(struct worker *self, int64_t now_ns)
{
    while (self->resting.first != NULL && self->resting.first->rest_until_ns <= now_ns) {
        self->free[self->n_free++] = slot_queue_take(&self->resting);
    }
    /* Those that wait for a connection will be counted when they are sent. */
    while (self->n_free > 0 && self->n_counted + self->waiting.n < self->quota) {
        struct slot *slot = take_free_slot(self);
        const int64_t scheduled_ns = slot->free_ns > 0 ? slot->free_ns : now_ns;
        start_request(self, slot, self->next_index, scheduled_ns, now_ns);
        self->next_index += self->n_workers;
    }
}

/* Gives waiting requests the connections that have settled in the meantime. */
static void serve_waiting(struct worker *self, int64_t now_ns)
{
    while (self->waiting.first != NULL) {
        struct link *link = worker_take_idle_link(self, now_ns);
        if (link == NULL) {
            return;
        }
        struct slot *slot = slot_queue_take(&self->waiting);
        slot->record->connect_ns = now_ns - slot->started_ns;
        give_link(self, slot, link, now_ns);
    }
}

void worker_start_due(struct worker *self, int64_t now_ns)
{
    serve_waiting(self, now_ns);
    if (!self->sending) {
        return;
    }
    if (self->options->driver == DRIVER_CLOSED) {
        start_due_closed(self, now_ns);
    } else if (self->n_counted < self->quota) {
        start_due_open(self, now_ns);
    }
}

void worker_link_opened(struct worker *self, struct link *link, int64_t now_ns)
{
    self->n_connecting--;
    if (self->waiting.first == NULL) {
        worker_put_idle_link(self, link, now_ns);
        return;
    }
    struct slot *slot = slot_queue_take(&self->waiting);
    slot->record->connect_ns = now_ns - slot->started_ns;
    give_link(self, slot, link, now_ns);
}

int64_t worker_next_deadline(const struct worker *self)
{
    int64_t next_ns = CLOCK_NEVER;
    if (self->running.first != NULL && self->options->timeout_ns != CLOCK_NEVER) {
        next_ns = self->running.first->started_ns + self->options->timeout_ns;
    }
    if (self->resting.first != NULL && self->resting.first->rest_until_ns < next_ns) {
        next_ns = self->resting.first->rest_until_ns;
    }
    if (self->waiting.first != NULL && self->idle_first != NULL) {
        const int64_t settled_ns = self->idle_first->ready_ns + LINK_SETTLE_NS;
        next_ns = settled_ns < next_ns ? settled_ns : next_ns;
    }
    const bool may_start = self->n_free > 0 || self->n_slots < self->n_slots_max;
    if (self->sending && self->options->driver == DRIVER_OPEN && may_start &&
        self->n_counted < self->quota && self->due_ns < next_ns) {
        next_ns = self->due_ns;
    }
    return next_ns;
}
