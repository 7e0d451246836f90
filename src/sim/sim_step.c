/* What a connection does when its deadline comes.
 *
 * One call of sim_step gives one action.  A deadline that has nothing to write (a token that waits for
 * its companions, a place in the queue) only plans the next one.  Times given to the model are the
 * deadlines, not the moments at which the caller got round to them: a late caller does not make the
 * engine slower. */
#include "base/clock.h"
#include "sim/sim_core.h"

#include <assert.h>
#include <string.h>

/* The action that writes `len` bytes. */
static void action_write(
    const struct sim *self,
    struct sim_conn *conn,
    const char *data,
    size_t len,
    struct sim_action *out)
{
    *out = (struct sim_action){
        .kind = SIM_WRITE,
        .conn = conn,
        .data = data,
        .len = len,
        .due_ns = self->now_ns,
        .request = UINT64_MAX,
    };
    if (conn->completion) {
        out->request = conn->seq.number;
        out->body_hash = conn->seq.body_hash;
        out->arrived_ns = conn->seq.arrived_ns;
    }
}

/* Keeps the bytes of self->out behind the first piece for later. */
static void keep_rest(
    struct sim *self,
    struct sim_conn *conn,
    const struct sim_rule *fault,
    const struct sim_action *whole)
{
    const bool slow = fault->fault == SIM_FAULT_SLOW_HEADERS;
    bytes_clear(&conn->rest);
    bytes_add(&conn->rest, self->out.data + fault->bytes, self->out.len - fault->bytes);
    conn->rest_at = 0;
    conn->rest_piece = slow ? fault->bytes : conn->rest.len;
    conn->rest_gap_ns = slow ? fault->ms * NS_PER_MS : fault->us * NS_PER_US;
    conn->rest_due_ns = self->now_ns + conn->rest_gap_ns;
    conn->rest_token = whole->token;
    conn->rest_tokens = whole->tokens;
}

/* Gives the bytes in self->out to the caller, or their first piece.  The caller plans next. */
static void emit(
    struct sim *self,
    struct sim_conn *conn,
    uint32_t token,
    uint32_t tokens,
    struct sim_action *out)
{
    action_write(self, conn, self->out.data, self->out.len, out);
    out->token = token;
    out->tokens = tokens;
    const struct sim_rule *fault = conn->completion ? conn->seq.fault : NULL;
    if (fault == NULL || fault->bytes >= self->out.len) {
        return;
    }
    const bool head = conn->next == SIM_NEXT_HEAD || conn->next == SIM_NEXT_REPLY;
    if (fault->fault == SIM_FAULT_SPLIT || (fault->fault == SIM_FAULT_SLOW_HEADERS && head)) {
        keep_rest(self, conn, fault, out);
        out->len = fault->bytes;
        out->token = 0;
        out->tokens = 0;
    }
}

/* The next piece of a write that was cut. */
static bool step_rest(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    const size_t left = conn->rest.len - conn->rest_at;
    const size_t len = left < conn->rest_piece ? left : conn->rest_piece;
    action_write(self, conn, conn->rest.data + conn->rest_at, len, out);
    if (len == left) {
        out->token = conn->rest_token;
        out->tokens = conn->rest_tokens;
    }
    conn->rest_at += len;
    conn->rest_due_ns += conn->rest_gap_ns;
    /* What comes after the last piece comes at its time at the earliest. */
    conn->due_ns = conn->due_ns > self->now_ns ? conn->due_ns : self->now_ns;
    sim_conn_arm(self, conn);
    return true;
}

static bool
step_end(struct sim *self, struct sim_conn *conn, enum sim_action_kind kind, struct sim_action *out)
{
    conn->ended = true;
    sim_conn_plan(self, conn, SIM_NEXT_NONE, CLOCK_NEVER);
    action_write(self, conn, NULL, 0, out);
    out->kind = kind;
    return true;
}

/* The request is given up: only the end of the connection is left. */
static void give_up(struct sim *self, struct sim_conn *conn, enum sim_next next, int64_t due_ns)
{
    sim_model_leave(self, conn);
    self->counters.aborted++;
    conn->busy = false;
    sim_conn_plan(self, conn, next, due_ns);
}

static enum sim_fault_kind fault_at(const struct sim_seq *seq, uint32_t token)
{
    const bool here =
        seq->fault != NULL && !seq->fault_done && seq->fault->token == token && seq->choice == 0;
    return here ? seq->fault->fault : SIM_FAULT_NONE;
}

/* True when a fault takes the place of token `token`: the connection is then planned anew. */
static bool fault_ends(struct sim *self, struct sim_conn *conn, uint32_t token)
{
    struct sim_seq *seq = &conn->seq;
    const enum sim_fault_kind kind = fault_at(seq, token);
    if (kind == SIM_FAULT_RESET) {
        give_up(self, conn, SIM_NEXT_RESET, self->now_ns);
        return true;
    }
    if (kind == SIM_FAULT_TRUNCATE) {
        give_up(self, conn, SIM_NEXT_CLOSE, self->now_ns);
        return true;
    }
    if (kind == SIM_FAULT_HANG) {
        give_up(self, conn, SIM_NEXT_CLOSE, self->now_ns + seq->fault->ms * NS_PER_MS);
        return true;
    }
    if (kind == SIM_FAULT_STALL) {
        const int64_t length_ns = seq->fault->ms * NS_PER_MS;
        seq->fault_done = true;
        sim_model_stall(self, conn, length_ns);
        sim_conn_plan(self, conn, conn->next, self->now_ns + length_ns);
        return true;
    }
    return false;
}

/* Breaks a whole answer in the way that was asked for, as far as it has one. */
static void spoil_whole(struct sim *self, struct sim_conn *conn)
{
    const struct sim_rule *fault = conn->seq.fault;
    const enum sim_fault_kind kind = fault != NULL ? fault->fault : SIM_FAULT_NONE;
    struct bytes *reply = &conn->reply;
    if (kind == SIM_FAULT_MALFORMED_JSON) {
        reply->data[reply->len - 1] = ']';
    } else if (kind == SIM_FAULT_MALFORMED_CHUNK) {
        static const char name[] = "ength: "; /* of Content-Length in either case */
        char *at = memmem(reply->data, reply->len, name, sizeof(name) - 1);
        assert(at != NULL);
        at[sizeof(name) - 1] = 'z';
    } else if (kind == SIM_FAULT_ERROR_EVENT) {
        const struct sim_problem problem = {.status = 500, .message = "simulated fault"};
        sim_http_problem(self, conn, &problem);
    }
}

/* True when the connection ends in the middle of a whole answer. */
static bool whole_is_cut(const struct sim_rule *fault)
{
    return fault != NULL && fault->token > 0 &&
           (fault->fault == SIM_FAULT_RESET || fault->fault == SIM_FAULT_TRUNCATE ||
            fault->fault == SIM_FAULT_HANG);
}

static void take_reply(struct sim *self, struct sim_conn *conn)
{
    const struct bytes swap = self->out;
    self->out = conn->reply;
    conn->reply = swap;
    bytes_clear(&conn->reply);
}

/* An answer in one piece that is ready since it was asked. */
static bool step_ready(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    take_reply(self, conn);
    emit(self, conn, 0, 0, out);
    sim_conn_end_answer(self, conn);
    return true;
}

static bool step_reply(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    if (!conn->completion || conn->reply.len > 0) {
        return step_ready(self, conn, out);
    }
    const struct sim_rule *fault = seq->fault;
    const bool stalls = fault != NULL && fault->fault == SIM_FAULT_STALL;
    if (fault_ends(self, conn, stalls ? fault->token : 0)) {
        return false;
    }
    sim_reply_whole(self, conn, self->now_ns, &conn->reply);
    spoil_whole(self, conn);
    take_reply(self, conn);
    if (whole_is_cut(fault)) {
        self->out.len /= 2;
        emit(self, conn, 0, 0, out);
        return fault_ends(self, conn, fault->token);
    }
    const uint32_t tokens = seq->total * seq->choices;
    self->counters.tokens += tokens;
    emit(self, conn, tokens, tokens, out);
    sim_conn_end_answer(self, conn);
    return true;
}

static bool step_head(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    if (fault_ends(self, conn, 0)) {
        return false;
    }
    bytes_clear(&self->out);
    sim_reply_stream_head(self, conn, &self->out);
    emit(self, conn, 0, 0, out);
    if (seq->behaviour.ping_ms > 0) {
        seq->ping_ns = self->now_ns + seq->behaviour.ping_ms * NS_PER_MS;
    }
    sim_model_after_head(self, conn);
    return true;
}

/* The token is not there yet: a comment may be due. */
static bool step_wait(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    const bool ping = seq->ping_ns <= self->now_ns;
    if (ping) {
        bytes_clear(&self->out);
        const size_t chunk = sim_http_chunk_begin(&self->out);
        bytes_add_text(&self->out, ":\n\n");
        sim_http_chunk_end(&self->out, chunk);
        emit(self, conn, 0, 0, out);
        seq->ping_ns += seq->behaviour.ping_ms * NS_PER_MS;
    }
    sim_conn_plan(
        self, conn, SIM_NEXT_TOKEN, seq->ping_ns < seq->token_ns ? seq->ping_ns : seq->token_ns);
    return ping;
}

/* The event of the token is done for this choice. */
static void token_done(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    if (seq->first_ns == 0) {
        seq->first_ns = self->now_ns;
        seq->ping_ns = CLOCK_NEVER;
    }
    self->counters.tokens++;
    seq->choice++;
    if (seq->choice < seq->choices) {
        sim_conn_plan(self, conn, SIM_NEXT_TOKEN, self->now_ns);
        return;
    }
    seq->choice = 0;
    seq->written++;
    seq->empty_done = false;
    if (seq->written == seq->total) {
        sim_conn_plan(self, conn, SIM_NEXT_TAIL, self->now_ns);
        return;
    }
    sim_model_token(self, conn);
    sim_conn_plan(self, conn, SIM_NEXT_TOKEN, seq->token_ns);
}

/* Events that go before the token's own: the role (vLLM), an event with empty text. */
static bool
step_before(struct sim *self, struct sim_conn *conn, uint32_t token, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    const uint32_t every = seq->behaviour.empty_every;
    bytes_clear(&self->out);
    if (!seq->role_done && seq->behaviour.role && seq->ask.chat &&
        self->options.style == SIM_STYLE_VLLM) {
        seq->role_done = true;
        for (uint32_t choice = 0; choice < seq->choices; choice++) {
            sim_reply_role(self, conn, choice, &self->out);
        }
    } else if (every > 0 && token % every == 0 && !seq->empty_done) {
        seq->empty_done = true;
        const struct sim_event event = {.choice = seq->choice, .token = token};
        sim_reply_token(self, conn, &event, &self->out);
    } else {
        return false;
    }
    emit(self, conn, 0, 0, out);
    sim_conn_arm(self, conn);
    return true;
}

/* The engine reports an error in the middle of a stream and ends it. */
static bool step_error_event(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    bytes_clear(&self->out);
    const size_t chunk = sim_http_chunk_begin(&self->out);
    bytes_add_text(
        &self->out,
        "data: {\"error\":{\"message\":\"simulated fault\",\"type\":\"InternalServerError\",\"code\":"
        "500}}\n\n");
    sim_http_chunk_end(&self->out, chunk);
    bytes_add_text(&self->out, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    emit(self, conn, 0, 0, out);
    conn->seq.finish = NULL;
    sim_conn_end_answer(self, conn);
    return true;
}

/* Puts what the fault wants in front of the event into self->out.  True: it takes its place. */
static bool spoil_event(struct sim *self, struct sim_seq *seq, uint32_t token)
{
    const enum sim_fault_kind kind = fault_at(seq, token);
    bytes_clear(&self->out);
    if (kind == SIM_FAULT_MALFORMED_CHUNK) {
        seq->fault_done = true;
        bytes_add_text(&self->out, "zz\r\n");
    } else if (kind == SIM_FAULT_MALFORMED_JSON) {
        seq->fault_done = true;
        const size_t chunk = sim_http_chunk_begin(&self->out);
        bytes_add_text(&self->out, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\n\n");
        sim_http_chunk_end(&self->out, chunk);
        return true;
    }
    return false;
}

/* Tokens of one event up to and with this one; 0: the text is not complete yet. */
static uint32_t event_group(const struct sim_seq *seq, uint32_t token)
{
    const uint32_t size = seq->behaviour.tokens_per_event;
    if (token % size == 0) {
        return size;
    }
    return token == seq->total ? token % size : 0;
}

/* Joins the event with those before it.  True: enough are together, self->out holds them all. */
static bool join_event(struct sim *self, struct sim_conn *conn, uint32_t tokens, bool last)
{
    struct sim_seq *seq = &conn->seq;
    bytes_add(&conn->held, self->out.data, self->out.len);
    seq->held_events++;
    seq->held_tokens += tokens;
    if (seq->held_events < seq->fault->events && !last) {
        return false;
    }
    const struct bytes swap = self->out;
    self->out = conn->held;
    conn->held = swap;
    bytes_clear(&conn->held);
    seq->held_events = 0;
    return true;
}

/* Writes the event of a token that completes a text, or one with no text. */
static bool write_event(
    struct sim *self, struct sim_conn *conn, const struct sim_event *event, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    uint32_t tokens = event->group;
    if (spoil_event(self, seq, event->token)) {
        tokens = 0;
    } else {
        sim_reply_token(self, conn, event, &self->out);
    }
    if (seq->fault != NULL && seq->fault->fault == SIM_FAULT_JOIN) {
        const bool last = event->token == seq->total && event->choice + 1 == seq->choices;
        if (!join_event(self, conn, tokens, last)) {
            token_done(self, conn);
            return false;
        }
        tokens = seq->held_tokens;
        seq->held_tokens = 0;
    }
    const uint32_t number = (event->token - 1) * seq->choices + event->choice + 1;
    emit(self, conn, tokens > 0 ? number : 0, tokens, out);
    token_done(self, conn);
    return true;
}

static bool step_token(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    if (seq->token_ns > self->now_ns) {
        return step_wait(self, conn, out);
    }
    if (seq->written >= seq->total) {
        sim_conn_plan(self, conn, SIM_NEXT_TAIL, self->now_ns);
        return false;
    }
    const uint32_t token = seq->written + 1;
    if (fault_ends(self, conn, token)) {
        return false;
    }
    if (step_before(self, conn, token, out)) {
        return true;
    }
    if (fault_at(seq, token) == SIM_FAULT_ERROR_EVENT) {
        return step_error_event(self, conn, out);
    }
    uint32_t group = event_group(seq, token);
    if (seq->eos && token == seq->total) {
        /* The end has no text; what is left of a group before it still goes out. */
        group = group > 1 ? group : 0;
        if (group == 0) {
            token_done(self, conn);
            return false;
        }
    }
    if (group == 0 && seq->behaviour.partial == SIM_PARTIAL_HOLD) {
        token_done(self, conn);
        return false;
    }
    const struct sim_event event = {.choice = seq->choice, .token = token, .group = group};
    return write_event(self, conn, &event, out);
}

static bool step_tail(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    struct sim_seq *seq = &conn->seq;
    const uint32_t token = seq->total + 1;
    if (fault_ends(self, conn, token)) {
        return false;
    }
    if (fault_at(seq, token) == SIM_FAULT_ERROR_EVENT) {
        return step_error_event(self, conn, out);
    }
    (void)spoil_event(self, seq, token);
    sim_reply_tail(self, conn, &self->out);
    emit(self, conn, 0, 0, out);
    sim_conn_end_answer(self, conn);
    return true;
}

/* True when there is an action; false: the connection has planned what comes next. */
static bool conn_step(struct sim *self, struct sim_conn *conn, struct sim_action *out)
{
    if (conn->rest_at < conn->rest.len) {
        return step_rest(self, conn, out);
    }
    switch (conn->next) {
    case SIM_NEXT_NONE:
        break;
    case SIM_NEXT_REPLY:
        return step_reply(self, conn, out);
    case SIM_NEXT_ADMIT:
        sim_model_admit(self, conn, self->now_ns);
        return false;
    case SIM_NEXT_HEAD:
        return step_head(self, conn, out);
    case SIM_NEXT_TOKEN:
        return step_token(self, conn, out);
    case SIM_NEXT_TAIL:
        return step_tail(self, conn, out);
    case SIM_NEXT_IDLE_CLOSE:
    case SIM_NEXT_CLOSE:
        return step_end(self, conn, SIM_CLOSE, out);
    case SIM_NEXT_RESET:
        return step_end(self, conn, SIM_RESET, out);
    }
    assert(conn->next != SIM_NEXT_NONE);
    return false;
}

bool sim_step(struct sim *self, int64_t now_ns, struct sim_action *out)
{
    for (;;) {
        struct sim_timer *timer = sim_timers_due(&self->timers, now_ns);
        if (timer == NULL) {
            return false;
        }
        self->now_ns = sim_timers_next_ns(&self->timers);
        if (timer == &self->step_timer) {
            sim_model_step(self, self->now_ns);
            continue;
        }
        /* The timer is a connection's first member. */
        if (conn_step(self, (struct sim_conn *)(void *)timer, out)) {
            return true;
        }
    }
}
