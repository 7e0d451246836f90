/* Connections of a worker.  Ready ones lie on a stack, so that the most recently used is taken first.
 * Some engines close after every streamed reply (REAL-ENGINES.md, 1): then one spare for each running
 * request is opened while its reply streams, so that the next request finds a connection. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/worker.h"

#include <stdio.h>
#include <stdlib.h>

/* Open loop: connections that lie ready beyond those in use. */
enum {
    LINKS_SPARE_OPEN_LOOP = 8
};

/* A connection that has been idle for longer is looked at before use: the engine may have closed it. */
#define LINK_CHECK_AFTER_NS INT64_C(500000000)

void worker_open_link(struct worker *self)
{
    struct link *link = MEM_NEW(struct link);
    struct error err = {0};
    if (self->transport->ops->open(self->transport, link, &link->stream, &err) < 0) {
        (void)snprintf(self->connect_failure, sizeof(self->connect_failure), "%.199s", err.text);
        free(link);
        return;
    }
    link->state = LINK_CONNECTING;
    self->n_connecting++;
    self->n_links++;
    if (self->clock_started) {
        self->facts.n_connects++;
    }
}

void worker_close_link(struct worker *self, struct link *link)
{
    if (link->state == LINK_CONNECTING) {
        self->n_connecting--;
    }
    if (link->state == LINK_READY) {
        struct link **at = &self->idle;
        while (*at != link) {
            at = &(*at)->next;
        }
        *at = link->next;
        self->n_idle--;
    }
    self->n_links--;
    self->transport->ops->close(self->transport, link->stream);
    free(link);
}

void worker_put_idle_link(struct worker *self, struct link *link, int64_t now_ns)
{
    link->state = LINK_READY;
    link->slot = NULL;
    link->ready_ns = now_ns;
    link->next = self->idle;
    self->idle = link;
    self->n_idle++;
}

static bool link_is_alive(struct worker *self, struct link *link)
{
    struct receipt receipt;
    const ssize_t n = self->transport->ops->recv(
        self->transport, link->stream, self->buffer, WORKER_BUFFER_SIZE, &receipt);
    return n == TRANSPORT_AGAIN;
}

struct link *worker_take_idle_link(struct worker *self, int64_t now_ns)
{
    while (self->idle != NULL) {
        struct link *link = self->idle;
        if (now_ns - link->ready_ns > LINK_CHECK_AFTER_NS && !link_is_alive(self, link)) {
            worker_close_link(self, link);
            continue;
        }
        self->idle = link->next;
        self->n_idle--;
        link->next = NULL;
        link->state = LINK_BUSY;
        return link;
    }
    return NULL;
}

void worker_keep_spares(struct worker *self)
{
    if (!self->sending) {
        return;
    }
    const uint32_t coming = self->n_idle + self->n_connecting;
    uint32_t wanted = self->n_waiting;
    if (self->closes_after_reply) {
        wanted += self->n_running;
    } else if (self->options->driver == DRIVER_OPEN) {
        wanted += LINKS_SPARE_OPEN_LOOP;
    } else if (self->n_links < self->n_slots_max) {
        wanted += self->n_slots_max - self->n_links;
    }
    for (uint32_t i = coming; i < wanted; i++) {
        worker_open_link(self);
    }
}
