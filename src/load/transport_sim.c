/* Streams that have something to tell stand in one queue.  A wait first tells of those; only when there
 * is none does the clock move, to the next deadline of the engine or the next connect that is done.
 * All connects take the same time, so they are done in the order in which they were started. */
#include "load/transport_sim.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Wall time of the virtual clock's zero: 2026-01-01, so that dates look like dates. */
#define WALL_OFFSET_NS (INT64_C(1767225600) * NS_PER_S)

enum sim_stream_state {
    STREAM_CONNECTING,
    STREAM_OPEN,
    STREAM_REFUSED,
    STREAM_ENDED,  /* the engine has closed; bytes may be left */
    STREAM_BROKEN, /* the engine has reset it; bytes may be left */
};

struct sim_stream {
    struct stream stream;
    enum sim_stream_state state;
    bool tell_opened;
    bool tell_writable;
    bool closed;           /* by the driver: freed at the next wait */
    struct sim_conn *conn; /* NULL before the connect and after the engine's end */
    int64_t connect_due_ns;
    struct bytes in;
    size_t in_at;
    int64_t arrival_ns;
    bool queued; /* in the queue of those with something to tell */
    struct sim_stream *queue_next;
    struct sim_stream *list_before;
    struct sim_stream *list_after;
};

/* A first-in-first-out list by queue_next.  A stream is in one at most: first in `connecting`. */
struct stream_queue {
    struct sim_stream *first;
    struct sim_stream *last;
};

struct transport_sim {
    struct transport transport;
    struct sim *sim;
    struct sim_truth_log *truth;
    int64_t now_ns;
    int64_t engine_ns; /* how far the engine has acted; at most now_ns */
    int64_t connect_ns;
    size_t send_max;
    atomic_bool woken;
    struct stream_queue connecting;
    struct stream_queue telling;
    struct sim_stream *streams;
    struct sim_stream *closed;      /* by list_after */
    struct transport_event *events; /* of the last wait; borrowed */
    size_t n_events;
};

static struct transport_sim *sim_of(struct transport *self)
{
    return (struct transport_sim *)(void *)self;
}

static struct sim_stream *stream_of(struct stream *stream)
{
    return (struct sim_stream *)(void *)stream;
}

static void queue_add(struct stream_queue *queue, struct sim_stream *stream)
{
    stream->queue_next = NULL;
    if (queue->last != NULL) {
        queue->last->queue_next = stream;
    } else {
        queue->first = stream;
    }
    queue->last = stream;
}

static struct sim_stream *queue_take(struct stream_queue *queue)
{
    struct sim_stream *stream = queue->first;
    queue->first = stream->queue_next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    return stream;
}

static void tell(struct transport_sim *self, struct sim_stream *stream)
{
    if (!stream->queued && !stream->closed) {
        stream->queued = true;
        queue_add(&self->telling, stream);
    }
}

static int64_t sim_transport_now(struct transport *self)
{
    return sim_of(self)->now_ns;
}

static int
sim_transport_open(struct transport *base, void *user, struct stream **out, struct error *err)
{
    (void)err;
    struct transport_sim *self = sim_of(base);
    struct sim_stream *stream = MEM_NEW(struct sim_stream);
    stream->stream.user = user;
    stream->connect_due_ns = self->now_ns + self->connect_ns;
    bytes_init(&stream->in, BYTES_MAX_DEFAULT);
    stream->list_after = self->streams;
    if (self->streams != NULL) {
        self->streams->list_before = stream;
    }
    self->streams = stream;
    queue_add(&self->connecting, stream);
    *out = &stream->stream;
    return 0;
}

static void stream_free(struct sim_stream *stream)
{
    bytes_done(&stream->in);
    free(stream);
}

static void free_closed(struct transport_sim *self)
{
    struct sim_stream *kept = NULL;
    while (self->closed != NULL) {
        struct sim_stream *stream = self->closed;
        self->closed = stream->list_after;
        if (stream->queued || stream->state == STREAM_CONNECTING) {
            stream->list_after = kept; /* a queue still holds it */
            kept = stream;
        } else {
            stream_free(stream);
        }
    }
    self->closed = kept;
}

/* Connects that are done by now. */
static void finish_connects(struct transport_sim *self)
{
    while (self->connecting.first != NULL &&
           self->connecting.first->connect_due_ns <= self->now_ns) {
        struct sim_stream *stream = queue_take(&self->connecting);
        if (stream->closed) {
            stream->state = STREAM_ENDED;
            continue;
        }
        stream->conn = sim_connect(self->sim, stream->connect_due_ns, stream);
        stream->state = stream->conn != NULL ? STREAM_OPEN : STREAM_REFUSED;
        stream->tell_opened = true;
        tell(self, stream);
    }
}

static void
note_truth(struct transport_sim *self, const struct sim_action *action, int64_t write_ns)
{
    const struct sim_truth truth = {
        .request = action->request,
        .token = action->token,
        .tokens = action->tokens,
        .due_ns = action->due_ns,
        .write_ns = write_ns,
        .arrived_ns = action->arrived_ns,
        .body_hash = action->body_hash,
    };
    sim_truth_add(self->truth, &truth);
}

/* What the engine has done becomes readable. */
static void
take_action(struct transport_sim *self, const struct sim_action *action, int64_t write_ns)
{
    struct sim_stream *stream = sim_conn_user(action->conn);
    stream->arrival_ns = write_ns;
    if (action->kind == SIM_WRITE) {
        bytes_add(&stream->in, action->data, action->len);
        note_truth(self, action, write_ns);
    } else {
        stream->state = action->kind == SIM_CLOSE ? STREAM_ENDED : STREAM_BROKEN;
        stream->conn = NULL;
        sim_conn_gone(self->sim, action->conn, write_ns);
    }
    tell(self, stream);
}

/* The engine acts at its own deadlines, even where the driver was too busy to look. */
static void run_engine(struct transport_sim *self)
{
    for (;;) {
        const int64_t due_ns = sim_next_ns(self->sim);
        if (due_ns > self->now_ns) {
            return;
        }
        self->engine_ns = due_ns > self->engine_ns ? due_ns : self->engine_ns;
        struct sim_action action;
        while (sim_step(self->sim, self->engine_ns, &action)) {
            take_action(self, &action, self->engine_ns);
        }
    }
}

/* What there is to tell of a stream now. */
static unsigned stream_news(struct sim_stream *stream)
{
    unsigned what = 0;
    if (stream->tell_opened) {
        what |= stream->state == STREAM_REFUSED ? TRANSPORT_FAILED : TRANSPORT_OPENED;
    }
    if (stream->tell_writable) {
        what |= TRANSPORT_WRITABLE;
    }
    if (stream->in_at < stream->in.len || stream->state == STREAM_ENDED ||
        stream->state == STREAM_BROKEN) {
        what |= TRANSPORT_READABLE;
    }
    stream->tell_opened = false;
    stream->tell_writable = false;
    return what;
}

/* Tells of each stream in the queue once, as far as there is room. */
static size_t
collect_events(struct transport_sim *self, struct transport_event *events, size_t n_max)
{
    size_t n = 0;
    struct sim_stream *const last = self->telling.last;
    while (self->telling.first != NULL && n < n_max) {
        struct sim_stream *stream = queue_take(&self->telling);
        stream->queued = false;
        const unsigned what = stream->closed ? 0 : stream_news(stream);
        if (what != 0) {
            events[n++] = (struct transport_event){.stream = &stream->stream, .what = what};
            tell(self, stream); /* looked at again by the next wait: what can be read stays so */
        }
        if (stream == last) {
            break;
        }
    }
    return n;
}

static int64_t next_ns(const struct transport_sim *self)
{
    const int64_t engine_ns = sim_next_ns(self->sim);
    const struct sim_stream *connecting = self->connecting.first;
    return connecting != NULL && connecting->connect_due_ns < engine_ns ? connecting->connect_due_ns
                                                                        : engine_ns;
}

static size_t sim_transport_wait(
    struct transport *base, int64_t until_ns, struct transport_event *events, size_t n_max)
{
    struct transport_sim *self = sim_of(base);
    self->events = events;
    self->n_events = 0;
    for (;;) {
        finish_connects(self);
        run_engine(self);
        self->n_events = collect_events(self, events, n_max);
        free_closed(self);
        if (self->n_events > 0 || atomic_exchange(&self->woken, false)) {
            return self->n_events;
        }
        const int64_t next = next_ns(self);
        assert(next != CLOCK_NEVER || until_ns != CLOCK_NEVER); /* nothing would ever happen */
        if (next > until_ns) {
            self->now_ns = until_ns > self->now_ns ? until_ns : self->now_ns;
            return 0;
        }
        self->now_ns = next > self->now_ns ? next : self->now_ns;
    }
}

static ssize_t
sim_transport_send(struct transport *base, struct stream *base_stream, const void *data, size_t len)
{
    struct transport_sim *self = sim_of(base);
    struct sim_stream *stream = stream_of(base_stream);
    assert(stream->state != STREAM_CONNECTING && stream->state != STREAM_REFUSED);
    if (stream->state == STREAM_BROKEN) {
        return TRANSPORT_RESET;
    }
    size_t taken = len;
    if (self->send_max > 0 && taken > self->send_max) {
        taken = self->send_max;
        stream->tell_writable = true;
        tell(self, stream);
    }
    /* After the engine's orderly end the bytes go nowhere, as they do in TCP. */
    if (stream->conn != NULL) {
        sim_input(self->sim, stream->conn, data, taken, self->now_ns);
    }
    return (ssize_t)taken;
}

static ssize_t sim_transport_recv(
    struct transport *base,
    struct stream *base_stream,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    struct transport_sim *self = sim_of(base);
    struct sim_stream *stream = stream_of(base_stream);
    *receipt =
        (struct receipt){.arrival_ns = stream->arrival_ns, .read_ns = self->now_ns, .kernel = true};
    const size_t left = stream->in.len - stream->in_at;
    if (left > 0) {
        const size_t n = left < cap ? left : cap;
        memcpy(buffer, stream->in.data + stream->in_at, n);
        stream->in_at += n;
        if (n == left) {
            bytes_clear(&stream->in);
            stream->in_at = 0;
        }
        return (ssize_t)n;
    }
    if (stream->state == STREAM_ENDED) {
        return 0;
    }
    return stream->state == STREAM_BROKEN ? TRANSPORT_RESET : TRANSPORT_AGAIN;
}

static void
sim_transport_failure(struct transport *base, struct stream *stream, struct transport_failure *out)
{
    (void)base;
    assert(stream_of(stream)->state == STREAM_REFUSED);
    *out = (struct transport_failure){.tls = false};
    (void)snprintf(out->text, sizeof(out->text), "the simulated engine refused the connection");
}

static void sim_transport_close(struct transport *base, struct stream *base_stream)
{
    struct transport_sim *self = sim_of(base);
    struct sim_stream *stream = stream_of(base_stream);
    if (stream->conn != NULL) {
        sim_conn_gone(self->sim, stream->conn, self->now_ns);
        stream->conn = NULL;
    }
    for (size_t i = 0; i < self->n_events; i++) {
        if (self->events[i].stream == base_stream) {
            self->events[i].what = 0;
        }
    }
    if (stream->list_before != NULL) {
        stream->list_before->list_after = stream->list_after;
    } else {
        self->streams = stream->list_after;
    }
    if (stream->list_after != NULL) {
        stream->list_after->list_before = stream->list_before;
    }
    stream->closed = true;
    stream->list_after = self->closed;
    self->closed = stream;
}

static void sim_transport_wake(struct transport *base)
{
    atomic_store(&sim_of(base)->woken, true);
}

static void sim_transport_free(struct transport *base)
{
    struct transport_sim *self = sim_of(base);
    self->n_events = 0;
    while (self->streams != NULL) {
        sim_transport_close(base, &self->streams->stream);
    }
    while (self->closed != NULL) {
        struct sim_stream *stream = self->closed;
        self->closed = stream->list_after;
        stream_free(stream);
    }
    sim_free(self->sim);
    struct error unused = {0};
    const int result = sim_truth_close(self->truth, &unused);
    assert(result == 0); /* it has no file */
    (void)result;
    free(self);
}

static const struct transport_ops sim_transport_ops = {
    .name = "sim",
    .now = sim_transport_now,
    .open = sim_transport_open,
    .wait = sim_transport_wait,
    .send = sim_transport_send,
    .recv = sim_transport_recv,
    .failure = sim_transport_failure,
    .close = sim_transport_close,
    .wake = sim_transport_wake,
    .free = sim_transport_free,
};

int transport_sim_open(
    const struct sim_options *options,
    const char *faults,
    struct transport **out,
    struct error *err)
{
    struct sim_options virtual = *options;
    virtual.wall_offset_ns = WALL_OFFSET_NS;
    struct transport_sim *self = MEM_NEW(struct transport_sim);
    self->transport.ops = &sim_transport_ops;
    self->now_ns = TRANSPORT_SIM_START_NS;
    int result = sim_open(&virtual, faults, &self->sim, err);
    if (result == 0) {
        result = sim_truth_open(NULL, true, &self->truth, err);
    }
    if (result != 0) {
        sim_free(self->sim);
        free(self);
        return result;
    }
    *out = &self->transport;
    return 0;
}

void transport_sim_set_connect_ns(struct transport *self, int64_t connect_ns)
{
    sim_of(self)->connect_ns = connect_ns;
}

void transport_sim_set_send_max(struct transport *self, size_t send_max)
{
    sim_of(self)->send_max = send_max;
}

void transport_sim_advance(struct transport *self, int64_t duration_ns)
{
    sim_of(self)->now_ns += duration_ns;
}

static const struct transport_sim *sim_of_const(const struct transport *self)
{
    return (const struct transport_sim *)(const void *)self;
}

void transport_sim_load(const struct transport *self, struct sim_load *out)
{
    sim_load_get(sim_of_const(self)->sim, out);
}

const struct sim_truth_log *transport_sim_truth(const struct transport *self)
{
    return sim_of_const(self)->truth;
}
