/* The engine and its connections: opening, input, and the end of an answer.  What happens when a
 * deadline comes is in sim_step.c. */
#include "sim/sim.h"

#include "base/clock.h"
#include "base/mem.h"
#include "sim/sim_core.h"

#include <stdlib.h>
#include <string.h>

int sim_open(
    const struct sim_options *options, const char *faults, struct sim **out, struct error *err)
{
    struct sim_script *script = NULL;
    const int result = sim_script_open(faults, options->style, &script, err);
    if (result != 0) {
        return result;
    }
    struct sim_answers *answers = NULL;
    if (options->answers != NULL &&
        sim_answers_open("answers", options->answers, &answers, err) != 0) {
        sim_script_free(script);
        return -(int)err->code;
    }
    struct sim *self = MEM_NEW(struct sim);
    self->options = *options;
    self->options.answers = NULL;
    self->answers = answers;
    if (self->options.max_model_len == 0) {
        self->options.max_model_len = SIM_DEFAULT_MODEL_LEN;
    }
    if (self->options.tokens == 0) {
        self->options.tokens = SIM_DEFAULT_TOKENS;
    }
    self->model = mem_copy_text(options->model != NULL ? options->model : "sim");
    self->api_key = options->api_key != NULL ? mem_copy_text(options->api_key) : NULL;
    self->options.model = self->model;
    self->options.api_key = self->api_key;
    self->script = script;
    self->habits = sim_script_habits(script);
    self->epoch_ns = CLOCK_NEVER;
    self->date_s = -1;
    bytes_init(&self->out, BYTES_MAX_DEFAULT);
    bytes_init(&self->scratch, BYTES_MAX_DEFAULT);
    rng_init(&self->step_rng, options->seed, RNG_STREAM_SIM_JITTER);
    *out = self;
    return 0;
}

static void conn_free(struct sim_conn *conn)
{
    bytes_done(&conn->in);
    bytes_done(&conn->reply);
    bytes_done(&conn->held);
    bytes_done(&conn->rest);
    bytes_done(&conn->seq.event);
    free(conn);
}

void sim_free(struct sim *self)
{
    if (self == NULL) {
        return;
    }
    struct sim_conn *next = NULL;
    for (struct sim_conn *conn = self->conns; conn != NULL; conn = next) {
        next = conn->list_after;
        conn_free(conn);
    }
    sim_timers_done(&self->timers);
    sim_script_free(self->script);
    sim_answers_free(self->answers);
    bytes_done(&self->out);
    bytes_done(&self->scratch);
    free(self->model);
    free(self->api_key);
    free(self);
}

/* Sets the timer: the later pieces of a cut write go before everything else. */
void sim_conn_arm(struct sim *self, struct sim_conn *conn)
{
    const bool pieces = conn->rest_at < conn->rest.len;
    const int64_t due_ns = pieces                        ? conn->rest_due_ns
                           : conn->next != SIM_NEXT_NONE ? conn->due_ns
                                                         : CLOCK_NEVER;
    sim_timer_set(&self->timers, &conn->timer, due_ns);
}

void sim_conn_plan(struct sim *self, struct sim_conn *conn, enum sim_next next, int64_t due_ns)
{
    conn->next = next;
    conn->due_ns = due_ns;
    sim_conn_arm(self, conn);
}

static void plan_idle(struct sim *self, struct sim_conn *conn)
{
    const int64_t idle_ns = self->habits->idle_close_ns;
    sim_conn_plan(
        self, conn, SIM_NEXT_IDLE_CLOSE, idle_ns > 0 ? self->now_ns + idle_ns : CLOCK_NEVER);
}

struct sim_conn *sim_connect(struct sim *self, int64_t now_ns, void *user)
{
    if (self->epoch_ns == CLOCK_NEVER) {
        self->epoch_ns = now_ns;
    }
    self->now_ns = now_ns;
    const uint64_t number = self->n_connections++;
    if (sim_script_refuses(self->script, number)) {
        return NULL;
    }
    struct sim_conn *conn = MEM_NEW(struct sim_conn);
    conn->user = user;
    conn->number = number;
    bytes_init(&conn->in, (size_t)SIM_HEAD_MAX + SIM_BODY_MAX * (size_t)2);
    bytes_init(&conn->reply, BYTES_MAX_DEFAULT);
    bytes_init(&conn->held, BYTES_MAX_DEFAULT);
    bytes_init(&conn->rest, BYTES_MAX_DEFAULT);
    bytes_init(&conn->seq.event, BYTES_MAX_DEFAULT);
    sim_request_init(&conn->request);
    conn->list_after = self->conns;
    if (self->conns != NULL) {
        self->conns->list_before = conn;
    }
    self->conns = conn;
    plan_idle(self, conn);
    return conn;
}

void *sim_conn_user(const struct sim_conn *conn)
{
    return conn->user;
}

void sim_conn_gone(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    self->now_ns = now_ns;
    if (conn->busy && conn->completion) {
        sim_model_leave(self, conn);
        self->counters.aborted++;
    }
    sim_timer_stop(&self->timers, &conn->timer);
    if (conn->list_before != NULL) {
        conn->list_before->list_after = conn->list_after;
    } else {
        self->conns = conn->list_after;
    }
    if (conn->list_after != NULL) {
        conn->list_after->list_before = conn->list_before;
    }
    conn_free(conn);
}

/* Asks for the body of a request that waits for leave to send it. */
static void maybe_continue(struct sim *self, struct sim_conn *conn)
{
    if (!conn->request.head_done || !conn->request.expect_continue || conn->continue_sent ||
        conn->request.minor_version == 0) {
        return;
    }
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    conn->continue_sent = true;
    bytes_clear(&conn->rest);
    bytes_add(&conn->rest, text, sizeof(text) - 1);
    conn->rest_at = 0;
    conn->rest_piece = sizeof(text);
    conn->rest_due_ns = self->now_ns;
    conn->rest_token = 0;
    conn->rest_tokens = 0;
    sim_conn_arm(self, conn);
}

/* Starts the next request when it is there. */
static void conn_read(struct sim *self, struct sim_conn *conn)
{
    if (conn->busy || conn->ended || conn->next == SIM_NEXT_CLOSE) {
        return;
    }
    const bool ready = sim_request_read(&conn->request, &conn->in);
    maybe_continue(self, conn);
    if (!ready) {
        return;
    }
    conn->busy = true;
    sim_route(self, conn, self->now_ns);
    if (self->options.style == SIM_STYLE_LLAMACPP && conn->request.state != SIM_REQUEST_BROKEN) {
        /* What came together with the request is lost: of two pipelined requests one is answered. */
        conn->in.len = conn->request.at;
    }
}

void sim_input(
    struct sim *self, struct sim_conn *conn, const char *data, size_t len, int64_t now_ns)
{
    if (conn->ended) {
        return;
    }
    self->now_ns = now_ns;
    if (now_ns < self->epoch_ns) {
        self->epoch_ns = now_ns; /* it came before its connection was accepted */
    }
    bytes_add(&conn->in, data, len);
    conn_read(self, conn);
}

int64_t sim_next_ns(const struct sim *self)
{
    return sim_timers_next_ns(&self->timers);
}

/* The answer is complete: the connection ends or takes the next request. */
void sim_conn_end_answer(struct sim *self, struct sim_conn *conn)
{
    if (conn->completion) {
        struct sim_seq *seq = &conn->seq;
        sim_model_leave(self, conn);
        self->counters.e2e_sum_ns += self->now_ns - seq->arrived_ns;
        self->counters.ttft_sum_ns +=
            (seq->first_ns > 0 ? seq->first_ns : self->now_ns) - seq->arrived_ns;
        if (seq->finish == NULL) {
            self->counters.aborted++;
        } else if (strcmp(seq->finish, "length") == 0) {
            self->counters.length++;
        } else {
            self->counters.stopped++;
        }
    }
    conn->busy = false;
    if (conn->close_after) {
        sim_conn_plan(self, conn, SIM_NEXT_CLOSE, self->now_ns);
        return;
    }
    bytes_drop_front(&conn->in, conn->request.at);
    sim_request_init(&conn->request);
    conn->continue_sent = false;
    plan_idle(self, conn);
    conn_read(self, conn);
}

void sim_load_get(const struct sim *self, struct sim_load *out)
{
    *out = (struct sim_load){
        .n_waiting = self->waiting.n,
        .n_running = self->running.n + self->n_running_fixed,
        .n_running_max = self->counters.n_running_max,
        .n_requests = self->counters.n_requests,
        .n_tokens = self->counters.tokens,
    };
}
