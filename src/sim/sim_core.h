/* sim_core.h - what the parts of the simulated engine share: engine, connection, sequence.
 *
 * One connection carries one answer at a time, so the sequence (one completion request on its way) is
 * part of it and nothing is allocated for a request.  Each connection has one timer: `next` says what
 * is done when it is due.  Private to src/sim. */
#pragma once

#include "base/rng.h"
#include "sim/sim.h"
#include "sim/sim_answer.h"
#include "sim/sim_ask.h"
#include "sim/sim_fault.h"
#include "sim/sim_request.h"
#include "sim/sim_timer.h"

enum {
    SIM_ID_MAX = 48,
    SIM_DEFAULT_MODEL_LEN = 131072,
    SIM_DEFAULT_TOKENS = 16
};

enum sim_place {
    SIM_PLACE_NONE,
    SIM_PLACE_WAITING,
    SIM_PLACE_RUNNING,
};

/* A completion request on its way. */
struct sim_seq {
    struct sim_ask ask;
    uint64_t number;
    uint64_t body_hash;
    uint64_t text_key;
    const struct sim_answer *answer; /* NULL: words */
    uint32_t answer_from;            /* pieces of it that are left out at the start */
    struct sim_behaviour behaviour;
    const struct sim_rule *fault; /* NULL: none */
    bool fault_done;
    bool role_done;
    bool empty_done;      /* the empty event before the next token is out */
    bool eos;             /* the last token has no text */
    const char *finish;   /* finish_reason; NULL: an error for an answer */
    uint32_t choices;     /* n times prompts */
    uint32_t total;       /* tokens of each choice */
    uint32_t produced;    /* tokens that the model has made (batching) */
    uint32_t written;     /* tokens done by all choices */
    uint32_t choice;      /* whose event of the next token is due */
    uint32_t held_events; /* joined so far */
    uint32_t held_tokens; /* of these events */
    uint32_t prompt_tokens;
    uint32_t cached_tokens;
    int64_t arrived_ns;
    int64_t first_ns; /* first token; 0: not yet */
    int64_t token_ns; /* when the next token is due; CLOCK_NEVER: not known */
    int64_t ping_ns;  /* next comment; CLOCK_NEVER: none */
    int64_t model_ns; /* next token in the model's time (fixed model) */
    struct rng rng;   /* jitter */
    /* Rendering. */
    char id[SIM_ID_MAX];
    int64_t created;
    const char *model;
    struct bytes event;    /* text of an event around its delta */
    size_t event_delta_at; /* offset of the delta in it */
    size_t event_digit_at; /* offset of the choice's digit */
    /* Batching. */
    enum sim_place place;
    struct sim_conn *before;
    struct sim_conn *after;
};

enum sim_next {
    SIM_NEXT_NONE,
    SIM_NEXT_IDLE_CLOSE,
    SIM_NEXT_REPLY, /* a whole answer */
    SIM_NEXT_ADMIT, /* joins the queue of the batching model */
    SIM_NEXT_HEAD,  /* head of a stream */
    SIM_NEXT_TOKEN,
    SIM_NEXT_TAIL,
    SIM_NEXT_CLOSE,
    SIM_NEXT_RESET,
};

struct sim_conn {
    struct sim_timer timer;
    enum sim_next next;
    int64_t due_ns;
    void *user;
    uint64_t number;
    uint32_t n_requests;
    struct bytes in;
    struct sim_request request;
    bool continue_sent;
    bool busy;          /* an answer is on its way */
    bool close_after;   /* it ends the connection */
    bool completion;    /* it answers a completion request: `seq` is in use */
    bool ended;         /* closed or reset by us; input is ignored */
    struct bytes reply; /* a whole answer that waits to be written */
    struct bytes held;  /* joined events */
    struct bytes rest;  /* the later pieces of a write that is cut */
    size_t rest_at;
    size_t rest_piece;
    int64_t rest_gap_ns;
    int64_t rest_due_ns;
    uint32_t rest_token;
    uint32_t rest_tokens;
    struct sim_seq seq;
    struct sim_conn *list_before;
    struct sim_conn *list_after;
};

struct sim_queue {
    struct sim_conn *first;
    struct sim_conn *last;
    uint64_t n;
};

/* Counters of /metrics. */
struct sim_counters {
    uint64_t prompt_tokens;
    uint64_t cached_tokens;
    uint64_t tokens;
    uint64_t stopped;
    uint64_t length;
    uint64_t aborted;
    uint64_t steps;
    int64_t ttft_sum_ns;
    int64_t e2e_sum_ns;
    uint64_t n_requests;
    uint64_t n_running_max;
};

enum {
    SIM_CACHE_SLOTS = 4096
};

struct sim {
    struct sim_options options;
    char *model;
    char *api_key;
    struct sim_script *script;
    struct sim_answers *answers; /* NULL: none */
    const struct sim_habits *habits;
    int64_t epoch_ns; /* the first connection; CLOCK_NEVER: none yet */
    int64_t now_ns;   /* of what is done at present: the deadline that is served, or the input */
    struct sim_timers timers;
    struct sim_conn *conns;
    uint64_t n_connections;
    struct sim_counters counters;
    struct bytes out;     /* the bytes of the last action */
    struct bytes scratch; /* bodies */
    int64_t date_s;       /* second of the cached Date header */
    char date[40];
    uint64_t cache[SIM_CACHE_SLOTS]; /* prefix cache: hashes of prompts */
    /* Batching. */
    struct sim_timer step_timer;
    bool step_busy;  /* a step is running until the timer */
    int64_t step_ns; /* model time of its start or end */
    struct rng step_rng;
    struct sim_queue waiting;
    struct sim_queue running;
    uint64_t n_running_fixed;
};

static inline bool sim_is_vllm(const struct sim *self)
{
    return self->options.style == SIM_STYLE_VLLM;
}

/* Sets what the connection does next.  CLOCK_NEVER: nothing until told. */
void sim_conn_plan(struct sim *self, struct sim_conn *conn, enum sim_next next, int64_t due_ns);

/* Sets the timer to what is planned, or to the next piece of a cut write. */
void sim_conn_arm(struct sim *self, struct sim_conn *conn);
/* The answer is complete: the connection ends or takes the next request. */
void sim_conn_end_answer(struct sim *self, struct sim_conn *conn);

/* sim_model.c: when tokens come. */

/* Places the request that has just arrived at `now_ns`. */
void sim_model_begin(struct sim *self, struct sim_conn *conn, int64_t now_ns);
/* The connection's SIM_NEXT_ADMIT is due. */
void sim_model_admit(struct sim *self, struct sim_conn *conn, int64_t now_ns);
/* The step timer is due. */
void sim_model_step(struct sim *self, int64_t now_ns);
/* The head is out: plans what comes next. */
void sim_model_after_head(struct sim *self, struct sim_conn *conn);
/* Sets token_ns of the token after `written`. */
void sim_model_token(struct sim *self, struct sim_conn *conn);
/* The stream pauses. */
void sim_model_stall(struct sim *self, struct sim_conn *conn, int64_t length_ns);
/* The request has ended or is given up. */
void sim_model_leave(struct sim *self, struct sim_conn *conn);
bool sim_model_batches(const struct sim *self);

/* sim_reply.c: bytes of answers to completion requests. */

void sim_reply_begin(struct sim *self, struct sim_conn *conn, int64_t now_ns);
void sim_reply_stream_head(struct sim *self, struct sim_conn *conn, struct bytes *out);
void sim_reply_role(
    const struct sim *self, struct sim_conn *conn, uint32_t choice, struct bytes *out);

/* The event of token `token` of `choice` with the texts of the `group` tokens up to it; group 0: an
 * empty text.  `last`: the finish reason belongs into it. */
struct sim_event {
    uint32_t choice;
    uint32_t token;
    uint32_t group;
};

void sim_reply_token(
    struct sim *self, struct sim_conn *conn, const struct sim_event *event, struct bytes *out);
void sim_reply_tail(struct sim *self, struct sim_conn *conn, struct bytes *out);
void sim_reply_whole(struct sim *self, struct sim_conn *conn, int64_t now_ns, struct bytes *out);

/* sim_http.c: heads, chunks and errors. */

struct sim_head {
    unsigned status;
    const char *type; /* NULL: none */
    size_t length;
    bool stream;
    const char *allow; /* vLLM: of a 405; NULL: no such header */
};

void sim_http_head(
    struct sim *self, const struct sim_conn *conn, const struct sim_head *head, struct bytes *out);
/* Frames what is appended between begin and end as one chunk. */
size_t sim_http_chunk_begin(struct bytes *out);
void sim_http_chunk_end(struct bytes *out, size_t begin);
const char *sim_http_json_type(const struct sim *self);
/* A whole answer with this body. */
void sim_http_answer(
    struct sim *self,
    struct sim_conn *conn,
    unsigned status,
    const char *type,
    const struct bytes *body);

/* An error in the style's shape. */
struct sim_problem {
    unsigned status;
    const char *type;    /* NULL: by status */
    const char *param;   /* vLLM; NULL: null */
    const char *message; /* not yet escaped */
};

void sim_http_problem(struct sim *self, struct sim_conn *conn, const struct sim_problem *problem);

/* sim_completion.c */

/* Starts the completion in conn->request.  False: conn->reply holds an error for an answer. */
bool sim_completion_begin(struct sim *self, struct sim_conn *conn, bool chat);

/* sim_route.c */

/* Answers the request that is complete in conn->request. */
void sim_route(struct sim *self, struct sim_conn *conn, int64_t now_ns);
const char *sim_route_model(const struct sim *self);
const char *sim_route_version(const struct sim *self);
