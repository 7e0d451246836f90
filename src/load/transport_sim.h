/* transport_sim.h - the transport over the simulated engine, in virtual time.
 *
 * The clock stands still while the driver works and jumps to the next thing that happens when the
 * driver waits: a run of minutes takes milliseconds, and the same seed gives the same run to the
 * nanosecond.  Bytes take no time on the way: what the engine writes has arrived at that moment.
 * Receipts carry that moment as a kernel stamp.
 * Threads: one, as every transport; one transport is one world with an engine of its own. */
#pragma once

#include "net/transport.h"
#include "sim/sim.h"
#include "sim/sim_truth.h"

/* `faults`: a fault script or NULL (sim/sim_fault.h).  The clock starts at TRANSPORT_SIM_START_NS.
 * *out is the caller's: (*out)->ops->free.  Errors: those of sim_open. */
MUST_CHECK int transport_sim_open(
    const struct sim_options *options,
    const char *faults,
    struct transport **out,
    struct error *err);

#define TRANSPORT_SIM_START_NS INT64_C(1000000000)

/* How long a connect takes, from now on; at first 0: it is done at the next wait. */
void transport_sim_set_connect_ns(struct transport *self, int64_t connect_ns);

/* Most bytes that one send takes; the rest waits for TRANSPORT_WRITABLE.  0, as at first: no limit. */
void transport_sim_set_send_max(struct transport *self, size_t send_max);

/* Moves the clock forward, as a driver that is busy does. */
void transport_sim_advance(struct transport *self, int64_t duration_ns);

/* The engine's counters, and its true write times since the start; borrowed until free. */
void transport_sim_load(const struct transport *self, struct sim_load *out);
const struct sim_truth_log *transport_sim_truth(const struct transport *self);
