/* One epoll instance, level-triggered.  Level, because then one recv for each event is enough and bytes
 * that a driver leaves alone are told again; edges would save one epoll_ctl for each connection (from
 * "is it connected" to "is there input"), off the measured path, and cost a second recv for each event.
 * The steady state of a stream is therefore: one epoll_pwait2 for a batch, one recvmsg for each event.
 *
 * What epoll cannot know (a connect that failed at once, decrypted bytes that wait in the TLS session) is
 * kept as pending bits on the ready ring, and merged into the batch: a stream has at most one event in
 * it.  A stream that is closed while its event waits in the caller's array has that event emptied, and
 * its memory is used again only after the next wait has begun. */
#include "net/transport_socket.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/socket.h"
#include "net/stamped.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

void ring_init(struct ring *list)
{
    list->prev = list;
    list->next = list;
}

bool ring_is_empty(const struct ring *list)
{
    return list->next == list;
}

void ring_append(struct ring *list, struct ring *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

void ring_remove(struct ring *node)
{
    if (node->next != NULL) {
        node->prev->next = node->next;
        node->next->prev = node->prev;
        node->prev = NULL;
        node->next = NULL;
    }
}

/* Moves all elements to the end of another list. */
static void ring_move_all(struct ring *from, struct ring *to)
{
    while (!ring_is_empty(from)) {
        struct ring *node = from->next;
        ring_remove(node);
        ring_append(to, node);
    }
}

void socket_set_pending(struct socket_transport *self, struct socket_stream *stream, unsigned what)
{
    if (stream->pending == 0) {
        ring_append(&self->ready, &stream->ready);
    }
    stream->pending |= what;
}

void socket_clear_pending(struct socket_stream *stream, unsigned what)
{
    stream->pending &= ~what;
    if (stream->pending == 0) {
        ring_remove(&stream->ready);
    }
}

void socket_watch(struct socket_transport *self, struct socket_stream *stream, uint32_t interest)
{
    if (stream->interest == interest) {
        return;
    }
    struct epoll_event event = {.events = interest, .data.ptr = stream};
    const int result = epoll_ctl(self->epoll_fd, EPOLL_CTL_MOD, stream->fd, &event);
    assert(result == 0);
    (void)result;
    stream->interest = interest;
}

static int64_t socket_now(struct transport *transport)
{
    (void)transport;
    return clock_mono_ns();
}

static struct socket_stream *take_unused(struct socket_transport *self)
{
    if (ring_is_empty(&self->unused)) {
        return MEM_NEW(struct socket_stream);
    }
    struct socket_stream *stream = STREAM_OF(self->unused.next, all);
    ring_remove(&stream->all);
    *stream = (struct socket_stream){0};
    return stream;
}

static int
socket_open(struct transport *transport, void *user, struct stream **out, struct error *err)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    struct socket_stream *stream = take_unused(self);
    stream->base.user = user;
    stream->fd = -1;
    stream->stamps = (struct stamp_stream){clock_mono_ns(), self->clock.epoch};
    const int result = socket_start(self, stream, err);
    if (result < 0) {
        ring_append(&self->unused, &stream->all);
        return result;
    }
    ring_append(&self->all, &stream->all);
    *out = &stream->base;
    return 0;
}

static void socket_close(struct transport *transport, struct stream *base)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    struct socket_stream *stream = (struct socket_stream *)base;
    assert(stream->state != SOCKET_CLOSED);
    if (stream->tls != NULL) {
        if (stream->state == SOCKET_OPEN) {
            tls_session_shut(stream->tls);
            (void)socket_flush(self, stream);
        }
        tls_session_free(TAKE(stream->tls));
    }
    if (stream->fd >= 0) {
        (void)close(stream->fd); /* epoll forgets it by itself */
        stream->fd = -1;
    }
    if (stream->batch == self->batch && self->batch > 0) {
        self->events[stream->batch_index].what = 0;
    }
    stream->pending = 0;
    ring_remove(&stream->ready);
    ring_remove(&stream->opening);
    ring_remove(&stream->all);
    stream->state = SOCKET_CLOSED;
    ring_append(&self->closed, &stream->all);
}

static void
socket_failure(struct transport *transport, struct stream *base, struct transport_failure *out)
{
    (void)transport;
    const struct socket_stream *stream = (const struct socket_stream *)base;
    assert(stream->state == SOCKET_FAILED);
    *out = stream->failure;
}

static void socket_wake(struct transport *transport)
{
    const struct socket_transport *self = (const struct socket_transport *)transport;
    const int saved = errno;
    const uint64_t one = 1;
    /* It can only fail when the counter is full: then a wake is under way already. */
    const ssize_t n = write(self->wake_fd, &one, sizeof(one));
    (void)n;
    errno = saved;
}

static void free_all(struct ring *list)
{
    while (!ring_is_empty(list)) {
        struct ring *node = list->next;
        ring_remove(node);
        free(STREAM_OF(node, all));
    }
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void socket_free(struct transport *transport)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    self->batch = 0; /* the caller's events may be gone already */
    while (!ring_is_empty(&self->all)) {
        socket_close(transport, &STREAM_OF(self->all.next, all)->base);
    }
    free_all(&self->closed);
    free_all(&self->unused);
    close_fd(self->stamp_fd);
    close_fd(self->wake_fd);
    close_fd(self->epoll_fd);
    free(self);
}

/* The kernel rounds the wait of a normal thread up by 50 us; a thread that waits here is exact from its
 * first wait on.  Source: PR_SET_TIMERSLACK in prctl(2). */
static void be_punctual(void)
{
    static _Thread_local bool done = false;
    if (!done) {
        (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
        done = true;
    }
}

static void add_event(struct socket_transport *self, struct socket_stream *stream, unsigned what)
{
    if (stream->batch == self->batch) {
        self->events[stream->batch_index].what |= what;
        return;
    }
    assert(self->n_events < self->n_events_max);
    stream->batch = self->batch;
    stream->batch_index = self->n_events;
    self->events[self->n_events++] = (struct transport_event){&stream->base, what};
}

/* Once round the ring: bytes that wait are told until they are received, the rest once. */
static void add_ready_events(struct socket_transport *self)
{
    const struct ring *last = self->ready.prev;
    bool more = !ring_is_empty(&self->ready);
    while (more) {
        struct ring *node = self->ready.next;
        struct socket_stream *stream = STREAM_OF(node, ready);
        if (stream->batch != self->batch && self->n_events == self->n_events_max) {
            return;
        }
        more = node != last;
        add_event(self, stream, stream->pending);
        stream->pending &= TRANSPORT_READABLE;
        ring_remove(node);
        if (stream->pending != 0) {
            ring_append(&self->ready, node);
        }
    }
}

static void expire(struct socket_transport *self, int64_t now_ns)
{
    while (!ring_is_empty(&self->opening)) {
        struct socket_stream *stream = STREAM_OF(self->opening.next, opening);
        if (stream->deadline_ns > now_ns) {
            return;
        }
        socket_opening_late(self, stream);
    }
}

/* An open TLS stream becomes writable when its ciphertext is out. */
static void open_event(struct socket_transport *self, struct socket_stream *stream, uint32_t bits)
{
    unsigned what = 0;
    if ((bits & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        what |= TRANSPORT_READABLE;
    }
    if ((bits & EPOLLOUT) != 0) {
        socket_watch(self, stream, EPOLLIN);
        if (stream->tls == NULL || socket_flush(self, stream) != TRANSPORT_AGAIN) {
            what |= TRANSPORT_WRITABLE;
        }
    }
    if (what != 0) {
        add_event(self, stream, what);
    }
}

/* Returns true when the wake descriptor was among the events. */
static bool handle_polled(struct socket_transport *self, int n)
{
    bool woken = false;
    self->n_tls_steps = 0;
    for (int i = 0; i < n; i++) {
        const struct epoll_event *event = &self->polled[i];
        struct socket_stream *stream = event->data.ptr;
        if (stream == NULL) {
            uint64_t count = 0;
            woken = read(self->wake_fd, &count, sizeof(count)) > 0;
        } else if (stream->state == SOCKET_OPEN) {
            open_event(self, stream, event->events);
        } else {
            socket_opening_event(self, stream, event->events);
        }
    }
    return woken;
}

/* Milliseconds are too coarse for a schedule: old kernels sleep them off, and poll the rest away. */
static int poll_old(struct socket_transport *self, int n_max, int64_t for_ns)
{
    const int64_t for_ms = for_ns == CLOCK_NEVER ? -1 : for_ns / NS_PER_MS;
    const int timeout_ms = for_ms > INT32_MAX ? INT32_MAX : (int)for_ms;
    return epoll_wait(self->epoll_fd, self->polled, n_max, timeout_ms);
}

static int poll_for(struct socket_transport *self, int n_max, int64_t for_ns)
{
    if (!self->old_kernel) {
        const struct timespec timeout = {
            .tv_sec = for_ns / NS_PER_S,
            .tv_nsec = for_ns % NS_PER_S,
        };
        const int n = epoll_pwait2(
            self->epoll_fd, self->polled, n_max, for_ns == CLOCK_NEVER ? NULL : &timeout, NULL);
        if (n >= 0 || errno != ENOSYS) {
            return n;
        }
        self->old_kernel = true;
    }
    return poll_old(self, n_max, for_ns);
}

/* How long the kernel may keep us; 0 while the last part before the deadline is spent spinning. */
static int64_t sleep_ns(const struct socket_transport *self, int64_t until_ns, int64_t now_ns)
{
    int64_t wake_ns = CLOCK_NEVER;
    if (until_ns != CLOCK_NEVER) {
        wake_ns = until_ns - self->options.spin_ns;
    }
    if (!ring_is_empty(&self->opening)) {
        const struct socket_stream *first = STREAM_OF(self->opening.next, opening);
        wake_ns = first->deadline_ns < wake_ns ? first->deadline_ns : wake_ns;
    }
    if (wake_ns == CLOCK_NEVER) {
        return CLOCK_NEVER;
    }
    return wake_ns > now_ns ? wake_ns - now_ns : 0;
}

/* A look that found nothing takes a microsecond; one that took longer was interrupted, and what it was
 * interrupted for is not this thread's. */
#define AWAKE_LOOK_MAX_NS INT64_C(20000)

/* Notes a look without sleep, from `from_ns` to `to_ns`, that found nothing. */
static void note_awake(struct socket_transport *self, int64_t from_ns, int64_t to_ns)
{
    const int64_t took_ns = to_ns - from_ns;
    self->base.awake_ns += took_ns < AWAKE_LOOK_MAX_NS ? took_ns : AWAKE_LOOK_MAX_NS;
}

static size_t socket_wait(
    struct transport *transport, int64_t until_ns, struct transport_event *events, size_t n_max)
{
    struct socket_transport *self = (struct socket_transport *)transport;
    assert(n_max > 0);
    be_punctual();
    ring_move_all(&self->closed, &self->unused);
    self->batch++;
    self->events = events;
    self->n_events = 0;
    self->n_events_max = n_max;
    const int n_poll = n_max < SOCKET_POLL_MAX ? (int)n_max : SOCKET_POLL_MAX;
    for (;;) {
        const int64_t now_ns = clock_mono_ns();
        expire(self, now_ns);
        const int64_t for_ns = ring_is_empty(&self->ready) ? sleep_ns(self, until_ns, now_ns) : 0;
        const int n = poll_for(self, n_poll, for_ns);
        const bool woken = n < 0 || handle_polled(self, n);
        add_ready_events(self);
        if (self->n_events > 0 || woken) {
            return self->n_events;
        }
        const int64_t after_ns = clock_mono_ns();
        if (for_ns == 0 && now_ns < until_ns) {
            note_awake(self, now_ns, after_ns);
        }
        if (after_ns >= until_ns) {
            return 0;
        }
    }
}

static const struct transport_ops socket_ops = {
    .name = "socket",
    .now = socket_now,
    .open = socket_open,
    .wait = socket_wait,
    .send = socket_send,
    .recv = socket_recv,
    .failure = socket_failure,
    .close = socket_close,
    .wake = socket_wake,
    .free = socket_free,
};

static MUST_CHECK int open_descriptors(struct socket_transport *self, struct error *err)
{
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll_fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot make an epoll instance");
    }
    self->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->wake_fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot make an event descriptor");
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &event) < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot watch an event descriptor");
    }
    if (!self->options.user_stamps) {
        /* The kernel begins to stamp a little after the first socket asks for it, and ends with the
         * last: this one asks now, and stays. */
        self->stamp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (self->stamp_fd >= 0) {
            stamped_ask(self->stamp_fd);
        }
    }
    return 0;
}

int transport_socket_open(
    const struct transport_socket_options *options, struct transport **out, struct error *err)
{
    assert(options->n_addresses > 0);
    assert(options->tls == NULL || options->server_name != NULL);
    CLEANUP(transport_freep) struct transport *transport = NULL;
    struct socket_transport *self = MEM_NEW(struct socket_transport);
    self->base.ops = &socket_ops;
    self->options = *options;
    self->epoll_fd = -1;
    self->wake_fd = -1;
    self->stamp_fd = -1;
    ring_init(&self->all);
    ring_init(&self->opening);
    ring_init(&self->ready);
    ring_init(&self->closed);
    ring_init(&self->unused);
    transport = &self->base;
    const int result = open_descriptors(self, err);
    if (result < 0) {
        return result;
    }
    *out = TAKE(transport);
    return 0;
}
