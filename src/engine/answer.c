/* The walk itself, and the members that events and error bodies have in common.  The grammar is in
 * the lists of the callers; their depth is fixed, so the walk through a handler into the next list
 * ends where the lists end, not where the input does. */
#include "engine/answer.h"

#include <math.h>
#include <string.h>

enum {
    KEY_RAW_MAX = 256 /* an escaped key that is longer is none that we know */
};

void answer_reader_init(
    struct answer_reader *self, const char *data, size_t len, struct answer_event *out)
{
    *self = (struct answer_reader){
        .out = out,
        .timing_prompt = -1,
        .timing_cached = -1,
        .timing_predicted = -1,
        .cost = (double)NAN,
        .upstream_cost = (double)NAN,
    };
    json_pull_init(&self->pull, data, len);
    /* Not by one assignment: the texts, most of the struct, need no zeroing. */
    out->what = 0;
    out->n_texts = 0;
    out->tokens_so_far = -1;
    out->prompt_tokens = -1;
    out->completion_tokens = -1;
    out->cached_tokens = -1;
    out->reasoning_tokens = -1;
    out->cost_usd = (double)NAN;
    memset(out->finish, 0, sizeof(out->finish));
    out->model = NULL;
    out->model_len = 0;
    out->error = NULL;
    out->error_len = 0;
}

bool answer_fail(struct answer_reader *self, const char *what)
{
    if (self->fault == NULL) {
        self->fault = what;
    }
    return false;
}

bool answer_skip(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_OBJECT_BEGIN || value == JSON_TOKEN_ARRAY_BEGIN) {
        return json_pull_skip(&self->pull);
    }
    return value != JSON_TOKEN_ERROR && value != JSON_TOKEN_END;
}

RARE static answer_read *find_escaped(answer_members *members, const struct json_key *key)
{
    char decoded[KEY_RAW_MAX];
    if (key->len > sizeof(decoded)) {
        return NULL;
    }
    return members(decoded, json_unescape(key->text, key->len, decoded));
}

bool answer_read_object(struct answer_reader *self, answer_members *members)
{
    struct json_key key = {0};
    for (;;) {
        const enum json_token value = json_pull_member(&self->pull, &key);
        if (value == JSON_TOKEN_OBJECT_END || value == JSON_TOKEN_ERROR) {
            return value == JSON_TOKEN_OBJECT_END;
        }
        answer_read *read = key.escaped ? find_escaped(members, &key) : members(key.text, key.len);
        const bool ok = read != NULL ? read(self, value) : answer_skip(self, value);
        if (!ok) {
            return false;
        }
    }
}

int32_t answer_count(const struct answer_reader *self)
{
    int64_t value = 0;
    if (!json_pull_i64(&self->pull, &value) || value < 0 || value > INT32_MAX) {
        return -1;
    }
    return (int32_t)value;
}

bool answer_read_message_text(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_STRING) {
        self->message = self->pull.text;
        self->message_len = self->pull.len;
    }
    return answer_skip(self, value);
}

/* vLLM before 0.10 and SGLang: {"object":"error","message":"...",...}. */
bool answer_read_object_kind(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_STRING && json_pull_is(&self->pull, "error")) {
        self->is_error = true;
    }
    return answer_skip(self, value);
}

static answer_read *error_members(const char *key, size_t len)
{
    ANSWER_MEMBER("message", answer_read_message_text);
    return NULL;
}

/* {"error": {"message": ...}} (OpenAI, vLLM, llama.cpp) or {"error": "...", "error_type": ...}
 * (TGI).  A null is no error. */
bool answer_read_error(struct answer_reader *self, enum json_token value)
{
    if (value == JSON_TOKEN_NULL) {
        return true;
    }
    self->is_error = true;
    if (value == JSON_TOKEN_OBJECT_BEGIN) {
        return answer_read_object(self, error_members);
    }
    return answer_read_message_text(self, value);
}
