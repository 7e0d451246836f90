/* Answers in one piece, and what is common to all answers of a request. */
#include "base/clock.h"
#include "sim/sim_render.h"

#include <stdio.h>

static void add(struct bytes *out, const char *text)
{
    bytes_add_text(out, text);
}

static void render_id(struct sim *self, struct sim_conn *conn)
{
    struct sim_seq *seq = &conn->seq;
    const char *prefix = sim_is_vllm(self) && !seq->ask.chat ? "cmpl" : "chatcmpl";
    (void)snprintf(
        seq->id, sizeof(seq->id), "%s-%016llx", prefix,
        (unsigned long long)sim_hash(self->options.seed, &seq->number, sizeof(seq->number)));
}

void sim_reply_begin(struct sim *self, struct sim_conn *conn, int64_t now_ns)
{
    struct sim_seq *seq = &conn->seq;
    render_id(self, conn);
    seq->created = (now_ns + self->options.wall_offset_ns) / NS_PER_S;
    seq->model = sim_route_model(self);
    if (seq->ask.stream) {
        sim_render_event(self, seq);
    }
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
            sim_render_texts(seq, &event, out);
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
    if (sim_is_vllm(self)) {
        add(out, ",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null");
        add(out, reasoning == 0 ? ",\"reasoning\":null" : "");
    }
    add(out, "}");
}

static void
add_choice(const struct sim *self, const struct sim_seq *seq, uint32_t choice, struct bytes *out)
{
    if (sim_is_vllm(self)) {
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
    if (sim_is_vllm(self)) {
        bytes_add_format(
            out,
            ",\"logprobs\":null,\"finish_reason\":\"%s\",\"stop_reason\":null,\"token_ids\":null",
            seq->finish);
        add(out, seq->ask.chat ? "" : ",\"prompt_logprobs\":null,\"prompt_token_ids\":null");
        add(out, ",\"routed_experts\":null}");
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
    if (sim_is_vllm(self)) {
        sim_render_vllm_start(seq, object, out);
    } else {
        add(out, "{\"choices\":[");
    }
    for (uint32_t choice = 0; choice < seq->choices; choice++) {
        if (choice > 0) {
            add(out, ",");
        }
        add_choice(self, seq, choice, out);
    }
    if (sim_is_vllm(self)) {
        bytes_add_format(
            out, "],\"service_tier\":null,\"system_fingerprint\":\"vllm-%s\"",
            sim_route_version(self));
    } else {
        bytes_add_format(
            out,
            "],\"created\":%lld,\"model\":\"%s\",\"system_fingerprint\":\"%s\",\"object\":\"%s\"",
            (long long)seq->created, seq->model, sim_route_version(self), object);
    }
    if (sim_is_vllm(self)) {
        if (seq->behaviour.usage) {
            sim_render_vllm_usage(self, seq, SIM_USAGE_WHOLE, seq->total * seq->choices, out);
        }
        add(out, seq->ask.chat ? ",\"prompt_logprobs\":null,\"prompt_token_ids\":null,"
                                 "\"prompt_text\":null"
                               : "");
        add(out, ",\"kv_transfer_params\":null,\"ec_transfer_params\":null,\"metrics\":null}");
        return;
    }
    if (seq->behaviour.usage) {
        add(out, ",");
        sim_render_llamacpp_usage(seq, seq->prompt_tokens, seq->total * seq->choices, out);
    }
    bytes_add_format(out, ",\"id\":\"%s\",", seq->id);
    sim_render_timings(self, seq, seq->total, out);
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
        .type = sim_is_vllm(self) ? "application/json" : "application/json; charset=utf-8",
        .length = body->len};
    sim_http_head(self, conn, &head, out);
    bytes_add(out, body->data, body->len);
}
