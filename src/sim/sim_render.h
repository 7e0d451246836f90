/* sim_render.h - pieces of answers, shared by streams and whole answers.  Private to src/sim. */
#pragma once

#include "sim/sim_core.h"

/* Where usage stands decides which details vLLM names although it has none. */
enum sim_usage_place {
    SIM_USAGE_EVENT, /* continuous usage */
    SIM_USAGE_LAST,  /* the event after the finish */
    SIM_USAGE_WHOLE,
};

/* id, object, created, model: the members that every vLLM answer starts with, up to "choices":[ */
void sim_render_vllm_start(const struct sim_seq *seq, const char *object, struct bytes *out);

/* The members that every llama.cpp event has after its choices, from the ']' that ends them. */
void sim_render_llamacpp_end(
    const struct sim *self, const struct sim_seq *seq, const char *object, struct bytes *out);

/* ,"usage":{...} with `tokens` generated tokens of all choices. */
void sim_render_vllm_usage(
    const struct sim *self,
    const struct sim_seq *seq,
    enum sim_usage_place place,
    uint32_t tokens,
    struct bytes *out);

/* "usage":{...} of one choice: llama.cpp counts each apart. */
void sim_render_llamacpp_usage(
    const struct sim_seq *seq, uint32_t prompt_tokens, uint32_t tokens, struct bytes *out);

/* "timings":{...}, llama.cpp's own measurements. */
void sim_render_timings(
    const struct sim *self, const struct sim_seq *seq, uint32_t tokens, struct bytes *out);

/* Text of the tokens of an event, escaped for JSON. */
void sim_render_texts(const struct sim_seq *seq, const struct sim_event *event, struct bytes *out);

/* Renders seq->event: an event without its delta and without its closing brace (usage may follow). */
void sim_render_event(const struct sim *self, struct sim_seq *seq);
