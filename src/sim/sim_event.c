/* An event is the same text over and over around a small delta: the text is rendered once for each
 * request, and a token costs a few copies. */
#include "sim/sim_render.h"

#include <string.h>

static void add(struct bytes *out, const char *text)
{
    bytes_add_text(out, text);
}

static const char *event_object(const struct sim_seq *seq)
{
    return seq->ask.chat ? "chat.completion.chunk" : "text_completion";
}

void sim_render_event(const struct sim *self, struct sim_seq *seq)
{
    struct bytes *out = &seq->event;
    bytes_clear(out);
    add(out, "data: ");
    if (sim_is_vllm(self)) {
        sim_render_vllm_start(seq, event_object(seq), out);
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
    sim_render_llamacpp_end(self, seq, event_object(seq), out);
}

void sim_reply_stream_head(struct sim *self, struct sim_conn *conn, struct bytes *out)
{
    const struct sim_head head = {
        .status = 200,
        .stream = true,
        .type = sim_is_vllm(self) ? "text/event-stream; charset=utf-8" : "text/event-stream"};
    sim_http_head(self, conn, &head, out);
    if (conn->seq.behaviour.null_first) {
        const size_t chunk = sim_http_chunk_begin(out);
        add(out, "data: null\n\n");
        sim_http_chunk_end(out, chunk);
    }
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
    if (!sim_is_vllm(self)) {
        static const char delta[] = "\"role\":\"assistant\",\"content\":null";
        add_event(seq, choice, delta, sizeof(delta) - 1, out);
        close_event(out);
        return;
    }
    add(out, "data: ");
    sim_render_vllm_start(seq, event_object(seq), out);
    bytes_add_format(
        out,
        "{\"index\":%u,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
        "\"finish_reason\":null}]",
        choice);
    if (seq->ask.continuous_usage && seq->behaviour.usage) {
        sim_render_vllm_usage(self, seq, SIM_USAGE_EVENT, 0, out);
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
    sim_render_texts(seq, event, out);
    add(out, end);
}

/* vLLM puts the finish reason of an answer that was cut into the last token's event. */
static bool finishes_with_token(const struct sim *self, const struct sim_seq *seq)
{
    return sim_is_vllm(self) && strcmp(seq->finish, "length") == 0;
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
    sim_render_vllm_start(seq, event_object(seq), out);
    bytes_add_format(
        out, "{\"index\":%u,%s", choice, seq->ask.chat ? "\"delta\":{" : "\"text\":\"");
    bytes_add(out, delta->data, delta->len);
    bytes_add_format(
        out,
        "%s,\"logprobs\":null,\"finish_reason\":\"%s\",\"stop_reason\":null,%s\"token_ids\":"
        "null}]",
        seq->ask.chat ? "}" : "\"", seq->finish, seq->ask.chat ? "" : "\"prompt_token_ids\":null,");
    if (seq->ask.continuous_usage && seq->behaviour.usage) {
        sim_render_vllm_usage(self, seq, SIM_USAGE_EVENT, seq->total * seq->choices, out);
    }
    if (!seq->ask.include_usage && choice == seq->choices - 1) {
        bytes_add_format(out, ",\"system_fingerprint\":\"vllm-%s\"", sim_route_version(self));
    }
    close_event(out);
}

static bool role_goes_first(const struct sim *self, const struct sim_seq *seq, uint32_t token)
{
    return !sim_is_vllm(self) && seq->ask.chat && seq->behaviour.role &&
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
    if (sim_is_vllm(self) && seq->ask.continuous_usage && seq->behaviour.usage) {
        const uint32_t tokens = (event->token - 1) * seq->choices + event->choice + 1;
        sim_render_vllm_usage(self, seq, SIM_USAGE_EVENT, tokens, out);
    } else if (!sim_is_vllm(self) && seq->ask.timings_per_token) {
        add(out, ",");
        sim_render_timings(self, seq, event->token, out);
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
            sim_render_llamacpp_usage(seq, prompt_tokens, seq->total, out);
            add(out, ",");
        }
        bytes_add_format(out, "\"id\":\"%s\",", seq->id);
    } else {
        bytes_add_format(
            out, "data: {\"choices\":[{\"finish_reason\":\"%s\",\"index\":%u,\"delta\":{}}",
            seq->finish, choice);
        sim_render_llamacpp_end(self, seq, event_object(seq), out);
        if (seq->ask.include_usage && seq->behaviour.usage) {
            close_event(out);
            add(out, "data: {\"choices\":[");
            sim_render_llamacpp_end(self, seq, event_object(seq), out);
            add(out, ",");
            sim_render_llamacpp_usage(seq, prompt_tokens, seq->total, out);
        }
        add(out, ",");
    }
    sim_render_timings(self, seq, seq->total, out);
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
        sim_render_vllm_start(seq, event_object(seq), out);
        add(out, "]");
        sim_render_vllm_usage(self, seq, SIM_USAGE_LAST, seq->total * seq->choices, out);
        bytes_add_format(out, ",\"system_fingerprint\":\"vllm-%s\"", sim_route_version(self));
        close_event(out);
        sim_http_chunk_end(out, chunk);
    }
}

void sim_reply_tail(struct sim *self, struct sim_conn *conn, struct bytes *out)
{
    const struct sim_seq *seq = &conn->seq;
    if (sim_is_vllm(self)) {
        add_vllm_tail(self, seq, out);
    } else {
        for (uint32_t choice = 0; choice < seq->choices; choice++) {
            add_llamacpp_tail(self, seq, choice, out);
        }
    }
    add(out, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
}
