/* One pass with the pull reader.  Fields that the simulation does not know are skipped, as real
 * servers do with most. */
#include "sim/sim_ask.h"

#include "codec/json_pull.h"

#include <string.h>

#define HASH_A UINT64_C(0x9E3779B97F4A7C15)
#define HASH_B UINT64_C(0xD6E8FEB86659FD93)

static uint64_t hash_mix(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)(a ^ HASH_A) * (b ^ HASH_B);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t sim_hash(uint64_t from, const void *data, size_t len)
{
    const char *at = data;
    uint64_t hash = hash_mix(from, len);
    while (len >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, at, sizeof(word));
        hash = hash_mix(hash, word);
        at += sizeof(word);
        len -= sizeof(word);
    }
    if (len > 0) {
        uint64_t word = 0;
        memcpy(&word, at, len);
        hash = hash_mix(hash, word);
    }
    return hash;
}

uint32_t sim_ask_count(const char *text, size_t len)
{
    enum {
        TOKEN_BYTES = 4
    };

    uint32_t tokens = 0;
    uint32_t run = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
            run = 0;
        } else {
            tokens += run % TOKEN_BYTES == 0;
            run++;
        }
    }
    return tokens;
}

/* Reading state: the pull reader and where its results go. */
struct ask_reader {
    struct json_pull pull;
    struct sim_ask *ask;
    bool has_messages;
};

static void ask_fail(struct ask_reader *self, enum sim_ask_error error)
{
    if (self->ask->error == SIM_ASK_OK) {
        self->ask->error = error;
    }
}

/* Skips the rest of a value of which `token` was just read. */
static bool skip_value(struct ask_reader *self, enum json_token token)
{
    if (token == JSON_TOKEN_OBJECT_BEGIN || token == JSON_TOKEN_ARRAY_BEGIN) {
        return json_pull_skip(&self->pull);
    }
    return token != JSON_TOKEN_ERROR;
}

static bool read_flag(struct ask_reader *self, bool *out)
{
    const enum json_token token = json_pull_next(&self->pull);
    if (token == JSON_TOKEN_TRUE || token == JSON_TOKEN_FALSE) {
        *out = token == JSON_TOKEN_TRUE;
    }
    return skip_value(self, token);
}

static bool read_count(struct ask_reader *self, uint32_t *out)
{
    const enum json_token token = json_pull_next(&self->pull);
    int64_t value = 0;
    if (token == JSON_TOKEN_NUMBER && json_pull_i64(&self->pull, &value) && value >= 0) {
        *out = value < SIM_TOKENS_UNSET ? (uint32_t)value : SIM_TOKENS_UNSET - 1;
    } else if (token != JSON_TOKEN_NULL) {
        ask_fail(self, SIM_ASK_MAX_TOKENS);
    }
    return skip_value(self, token);
}

static bool read_model(struct ask_reader *self)
{
    const enum json_token token = json_pull_next(&self->pull);
    if (token == JSON_TOKEN_STRING) {
        const size_t len =
            self->pull.len < SIM_MODEL_MAX - 1 ? self->pull.len : (size_t)SIM_MODEL_MAX - 1;
        memcpy(self->ask->model, self->pull.text, len);
        self->ask->model[len] = '\0';
    }
    return skip_value(self, token);
}

static bool read_stream_options(struct ask_reader *self)
{
    enum json_token token = json_pull_next(&self->pull);
    if (token != JSON_TOKEN_OBJECT_BEGIN) {
        return skip_value(self, token);
    }
    self->ask->has_stream_options = true;
    while ((token = json_pull_next(&self->pull)) == JSON_TOKEN_KEY) {
        bool ok = true;
        if (json_pull_is(&self->pull, "include_usage")) {
            ok = read_flag(self, &self->ask->include_usage);
        } else if (json_pull_is(&self->pull, "continuous_usage_stats")) {
            ok = read_flag(self, &self->ask->continuous_usage);
        } else {
            ok = json_pull_skip(&self->pull);
        }
        if (!ok) {
            return false;
        }
    }
    return token == JSON_TOKEN_OBJECT_END;
}

static void add_text(struct ask_reader *self, uint32_t *tokens)
{
    *tokens += sim_ask_count(self->pull.text, self->pull.len);
    self->ask->prompt_hash = sim_hash(self->ask->prompt_hash, self->pull.text, self->pull.len);
}

/* Content as an array of parts: texts are the strings under "text". */
static bool read_parts(struct ask_reader *self, uint32_t *tokens)
{
    const unsigned depth = self->pull.depth;
    while (self->pull.depth >= depth) {
        enum json_token token = json_pull_next(&self->pull);
        if (token == JSON_TOKEN_ERROR || token == JSON_TOKEN_END) {
            return false;
        }
        if (token != JSON_TOKEN_KEY || !json_pull_is(&self->pull, "text")) {
            continue;
        }
        token = json_pull_next(&self->pull);
        if (token == JSON_TOKEN_STRING) {
            add_text(self, tokens);
        } else if (!skip_value(self, token)) {
            return false;
        }
    }
    return true;
}

static bool read_content(struct ask_reader *self, uint32_t *tokens)
{
    const enum json_token token = json_pull_next(&self->pull);
    if (token == JSON_TOKEN_STRING) {
        add_text(self, tokens);
        return true;
    }
    if (token == JSON_TOKEN_ARRAY_BEGIN) {
        return read_parts(self, tokens);
    }
    return skip_value(self, token);
}

static bool read_message(struct ask_reader *self)
{
    bool has_role = false;
    enum json_token token;
    while ((token = json_pull_next(&self->pull)) == JSON_TOKEN_KEY) {
        bool ok = true;
        if (json_pull_is(&self->pull, "content")) {
            ok = read_content(self, &self->ask->prompt_tokens[0]);
        } else {
            has_role = has_role || json_pull_is(&self->pull, "role");
            ok = json_pull_skip(&self->pull);
        }
        if (!ok) {
            return false;
        }
    }
    self->ask->prompt_tokens[0] += SIM_MESSAGE_TOKENS;
    if (!has_role) {
        ask_fail(self, SIM_ASK_NO_ROLE);
    }
    return token == JSON_TOKEN_OBJECT_END;
}

static bool read_messages(struct ask_reader *self)
{
    self->has_messages = true;
    enum json_token token = json_pull_next(&self->pull);
    if (token != JSON_TOKEN_ARRAY_BEGIN) {
        ask_fail(self, SIM_ASK_MESSAGES_TYPE);
        return skip_value(self, token);
    }
    while ((token = json_pull_next(&self->pull)) == JSON_TOKEN_OBJECT_BEGIN) {
        if (!read_message(self)) {
            return false;
        }
    }
    if (token != JSON_TOKEN_ARRAY_END) {
        ask_fail(self, SIM_ASK_NO_ROLE);
        return skip_value(self, token) && json_pull_skip(&self->pull);
    }
    return true;
}

/* The prompt that the next element of the array belongs to; the last one when there are too many. */
static uint32_t *next_prompt(struct ask_reader *self)
{
    if (self->ask->n_prompts == SIM_CHOICES_MAX) {
        ask_fail(self, SIM_ASK_CHOICES);
        return &self->ask->prompt_tokens[SIM_CHOICES_MAX - 1];
    }
    return &self->ask->prompt_tokens[self->ask->n_prompts++];
}

/* Inside an array of token ids, after its begin or its first id. */
static bool read_ids(struct ask_reader *self, uint32_t *tokens)
{
    enum json_token token;
    while ((token = json_pull_next(&self->pull)) == JSON_TOKEN_NUMBER) {
        add_text(self, tokens);
    }
    return token == JSON_TOKEN_ARRAY_END;
}

/* ["a", "b"], [1, 2, 3] or [[1, 2], [3]]. */
static bool read_prompts(struct ask_reader *self)
{
    enum json_token token = json_pull_next(&self->pull);
    if (token == JSON_TOKEN_NUMBER) {
        uint32_t *tokens = next_prompt(self);
        add_text(self, tokens);
        return read_ids(self, tokens);
    }
    self->ask->prompt_array = true;
    for (; token != JSON_TOKEN_ARRAY_END; token = json_pull_next(&self->pull)) {
        if (token == JSON_TOKEN_STRING) {
            add_text(self, next_prompt(self));
        } else if (token != JSON_TOKEN_ARRAY_BEGIN || !read_ids(self, next_prompt(self))) {
            return false;
        }
    }
    return true;
}

static bool read_prompt(struct ask_reader *self)
{
    const enum json_token token = json_pull_next(&self->pull);
    if (token == JSON_TOKEN_STRING) {
        add_text(self, next_prompt(self));
        return true;
    }
    if (token == JSON_TOKEN_ARRAY_BEGIN) {
        return read_prompts(self);
    }
    return skip_value(self, token);
}

static bool read_switch(struct ask_reader *self, bool *known)
{
    const struct {
        const char *key;
        bool *out;
    } rows[] = {
        {"stream", &self->ask->stream},
        {"ignore_eos", &self->ask->ignore_eos},
        {"cache_prompt", &self->ask->cache_prompt},
        {"timings_per_token", &self->ask->timings_per_token},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_pull_is(&self->pull, rows[i].key)) {
            *known = true;
            return read_flag(self, rows[i].out);
        }
    }
    return true;
}

static bool read_number(struct ask_reader *self, bool *known)
{
    const struct {
        const char *key;
        uint32_t *out;
    } rows[] = {
        {"max_tokens", &self->ask->max_tokens},
        {"max_completion_tokens", &self->ask->max_tokens},
        {"min_tokens", &self->ask->min_tokens},
        {"n", &self->ask->n},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_pull_is(&self->pull, rows[i].key)) {
            *known = true;
            return read_count(self, rows[i].out);
        }
    }
    return true;
}

static bool read_field(struct ask_reader *self)
{
    if (json_pull_is(&self->pull, "model")) {
        return read_model(self);
    }
    if (json_pull_is(&self->pull, "stream_options")) {
        return read_stream_options(self);
    }
    if (self->ask->chat && json_pull_is(&self->pull, "messages")) {
        return read_messages(self);
    }
    if (!self->ask->chat && json_pull_is(&self->pull, "prompt")) {
        return read_prompt(self);
    }
    bool known = false;
    if (!read_switch(self, &known) || !read_number(self, &known)) {
        return false;
    }
    return known || json_pull_skip(&self->pull);
}

static bool read_body(struct ask_reader *self)
{
    if (json_pull_next(&self->pull) != JSON_TOKEN_OBJECT_BEGIN) {
        return false;
    }
    enum json_token token;
    while ((token = json_pull_next(&self->pull)) == JSON_TOKEN_KEY) {
        if (!read_field(self)) {
            return false;
        }
    }
    return token == JSON_TOKEN_OBJECT_END && json_pull_next(&self->pull) == JSON_TOKEN_END;
}

void sim_ask_read(const char *body, size_t len, bool chat, struct sim_ask *out)
{
    *out = (struct sim_ask){
        .chat = chat, .n = 1, .max_tokens = SIM_TOKENS_UNSET, .cache_prompt = true};
    struct ask_reader reader = {.ask = out};
    json_pull_init(&reader.pull, body, len);
    if (!read_body(&reader)) {
        out->error = SIM_ASK_JSON;
        out->error_at = (uint32_t)(reader.pull.at - body);
        return;
    }
    if (chat) {
        out->n_prompts = 1;
        if (!reader.has_messages) {
            out->error = SIM_ASK_NO_MESSAGES;
        }
    } else if (out->n_prompts == 0) {
        out->error = SIM_ASK_NO_PROMPT;
    }
    if (out->has_stream_options && !out->stream) {
        ask_fail(&reader, SIM_ASK_STREAM_OPTIONS);
    }
    if (out->n == 0 || out->n > SIM_CHOICES_MAX / (out->n_prompts == 0 ? 1 : out->n_prompts)) {
        ask_fail(&reader, SIM_ASK_CHOICES);
    }
}
