/* The life of a request from its send to its end: sent, answered, ended, or cut off. */
#include "base/clock.h"
#include "load/worker.h"

#include <math.h>
#include <stdio.h>

void worker_count_request(struct worker *self, struct slot *slot, int64_t start_ns)
{
    if (start_ns < control_window_start(self->control) ||
        start_ns >= control_window_end(self->control) || self->n_counted >= self->quota) {
        return;
    }
    slot->counted = true;
    self->n_counted++;
    self->n_counted_open++;
}

/* TTFT from the start that the driver defines; total latency where answers do not stream. */
static double record_gate_value_ms(const struct record *record, enum driver driver, bool stream)
{
    const int64_t end_ns = stream ? record->first_token_ns : record->end_ns;
    if (record->outcome != OUTCOME_OK || end_ns == RECORD_NONE) {
        return (double)NAN;
    }
    const int64_t start_ns = driver == DRIVER_OPEN ? record->scheduled_ns : record->sent_ns;
    return (double)(end_ns - start_ns) / 1e6;
}

static void note_progress(struct worker *self, const struct record *record)
{
    struct point_progress *progress = self->progress;
    (void)atomic_fetch_add_explicit(&progress->n_ended, 1, memory_order_relaxed);
    if (record->outcome != OUTCOME_OK) {
        (void)atomic_fetch_add_explicit(&progress->n_failed, 1, memory_order_relaxed);
        return;
    }
    if (record->output_tokens > 0) {
        (void)atomic_fetch_add_explicit(
            &progress->n_tokens, (unsigned)record->output_tokens, memory_order_relaxed);
    }
    const double value_ms =
        record_gate_value_ms(record, self->options->driver, self->options->stream);
    if (value_ms > 0.0) {
        const int bucket = (int)(log2(value_ms * 1e6) * 8.0);
        if (bucket >= 0 && bucket < LAG_BUCKETS) {
            (void)atomic_fetch_add_explicit(&progress->ttft[bucket], 1, memory_order_relaxed);
        }
    }
}

/* Ends a request whose record->outcome is set.  The slot becomes free, or rests. */
static void end_request(struct worker *self, struct slot *slot, int64_t end_ns, int64_t now_ns)
{
    struct record *record = slot->record;
    record->end_ns = end_ns;
    slot_finish(slot, &self->store, self->digest);
    slot_list_remove(&self->running, slot);
    (void)atomic_fetch_sub_explicit(&self->progress->in_flight, 1, memory_order_relaxed);
    if (self->options->driver == DRIVER_CLOSED && record->sent_ns == RECORD_NONE) {
        /* Never sent: it counts by the time when its slot was free. */
        worker_count_request(self, slot, record->scheduled_ns);
    }
    if (slot->counted) {
        self->n_counted_open--;
    }
    note_progress(self, record);
    if (control_window_start(self->control) == CLOCK_NEVER) {
        const double value_ms =
            record_gate_value_ms(record, self->options->driver, self->options->stream);
        control_add_warmup(self->control, value_ms, now_ns);
    }
    slot->state = SLOT_FREE;
    slot->link = NULL;
    slot->free_ns = end_ns;
    const bool refused = record->outcome == OUTCOME_CONNECT || record->outcome == OUTCOME_TLS;
    if (refused && self->options->driver == DRIVER_CLOSED) {
        slot->rest_until_ns = now_ns + POINT_REFUSED_PAUSE_NS;
        slot_queue_add(&self->resting, slot);
        return;
    }
    self->free[self->n_free++] = slot;
}

void worker_end_unsent(struct worker *self, struct record *record, int64_t now_ns)
{
    record->end_ns = now_ns;
    record->outcome = OUTCOME_UNFINISHED;
    record->error_body = "not sent when the time for it ran out";
    digest_finish(self->digest, record->text_sha256);
    self->n_counted++;
    note_progress(self, record);
}

/* The engine closed the connection while it was idle, and not a byte has been sent: another one takes
 * its place, so that the request does not fail for it.  After LINK_REPLACED_MAX it does. */
static void replace_link(struct worker *self, struct slot *slot, int64_t now_ns)
{
    worker_close_link(self, slot->link);
    slot->link = NULL;
    slot->n_replaced++;
    if (slot->n_replaced <= LINK_REPLACED_MAX) {
        worker_wait_for_link(self, slot);
        return;
    }
    slot_fail(
        slot, &self->store, OUTCOME_CONNECT,
        "every connection was closed by the engine before the request could be sent");
    end_request(self, slot, now_ns, now_ns);
}

static void send_failed(struct worker *self, struct slot *slot, int64_t now_ns)
{
    if (slot->request_sent == 0) {
        replace_link(self, slot, now_ns);
        return;
    }
    worker_close_link(self, slot->link);
    slot_fail(
        slot, &self->store, OUTCOME_TRUNCATED,
        "connection reset by the engine before the whole request was sent");
    end_request(self, slot, worker_now(self), now_ns);
}

/* The first bytes of a request have left, and `sent_ns` was taken just before. */
static void note_sent(struct worker *self, struct slot *slot, int64_t sent_ns)
{
    slot->record->sent_ns = sent_ns;
    if (self->options->driver == DRIVER_CLOSED) {
        worker_count_request(self, slot, sent_ns);
    }
    (void)atomic_fetch_add_explicit(&self->progress->n_sent, 1, memory_order_relaxed);
}

void worker_send(struct worker *self, struct slot *slot, int64_t now_ns)
{
    const struct transport_ops *ops = self->transport->ops;
    while (slot->request_sent < slot->request_len) {
        const int64_t sent_ns = worker_now(self);
        const ssize_t n = ops->send(
            self->transport, slot->link->stream, slot->request + slot->request_sent,
            slot->request_len - slot->request_sent);
        if (n == TRANSPORT_AGAIN) {
            return;
        }
        if (n == TRANSPORT_RESET) {
            send_failed(self, slot, now_ns);
            return;
        }
        if (slot->request_sent == 0) {
            note_sent(self, slot, sent_ns);
        }
        slot->request_sent += (uint32_t)n;
    }
    slot->state = SLOT_READING;
}

void worker_link_failed(struct worker *self, struct link *link, int64_t now_ns)
{
    struct transport_failure failure;
    self->transport->ops->failure(self->transport, link->stream, &failure);
    worker_close_link(self, link);
    (void)snprintf(self->connect_failure, sizeof(self->connect_failure), "%s", failure.text);
    if (self->waiting.first == NULL) {
        return;
    }
    struct slot *slot = slot_queue_take(&self->waiting);
    slot->record->connect_ns = now_ns - slot->started_ns;
    slot_fail(slot, &self->store, failure.tls ? OUTCOME_TLS : OUTCOME_CONNECT, failure.text);
    end_request(self, slot, now_ns, now_ns);
}

static void note_receipt(
    struct worker *self, const struct receipt *receipt, uint64_t n_token_events, bool ended)
{
    struct worker_facts *facts = &self->facts;
    if (receipt->kernel) {
        facts->n_kernel_stamps++;
    } else {
        facts->n_user_stamps++;
    }
    if (receipt->clock_step) {
        facts->n_clock_steps++;
    }
    if (n_token_events > 0) {
        facts->n_token_events += n_token_events;
        facts->n_shared_reads += n_token_events - 1;
    } else if (!ended) {
        return;
    }
    /* Without a kernel stamp the arrival is the read itself: what is seen is the wait for its turn. */
    const int64_t since_ns = receipt->kernel ? receipt->arrival_ns : self->woken_ns;
    const int64_t lag_ns = receipt->read_ns - since_ns;
    if (lag_ns > facts->lag_max_ns) {
        facts->lag_max_ns = lag_ns;
    }
    lag_histogram_add(facts->lag, lag_ns);
}

static void receive_idle(struct worker *self, struct link *link, ssize_t n)
{
    if (n == TRANSPORT_AGAIN) {
        return;
    }
    /* The engine closed an idle connection, or speaks out of turn. */
    worker_idle_link_ended(self, link, worker_now(self));
    worker_keep_spares(self);
}

void worker_receive(struct worker *self, struct link *link)
{
    struct receipt receipt = {0};
    const ssize_t n = self->transport->ops->recv(
        self->transport, link->stream, self->buffer, WORKER_BUFFER_SIZE, &receipt);
    struct slot *slot = link->slot;
    if (slot == NULL) {
        receive_idle(self, link, n);
        return;
    }
    if (n == TRANSPORT_AGAIN) {
        return;
    }
    const int64_t now_ns = worker_now(self);
    struct slot_input input = {
        .engine = self->options->workload->engine,
        .arrival_ns = (n > 0 ? receipt.arrival_ns - self->start_ns : now_ns),
    };
    if (n <= 0) {
        slot_read_eof(slot, n == TRANSPORT_RESET, &input);
        worker_close_link(self, link);
        end_request(self, slot, input.end_ns, now_ns);
        return;
    }
    const bool had_tokens = slot->n_events > 0;
    const enum slot_progress progress = slot_read(slot, self->buffer, (size_t)n, &input);
    note_receipt(self, &receipt, input.n_token_events, progress != SLOT_MORE);
    if (!had_tokens && slot->n_events > 0) {
        link->streamed = true;
        worker_keep_spares(self);
    }
    if (progress == SLOT_MORE) {
        return;
    }
    /* An answer that came before the whole request was sent leaves the connection in the middle of it. */
    const bool reusable =
        progress == SLOT_ENDED && slot->http.keep_alive && slot->request_sent == slot->request_len;
    worker_put_used_link(self, link, reusable, now_ns);
    end_request(self, slot, input.arrival_ns, now_ns);
}

/* Ends a request from this side: its connection closes. */
static void cut_request(
    struct worker *self,
    struct slot *slot,
    enum outcome outcome,
    const char *reason,
    int64_t now_ns)
{
    if (slot->state == SLOT_WAITING) {
        slot_queue_remove(&self->waiting, slot);
        slot->record->connect_ns = now_ns - slot->started_ns;
    } else {
        worker_close_link(self, slot->link);
    }
    slot_fail(slot, &self->store, outcome, reason);
    end_request(self, slot, now_ns, now_ns);
}

void worker_expire(struct worker *self, int64_t now_ns)
{
    while (self->running.first != NULL &&
           now_ns - self->running.first->started_ns >= self->options->timeout_ns) {
        cut_request(
            self, self->running.first, OUTCOME_TIMEOUT, "no complete answer within --timeout",
            now_ns);
    }
}

void worker_abort(struct worker *self, bool counted_only, int64_t now_ns)
{
    struct slot *slot = self->running.first;
    while (slot != NULL) {
        struct slot *next = slot->next;
        if (slot->counted || !counted_only) {
            cut_request(
                self, slot, OUTCOME_UNFINISHED, "not ended when the time for it ran out", now_ns);
        }
        slot = next;
    }
}
