/* How a request starts: it is due, it gets a slot, a record and a connection, in this order.
 *
 * Open loop: when the schedule says, with its scheduled time as its start, however late the worker is.
 * Closed loop: as soon as its slot's last request has ended.  A request that finds no connection ready
 * waits for one, first come first served.
 *
 * An open loop that falls behind keeps its backlog in the schedule, which is a number: nothing is asked for
 * until it is sent.  See WORKER_STARTS_MAX and may_start_open. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/worker.h"

#include <assert.h>
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

static struct record *record_add(struct worker *self, uint64_t index, int64_t scheduled_ns)
{
    struct record *record = record_store_add(&self->store);
    record->index = index;
    record->prompt_index = workload_prompt_of(self->options->workload, index);
    record->worker = (uint16_t)self->index;
    record->scheduled_ns = scheduled_ns;
    return record;
}

static void start_request(
    struct worker *self, struct slot *slot, uint64_t index, int64_t scheduled_ns, int64_t now_ns)
{
    slot_reset(slot);
    slot->stream = self->options->stream;
    slot->keep_text = self->options->save_text;
    slot->record = record_add(self, index, scheduled_ns);
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
    assert(self->n_slots < self->n_slots_max);
    self->slots = mem_resize(self->slots, (size_t)self->n_slots + 1, sizeof(struct slot *));
    self->free = mem_resize(self->free, (size_t)self->n_slots + 1, sizeof(struct slot *));
    struct slot *slot = MEM_NEW(struct slot);
    slot_init(slot, NULL, self->options->workload->len_max, self->options->workload->max_tokens);
    self->slots[self->n_slots++] = slot;
    return slot;
}

void worker_next_due(struct worker *self)
{
    do {
        self->due_ns = schedule_next(&self->schedule, &self->due_index);
    } while (self->due_index % self->n_workers != self->index);
}

/* False when what is due must stay in the schedule, where it costs nothing: its scheduled time stays, so
 * the wait counts in latency and dispatch delay. */
static bool may_start_open(const struct worker *self)
{
    if (!self->sending || self->n_counted >= self->quota) {
        return false;
    }
    if (self->n_free == 0 && self->n_slots >= self->n_slots_max) {
        return false; /* --max-concurrency */
    }
    return !(self->links_refused && self->waiting.first != NULL);
}

static void start_due_open(struct worker *self, int64_t now_ns, unsigned n_max)
{
    for (unsigned i = 0; i < n_max && self->due_ns <= now_ns && may_start_open(self); i++) {
        start_request(self, take_free_slot(self), self->due_index, self->due_ns, now_ns);
        worker_next_due(self);
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

void worker_start_due(struct worker *self, int64_t now_ns, unsigned n_max)
{
    serve_waiting(self, now_ns);
    if (self->options->driver == DRIVER_OPEN) {
        start_due_open(self, now_ns, n_max);
    } else if (self->sending) {
        start_due_closed(self, now_ns);
    }
}

void worker_give_up_due(struct worker *self, int64_t now_ns)
{
    const int64_t window_start_ns = control_window_start(self->control);
    const int64_t window_end_ns = control_window_end(self->control);
    if (self->options->driver != DRIVER_OPEN || window_end_ns == CLOCK_NEVER) {
        return;
    }
    for (; self->due_ns < window_end_ns; worker_next_due(self)) {
        if (self->due_ns >= window_start_ns && self->n_counted < self->quota) {
            struct record *record = record_add(self, self->due_index, self->due_ns);
            worker_end_unsent(self, record, now_ns);
        }
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
    if (self->options->driver == DRIVER_OPEN && self->due_ns < next_ns && may_start_open(self)) {
        next_ns = self->due_ns;
    }
    return next_ns;
}
