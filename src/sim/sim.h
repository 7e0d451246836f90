/* sim.h - the simulated engine: an OpenAI-compatible server whose truth is known.
 *
 * The core is a pure machine driven by its caller: bytes in, bytes out, at times that the caller
 * gives.  sim_server.h runs it on sockets in a thread of its own; load/transport_sim.h runs it in
 * virtual time.  Not one system call is made in here, so a run repeats by its seed.
 * Threads: one caller at a time.  Time: absolute ns of the caller's clock.
 *
 * Latency models: fixed (ttft_ns, itl_ns), or continuous batching (prefill rate, per-token time, a
 * maximum batch with a first-come queue). */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Which real server's habits are shown.  Source: REAL-ENGINES.md. */
enum sim_style {
    SIM_STYLE_VLLM,     /* keeps streamed connections alive; role chunk with content "" */
    SIM_STYLE_LLAMACPP, /* closes after a streamed reply; role chunk (content null) shares an HTTP
                           chunk with the first token; `timings` in every final event */
};

struct sim_options {
    enum sim_style style;
    const char *model;  /* served model id; NULL: "sim" */
    int64_t ttft_ns;    /* fixed model: from the last request byte to the first token; also the
                              floor of the batching model */
    int64_t itl_ns;     /* time of one decoding step */
    uint32_t tokens;    /* answer length when the request does not ask for fewer (max_tokens) */
    uint32_t max_batch; /* 0: fixed model, unlimited; else continuous batching */
    double prefill_tok_per_s; /* 0: prefill is free */
    double jitter; /* standard deviation of every duration as a share of it (gamma), 0: none */
    uint64_t seed;
    uint32_t max_model_len; /* told in /v1/models and enforced with 400; 0: 131072 */
    const char *api_key;    /* NULL: open */
    const char
        *answers; /* text of a file of answers (sim_answer.h); read by sim_open; NULL: none */
    int64_t
        wall_offset_ns; /* wall time less the caller's clock: for Date headers and `created`; the
                               server fills it in when it is 0 */
};

struct sim;      /* the engine */
struct sim_conn; /* one connection to it */

/* What the engine wants done, in order of time. */
enum sim_action_kind {
    SIM_WRITE, /* write these bytes to the connection, as one segment */
    SIM_CLOSE, /* orderly end, after the writes before it */
    SIM_RESET, /* RST */
};

struct sim_action {
    enum sim_action_kind kind;
    struct sim_conn *conn;
    const char *data; /* borrowed until the next call with this engine */
    size_t len;
    int64_t due_ns; /* when the model wanted it */
    uint64_t
        request;     /* number of the completion request on this engine, from 0; UINT64_MAX: none */
    uint32_t token;  /* 1-based number of the last token in this write; 0: no token */
    uint32_t tokens; /* tokens in this write: token - tokens + 1 .. token; 0: no token */
    uint64_t body_hash; /* sim_hash(0, body) of the request: finds it again on the client's side */
    int64_t arrived_ns; /* when the last byte of the request came */
};

/* Version that the engine tells of itself in this style; static. */
const char *sim_version(enum sim_style style);

/* `faults` (JSON text, may be NULL) is a fault script: see sim_fault.h.  Options are copied.
 * Errors: ERROR_PARSE, ERROR_USAGE, ERROR_LIMIT naming the line. *out is the caller's: sim_free. */
MUST_CHECK int sim_open(
    const struct sim_options *options, const char *faults, struct sim **out, struct error *err);
void sim_free(struct sim *self);

/* A client connects.  Returns NULL when the fault script refuses this connection.
 * The connection lives until sim_conn_gone. */
struct sim_conn *sim_connect(struct sim *self, int64_t now_ns, void *user);
void *sim_conn_user(const struct sim_conn *conn);

/* Bytes from the client arrived at `now_ns`, which may lie before what sim_connect was told: bytes can be there
 * before their connection is accepted. */
void sim_input(
    struct sim *self, struct sim_conn *conn, const char *data, size_t len, int64_t now_ns);

/* The client closed, or the caller has finished a SIM_CLOSE or SIM_RESET: frees the connection. */
void sim_conn_gone(struct sim *self, struct sim_conn *conn, int64_t now_ns);

/* When sim_step has something to do next; CLOCK_NEVER: not before more input. */
int64_t sim_next_ns(const struct sim *self);

/* Takes the next action that is due at `now_ns`.  False when there is none. */
bool sim_step(struct sim *self, int64_t now_ns, struct sim_action *out);

/* Requests accepted and not yet ended: waiting and running. */
struct sim_load {
    uint64_t n_waiting;
    uint64_t n_running;
    uint64_t n_running_max;
    uint64_t n_requests;
    uint64_t n_tokens;
};

void sim_load_get(const struct sim *self, struct sim_load *out);
