/* virtual_world.h - a point in virtual time: an engine with a known model, the requests, and a client
 * that can be made late on purpose.
 *
 * One world at a time: what meddles with its transport finds it through a static pointer. */
#pragma once

#include "base/clock.h"
#include "base/mem.h"
#include "load/point.h"
#include "load/transport_sim.h"
#include "stats/summary.h"
#include "support/test.h"

#include <string.h>

enum {
    TOKENS = 5
};

#define TTFT_NS INT64_C(100000000)
#define ITL_NS  INT64_C(20000000)

/* A request's whole time in an idle engine. */
#define SERVICE_NS (TTFT_NS + (TOKENS - 1) * ITL_NS)

/* One world: the engine's options, its script, the requests, and what is done to the client. */
struct world {
    struct sim_options sim;
    const char *faults;
    struct workload workload;

    int64_t wait_late_ns; /* the clock goes on by so much whenever a wait is over ... */
    int64_t late_from_ns; /* ... from this moment of the point on ... */
    unsigned n_late;      /* ... so many times */
    int64_t recv_late_ns; /* and by so much before each receive ... */
    int64_t send_late_ns; /* ... and in each send, after the bytes have left */
    unsigned n_links_max; /* connections that this machine has; 0: no end of them */
    unsigned n_links;
    unsigned n_links_most; /* that were open at once */
    unsigned n_links_at_first_send;
    bool user_stamps; /* there are no kernel stamps */

    const struct transport_ops *real_ops;
    struct transport_ops ops;
    struct sim_truth *truth; /* what the engine wrote, once the point is over; own */
    uint64_t n_truth;
};

static struct world *world_now;

static inline size_t world_wait(
    struct transport *transport, int64_t until_ns, struct transport_event *events, size_t n_max)
{
    struct world *world = world_now;
    const size_t n = world->real_ops->wait(transport, until_ns, events, n_max);
    const int64_t now_ns = world->real_ops->now(transport) - TRANSPORT_SIM_START_NS;
    if (world->n_late > 0 && now_ns >= world->late_from_ns) {
        world->n_late--;
        transport_sim_advance(transport, world->wait_late_ns);
    }
    return n;
}

static inline ssize_t world_recv(
    struct transport *transport,
    struct stream *stream,
    void *buffer,
    size_t cap,
    struct receipt *receipt)
{
    struct world *world = world_now;
    transport_sim_advance(transport, world->recv_late_ns);
    const ssize_t n = world->real_ops->recv(transport, stream, buffer, cap, receipt);
    if (world->user_stamps) {
        receipt->arrival_ns = receipt->read_ns;
        receipt->kernel = false;
    }
    return n;
}

static inline ssize_t
world_send(struct transport *transport, struct stream *stream, const void *data, size_t len)
{
    struct world *world = world_now;
    if (world->n_links_at_first_send == 0) {
        world->n_links_at_first_send = world->n_links;
    }
    const ssize_t n = world->real_ops->send(transport, stream, data, len);
    transport_sim_advance(transport, world->send_late_ns);
    return n;
}

static inline int
world_open_stream(struct transport *transport, void *user, struct stream **out, struct error *err)
{
    struct world *world = world_now;
    if (world->n_links_max > 0 && world->n_links == world->n_links_max) {
        return error_set(err, ERROR_IO, "cannot open another connection");
    }
    world->n_links++;
    if (world->n_links > world->n_links_most) {
        world->n_links_most = world->n_links;
    }
    return world->real_ops->open(transport, user, out, err);
}

static inline void world_close_stream(struct transport *transport, struct stream *stream)
{
    world_now->n_links--;
    world_now->real_ops->close(transport, stream);
}

/* The engine's log goes with its transport: it is copied first. */
static inline void world_free_transport(struct transport *transport)
{
    struct world *world = world_now;
    const struct sim_truth_log *log = transport_sim_truth(transport);
    world->n_truth = sim_truth_count(log);
    world->truth = mem_alloc(world->n_truth, sizeof(*world->truth));
    for (uint64_t i = 0; i < world->n_truth; i++) {
        world->truth[i] = *sim_truth_at(log, i);
    }
    world->real_ops->free(transport);
}

static inline int
world_transport(void *context, unsigned worker, struct transport **out, struct error *err)
{
    (void)worker;
    struct world *world = context;
    const int result = transport_sim_open(&world->sim, world->faults, out, err);
    if (result == 0) {
        world_now = world;
        world->real_ops = (*out)->ops;
        world->ops = *world->real_ops;
        world->ops.wait = world_wait;
        world->ops.recv = world_recv;
        world->ops.send = world_send;
        world->ops.open = world_open_stream;
        world->ops.close = world_close_stream;
        world->ops.free = world_free_transport;
        (*out)->ops = &world->ops;
    }
    return result;
}

static inline void world_open(struct world *world, const char *faults)
{
    *world = (struct world){
        .sim = {.style = SIM_STYLE_VLLM, .ttft_ns = TTFT_NS, .itl_ns = ITL_NS, .tokens = TOKENS},
        .faults = faults,
    };
    struct engine_target target = {.base_url = "http://127.0.0.1:1/v1", .model = "sim"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct message message = {.role = "user", .content = "hello there"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = TOKENS, .salt = true, .seed = 42};
    const struct workload_source source = {
        .engine = engine_find("vllm"),
        .target = &target,
        .shape = &shape,
        .prompts = &prompt,
        .n_prompts = 1,
    };
    assert_int_equal(workload_init(&world->workload, &source, &err), 0);
}

static inline void world_close(struct world *world)
{
    workload_done(&world->workload);
    mem_freep(&world->truth);
}

static inline struct point_options closed_loop(struct world *world, uint32_t concurrency)
{
    return (struct point_options){
        .driver = DRIVER_CLOSED,
        .concurrency = concurrency,
        .duration_ns = 10 * NS_PER_S,
        .gate = GATE_MODE_OFF,
        .warmup_timeout_ns = 60 * NS_PER_S,
        .grace_ns = 30 * NS_PER_S,
        .timeout_ns = 600 * NS_PER_S,
        .stream = true,
        .virtual_time = true,
        .workload = &world->workload,
        .open_transport = world_transport,
        .context = world,
    };
}

static inline struct point_options open_loop(struct world *world, double rate_rps)
{
    struct point_options options = closed_loop(world, 0);
    options.driver = DRIVER_OPEN;
    options.arrival = ARRIVAL_CONSTANT;
    options.rate_rps = rate_rps;
    options.burstiness = 1.0;
    return options;
}

static inline void run(const struct point_options *options, struct point_result *out)
{
    struct error err = {0};
    if (point_run(options, out, &err) < 0) {
        fail_msg("%s", err.text);
    }
}

static inline struct summary *summarise(const struct point_result *result)
{
    struct summary *summary = MEM_NEW(struct summary);
    summary_compute(&result->facts, &result->records, summary);
    return summary;
}
