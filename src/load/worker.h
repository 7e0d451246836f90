/* worker.h - one thread's share of a point: its slots, its connections, its loop.
 *
 * Internal to load/: point.c makes workers and joins them.  Threads: everything in struct worker
 * belongs to the worker's thread while it runs, but for `progress` and `control`, which are atomic. */
#pragma once

#include "load/control.h"
#include "load/point.h"
#include "load/schedule.h"
#include "load/slot.h"
#include "load/slot_list.h"

/* After a streamed reply a connection that is still open this much later will stay open. */
#define LINK_SETTLE_NS INT64_C(5000000)

/* A request takes so many other connections when one is gone before anything was sent. */
enum {
    LINK_REPLACED_MAX = 3
};

/* Open loop: connections that lie ready beyond those in use. */
enum {
    LINKS_SPARE_OPEN_LOOP = 8
};

/* Open loop: requests that leave between two looks at the connections, and after each event of a look.  A
 * worker that is behind would else send without end, on a new connection each, while answers and their
 * connections wait.  After a full look only the latter leave: then no more is sent than comes back. */
enum {
    WORKER_STARTS_MAX = 64,
    WORKER_STARTS_EVENT = 1
};

enum {
    WORKER_EVENTS_MAX = 256,
    WORKER_BUFFER_SIZE = 256 * 1024
};

enum link_state {
    LINK_CONNECTING,
    LINK_READY,
    LINK_BUSY,
};

/* What the engine does with a connection after a streamed reply, whatever its headers say
 * (REAL-ENGINES.md, 1).  Found out in the warm-up. */
enum link_habit {
    LINK_HABIT_UNKNOWN,
    LINK_HABIT_KEEPS,
    LINK_HABIT_CLOSES,
};

/* One connection. */
struct link {
    struct stream *stream;
    enum link_state state;
    bool streamed;     /* has carried a streamed reply */
    struct slot *slot; /* LINK_BUSY */
    int64_t ready_ns;  /* since when it has been idle */
    struct link *next; /* in the queue of idle ones */
};

struct worker {
    const struct point_options *options;
    struct control *control;
    struct point_progress *progress;
    struct transport *transport;
    unsigned index;
    unsigned n_workers;
    int64_t start_ns; /* absolute: zero of all other times */

    struct slot **slots; /* all that exist */
    char *lines;         /* of the slots that were prepared: see slot_init */
    uint32_t n_slots;
    uint32_t n_slots_max; /* closed loop: streams; open loop: cap or UINT32_MAX */
    struct slot **free;   /* stack */
    uint32_t n_free;
    struct slot_queue waiting; /* for a connection, in order */
    struct slot_queue resting; /* closed loop: slots that pause after a refused connection */
    struct slot_list running;  /* started and not ended, waiting ones too; oldest first */

    struct link *idle_first; /* queue: the one that has been idle longest is taken first */
    struct link *idle_last;
    uint32_t n_idle;
    uint32_t n_connecting;
    uint32_t n_links;
    uint32_t n_links_wanted; /* ready before the clock starts */
    uint32_t n_burst; /* replay: requests that may come together, each with a connection; else 0 */
    enum link_habit habit;
    bool
        links_refused; /* this machine had no other connection to give, and none has closed since */
    bool clock_started;
    char connect_failure[TRANSPORT_FAILURE_TEXT];

    struct schedule schedule;
    int64_t due_ns; /* open loop: next arrival of this worker; CLOCK_NEVER: no more */
    uint64_t due_index;
    uint64_t next_index; /* closed loop */

    bool sending;       /* new requests may start */
    bool reported;      /* told control that all counted requests have ended */
    uint64_t n_counted; /* counted so far */
    uint64_t n_counted_open;
    uint64_t quota; /* counted requests to send; UINT64_MAX: a window of time */
    int64_t drain_until_ns;

    int64_t woken_ns; /* absolute: when the last wait was over */

    struct record_store store;
    struct digest *digest;
    struct worker_facts facts;
    int64_t cpu_at_start_ns;
    int64_t awake_at_start_ns;
    int64_t wall_at_start_ns;
    bool cpu_started;
    bool cpu_ended;
    char *buffer;
    struct transport_event *events;
};

/* Takes over `transport`.  Slots and buffers are made here, before the clock starts. */
void worker_init(
    struct worker *self,
    const struct point_options *options,
    struct control *control,
    struct point_progress *progress,
    struct transport *transport,
    unsigned index);
void worker_done(struct worker *self);

/* How many slots exist, and connections may be open, before the clock starts. */
uint32_t
worker_slots_prepared(const struct point_options *options, unsigned n_workers, unsigned index);

/* Opens the connections and waits until each has opened or failed. */
void worker_connect(struct worker *self);

/* Runs the point from `start_ns` to its end. */
void worker_run(struct worker *self, int64_t start_ns);

/* Connections (worker_links.c). */
bool worker_open_link(
    struct worker *self); /* false: this machine lacks something: connect_failure */
struct link *worker_take_idle_link(struct worker *self, int64_t now_ns);
void worker_put_idle_link(struct worker *self, struct link *link, int64_t now_ns);
void worker_put_used_link(struct worker *self, struct link *link, bool reusable, int64_t now_ns);
void worker_idle_link_ended(struct worker *self, struct link *link, int64_t now_ns);
void worker_close_link(struct worker *self, struct link *link);
void worker_keep_spares(struct worker *self);
void worker_retry_links(struct worker *self); /* where this machine had none to give */

/* Starting requests (worker_start.c).  Times are since the start of the point, here and below. */
void worker_next_due(struct worker *self);
void worker_start_due(struct worker *self, int64_t now_ns, unsigned n_max);
void worker_give_up_due(struct worker *self, int64_t now_ns); /* of the window: ends it unsent */
void worker_wait_for_link(struct worker *self, struct slot *slot);
void worker_link_opened(struct worker *self, struct link *link, int64_t now_ns);
int64_t worker_next_deadline(const struct worker *self);

/* Started requests (worker_requests.c). */
void worker_count_request(struct worker *self, struct slot *slot, int64_t start_ns);
void worker_end_unsent(struct worker *self, struct record *record, int64_t now_ns);
void worker_send(struct worker *self, struct slot *slot, int64_t now_ns);
void worker_link_failed(struct worker *self, struct link *link, int64_t now_ns);
void worker_receive(struct worker *self, struct link *link);
void worker_expire(struct worker *self, int64_t now_ns);
void worker_abort(struct worker *self, bool counted_only, int64_t now_ns);

static inline int64_t worker_now(const struct worker *self)
{
    return self->transport->ops->now(self->transport) - self->start_ns;
}
