/* An event is the same text over and over around a small delta: the text is rendered once for each
 * request, and a token costs a few copies.  Keys and their order are those of the recorded answers
 * (vLLM 0.32, llama.cpp b10434). */
#include "base/clock.h"
#include "sim/sim_core.h"

#include <stdio.h>
#include <string.h>

static bool is_vllm(const struct sim *self)
{
    return self->options.style == SIM_STYLE_VLLM;
}

static void add(struct bytes *out, const char *text)
{
    bytes_add_text(out, text);
}

static void render_id(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    const char *prefix = is_vllm(self) && !seq->ask.chat ? "cmpl" : "chatcmpl";
    (void)snprintf(
        seq->id, sizeof(seq->id), "%s-%016llx", prefix,
        (unsigned long long)sim_hash(self->options.seed, &seq->number, sizeof(seq->number)));
}

/* id, object, created, model: the members that every vLLM answer starts with. */
static void add_vllm_start(const struct sim_seq *seq, const char *object, struct bytes *out)
{
    add(out, "{\"id\":\"");
    add(out, seq->id);
    add(out, "\",\"object\":\"");
    add(out, object);
    add(out, "\",\"created\":");
    bytes_add_i64(out, seq->created);
    add(out, ",\"model\":\"");
    add(out, seq->model);
    add(out, "\",\"choices\":[");
}

/* The members that every llama.cpp event has after its choices. */
static void add_llamacpp_end(
    const struct sim *self, const struct sim_seq *seq, const char *object, struct bytes *out)
{
    add(out, "],\"created\":");
    bytes_add_i64(out, seq->created);
    if (seq->ask.chat) {
        bytes_add_format(out, ",\"id\":\"%s\"", seq->id);
    }
    bytes_add_format(
        out, ",\"model\":\"%s\",\"system_fingerprint\":\"%s\",\"object\":\"%s\"", seq->model,
        sim_route_version(self), object);
    if (!seq->ask.chat) {
        bytes_add_format(out, ",\"id\":\"%s\"", seq->id);
    }
}

static const char *event_object(const struct sim_seq *seq)
{
    return seq->ask.chat ? "chat.completion.chunk" : "text_completion";
}

/* Renders the text of an event without its delta.  It has no closing brace: usage may follow. */
static void render_event(const struct sim *self, struct sim_seq *seq)
{
    struct bytes *out = &seq->event;
    bytes_clear(out);
    add(out, "data: ");
    if (is_vllm(self)) {
        add_vllm_start(seq, event_object(seq), out);
        add(out, "{\"index\":");
        seq->event_digit_at = out->len;
        add(out, seq->ask.chat ? "0,\"delta\":{" : "0,\"text\":\"");
        seq->event_delta_at = out->len;
        add(out, seq->ask.chat ? "},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]"
                               : "\",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null,"
                                 "\"prompt_token_ids\":null,\"token_ids\":null}]");
        return;
    }
    if (seq->ask.chat) {
        add(out, "{\"choices\":[{\"finish_reason\":null,\"index\":");
        seq->event_digit_at = out->len;
        add(out, "0,\"delta\":{");
        seq->event_delta_at = out->len;
        add(out, "}}");
    } else {
        add(out, "{\"choices\":[{\"text\":\"");
        seq->event_delta_at = out->len;
        add(out, "\",\"index\":");
        seq->event_digit_at = out->len;
        add(out, "0,\"logprobs\":null,\"finish_reason\":null}");
    }
    add_llamacpp_end(self, seq, event_object(seq), out);
}

void sim_reply_begin(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    render_id(self, conn);
    seq->created = (now_ns + self->options.wall_offset_ns) / NS_PER_S;
    seq->model = sim_route_model(self);
    if (seq->ask.stream) {
        render_event(self, seq);
    }
}

void sim_reply_stream_head(struct sim *self, struct sim_conn *conn, struct bytes *out)
{
    const struct sim_head head = {
        .status = 200,
        .stream = true,
        .type = is_vllm(self) ? "text/event-stream; charset=utf-8" : "text/event-stream"};
    sim_http_head(self, conn, &head, out);
    if (conn->seq.behaviour.null_first) {
        const size_t chunk = sim_http_chunk_begin(out);
        add(out, "data: null\n\n");
        sim_http_chunk_end(out, chunk);
    }
}

/* Usage of `tokens` generated tokens, in the style's order of keys. */
static void add_usage(
    const struct sim *self,
    const struct sim_seq *seq,
    uint32_t prompt_tokens,
    uint32_t tokens,
    struct bytes *out)
{
    if (is_vllm(self)) {
        add(out, "\"usage\":{\"prompt_tokens\":");
        bytes_add_i64(out, prompt_tokens);
        add(out, ",\"total_tokens\":");
        bytes_add_i64(out, (int64_t)prompt_tokens + tokens);
        add(out, ",\"completion_tokens\":");
        bytes_add_i64(out, tokens);
        if (self->habits->prefix_cache) {
            add(out, ",\"prompt_tokens_details\":{\"cached_tokens\":");
            bytes_add_i64(out, seq->cached_tokens);
            add(out, "}");
        }
        if (seq->behaviour.reasoning > 0) {
            add(out, ",\"completion_tokens_details\":{\"reasoning_tokens\":");
            bytes_add_i64(
                out, tokens < seq->behaviour.reasoning ? tokens : seq->behaviour.reasoning);
            add(out, "}");
        }
        add(out, "}");
        return;
    }
    bytes_add_format(
        out,
        "\"usage\":{\"completion_tokens\":%u,\"prompt_tokens\":%u,\"total_tokens\":%u,"
        "\"prompt_tokens_details\":{\"cached_tokens\":%u}}",
        tokens, prompt_tokens, prompt_tokens + tokens, seq->cached_tokens);
}

/* llama.cpp's own measurements. */
static void
add_timings(const struct sim *self, const struct sim_seq *seq, uint32_t tokens, struct bytes *out)
{
    const uint32_t prompt_n = seq->prompt_tokens - seq->cached_tokens;
    const double prompt_ms =
        seq->first_ns > 0 ? (double)(seq->first_ns - seq->arrived_ns) / (double)NS_PER_MS : 0.0;
    const double predicted_ms = seq->first_ns > 0 && tokens > 1
                                    ? (double)(self->now_ns - seq->first_ns) / (double)NS_PER_MS
                                    : 0.001;
    const double gaps = tokens > 1 ? (double)(tokens - 1) : 1.0;
    bytes_add_format(
        out,
        "\"timings\":{\"cache_n\":%u,\"prompt_n\":%u,\"prompt_ms\":%.3f,\"prompt_per_token_ms\":"
        "%.6g,\"prompt_per_second\":%.6g,\"predicted_n\":%u,\"predicted_ms\":%.3f,"
        "\"predicted_per_token_ms\":%.6g,\"predicted_per_second\":%.6g}",
        seq->cached_tokens, prompt_n, prompt_ms, prompt_ms / (prompt_n > 0 ? prompt_n : 1),
        prompt_ms > 0.0 ? prompt_n * 1e3 / prompt_ms : 0.0, tokens, predicted_ms,
        tokens > 1 ? predicted_ms / gaps : 0.0,
        tokens > 1 && predicted_ms > 0.0 ? gaps * 1e3 / predicted_ms : 0.0);
}

/* The event's text with this delta in place, still open for more members. */
static void add_event(
    const struct sim_seq *seq,
    uint32_t choice,
    const char *delta,
    size_t delta_len,
    struct bytes *out)
{
    const size_t begin = out->len;
    const size_t at = seq->event_delta_at;
    bytes_add(out, seq->event.data, at);
    bytes_add(out, delta, delta_len);
    bytes_add(out, seq->event.data + at, seq->event.len - at);
    if (choice > 0) {
        const size_t shift = seq->event_digit_at > at ? delta_len : 0;
        out->data[begin + seq->event_digit_at + shift] = (char)('0' + (char)choice);
    }
}

static void close_event(struct bytes *out)
{
    bytes_add(out, "}\n\n", 3);
}

static void add_role_event(
    const struct sim *self, const struct sim_seq *seq, uint32_t choice, struct bytes *out)
{
    if (!is_vllm(self)) {
        static const char delta[] = "\"role\":\"assistant\",\"content\":null";
        add_event(seq, choice, delta, sizeof(delta) - 1, out);
        close_event(out);
        return;
    }
    add(out, "data: ");
    add_vllm_start(seq, event_object(seq), out);
    bytes_add_format(
        out,
        "{\"index\":%u,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
        "\"finish_reason\":null}]",
        choice);
    if (seq->ask.continuous_usage && seq->behaviour.usage) {
        add(out, ",");
        add_usage(self, seq, seq->prompt_tokens, 0, out);
    }
    add(out, ",\"prompt_token_ids\":null,\"prompt_text\":null}\n\n");
}

void sim_reply_role(
    const struct sim *self, struct sim_conn *conn, uint32_t choice, struct bytes *out)
{
    const size_t chunk = sim_http_chunk_begin(out);
    add_role_event(self, &conn->seq, choice, out);
    sim_http_chunk_end(out, chunk);
}

enum delta_kind {
    DELTA_CONTENT,
    DELTA_REASONING,
    DELTA_TOOL,
    DELTA_TOOL_FIRST,
};

static enum delta_kind delta_kind(const struct sim_seq *seq, uint32_t token)
{
    if (!seq->ask.chat) {
        return DELTA_CONTENT;
    }
    if (token <= seq->behaviour.reasoning) {
        return DELTA_REASONING;
    }
    const uint32_t tools = seq->behaviour.tool_calls;
    if (token + tools > seq->total) {
        const bool first = token + tools == seq->total + 1 || token == 1;
        return first ? DELTA_TOOL_FIRST : DELTA_TOOL;
    }
    return DELTA_CONTENT;
}

/* Text of the tokens of an event, escaped for JSON. */
static void add_texts(const struct sim_seq *seq, const struct sim_event *event, struct bytes *out)
{
    const enum sim_text_kind kind = seq->behaviour.text;
    uint32_t group = event->group;
    if (kind == SIM_TEXT_EMOJI && group > 1) {
        group = 1; /* one character that took several tokens */
    }
    for (uint32_t k = event->token - group + 1; group > 0 && k <= event->token; k++) {
        if (seq->eos && k == seq->total) {
            break;
        }
        const struct sim_piece piece = sim_text_token(kind, seq->text_key, event->choice, k);
        bytes_add(out, piece.text, piece.len);
    }
}

static void add_delta(
    const struct sim *self,
    const struct sim_seq *seq,
    const struct sim_event *event,
    struct bytes *out)
{
    const char *end = "";
    if (seq->ask.chat) {
        end = "\"";
        switch (delta_kind(seq, event->token)) {
        case DELTA_CONTENT:
            add(out, "\"content\":\"");
            break;
        case DELTA_REASONING:
            bytes_add_format(out, "\"%s\":\"", seq->behaviour.reasoning_key);
            break;
        case DELTA_TOOL_FIRST:
            bytes_add_format(
                out,
                "\"tool_calls\":[{\"index\":0,\"id\":\"call_%llx\",\"type\":\"function\","
                "\"function\":{\"name\":\"lookup\",\"arguments\":\"",
                (unsigned long long)sim_hash(self->options.seed, &seq->text_key, 8));
            end = "\"}}]";
            break;
        case DELTA_TOOL:
            add(out, "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"");
            end = "\"}}]";
            break;
        }
    }
    add_texts(seq, event, out);
    add(out, end);
}

/* vLLM puts the finish reason of an answer that was cut into the last token's event. */
static bool finishes_with_token(const struct sim *self, const struct sim_seq *seq)
{
    return is_vllm(self) && strcmp(seq->finish, "length") == 0;
}

/* A vLLM event that ends a choice. */
static void add_vllm_last(
    const struct sim *self,
    const struct sim_seq *seq,
    uint32_t choice,
    const struct bytes *delta,
    struct bytes *out)
{
    add(out, "data: ");
    add_vllm_start(seq, event_object(seq), out);
    bytes_add_format(
        out, "{\"index\":%u,%s", choice, seq->ask.chat ? "\"delta\":{" : "\"text\":\"");
    bytes_add(out, delta->data, delta->len);
    bytes_add_format(
        out,
        "%s,\"logprobs\":null,\"finish_reason\":\"%s\",\"stop_reason\":null,%s\"token_ids\":"
        "null}]",
        seq->ask.chat ? "}" : "\"", seq->finish, seq->ask.chat ? "" : "\"prompt_token_ids\":null,");
    if (seq->ask.continuous_usage && seq->behaviour.usage) {
        add(out, ",");
        add_usage(self, seq, seq->prompt_tokens, seq->total * seq->choices, out);
    }
    if (!seq->ask.include_usage && choice == seq->choices - 1) {
        bytes_add_format(out, ",\"system_fingerprint\":\"vllm-%s\"", sim_route_version(self));
    }
    close_event(out);
}

static bool role_goes_first(const struct sim *self, const struct sim_seq *seq, uint32_t token)
{
    return !is_vllm(self) && seq->ask.chat && seq->behaviour.role &&
           token <= seq->behaviour.tokens_per_event &&
           !(seq->behaviour.tokens_per_event > 1 && seq->behaviour.partial == SIM_PARTIAL_HOLD);
}

void sim_reply_token(
    struct sim *self, struct sim_conn *conn, const struct sim_event *event, struct bytes *out)
{
    struct sim_seq *seq = &conn->seq;
    struct bytes *delta = &self->scratch;
    bytes_clear(delta);
    add_delta(self, seq, event, delta);
    const size_t chunk = sim_http_chunk_begin(out);
    if (role_goes_first(self, seq, event->token) && event->group > 0 &&
        event->token == event->group) {
        add_role_event(self, seq, event->choice, out);
    }
    if (event->group > 0 && event->token == seq->total && finishes_with_token(self, seq)) {
        add_vllm_last(self, seq, event->choice, delta, out);
        sim_http_chunk_end(out, chunk);
        return;
    }
    add_event(seq, event->choice, delta->data, delta->len, out);
    if (is_vllm(self) && seq->ask.continuous_usage && seq->behaviour.usage) {
        add(out, ",");
        const uint32_t tokens = (event->token - 1) * seq->choices + event->choice + 1;
        add_usage(self, seq, seq->prompt_tokens, tokens, out);
    } else if (!is_vllm(self) && seq->ask.timings_per_token) {
        add(out, ",");
        add_timings(self, seq, event->token, out);
    }
    close_event(out);
    sim_http_chunk_end(out, chunk);
}

/* llama.cpp: the finish event of a choice and, in the same chunk, its usage event. */
static void add_llamacpp_tail(
    const struct sim *self, const struct sim_seq *seq, uint32_t choice, struct bytes *out)
{
    const uint32_t prompt_tokens = seq->ask.prompt_tokens[choice / seq->ask.n];
    const size_t chunk = sim_http_chunk_begin(out);
    if (!seq->ask.chat) {
        bytes_add_format(
            out,
            "data: {\"choices\":[{\"text\":\"\",\"index\":%u,\"logprobs\":null,\"finish_reason\":"
            "\"%s\"}],\"created\":%lld,\"model\":\"%s\",\"system_fingerprint\":\"%s\",\"object\":"
            "\"text_completion\",",
            choice, seq->finish, (long long)seq->created, seq->model, sim_route_version(self));
        if (seq->behaviour.usage) {
            add_usage(self, seq, prompt_tokens, seq->total, out);
            add(out, ",");
        }
        bytes_add_format(out, "\"id\":\"%s\",", seq->id);
    } else {
        bytes_add_format(
            out, "data: {\"choices\":[{\"finish_reason\":\"%s\",\"index\":%u,\"delta\":{}}",
            seq->finish, choice);
        add_llamacpp_end(self, seq, event_object(seq), out);
        if (seq->ask.include_usage && seq->behaviour.usage) {
            close_event(out);
            add(out, "data: {\"choices\":[");
            add_llamacpp_end(self, seq, event_object(seq), out);
            add(out, ",");
            add_usage(self, seq, prompt_tokens, seq->total, out);
        }
        add(out, ",");
    }
    add_timings(self, seq, seq->total, out);
    close_event(out);
    sim_http_chunk_end(out, chunk);
}

static void add_vllm_tail(struct sim *self, const struct sim_seq *seq, struct bytes *out)
{
    for (uint32_t choice = 0; choice < seq->choices && !finishes_with_token(self, seq); choice++) {
        struct bytes *delta = &self->scratch;
        bytes_clear(delta);
        add(delta, seq->ask.chat ? "\"content\":\"\"" : "");
        const size_t chunk = sim_http_chunk_begin(out);
        add_vllm_last(self, seq, choice, delta, out);
        sim_http_chunk_end(out, chunk);
    }
    if (seq->ask.include_usage && seq->behaviour.usage) {
        const size_t chunk = sim_http_chunk_begin(out);
        add(out, "data: ");
        add_vllm_start(seq, event_object(seq), out);
        add(out, "],");
        add_usage(self, seq, seq->prompt_tokens, seq->total * seq->choices, out);
        bytes_add_format(out, ",\"system_fingerprint\":\"vllm-%s\"", sim_route_version(self));
        close_event(out);
        sim_http_chunk_end(out, chunk);
    }
}

void sim_reply_tail(struct sim *self, struct sim_conn *conn, struct bytes *out)
{
    const struct sim_seq *seq = &conn->seq;
    if (is_vllm(self)) {
        add_vllm_tail(self, seq, out);
    } else {
        for (uint32_t choice = 0; choice < seq->choices; choice++) {
            add_llamacpp_tail(self, seq, choice, out);
        }
    }
    add(out, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
}

/* The texts of tokens from..to of one choice. */
static void
add_span(const struct sim_seq *seq, uint32_t choice, uint32_t from, uint32_t to, struct bytes *out)
{
    const uint32_t group = seq->behaviour.tokens_per_event;
    for (uint32_t k = from; k <= to; k++) {
        if (k % group == 0 || k == seq->total) {
            const uint32_t size = k % group == 0 ? group : k % group;
            const struct sim_event event = {.choice = choice, .token = k, .group = size};
            add_texts(seq, &event, out);
        }
    }
}

static void
add_message(const struct sim *self, const struct sim_seq *seq, uint32_t choice, struct bytes *out)
{
    const uint32_t reasoning =
        seq->behaviour.reasoning < seq->total ? seq->behaviour.reasoning : seq->total;
    const uint32_t rest = seq->total - reasoning;
    const uint32_t tools = seq->behaviour.tool_calls < rest ? seq->behaviour.tool_calls : rest;
    add(out, "\"message\":{\"role\":\"assistant\",\"content\":\"");
    add_span(seq, choice, reasoning + 1, seq->total - tools, out);
    add(out, "\"");
    if (reasoning > 0) {
        bytes_add_format(out, ",\"%s\":\"", seq->behaviour.reasoning_key);
        add_span(seq, choice, 1, reasoning, out);
        add(out, "\"");
    }
    if (tools > 0) {
        add(out, ",\"tool_calls\":[{\"id\":\"call_0\",\"type\":\"function\",\"function\":{\"name\":"
                 "\"lookup\",\"arguments\":\"");
        add_span(seq, choice, seq->total - tools + 1, seq->total, out);
        add(out, "\"}}]");
    }
    if (is_vllm(self)) {
        add(out, ",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null");
    }
    add(out, "}");
}

static void
add_choice(const struct sim *self, const struct sim_seq *seq, uint32_t choice, struct bytes *out)
{
    if (is_vllm(self)) {
        bytes_add_format(out, "{\"index\":%u,", choice);
    } else if (seq->ask.chat) {
        bytes_add_format(out, "{\"finish_reason\":\"%s\",\"index\":%u,", seq->finish, choice);
    } else {
        add(out, "{");
    }
    if (seq->ask.chat) {
        add_message(self, seq, choice, out);
    } else {
        add(out, "\"text\":\"");
        add_span(seq, choice, 1, seq->total, out);
        add(out, "\"");
    }
    if (is_vllm(self)) {
        bytes_add_format(
            out,
            ",\"logprobs\":null,\"finish_reason\":\"%s\",\"stop_reason\":null,\"token_ids\":"
            "null}",
            seq->finish);
    } else if (seq->ask.chat) {
        add(out, "}");
    } else {
        bytes_add_format(
            out, ",\"index\":%u,\"logprobs\":null,\"finish_reason\":\"%s\"}", choice, seq->finish);
    }
}

static void add_whole(const struct sim *self, const struct sim_seq *seq, struct bytes *out)
{
    const char *object = seq->ask.chat ? "chat.completion" : "text_completion";
    if (is_vllm(self)) {
        add_vllm_start(seq, object, out);
    } else {
        add(out, "{\"choices\":[");
    }
    for (uint32_t choice = 0; choice < seq->choices; choice++) {
        if (choice > 0) {
            add(out, ",");
        }
        add_choice(self, seq, choice, out);
    }
    if (is_vllm(self)) {
        bytes_add_format(
            out, "],\"service_tier\":null,\"system_fingerprint\":\"vllm-%s\"",
            sim_route_version(self));
    } else {
        bytes_add_format(
            out,
            "],\"created\":%lld,\"model\":\"%s\",\"system_fingerprint\":\"%s\",\"object\":\"%s\"",
            (long long)seq->created, seq->model, sim_route_version(self), object);
    }
    if (seq->behaviour.usage) {
        add(out, ",");
        add_usage(self, seq, seq->prompt_tokens, seq->total * seq->choices, out);
    }
    if (is_vllm(self)) {
        add(out, ",\"prompt_logprobs\":null,\"kv_transfer_params\":null}");
        return;
    }
    bytes_add_format(out, ",\"id\":\"%s\",", seq->id);
    add_timings(self, seq, seq->total, out);
    add(out, "}");
}

void sim_reply_whole(struct sim *self, struct sim_conn *conn, int64_t now_ns, struct bytes *out)
{
    struct bytes *body = &self->scratch;
    bytes_clear(body);
    conn->seq.first_ns = now_ns;
    add_whole(self, &conn->seq, body);
    const struct sim_head head = {
        .status = 200,
        .type = is_vllm(self) ? "application/json" : "application/json; charset=utf-8",
        .length = body->len};
    sim_http_head(self, conn, &head, out);
    bytes_add(out, body->data, body->len);
}
