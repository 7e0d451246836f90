/* Connections of a worker.  Ready ones lie in a queue, so that the one that has been idle longest is
 * taken first.
 *
 * Some engines close after every streamed reply although their headers promise to keep the connection
 * (REAL-ENGINES.md, 1), and the end of the connection may come a little after the end of the reply.  So
 * until it is known what this engine does, a connection is used again only when it has settled, and one
 * spare for each running request is opened while its reply streams.  An engine that closes keeps these
 * spares for good; one that keeps connections needs none. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/worker.h"

#include <stdio.h>
#include <stdlib.h>

/* An idle connection that ends sooner than this after a reply was closed because of the reply, not
 * because it was idle: engines wait for seconds. */
#define LINK_CLOSED_BY_REPLY_NS INT64_C(1000000000)

/* A connection that has been idle for longer is looked at before use: the engine may have closed it. */
#define LINK_CHECK_AFTER_NS INT64_C(500000000)

bool worker_open_link(struct worker *self)
{
    struct link *link = MEM_NEW(struct link);
    struct error err = {0};
    if (self->transport->ops->open(self->transport, link, &link->stream, &err) < 0) {
        (void)snprintf(
            self->connect_failure, sizeof(self->connect_failure), "%.*s",
            (int)sizeof(self->connect_failure) - 1, err.text);
        free(link);
        self->links_refused = true;
        return false;
    }
    self->links_refused = false;
    link->state = LINK_CONNECTING;
    self->n_connecting++;
    self->n_links++;
    if (self->clock_started) {
        self->facts.n_connects++;
    }
    return true;
}

static void idle_remove(struct worker *self, struct link *link)
{
    struct link *before = NULL;
    for (struct link *at = self->idle_first; at != link; at = at->next) {
        before = at;
    }
    if (before == NULL) {
        self->idle_first = link->next;
    } else {
        before->next = link->next;
    }
    if (self->idle_last == link) {
        self->idle_last = before;
    }
    link->next = NULL;
    self->n_idle--;
}

void worker_close_link(struct worker *self, struct link *link)
{
    if (link->state == LINK_CONNECTING) {
        self->n_connecting--;
    }
    if (link->state == LINK_READY) {
        idle_remove(self, link);
    }
    self->n_links--;
    self->links_refused = false;
    self->transport->ops->close(self->transport, link->stream);
    free(link);
}

void worker_put_idle_link(struct worker *self, struct link *link, int64_t now_ns)
{
    link->state = LINK_READY;
    link->slot = NULL;
    link->ready_ns = now_ns;
    link->next = NULL;
    if (self->idle_last == NULL) {
        self->idle_first = link;
    } else {
        self->idle_last->next = link;
    }
    self->idle_last = link;
    self->n_idle++;
}

void worker_idle_link_ended(struct worker *self, struct link *link, int64_t now_ns)
{
    if (link->streamed && self->habit == LINK_HABIT_UNKNOWN &&
        now_ns - link->ready_ns < LINK_CLOSED_BY_REPLY_NS) {
        self->habit = LINK_HABIT_CLOSES;
    }
    worker_close_link(self, link);
}

void worker_put_used_link(struct worker *self, struct link *link, bool reusable, int64_t now_ns)
{
    if (!reusable || (link->streamed && self->habit == LINK_HABIT_CLOSES)) {
        worker_close_link(self, link);
        return;
    }
    worker_put_idle_link(self, link, now_ns);
}

static bool link_is_alive(struct worker *self, struct link *link)
{
    struct receipt receipt;
    const ssize_t n = self->transport->ops->recv(
        self->transport, link->stream, self->buffer, WORKER_BUFFER_SIZE, &receipt);
    return n == TRANSPORT_AGAIN;
}

/* False when it is too early to know whether the engine has left this connection open. */
static bool link_is_settled(const struct worker *self, const struct link *link, int64_t now_ns)
{
    return !link->streamed || self->habit == LINK_HABIT_KEEPS ||
           now_ns - link->ready_ns >= LINK_SETTLE_NS;
}

struct link *worker_take_idle_link(struct worker *self, int64_t now_ns)
{
    while (self->idle_first != NULL && link_is_settled(self, self->idle_first, now_ns)) {
        struct link *link = self->idle_first;
        const bool learns = link->streamed && self->habit == LINK_HABIT_UNKNOWN;
        const bool old = now_ns - link->ready_ns > LINK_CHECK_AFTER_NS;
        if ((learns || old) && !link_is_alive(self, link)) {
            worker_idle_link_ended(self, link, now_ns);
            continue;
        }
        if (learns) {
            self->habit = LINK_HABIT_KEEPS;
        }
        idle_remove(self, link);
        link->state = LINK_BUSY;
        return link;
    }
    return NULL;
}

void worker_retry_links(struct worker *self)
{
    if (self->links_refused) {
        self->links_refused = false;
        worker_keep_spares(self);
    }
}

void worker_keep_spares(struct worker *self)
{
    if (!self->sending || self->links_refused) {
        return;
    }
    const uint32_t coming = self->n_idle + self->n_connecting;
    uint32_t wanted = self->waiting.n;
    if (self->options->stream && self->habit != LINK_HABIT_KEEPS) {
        wanted += self->running.n > self->n_burst ? self->running.n : self->n_burst;
    } else if (self->options->driver == DRIVER_OPEN) {
        const uint32_t used = self->running.n + LINKS_SPARE_OPEN_LOOP;
        wanted += self->n_burst > used ? self->n_burst - self->running.n : LINKS_SPARE_OPEN_LOOP;
    } else if (self->n_links < self->n_slots_max) {
        wanted += self->n_slots_max - self->n_links;
    }
    uint32_t i = coming;
    while (i < wanted && worker_open_link(self)) {
        i++;
    }
}
