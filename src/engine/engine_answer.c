/* One grammar reads events and whole answers of every engine: an event's "delta" and an answer's
 * "message" have the same members, a completion has "text" instead.
 *
 * What is generated text: content, refusal, reasoning, and the names and arguments of tool calls, when
 * not empty.  A delta without any is ANSWER_ROLE: engines send such deltas first (role), for partial
 * characters and while a prompt is worked on, and none of them is a token.
 *
 * Counts: `usage` where it is there, else llama.cpp's `timings`, whose prompt_n leaves out what came
 * from the cache.
 *
 * Cost: `usage.cost`, once in an answer, at its end; it is read without memory or locale.
 * Source: https://openrouter.ai/docs/use-cases/usage-accounting;
 * REAL-ENGINES.md 2-6; https://platform.openai.com/docs/api-reference/chat-streaming;
 * https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md. */
#include "base/text.h"
#include "engine/answer.h"
#include "engine/engine_openai.h"

#include <math.h>
#include <string.h>

enum {
    USD_LITERAL_MAX = 64
};

/* More than any request costs: what is larger is in another unit. */
#define USD_MAX 1e6

static bool add_text(struct answer_reader *self, enum answer_what what)
{
    struct answer_event *out = self->out;
    if (self->pull.len == 0) {
        return true;
    }
    if (out->n_texts == ANSWER_TEXTS_MAX) {
        return answer_fail(self, "the answer has too many pieces of text");
    }
    out->texts[out->n_texts] = (struct answer_text){
        .raw = self->pull.text,
        .len = self->pull.len,
        .escaped = self->pull.escaped,
        .content = what == ANSWER_CONTENT,
    };
    out->n_texts++;
    out->what |= (unsigned)what;
    self->has_text = true;
    return true;
}

static bool read_text(struct answer_reader *self, enum json_token value, enum answer_what what)
{
    if (value == JSON_TOKEN_NULL) {
        return true;
    }
    if (value != JSON_TOKEN_STRING) {
        return answer_fail(self, "generated text is not a string");
    }
    return add_text(self, what);
}

static bool read_content(struct answer_reader *self, enum json_token value)
{
    return read_text(self, value, ANSWER_CONTENT);
}

/* Some servers send the same text under the old and the new name in one delta: take one of them. */
static bool read_reasoning(struct answer_reader *self, enum json_token value)
{
    if (self->has_reasoning) {
        return answer_skip(self, value);
    }
    const unsigned before = self->out->n_texts;
    const bool ok = read_text(self, value, ANSWER_REASONING);
    self->has_reasoning = self->out->n_texts > before;
    return ok;
}

static bool read_tool_text(struct answer_reader *self, enum json_token value)
{
    return read_text(self, value, ANSWER_TOOL);
}

static answer_read *function_members(const char *key, size_t len)
{
    ANSWER_MEMBER("name", read_tool_text);
    ANSWER_MEMBER("arguments", read_tool_text);
    return NULL;
}

static bool read_function(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_NULL) {
        return true;
    }
    if (value != JSON_TOKEN_OBJECT_BEGIN) {
        return answer_fail(self, "a function call is not an object");
    }
    return answer_read_object(self, function_members);
}

/* An array of objects with these members, or null. */
static bool read_array(
    struct answer_reader *self,
    enum json_token value,
    bool (*read_element)(struct answer_reader *self),
    const char *fault)
{
    if (value == JSON_TOKEN_NULL) {
        return true;
    }
    if (value != JSON_TOKEN_ARRAY_BEGIN) {
        return answer_fail(self, fault);
    }
    for (;;) {
        const enum json_token token = json_pull_next(&self->pull);
        if (token == JSON_TOKEN_ARRAY_END) {
            return true;
        }
        if (token != JSON_TOKEN_OBJECT_BEGIN) {
            return token != JSON_TOKEN_ERROR ? answer_fail(self, fault) : false;
        }
        if (!read_element(self)) {
            return false;
        }
    }
}

static answer_read *tool_members(const char *key, size_t len)
{
    ANSWER_MEMBER("function", read_function);
    return NULL;
}

static bool read_tool_call(struct answer_reader *self)
{
    return answer_read_object(self, tool_members);
}

static bool read_tool_calls(struct answer_reader *self, enum json_token value)
{
    return read_array(self, value, read_tool_call, "tool_calls is not an array of objects");
}

static answer_read *delta_members(const char *key, size_t len)
{
    ANSWER_MEMBER("content", read_content);
    ANSWER_MEMBER("reasoning_content", read_reasoning);
    ANSWER_MEMBER("reasoning", read_reasoning);
    ANSWER_MEMBER("tool_calls", read_tool_calls);
    ANSWER_MEMBER("function_call", read_function);
    ANSWER_MEMBER("refusal", read_content);
    return NULL;
}

static bool read_delta(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_NULL) {
        return true;
    }
    if (value != JSON_TOKEN_OBJECT_BEGIN) {
        return answer_fail(self, "a delta is not an object");
    }
    self->has_reasoning = false;
    return answer_read_object(self, delta_members);
}

static bool read_finish(struct answer_reader *self, enum json_token value)
{
    if (value != JSON_TOKEN_STRING) {
        return answer_skip(self, value);
    }
    struct answer_event *out = self->out;
    const size_t room = sizeof(out->finish) - 1;
    const size_t len = self->pull.len < room ? self->pull.len : room;
    memcpy(out->finish, self->pull.text, len);
    out->finish[len] = '\0';
    out->what |= ANSWER_FINISH;
    self->has_finish = true;
    return true;
}

static answer_read *choice_members(const char *key, size_t len)
{
    ANSWER_MEMBER("delta", read_delta);
    ANSWER_MEMBER("text", read_content);
    ANSWER_MEMBER("message", read_delta);
    ANSWER_MEMBER("finish_reason", read_finish);
    return NULL;
}

static bool read_choice(struct answer_reader *self)
{
    self->has_choice = true;
    self->has_text = false;
    self->has_finish = false;
    if (!answer_read_object(self, choice_members)) {
        return false;
    }
    if (!self->has_text && !self->has_finish) {
        self->is_empty = true;
    }
    return true;
}

static bool read_choices(struct answer_reader *self, enum json_token value)
{
    return read_array(self, value, read_choice, "choices is not an array of objects");
}

/* Counts of the wrong type are taken as not told: the envelope then says that tokens were counted
 * by events. */
static bool read_count(struct answer_reader *self, enum json_token value, int32_t *out)
{
    if (value == JSON_TOKEN_NUMBER) {
        *out = answer_count(self);
    }
    return answer_skip(self, value);
}

static bool read_prompt_tokens(struct answer_reader *self, enum json_token value)
{
    return read_count(self, value, &self->out->prompt_tokens);
}

static bool read_completion_tokens(struct answer_reader *self, enum json_token value)
{
    return read_count(self, value, &self->out->completion_tokens);
}

static bool read_cached_tokens(struct answer_reader *self, enum json_token value)
{
    return read_count(self, value, &self->out->cached_tokens);
}

static bool read_reasoning_tokens(struct answer_reader *self, enum json_token value)
{
    return read_count(self, value, &self->out->reasoning_tokens);
}

static bool
read_optional_object(struct answer_reader *self, enum json_token value, answer_members *members)
{
    if (value != JSON_TOKEN_OBJECT_BEGIN) {
        return answer_skip(self, value);
    }
    return answer_read_object(self, members);
}

static answer_read *prompt_detail_members(const char *key, size_t len)
{
    ANSWER_MEMBER("cached_tokens", read_cached_tokens);
    return NULL;
}

static bool read_prompt_details(struct answer_reader *self, enum json_token value)
{
    return read_optional_object(self, value, prompt_detail_members);
}

static answer_read *completion_detail_members(const char *key, size_t len)
{
    ANSWER_MEMBER("reasoning_tokens", read_reasoning_tokens);
    return NULL;
}

static bool read_completion_details(struct answer_reader *self, enum json_token value)
{
    return read_optional_object(self, value, completion_detail_members);
}

/* An amount of USD that is 0 or more; anything else is taken as not told. */
static bool read_usd(struct answer_reader *self, enum json_token value, double *out)
{
    char literal[USD_LITERAL_MAX];
    const size_t len = self->pull.len;
    if (value == JSON_TOKEN_NUMBER && len < sizeof(literal)) {
        memcpy(literal, self->pull.text, len);
        literal[len] = '\0';
        const double usd = text_to_f64(literal);
        *out = usd >= 0.0 && usd <= USD_MAX ? usd : (double)NAN;
    }
    return answer_skip(self, value);
}

static bool read_cost(struct answer_reader *self, enum json_token value)
{
    return read_usd(self, value, &self->cost);
}

static bool read_upstream_cost(struct answer_reader *self, enum json_token value)
{
    return read_usd(self, value, &self->upstream_cost);
}

static answer_read *cost_detail_members(const char *key, size_t len)
{
    ANSWER_MEMBER("upstream_inference_cost", read_upstream_cost);
    return NULL;
}

static bool read_cost_details(struct answer_reader *self, enum json_token value)
{
    return read_optional_object(self, value, cost_detail_members);
}

static bool read_is_byok(struct answer_reader *self, enum json_token value)
{
    self->is_byok = value == JSON_TOKEN_TRUE;
    return answer_skip(self, value);
}

/* SGLang tells reasoning_tokens in usage itself; OpenRouter, and LiteLLM where it is set up so, the
 * cost. */
static answer_read *usage_members(const char *key, size_t len)
{
    ANSWER_MEMBER("prompt_tokens", read_prompt_tokens);
    ANSWER_MEMBER("completion_tokens", read_completion_tokens);
    ANSWER_MEMBER("prompt_tokens_details", read_prompt_details);
    ANSWER_MEMBER("completion_tokens_details", read_completion_details);
    ANSWER_MEMBER("reasoning_tokens", read_reasoning_tokens);
    ANSWER_MEMBER("cost", read_cost);
    ANSWER_MEMBER("cost_details", read_cost_details);
    ANSWER_MEMBER("is_byok", read_is_byok);
    return NULL;
}

static bool read_usage(struct answer_reader *self, enum json_token value)
{
    return read_optional_object(self, value, usage_members);
}

static bool read_timing(struct answer_reader *self, enum json_token value, int64_t *out)
{
    if (value == JSON_TOKEN_NUMBER) {
        *out = answer_count(self);
    }
    return answer_skip(self, value);
}

static bool read_prompt_n(struct answer_reader *self, enum json_token value)
{
    return read_timing(self, value, &self->timing_prompt);
}

static bool read_cache_n(struct answer_reader *self, enum json_token value)
{
    return read_timing(self, value, &self->timing_cached);
}

static bool read_predicted_n(struct answer_reader *self, enum json_token value)
{
    return read_timing(self, value, &self->timing_predicted);
}

static answer_read *timing_members(const char *key, size_t len)
{
    ANSWER_MEMBER("prompt_n", read_prompt_n);
    ANSWER_MEMBER("cache_n", read_cache_n);
    ANSWER_MEMBER("predicted_n", read_predicted_n);
    return NULL;
}

static bool read_timings(struct answer_reader *self, enum json_token value)
{
    return read_optional_object(self, value, timing_members);
}

static bool read_progress(struct answer_reader *self, enum json_token value)
{
    self->is_progress = self->is_progress || value == JSON_TOKEN_OBJECT_BEGIN;
    return answer_skip(self, value);
}

static bool read_model(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_STRING) {
        self->out->model = self->pull.text;
        self->out->model_len = self->pull.len;
    }
    return answer_skip(self, value);
}

static answer_read *top_members(const char *key, size_t len)
{
    ANSWER_MEMBER("choices", read_choices);
    ANSWER_MEMBER("usage", read_usage);
    ANSWER_MEMBER("model", read_model);
    ANSWER_MEMBER("timings", read_timings);
    ANSWER_MEMBER("object", answer_read_object_kind);
    ANSWER_MEMBER("prompt_progress", read_progress);
    ANSWER_MEMBER("error", answer_read_error);
    ANSWER_MEMBER("message", answer_read_message_text);
    return NULL;
}

/* llama.cpp's own counts stand in for those that usage did not give. */
static void use_timings(struct answer_reader *self)
{
    struct answer_event *out = self->out;
    if (out->completion_tokens < 0) {
        out->completion_tokens = (int32_t)self->timing_predicted;
    }
    if (out->cached_tokens < 0) {
        out->cached_tokens = (int32_t)self->timing_cached;
    }
    if (out->prompt_tokens < 0 && self->timing_prompt >= 0) {
        const int64_t cached = self->timing_cached > 0 ? self->timing_cached : 0;
        const int64_t all = self->timing_prompt + cached;
        out->prompt_tokens = all <= INT32_MAX ? (int32_t)all : -1;
    }
}

/* With a key of one's own (is_byok) `cost` is the gateway's fee, and the upstream provider sends its own
 * bill. */
static void use_cost(struct answer_reader *self)
{
    self->out->cost_usd = self->is_byok ? self->cost + self->upstream_cost : self->cost;
}

static void conclude(struct answer_reader *self)
{
    struct answer_event *out = self->out;
    use_timings(self);
    use_cost(self);
    if (out->completion_tokens >= 0) {
        out->what |= ANSWER_USAGE;
        out->tokens_so_far = self->has_choice ? out->completion_tokens : -1;
    }
    if (self->is_error) {
        out->what |= ANSWER_ERROR;
        out->error = self->message != NULL ? self->message : "";
        out->error_len = self->message_len;
    }
    const unsigned told =
        ANSWER_CONTENT | ANSWER_REASONING | ANSWER_TOOL | ANSWER_FINISH | ANSWER_ERROR;
    if (self->is_empty && !self->is_progress && (out->what & told) == 0) {
        out->what |= ANSWER_ROLE;
    }
    if (out->what == 0) {
        out->what = ANSWER_NOTHING;
    }
}

static bool fail_with(struct answer_reader *self)
{
    const char *what = "not a JSON object";
    if (self->pull.error != NULL) {
        what = self->pull.error;
    } else if (self->fault != NULL) {
        what = self->fault;
    }
    self->out->error = what;
    self->out->error_len = strlen(what);
    return false;
}

/* Reads the whole text as one object; `null` is allowed where `or_null` says so. */
static bool read_top(struct answer_reader *self, bool or_null)
{
    const enum json_token token = json_pull_next(&self->pull);
    const bool is_null = or_null && token == JSON_TOKEN_NULL;
    if (token != JSON_TOKEN_OBJECT_BEGIN && !is_null) {
        return fail_with(self);
    }
    if (!is_null && !answer_read_object(self, top_members)) {
        return fail_with(self);
    }
    if (json_pull_next(&self->pull) != JSON_TOKEN_END) {
        return fail_with(self);
    }
    conclude(self);
    return true;
}

static bool is_done_mark(const char *data, size_t len)
{
    static const char mark[] = "[DONE]";
    while (len > 0 && (data[len - 1] == ' ' || data[len - 1] == '\r' || data[len - 1] == '\n')) {
        len--;
    }
    while (len > 0 && *data == ' ') {
        data++;
        len--;
    }
    return len == sizeof(mark) - 1 && memcmp(data, mark, len) == 0;
}

bool openai_read_event(const char *data, size_t len, struct answer_event *out)
{
    struct answer_reader reader;
    answer_reader_init(&reader, data, len, out);
    if (is_done_mark(data, len)) {
        out->what = ANSWER_DONE;
        return true;
    }
    return read_top(&reader, true);
}

bool openai_read_body(const char *data, size_t len, struct answer_event *out)
{
    struct answer_reader reader;
    answer_reader_init(&reader, data, len, out);
    if (!read_top(&reader, false)) {
        return false;
    }
    if (!reader.has_choice && !reader.is_error) {
        (void)answer_fail(&reader, "the answer has no choices");
        return fail_with(&reader);
    }
    return true;
}
