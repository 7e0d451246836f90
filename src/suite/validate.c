/* A rule writes its line, or nothing. */
#include "suite/validate.h"

#include "base/text.h"
#include "codec/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

uint64_t validation_tokens_min(const struct prompt *prompt)
{
    /* Words and marks are a token each at least. */
    if (prompt->input_tokens > 0 || prompt->n_nominal > 0) {
        return prompt->input_tokens > 0 ? prompt->input_tokens : prompt->n_nominal;
    }
    uint64_t n_bytes = 0;
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        n_bytes += strlen(prompt->messages[i].content);
    }
    return n_bytes / VALIDATION_TOKEN_BYTES;
}

static void check_answer_room(const struct validation *self, char text[VALIDATION_TEXT])
{
    const uint32_t limit = self->identity->max_model_len;
    if (limit > 0 && self->shape->max_tokens >= limit) {
        (void)snprintf(
            text, VALIDATION_TEXT,
            "max_tokens %" PRIu32 " leaves no room for a prompt in the engine's context of %" PRIu32
            " tokens",
            self->shape->max_tokens, limit);
    }
}

/* Tokens that prompt and answer need together, at least. */
static uint64_t need_of(const struct validation *self, const struct prompt *prompt)
{
    const uint32_t answer = prompt->max_tokens > 0 ? prompt->max_tokens : self->shape->max_tokens;
    const uint64_t least = validation_tokens_min(prompt);
    /* One that will be made as long as was asked for has that length, template and salt included. */
    return (prompt->input_tokens > least ? prompt->input_tokens : least) + answer;
}

static void check_context(const struct validation *self, char text[VALIDATION_TEXT])
{
    const uint32_t limit = self->identity->max_model_len;
    const struct prompt_set *prompts = self->prompts;
    uint32_t n = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; limit > 0 && i < prompts->n; i++) {
        const uint64_t need = need_of(self, &prompts->prompts[i]);
        n += need > limit ? 1 : 0;
        most = need > most ? need : most;
    }
    /* One that leaves no room for any prompt has been told of already. */
    if (n > 0 && self->shape->max_tokens < limit) {
        (void)snprintf(
            text, VALIDATION_TEXT,
            "%" PRIu32 " of %" PRIu32 " prompts do not fit the engine's context of %" PRIu32
            " tokens: the longest needs at least %" PRIu64 " with its answer",
            n, prompts->n, limit, most);
    }
}

static void check_ignore_eos(const struct validation *self, char text[VALIDATION_TEXT])
{
    if (self->shape->ignore_eos && !self->engine->ignore_eos) {
        (void)snprintf(
            text, VALIDATION_TEXT, "engine %s has no ignore_eos: answers end by themselves",
            self->engine->name);
    }
}

static void check_slo_kind(const struct validation *self, char text[VALIDATION_TEXT])
{
    if (self->slo->for_kind == SLO_FOR_ANY) {
        return;
    }
    const bool quality = self->spec->kind == SPEC_QUALITY;
    if ((self->slo->for_kind == SLO_FOR_QUALITY) != quality) {
        (void)snprintf(
            text, VALIDATION_TEXT, "SLO template %s is for %s benchmarks; %s is a %s benchmark",
            self->slo->id, quality ? "perf" : "quality", self->spec->id,
            quality ? "quality" : "perf");
    }
}

static void check_slo_stream(const struct validation *self, char text[VALIDATION_TEXT])
{
    const struct slo_limits *limits = &self->slo->limits;
    if (!self->shape->stream && (!isinf(limits->ttft_ms) || !isinf(limits->tpot_ms))) {
        (void)snprintf(
            text, VALIDATION_TEXT,
            "SLO template %s limits TTFT or TPOT, which answers without a stream do not have: only "
            "its total counts",
            self->slo->id);
    }
}

static void check_extra_body(const struct validation *self, char text[VALIDATION_TEXT])
{
    static const char *const set_elsewhere[] = {
        "max_tokens", "max_completion_tokens", "temperature", "ignore_eos", "seed"};
    if (self->shape->extra_body == NULL) {
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *body = NULL;
    struct error ignored = {0}; /* what is no JSON is refused when requests are rendered */
    const char *given = self->shape->extra_body;
    if (json_parse(&arena, "extra_body", given, strlen(given), &body, &ignored) < 0) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(set_elsewhere); i++) {
        if (body->kind == JSON_OBJECT && json_find(body, set_elsewhere[i]) != NULL) {
            (void)snprintf(
                text, VALIDATION_TEXT,
                "'%s' of the extra body is sent in place of what the benchmark and the options say",
                set_elsewhere[i]);
            return;
        }
    }
}

static void check_temperature(const struct validation *self, char text[VALIDATION_TEXT])
{
    if (self->spec->kind == SPEC_QUALITY && self->shape->temperature > 0.0) {
        (void)snprintf(
            text, VALIDATION_TEXT,
            "temperature %g draws answers by chance: accuracy differs from run to run",
            self->shape->temperature);
    }
}

static void (*const rules[])(const struct validation *self, char text[VALIDATION_TEXT]) = {
    check_answer_room, check_context,    check_ignore_eos,  check_slo_kind,
    check_slo_stream,  check_extra_body, check_temperature,
};

void spec_validate(
    const struct validation *self, void (*found)(void *context, const char *text), void *context)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        char text[VALIDATION_TEXT] = "";
        rules[i](self, text);
        if (text[0] != '\0') {
            found(context, text);
        }
    }
}
