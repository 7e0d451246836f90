/* The loop of a worker: start what is due, wait, handle what came, watch the phases.  Everything it
 * needs exists before the clock starts. */
#include "load/worker.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* Phases and interruption are looked at least this often. */
#define WORKER_LOOK_NS INT64_C(20000000)

/* Open loop: what is handled between two looks may start more requests for so long; a connect can take longer than an
 * answer, and 256 of them are not a turn any more. */
#define WORKER_TURN_NS INT64_C(5000000)

/* Open loop: slots that exist before the clock starts; more are made when more are in flight. */
enum {
    OPEN_LOOP_SLOTS_FIRST = 64,
    OPEN_LOOP_SLOTS_PREPARED_MAX = 1024
};

/* A replay: requests that come within this time find a connection each; a new one takes about as long. */
#define BURST_NS INT64_C(100000000)

enum {
    BURST_LINKS_MAX = 256 /* engines serve each by a thread */
};

static uint32_t share_of(uint32_t total, unsigned n_workers, unsigned index)
{
    return total / n_workers + (index < total % n_workers ? 1 : 0);
}

static uint32_t slots_max(const struct point_options *options, unsigned n_workers, unsigned index)
{
    if (options->driver == DRIVER_CLOSED) {
        return share_of(options->concurrency, n_workers, index);
    }
    return options->max_concurrency == 0 ? UINT32_MAX
                                         : share_of(options->max_concurrency, n_workers, index);
}

uint32_t
worker_slots_prepared(const struct point_options *options, unsigned n_workers, unsigned index)
{
    const uint32_t most = slots_max(options, n_workers, index);
    if (options->driver == DRIVER_CLOSED) {
        return most;
    }
    /* One second's worth of arrivals: most answers take less, or the engine is saturated anyway. */
    double rate_rps = options->rate_rps;
    if (options->arrival == ARRIVAL_TRACE) {
        rate_rps = (double)schedule_busiest(options->trace_ns, options->n_trace, NS_PER_S);
    }
    double wanted = rate_rps / n_workers;
    if (wanted < OPEN_LOOP_SLOTS_FIRST) {
        wanted = OPEN_LOOP_SLOTS_FIRST;
    }
    if (wanted > OPEN_LOOP_SLOTS_PREPARED_MAX) {
        wanted = OPEN_LOOP_SLOTS_PREPARED_MAX;
    }
    const uint32_t n = (uint32_t)wanted;
    return n < most ? n : most;
}

static uint32_t burst_of(const struct point_options *options, unsigned n_workers)
{
    if (options->arrival != ARRIVAL_TRACE) {
        return 0;
    }
    const uint64_t burst =
        schedule_busiest(options->trace_ns, options->n_trace, BURST_NS) / n_workers + 1;
    return burst < BURST_LINKS_MAX ? (uint32_t)burst : BURST_LINKS_MAX;
}

static void prepare_slots(struct worker *self)
{
    const uint32_t n = worker_slots_prepared(self->options, self->n_workers, self->index);
    const struct workload *workload = self->options->workload;
    self->slots = mem_alloc(n, sizeof(struct slot *));
    self->lines = mem_alloc(n, HTTP_LINE_ROOM);
    self->free = mem_alloc(n, sizeof(struct slot *));
    for (uint32_t i = 0; i < n; i++) {
        struct slot *slot = MEM_NEW(struct slot);
        slot_init(
            slot, self->lines + (size_t)i * HTTP_LINE_ROOM, workload->len_max,
            workload->max_tokens);
        self->slots[i] = slot;
        self->free[n - 1 - i] = slot;
    }
    self->n_slots = n;
    self->n_free = n;
    /* The open loop begins with fewer connections than slots: engines serve each by a thread. */
    self->n_links_wanted = n;
    if (self->options->driver == DRIVER_OPEN && self->options->rate_rps < n) {
        const uint32_t few =
            LINKS_SPARE_OPEN_LOOP + (uint32_t)self->options->rate_rps + self->n_burst;
        self->n_links_wanted = few < n ? few : n;
    }
}

static uint64_t quota_of(const struct point_options *options, unsigned n_workers, unsigned index)
{
    if (options->n_requests == 0) {
        return UINT64_MAX;
    }
    return options->n_requests / n_workers + (index < options->n_requests % n_workers ? 1 : 0);
}

void worker_init(
    struct worker *self,
    const struct point_options *options,
    struct control *control,
    struct point_progress *progress,
    struct transport *transport,
    unsigned index)
{
    const unsigned n_workers = control->options.n_workers;
    *self = (struct worker){
        .options = options,
        .control = control,
        .progress = progress,
        .transport = transport,
        .index = index,
        .n_workers = n_workers,
        .n_slots_max = slots_max(options, n_workers, index),
        .next_index = index,
        .due_ns = CLOCK_NEVER,
        .n_burst = burst_of(options, n_workers),
        .sending = true,
        .quota = quota_of(options, n_workers, index),
        .drain_until_ns = CLOCK_NEVER,
        .buffer = mem_alloc(WORKER_BUFFER_SIZE, 1),
        .events = mem_alloc(WORKER_EVENTS_MAX, sizeof(struct transport_event)),
        .digest = digest_new(),
    };
    record_store_init(&self->store);
    prepare_slots(self);
    if (options->driver == DRIVER_OPEN) {
        if (options->arrival == ARRIVAL_TRACE) {
            schedule_init_trace(&self->schedule, options->trace_ns, options->n_trace);
        } else {
            schedule_init(
                &self->schedule, options->arrival, options->rate_rps, options->burstiness,
                options->workload->seed);
        }
        worker_next_due(self);
    }
}

void worker_done(struct worker *self)
{
    while (self->idle_first != NULL) {
        worker_close_link(self, self->idle_first);
    }
    for (uint32_t i = 0; i < self->n_slots; i++) {
        slot_done(self->slots[i]);
        free(self->slots[i]);
    }
    free(self->slots);
    free(self->lines);
    free(self->free);
    free(self->buffer);
    free(self->events);
    digest_free(self->digest);
    transport_freep(&self->transport);
}

static void handle_event(struct worker *self, const struct transport_event *event)
{
    if (event->what == 0) {
        return; /* its stream was closed earlier in this batch, and its link is gone */
    }
    struct link *link = event->stream->user;
    if ((event->what & TRANSPORT_FAILED) != 0) {
        worker_link_failed(self, link, worker_now(self));
        return;
    }
    if ((event->what & TRANSPORT_OPENED) != 0) {
        worker_link_opened(self, link, worker_now(self));
        return;
    }
    struct slot *slot = link->slot;
    if ((event->what & TRANSPORT_WRITABLE) != 0 && slot != NULL && slot->state == SLOT_SENDING) {
        worker_send(self, slot, worker_now(self));
        return; /* the link may be gone; what is readable stays readable */
    }
    if ((event->what & TRANSPORT_READABLE) != 0) {
        worker_receive(self, link);
    }
}

void worker_connect(struct worker *self)
{
    for (uint32_t i = 0; i < self->n_links_wanted; i++) {
        (void)worker_open_link(self);
    }
    while (self->n_connecting > 0) {
        const size_t n = self->transport->ops->wait(
            self->transport, worker_now(self) + WORKER_LOOK_NS, self->events, WORKER_EVENTS_MAX);
        for (size_t i = 0; i < n; i++) {
            handle_event(self, &self->events[i]);
        }
        if (atomic_load(&self->control->stop) != 0) {
            break;
        }
    }
    self->clock_started = true;
}

static void note_cpu(struct worker *self, int64_t now_ns)
{
    self->facts.cpu_ns = clock_thread_cpu_ns() - self->cpu_at_start_ns;
    self->facts.awake_ns = self->transport->awake_ns - self->awake_at_start_ns;
    self->facts.wall_ns = now_ns - self->wall_at_start_ns;
}

/* CPU and wall time of the window, as seen by this thread. */
static void watch_cpu(struct worker *self, int64_t now_ns)
{
    if (self->options->virtual_time) {
        return;
    }
    if (!self->cpu_started && now_ns >= control_window_start(self->control)) {
        self->cpu_started = true;
        self->cpu_at_start_ns = clock_thread_cpu_ns();
        self->awake_at_start_ns = self->transport->awake_ns;
        self->wall_at_start_ns = now_ns;
    }
    if (self->cpu_started && !self->cpu_ended && now_ns >= control_window_end(self->control)) {
        self->cpu_ended = true;
        note_cpu(self, now_ns);
    }
}

static bool counted_are_done(const struct worker *self, int64_t now_ns)
{
    if (self->n_counted_open > 0 || control_window_start(self->control) == CLOCK_NEVER) {
        return false;
    }
    const int64_t window_end_ns = control_window_end(self->control);
    if (self->n_counted >= self->quota) {
        return true;
    }
    /* Open loop: a worker that is late at the window's end still has some of it to send. */
    return now_ns >= window_end_ns &&
           (self->options->driver == DRIVER_CLOSED || self->due_ns >= window_end_ns);
}

/* Moves through the phases.  True when the worker's part is over. */
static bool watch_phases(struct worker *self, int64_t now_ns)
{
    struct control *control = self->control;
    control_check_timeout(control, now_ns);
    watch_cpu(self, now_ns);
    const int stop = atomic_load_explicit(&control->stop, memory_order_acquire);
    const int64_t window_end_ns = control_window_end(control);
    if (stop == 2) {
        worker_abort(self, false, now_ns);
        worker_give_up_due(self, now_ns);
        return true;
    }
    if (!self->reported && window_end_ns != CLOCK_NEVER &&
        (stop == 1 || now_ns - window_end_ns >= self->options->grace_ns)) {
        if (stop == 0) {
            worker_abort(self, true, now_ns);
        }
        worker_give_up_due(self, now_ns);
    }
    if (!self->reported && (counted_are_done(self, now_ns) || stop == 1)) {
        self->reported = true;
        (void)atomic_fetch_sub(&control->n_busy, 1);
    }
    if (self->sending && (atomic_load(&control->n_busy) == 0 || stop == 1)) {
        self->sending = false;
        self->drain_until_ns = now_ns + POINT_DRAIN_MAX_NS;
    }
    if (!self->sending && now_ns >= self->drain_until_ns) {
        worker_abort(self, false, now_ns);
    }
    return !self->sending && self->running.n == 0;
}

/* The wait is over.  How long ago was the last one?  A thread that was stopped or starved is seen here,
 * whether anything had arrived in the meantime or not. */
static void note_wake(struct worker *self)
{
    const int64_t before_ns = self->woken_ns;
    self->woken_ns = self->transport->ops->now(self->transport);
    const int64_t gap_ns = self->woken_ns - before_ns;
    if (gap_ns > self->facts.gap_max_ns && self->sending &&
        before_ns - self->start_ns >= control_window_start(self->control)) {
        self->facts.gap_max_ns = gap_ns;
    }
}

void worker_run(struct worker *self, int64_t start_ns)
{
    self->start_ns = start_ns;
    self->woken_ns = start_ns;
    int64_t now_ns = worker_now(self);
    size_t n = 0;
    while (!watch_phases(self, now_ns)) {
        worker_start_due(self, now_ns, n < WORKER_EVENTS_MAX ? WORKER_STARTS_MAX : 0);
        int64_t until_ns = worker_next_deadline(self);
        if (until_ns > now_ns + WORKER_LOOK_NS) {
            until_ns = now_ns + WORKER_LOOK_NS;
        }
        n = self->transport->ops->wait(
            self->transport, until_ns + start_ns, self->events, WORKER_EVENTS_MAX);
        note_wake(self);
        for (size_t i = 0; i < n; i++) {
            handle_event(self, &self->events[i]);
            /* At once, not after the batch: a freed slot, or a due arrival, must not wait for it. */
            now_ns = worker_now(self);
            const bool in_turn = now_ns + start_ns - self->woken_ns < WORKER_TURN_NS;
            worker_start_due(self, now_ns, in_turn ? WORKER_STARTS_EVENT : 0);
        }
        if (n == 0) {
            worker_retry_links(self);
        }
        now_ns = worker_now(self);
        worker_expire(self, now_ns);
    }
    if (self->cpu_started && !self->cpu_ended) {
        note_cpu(self, now_ns);
    }
}
