/* One thread, one epoll.  The loop waits for input or for the engine's next deadline, whichever comes
 * first, with the kernel's nanosecond timeout and a timer slack of 1 ns; then it does what is due.
 * A request arrives when the kernel has its last byte, not when this loop gets to it: in a burst of a thousand
 * tokens that is later, and would be counted as the client's. Input is still looked at between batches of actions. */
#include "sim/sim_server.h"

#include "base/clock.h"
#include "base/mem.h"
#include "net/stamped.h"
#include "sim/sim_link.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SERVER_EVENTS = 256,
    SERVER_ACTIONS = 64, /* actions between two looks at the input */
    SERVER_READ = 1 << 16,
    SERVER_BACKLOG = 4096
};

/* One accepted connection. */
struct peer {
    struct sim_link link;
    struct sim_conn *conn;
    uint32_t watched;    /* epoll bits that are set */
    bool close_when_out; /* an orderly end that waits for the backlog */
    bool dead;           /* freed at the end of the round */
    struct peer *before;
    struct peer *after;
};

struct sim_server {
    struct sim *sim;
    struct sim_tls *tls;
    struct sim_truth_log *truth;
    int listen_fd;
    int epoll_fd;
    int stop_fd;
    bool listening; /* the listener is in the epoll set */
    unsigned port;
    pthread_t thread;
    struct peer *peers;
    struct peer *dead;
    struct stamp_clock clock;
    char *buffer;
    /* Published once a round. */
    _Atomic uint64_t n_waiting;
    _Atomic uint64_t n_running;
    _Atomic uint64_t n_running_max;
    _Atomic uint64_t n_requests;
    _Atomic uint64_t n_tokens;
};

static void watch(struct sim_server *self, int fd, int how, uint32_t bits, void *what)
{
    struct epoll_event event = {.events = bits, .data.ptr = what};
    const int result = epoll_ctl(self->epoll_fd, how, fd, &event);
    assert(result == 0);
    (void)result;
}

static void listen_again(struct sim_server *self)
{
    if (!self->listening) {
        self->listening = true;
        watch(self, self->listen_fd, EPOLL_CTL_ADD, EPOLLIN, &self->listen_fd);
    }
}

/* Takes the peer out of everything; its memory stays until the end of the round, because events for
 * it may still be in hand. */
static void peer_drop(struct sim_server *self, struct peer *peer, bool reset)
{
    if (peer->dead) {
        return;
    }
    sim_conn_gone(self->sim, peer->conn, clock_mono_ns());
    if (reset) {
        sim_link_reset(&peer->link);
    } else {
        sim_link_close(&peer->link);
    }
    if (peer->before != NULL) {
        peer->before->after = peer->after;
    } else {
        self->peers = peer->after;
    }
    if (peer->after != NULL) {
        peer->after->before = peer->before;
    }
    peer->dead = true;
    peer->after = self->dead;
    self->dead = peer;
    listen_again(self);
}

static void free_dead(struct sim_server *self)
{
    while (self->dead != NULL) {
        struct peer *peer = self->dead;
        self->dead = peer->after;
        free(peer);
    }
}

static void peer_watch(struct sim_server *self, struct peer *peer)
{
    const uint32_t bits = peer->link.want_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    if (!peer->dead && bits != peer->watched) {
        peer->watched = bits;
        watch(self, peer->link.fd, EPOLL_CTL_MOD, bits, peer);
    }
}

static void peer_add(struct sim_server *self, int fd)
{
    struct peer *peer = MEM_NEW(struct peer);
    sim_link_init(&peer->link, fd, self->tls);
    peer->conn = sim_connect(self->sim, clock_mono_ns(), peer);
    if (peer->conn == NULL) {
        sim_link_reset(&peer->link);
        free(peer);
        return;
    }
    peer->after = self->peers;
    if (self->peers != NULL) {
        self->peers->before = peer;
    }
    self->peers = peer;
    peer->watched = EPOLLIN;
    watch(self, fd, EPOLL_CTL_ADD, EPOLLIN, peer);
}

static void accept_all(struct sim_server *self)
{
    for (;;) {
        const int fd = accept4(self->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            peer_add(self, fd);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE) {
            /* Until a connection ends: the listener would wake the loop without end. */
            self->listening = false;
            watch(self, self->listen_fd, EPOLL_CTL_DEL, 0, NULL);
        }
        if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static void peer_read(struct sim_server *self, struct peer *peer)
{
    while (!peer->dead) {
        int64_t arrival_ns = 0;
        const ssize_t n =
            sim_link_read(&peer->link, self->buffer, SERVER_READ, &self->clock, &arrival_ns);
        if (n == SIM_LINK_AGAIN) {
            break;
        }
        if (n <= 0) {
            peer_drop(self, peer, false);
            return;
        }
        if (!peer->close_when_out) {
            sim_input(self->sim, peer->conn, self->buffer, (size_t)n, arrival_ns);
        }
        if (n < SERVER_READ && peer->link.ssl == NULL) {
            break;
        }
    }
    peer_watch(self, peer);
}

static void peer_flush(struct sim_server *self, struct peer *peer)
{
    if (peer->dead) {
        return;
    }
    const bool alive = sim_link_flush(&peer->link);
    if (!alive || (peer->close_when_out && peer->link.backlog.len == 0)) {
        peer_drop(self, peer, false);
    } else {
        peer_watch(self, peer);
    }
}

static void do_write(struct sim_server *self, struct peer *peer, const struct sim_action *action)
{
    struct sim_truth truth = {
        .request = action->request,
        .token = action->token,
        .tokens = action->tokens,
        .due_ns = action->due_ns,
        .arrived_ns = action->arrived_ns,
        .body_hash = action->body_hash,
    };
    truth.write_ns = clock_mono_ns();
    if (self->truth != NULL) {
        /* First, so that who has the bytes finds the entry. */
        sim_truth_add(self->truth, &truth);
    }
    if (!sim_link_write(&peer->link, action->data, action->len)) {
        peer_drop(self, peer, false);
    } else if (peer->link.want_write) {
        peer_watch(self, peer);
    }
}

static void do_action(struct sim_server *self, const struct sim_action *action)
{
    struct peer *peer = sim_conn_user(action->conn);
    switch (action->kind) {
    case SIM_WRITE:
        do_write(self, peer, action);
        break;
    case SIM_CLOSE:
        peer->close_when_out = peer->link.backlog.len > 0;
        if (!peer->close_when_out) {
            peer_drop(self, peer, false);
        }
        break;
    case SIM_RESET:
        peer_drop(self, peer, true);
        break;
    }
}

static void publish(struct sim_server *self)
{
    struct sim_load load;
    sim_load_get(self->sim, &load);
    atomic_store_explicit(&self->n_waiting, load.n_waiting, memory_order_relaxed);
    atomic_store_explicit(&self->n_running, load.n_running, memory_order_relaxed);
    atomic_store_explicit(&self->n_running_max, load.n_running_max, memory_order_relaxed);
    atomic_store_explicit(&self->n_requests, load.n_requests, memory_order_relaxed);
    atomic_store_explicit(&self->n_tokens, load.n_tokens, memory_order_relaxed);
}

/* Does what is due, up to a batch.  Counters come before the bytes: who has read an answer finds it
 * counted. */
static void act(struct sim_server *self)
{
    struct sim_action action;
    int64_t now_ns = clock_mono_ns();
    for (int i = 0; i < SERVER_ACTIONS && sim_step(self->sim, now_ns, &action); i++) {
        publish(self);
        do_action(self, &action);
    }
}

/* Waits for input until the engine's next deadline.  Number of events. */
static int wait_events(struct sim_server *self, struct epoll_event events[SERVER_EVENTS])
{
    const int64_t next_ns = sim_next_ns(self->sim);
    struct timespec left = {0};
    if (next_ns != CLOCK_NEVER) {
        const int64_t left_ns = next_ns - clock_mono_ns();
        if (left_ns > 0) {
            left = (struct timespec){.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        }
    }
    return epoll_pwait2(
        self->epoll_fd, events, SERVER_EVENTS, next_ns != CLOCK_NEVER ? &left : NULL, NULL);
}

/* False: the server is to stop. */
static bool serve_event(struct sim_server *self, const struct epoll_event *event)
{
    if (event->data.ptr == &self->stop_fd) {
        return false;
    }
    if (event->data.ptr == &self->listen_fd) {
        accept_all(self);
        return true;
    }
    struct peer *peer = event->data.ptr;
    if ((event->events & EPOLLOUT) != 0) {
        peer_flush(self, peer);
    }
    if (!peer->dead && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        peer_read(self, peer);
    }
    return true;
}

static void *server_main(void *argument)
{
    struct sim_server *self = argument;
    (void)prctl(PR_SET_NAME, "sim");
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    struct epoll_event events[SERVER_EVENTS];
    bool running = true;
    while (running) {
        const int n = wait_events(self, events);
        for (int i = 0; i < n; i++) {
            running = serve_event(self, &events[i]) && running;
        }
        act(self);
        free_dead(self);
        publish(self);
    }
    while (self->peers != NULL) {
        peer_drop(self, self->peers, false);
    }
    free_dead(self);
    return NULL;
}

/* Binds to the first address of the host that can be had. */
MUST_CHECK static int
server_listen(struct sim_server *self, const char *host, unsigned port, struct error *err)
{
    char service[16];
    (void)snprintf(service, sizeof(service), "%u", port);
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const int failed = getaddrinfo(host, service, &hints, &list);
    if (failed != 0) {
        return error_set(
            err, ERROR_IO, "cannot listen on %s port %u: %s", host, port, gai_strerror(failed));
    }
    int os_errno = 0;
    const int on = 1;
    for (const struct addrinfo *at = list; at != NULL && self->listen_fd < 0; at = at->ai_next) {
        const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd >= 0) {
            stamped_ask(fd);
        }
        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SERVER_BACKLOG) == 0) {
            self->listen_fd = fd;
            continue;
        }
        os_errno = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    freeaddrinfo(list);
    if (self->listen_fd < 0) {
        return error_set_os(err, ERROR_IO, os_errno, "cannot listen on %s port %u", host, port);
    }
    return 0;
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    const int result = getsockname(fd, (struct sockaddr *)&address, &len);
    assert(result == 0);
    (void)result;
    /* The port lies at the same place in both families. */
    struct sockaddr_in in;
    memcpy(&in, &address, sizeof(in));
    return ntohs(in.sin_port);
}

/* Signals belong to the other threads of the process. */
MUST_CHECK static int start_thread(struct sim_server *self, struct error *err)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    const int failed = pthread_create(&self->thread, NULL, server_main, self);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed != 0) {
        return error_set_os(err, ERROR_IO, failed, "cannot start the simulated engine's thread");
    }
    return 0;
}

MUST_CHECK static int
server_open(struct sim_server *self, const struct sim_server_options *options, struct error *err)
{
    struct sim_options sim = options->sim;
    if (sim.wall_offset_ns == 0) {
        sim.wall_offset_ns = clock_real_ns() - clock_mono_ns();
    }
    int result = sim_open(&sim, options->faults, &self->sim, err);
    if (result == 0 && options->tls_cert_path != NULL) {
        result = sim_tls_open(options->tls_cert_path, options->tls_key_path, &self->tls, err);
    }
    if (result == 0) {
        const char *host = options->host != NULL ? options->host : "127.0.0.1";
        result = server_listen(self, host, options->port, err);
    }
    if (result == 0 && (options->truth_path != NULL || options->keep_truth)) {
        result = sim_truth_open(options->truth_path, options->keep_truth, &self->truth, err);
    }
    if (result != 0) {
        return result;
    }
    self->port = bound_port(self->listen_fd);
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    self->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (self->epoll_fd < 0 || self->stop_fd < 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot set up the simulated engine");
    }
    watch(self, self->stop_fd, EPOLL_CTL_ADD, EPOLLIN, &self->stop_fd);
    listen_again(self);
    return start_thread(self, err);
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* Frees all but the truth log. */
static void server_free(struct sim_server *self)
{
    close_fd(self->listen_fd);
    close_fd(self->epoll_fd);
    close_fd(self->stop_fd);
    sim_free(self->sim);
    sim_tls_free(self->tls);
    free(self->buffer);
    free(self);
}

int sim_server_start(
    const struct sim_server_options *options, struct sim_server **out, struct error *err)
{
    struct sim_server *self = MEM_NEW(struct sim_server);
    self->listen_fd = -1;
    self->epoll_fd = -1;
    self->stop_fd = -1;
    self->buffer = mem_alloc(SERVER_READ, 1);
    const int result = server_open(self, options, err);
    if (result != 0) {
        struct error unused = {0};
        if (sim_truth_close(self->truth, &unused) != 0) {
            error_clear(&unused);
        }
        server_free(self);
        return result;
    }
    *out = self;
    return 0;
}

unsigned sim_server_port(const struct sim_server *self)
{
    return self->port;
}

void sim_server_load(struct sim_server *self, struct sim_load *out)
{
    *out = (struct sim_load){
        .n_waiting = atomic_load_explicit(&self->n_waiting, memory_order_relaxed),
        .n_running = atomic_load_explicit(&self->n_running, memory_order_relaxed),
        .n_running_max = atomic_load_explicit(&self->n_running_max, memory_order_relaxed),
        .n_requests = atomic_load_explicit(&self->n_requests, memory_order_relaxed),
        .n_tokens = atomic_load_explicit(&self->n_tokens, memory_order_relaxed),
    };
}

const struct sim_truth_log *sim_server_truth(const struct sim_server *self)
{
    return self->truth;
}

int sim_server_stop(struct sim_server *self, struct error *err)
{
    if (self == NULL) {
        return 0;
    }
    const uint64_t one = 1;
    const ssize_t n = write(self->stop_fd, &one, sizeof(one));
    assert(n == (ssize_t)sizeof(one));
    (void)n;
    (void)pthread_join(self->thread, NULL);
    struct sim_truth_log *truth = self->truth;
    server_free(self);
    return sim_truth_close(truth, err);
}
