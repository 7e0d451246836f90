/* sim_server.h - the simulated engine on sockets, in a thread of its own.
 *
 * Used by `bench sim` (a process) and by `bench run --engine sim` (a thread beside the workers, never
 * inside their loops).  The truth log holds the true write time of every event. */
#pragma once

#include "sim/sim.h"
#include "sim/sim_truth.h"

struct sim_server;

struct sim_server_options {
    struct sim_options sim;
    const char *faults;        /* fault script text or NULL */
    const char *host;          /* NULL: 127.0.0.1 */
    unsigned port;             /* 0: any free port */
    const char *truth_path;    /* NULL: no truth log */
    bool keep_truth;           /* keep the truth in memory for sim_server_truth */
    const char *tls_cert_path; /* PEM certificate and key: serve https; NULL: plain */
    const char *tls_key_path;
};

/* Binds, listens and starts the thread.  *out is the caller's: sim_server_stop.
 * Errors: ERROR_IO naming host and port, those of sim_open, sim_truth_open and sim_tls_open. */
MUST_CHECK int sim_server_start(
    const struct sim_server_options *options, struct sim_server **out, struct error *err);

/* The port that it really listens on. */
unsigned sim_server_port(const struct sim_server *self);

/* Counters, readable while it runs; an answer that somebody has read is counted. */
void sim_server_load(struct sim_server *self, struct sim_load *out);

/* The truth of a server with keep_truth, readable while it runs (sim_truth_count, sim_truth_at);
 * borrowed until sim_server_stop.  NULL without keep_truth and truth_path. */
const struct sim_truth_log *sim_server_truth(const struct sim_server *self);

/* Ends the thread, closes all connections, completes the truth log, frees.  NULL is allowed.
 * Errors: ERROR_IO when the truth log could not be written. */
MUST_CHECK int sim_server_stop(struct sim_server *self, struct error *err);

/* One line of the truth log (JSON lines; times are CLOCK_MONOTONIC ns):
 * {"request":N,"token":K,"due_ns":..,"write_ns":..} with token 0 for other writes; write_ns is taken
 * just before the write that carried the event.  "tokens":T where K is the last of T tokens in that
 * write; "arrived_ns" and "body" (sim_hash of the request's body, in hex) with a request's writes up to
 * its first token; "request":null for routes other than completions. */
