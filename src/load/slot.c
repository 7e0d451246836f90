/* The path of a byte: HTTP reader -> SSE reader -> the engine's event reader -> record.  The stamp of
 * everything in one read is the read's; the second token event of a read says so in its flag. */
#include "load/slot.h"

#include "base/mem.h"
#include "codec/json_pull.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Events beyond the tokens asked for: engines split characters over events now and then. */
enum {
    SLOT_EVENTS_SPARE = 16
};

void slot_init(struct slot *self, char *line, uint32_t request_max, uint32_t events_expected)
{
    *self = (struct slot){
        .request = mem_alloc(request_max, 1),
        .own_line = line == NULL ? mem_alloc(HTTP_LINE_ROOM, 1) : NULL,
    };
    self->http.line = line == NULL ? self->own_line : line;
    token_log_init(&self->events, events_expected + SLOT_EVENTS_SPARE);
    http_response_init(&self->http);
    sse_init(&self->sse);
    bytes_init(&self->text, SLOT_TEXT_MAX);
    bytes_init(&self->content, SLOT_TEXT_MAX);
    bytes_init(&self->body, SLOT_BODY_MAX);
}

void slot_done(struct slot *self)
{
    free(self->request);
    free(self->own_line);
    token_log_done(&self->events);
    sse_done(&self->sse);
    bytes_done(&self->text);
    bytes_done(&self->content);
    bytes_done(&self->body);
}

void slot_reset(struct slot *self)
{
    self->record = NULL;
    self->counted = false;
    self->done_seen = false;
    self->request_len = 0;
    self->request_sent = 0;
    self->tokens_so_far = 0;
    self->n_replaced = 0;
    self->n_events = 0;
    token_log_clear(&self->events);
    http_response_init(&self->http);
    sse_reset(&self->sse);
    bytes_clear(&self->text);
    bytes_clear(&self->content);
    self->mixed = false;
    bytes_clear(&self->body);
}

static void add_decoded(const struct answer_text *text, struct bytes *out)
{
    char *room = bytes_reserve(out, text->len);
    if (room == NULL) {
        return;
    }
    if (text->escaped) {
        out->len += json_unescape(text->raw, text->len, room);
    } else {
        memcpy(room, text->raw, text->len);
        out->len += text->len;
    }
}

static void slot_add_text(struct slot *self, const struct answer_text *text)
{
    if (self->keep_text && !text->content && !self->mixed) {
        self->mixed = true;
        bytes_add(&self->content, self->text.len > 0 ? self->text.data : "", self->text.len);
    }
    add_decoded(text, &self->text);
    if (self->mixed && text->content) {
        add_decoded(text, &self->content);
    }
}

static void set_first(int64_t *stamp, int64_t value)
{
    if (*stamp == RECORD_NONE) {
        *stamp = value;
    }
}

static void
slot_add_token_event(struct slot *self, const struct answer_event *answer, struct slot_input *input)
{
    struct record *record = self->record;
    enum token_kind kind = TOKEN_CONTENT;
    if ((answer->what & ANSWER_CONTENT) != 0) {
        set_first(&record->content_ns, input->arrival_ns);
    }
    if ((answer->what & ANSWER_TOOL) != 0) {
        set_first(&record->tool_ns, input->arrival_ns);
        kind = TOKEN_TOOL;
    }
    if ((answer->what & ANSWER_REASONING) != 0) {
        set_first(&record->reasoning_ns, input->arrival_ns);
        kind = TOKEN_REASONING;
    }
    uint32_t tokens = 1;
    if (answer->tokens_so_far >= 0) {
        const uint32_t now = (uint32_t)answer->tokens_so_far;
        tokens = now > self->tokens_so_far ? now - self->tokens_so_far : 0;
    }
    self->tokens_so_far += tokens;
    const struct token_event event = {
        .arrival_ns = input->arrival_ns,
        .tokens = tokens,
        .kind = (uint8_t)kind,
        .shared_read = input->n_token_events > 0,
    };
    token_log_add(&self->events, &event);
    self->n_events++;
    input->n_token_events++;
    set_first(&record->first_token_ns, input->arrival_ns);
    record->last_token_ns = input->arrival_ns;
    for (unsigned i = 0; i < answer->n_texts; i++) {
        slot_add_text(self, &answer->texts[i]);
    }
}

static void slot_take_counts(struct record *record, const struct answer_event *answer)
{
    if (answer->prompt_tokens >= 0) {
        record->prompt_tokens = answer->prompt_tokens;
    }
    if (answer->completion_tokens >= 0) {
        record->output_tokens = answer->completion_tokens;
        record->output_tokens_usage = true;
    }
    if (answer->cached_tokens >= 0) {
        record->cached_tokens = answer->cached_tokens;
    }
    if (answer->reasoning_tokens >= 0) {
        record->reasoning_tokens = answer->reasoning_tokens;
    }
    if (!isnan(answer->cost_usd)) {
        record->cost_usd = answer->cost_usd;
    }
    if (answer->finish[0] != '\0') {
        memcpy(record->finish, answer->finish, sizeof(record->finish));
        record->finish[sizeof(record->finish) - 1] = '\0';
    }
}

static enum slot_progress slot_break(struct slot *self, const char *why, size_t why_len)
{
    self->record->outcome = OUTCOME_MALFORMED;
    bytes_clear(&self->body);
    bytes_add(&self->body, why, why_len < RECORD_ERROR_BODY_MAX ? why_len : RECORD_ERROR_BODY_MAX);
    return SLOT_BROKEN;
}

static enum slot_progress slot_break_text(struct slot *self, const char *why)
{
    return slot_break(self, why, strlen(why));
}

static enum slot_progress
slot_take_event(struct slot *self, const char *data, size_t len, struct slot_input *input)
{
    struct answer_event answer;
    if (!input->engine->read_event(data, len, &answer)) {
        return slot_break(self, data, len);
    }
    if ((answer.what & ANSWER_ERROR) != 0) {
        return slot_break(self, data, len);
    }
    if ((answer.what & (ANSWER_CONTENT | ANSWER_REASONING | ANSWER_TOOL)) != 0) {
        slot_add_token_event(self, &answer, input);
    } else if ((answer.what & ANSWER_ROLE) != 0) {
        set_first(&self->record->role_ns, input->arrival_ns);
    }
    slot_take_counts(self->record, &answer);
    if ((answer.what & (ANSWER_DONE | ANSWER_FINISH)) != 0) {
        self->done_seen = true;
    }
    return SLOT_MORE;
}

static enum slot_progress
slot_take_stream(struct slot *self, const char *data, size_t len, struct slot_input *input)
{
    for (;;) {
        const int found = sse_next(&self->sse, &data, &len);
        if (found == SSE_TOO_LONG) {
            return slot_break_text(self, "an event of the stream is too long");
        }
        if (found == SSE_NEED_MORE) {
            return SLOT_MORE;
        }
        const enum slot_progress progress =
            slot_take_event(self, self->sse.data, self->sse.len, input);
        if (progress != SLOT_MORE) {
            return progress;
        }
    }
}

static bool slot_is_error_status(const struct slot *self)
{
    return self->record->http_status != 200;
}

static enum slot_progress slot_take_body(struct slot *self, struct slot_input *input)
{
    if (slot_is_error_status(self)) {
        const size_t room = RECORD_ERROR_BODY_MAX - self->body.len;
        bytes_add(
            &self->body, self->http.body, self->http.body_len < room ? self->http.body_len : room);
        return SLOT_MORE;
    }
    if (self->stream && self->http.event_stream) {
        return slot_take_stream(self, self->http.body, self->http.body_len, input);
    }
    bytes_add(&self->body, self->http.body, self->http.body_len);
    if (self->body.failed) {
        return slot_break_text(self, "the answer is too long");
    }
    return SLOT_MORE;
}

/* A plain JSON answer: to a request that did not ask for a stream, or from an engine that ignored
 * the wish. */
static enum slot_progress slot_end_plain(struct slot *self, struct slot_input *input)
{
    struct answer_event answer;
    const bool readable =
        self->body.len > 0 && input->engine->read_body(self->body.data, self->body.len, &answer);
    if (!readable || (answer.what & ANSWER_ERROR) != 0) {
        self->record->outcome = OUTCOME_MALFORMED;
        return SLOT_ENDED;
    }
    slot_take_counts(self->record, &answer);
    for (unsigned i = 0; i < answer.n_texts; i++) {
        slot_add_text(self, &answer.texts[i]);
    }
    const bool any = self->text.len > 0 || self->record->output_tokens > 0;
    self->record->outcome = any ? OUTCOME_OK : OUTCOME_EMPTY;
    bytes_clear(&self->body);
    return SLOT_ENDED;
}

static enum slot_progress slot_end(struct slot *self, struct slot_input *input)
{
    struct record *record = self->record;
    input->end_ns = input->arrival_ns;
    if (slot_is_error_status(self)) {
        record->outcome = OUTCOME_STATUS;
        return SLOT_ENDED;
    }
    if (!self->http.event_stream || !self->stream) {
        return slot_end_plain(self, input);
    }
    if (sse_is_inside_event(&self->sse) || !self->done_seen) {
        record->outcome = OUTCOME_TRUNCATED;
        bytes_clear(&self->body);
        bytes_add_text(&self->body, "the stream ended without finish reason and [DONE]");
        return SLOT_ENDED;
    }
    record->outcome = self->n_events > 0 ? OUTCOME_OK : OUTCOME_EMPTY;
    return SLOT_ENDED;
}

enum slot_progress
slot_read(struct slot *self, const char *data, size_t len, struct slot_input *input)
{
    struct record *record = self->record;
    record->bytes_received += len;
    set_first(&record->headers_ns, input->arrival_ns);
    for (;;) {
        enum slot_progress progress = SLOT_MORE;
        switch (http_response_next(&self->http, &data, &len)) {
        case HTTP_NEED_MORE:
            return SLOT_MORE;
        case HTTP_HEAD:
            record->http_status = (uint16_t)self->http.status;
            break;
        case HTTP_BODY:
            progress = slot_take_body(self, input);
            break;
        case HTTP_END:
            return slot_end(self, input);
        case HTTP_ERROR:
            progress = slot_break_text(self, self->http.error);
            break;
        }
        if (progress != SLOT_MORE) {
            return progress;
        }
    }
}

void slot_read_eof(struct slot *self, bool reset, struct slot_input *input)
{
    if (!reset && !http_response_is_untouched(&self->http) && http_response_eof(&self->http)) {
        (void)slot_end(self, input);
        return;
    }
    self->record->outcome = OUTCOME_TRUNCATED;
    input->end_ns = input->arrival_ns;
    bytes_clear(&self->body);
    bytes_add_text(
        &self->body, reset ? "connection reset by the engine"
                           : "connection closed before the end of the answer");
}

void slot_finish(struct slot *self, struct record_store *store, struct digest *digest)
{
    struct record *record = self->record;
    record->n_events = self->n_events;
    record->event_words = record_store_keep_events(store, &self->events);
    if (!record->output_tokens_usage && self->n_events > 0) {
        record->output_tokens = (int32_t)self->tokens_so_far;
    }
    digest_add(digest, self->text.data, self->text.len);
    digest_finish(digest, record->text_sha256);
    if (self->keep_text) {
        record->text = record_store_keep_text(store, self->text.data, self->text.len);
    }
    if (self->mixed) {
        record->content = record_store_keep_text(store, self->content.data, self->content.len);
    }
    if (record->outcome != OUTCOME_OK && record->error_body == NULL && self->body.len > 0) {
        const size_t len =
            self->body.len < RECORD_ERROR_BODY_MAX ? self->body.len : RECORD_ERROR_BODY_MAX;
        record->error_body = record_store_keep_text(store, self->body.data, len);
    }
}

void slot_fail(
    struct slot *self, struct record_store *store, enum outcome outcome, const char *reason)
{
    self->record->outcome = (uint8_t)outcome;
    self->record->error_body = record_store_keep_text(store, reason, strlen(reason));
}
