/* Pieces that both streams and whole answers are made of.  Keys and their order are those of the
 * recorded answers (vLLM 0.32, llama.cpp b10434). */
#include "sim/sim_render.h"

#include "base/clock.h"

static void add(struct bytes *out, const char *text)
{
    bytes_add_text(out, text);
}

void sim_render_vllm_start(const struct sim_seq *seq, const char *object, struct bytes *out)
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

void sim_render_llamacpp_end(
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

static void add_vllm_details(
    const struct sim *self,
    const struct sim_seq *seq,
    enum sim_usage_place place,
    uint32_t tokens,
    struct bytes *out)
{
    if (self->habits->prefix_cache) {
        add(out, ",\"prompt_tokens_details\":{\"cached_tokens\":");
        bytes_add_i64(out, seq->cached_tokens);
        add(out, "}");
    } else if (place == SIM_USAGE_WHOLE) {
        add(out, ",\"prompt_tokens_details\":null");
    }
    const uint32_t reasoning = seq->behaviour.reasoning;
    if (reasoning > 0) {
        add(out, ",\"completion_tokens_details\":{\"reasoning_tokens\":");
        bytes_add_i64(out, tokens < reasoning ? tokens : reasoning);
        add(out, "}");
    } else if (place != SIM_USAGE_LAST) {
        add(out, ",\"completion_tokens_details\":null");
    }
}

static void add_extra(const struct sim_seq *seq, struct bytes *out)
{
    if (seq->behaviour.usage_extra != NULL) {
        bytes_add_format(out, ",%s", seq->behaviour.usage_extra);
    }
}

void sim_render_vllm_usage(
    const struct sim *self,
    const struct sim_seq *seq,
    enum sim_usage_place place,
    uint32_t tokens,
    struct bytes *out)
{
    add(out, ",\"usage\":{\"prompt_tokens\":");
    bytes_add_i64(out, seq->prompt_tokens);
    add(out, ",\"total_tokens\":");
    bytes_add_i64(out, (int64_t)seq->prompt_tokens + tokens);
    add(out, ",\"completion_tokens\":");
    bytes_add_i64(out, tokens);
    add_vllm_details(self, seq, place, tokens, out);
    if (place != SIM_USAGE_EVENT) {
        add_extra(seq, out);
    }
    add(out, "}");
}

void sim_render_llamacpp_usage(
    const struct sim_seq *seq, uint32_t prompt_tokens, uint32_t tokens, struct bytes *out)
{
    bytes_add_format(
        out,
        "\"usage\":{\"completion_tokens\":%u,\"prompt_tokens\":%u,\"total_tokens\":%u,"
        "\"prompt_tokens_details\":{\"cached_tokens\":%u}",
        tokens, prompt_tokens, prompt_tokens + tokens, seq->cached_tokens);
    add_extra(seq, out);
    add(out, "}");
}

void sim_render_timings(
    const struct sim *self, const struct sim_seq *seq, uint32_t tokens, struct bytes *out)
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

void sim_render_texts(const struct sim_seq *seq, const struct sim_event *event, struct bytes *out)
{
    const enum sim_text_kind kind = seq->behaviour.text;
    uint32_t group = event->group;
    if (kind == SIM_TEXT_EMOJI && group > 1 && seq->answer == NULL) {
        group = 1; /* one character that took several tokens */
    }
    for (uint32_t k = event->token - group + 1; group > 0 && k <= event->token; k++) {
        if (seq->eos && k == seq->total) {
            break;
        }
        struct sim_piece piece = {"", 0};
        if (seq->answer != NULL) {
            piece = sim_answer_token(seq->answer, seq->answer_from, k);
        }
        if (piece.len == 0) {
            piece = sim_text_token(kind, seq->text_key, event->choice, k);
        }
        bytes_add(out, piece.text, piece.len);
    }
}
