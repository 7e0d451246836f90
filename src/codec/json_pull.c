/* A state machine with one bit for each open container.  A token is a slice of the input, checked
 * once by json_scan; strings stay escaped because a stream event is mostly looked at, not kept. */
#include "codec/json_pull.h"

#include "codec/json_scan.h"

#include <string.h>

enum pull_state {
    PULL_VALUE,       /* a value must come */
    PULL_FIRST_VALUE, /* behind '[': a value or ']' */
    PULL_FIRST_KEY,   /* behind '{': a key or '}' */
    PULL_NEXT,        /* behind a value inside a container: ',' or its end */
    PULL_TOP_END,     /* behind the outermost value */
    PULL_ENDED,       /* END was returned */
    PULL_FAILED,      /* ERROR was returned */
};

void json_pull_init(struct json_pull *self, const char *text, size_t len)
{
    const char *begin = text != NULL ? text : "";
    *self = (struct json_pull){
        .begin = begin,
        .at = begin,
        .end = begin + len,
        .state = PULL_VALUE,
    };
}

static enum json_token pull_fail(struct json_pull *self, const char *at, const char *what)
{
    self->at = at;
    self->error = what;
    self->state = PULL_FAILED;
    return JSON_TOKEN_ERROR;
}

static void skip_space(struct json_pull *self)
{
    const char *p = self->at;
    while (p < self->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    self->at = p;
}

/* The byte at `at`; 0 at the end, where no token begins. */
static char peek(const struct json_pull *self)
{
    if (self->at == self->end) {
        return '\0';
    }
    return *self->at;
}

static bool in_array(const struct json_pull *self)
{
    return (self->is_array >> (self->depth - 1) & 1) != 0;
}

static void value_done(struct json_pull *self)
{
    self->state = self->depth == 0 ? PULL_TOP_END : PULL_NEXT;
}

static enum json_token pull_open(struct json_pull *self, bool is_array)
{
    if (self->depth == JSON_PULL_DEPTH_MAX) {
        return pull_fail(self, self->at, "nested too deep");
    }
    const uint64_t bit = UINT64_C(1) << self->depth;
    self->is_array = is_array ? self->is_array | bit : self->is_array & ~bit;
    self->depth++;
    self->at++;
    self->state = is_array ? PULL_FIRST_VALUE : PULL_FIRST_KEY;
    return is_array ? JSON_TOKEN_ARRAY_BEGIN : JSON_TOKEN_OBJECT_BEGIN;
}

static enum json_token pull_close(struct json_pull *self)
{
    const bool array = in_array(self);
    self->depth--;
    self->at++;
    value_done(self);
    return array ? JSON_TOKEN_ARRAY_END : JSON_TOKEN_OBJECT_END;
}

/* Takes the string at `at`; false after pull_fail. */
static bool take_string(struct json_pull *self)
{
    struct json_fault fault;
    const char *text = self->at + 1;
    const char *quote = json_scan_string(text, self->end, &self->escaped, &fault);
    if (quote == NULL) {
        (void)pull_fail(self, fault.at, fault.what);
        return false;
    }
    self->text = text;
    self->len = (size_t)(quote - text);
    self->at = quote + 1;
    return true;
}

static enum json_token pull_number(struct json_pull *self)
{
    struct json_fault fault;
    bool is_float = false;
    const char *after = json_scan_number(self->at, self->end, &is_float, &fault);
    if (after == NULL) {
        return pull_fail(self, fault.at, fault.what);
    }
    self->text = self->at;
    self->len = (size_t)(after - self->at);
    self->at = after;
    value_done(self);
    return JSON_TOKEN_NUMBER;
}

static enum json_token pull_word(struct json_pull *self, const char *word, enum json_token token)
{
    const char *after = json_scan_word(self->at, self->end, word);
    if (after == NULL) {
        return pull_fail(self, self->at, "a value is expected");
    }
    self->at = after;
    value_done(self);
    return token;
}

/* `at` is at a byte that is no white space, or at the end. */
static enum json_token pull_value(struct json_pull *self)
{
    switch (peek(self)) {
    case '{':
        return pull_open(self, false);
    case '[':
        return pull_open(self, true);
    case '"':
        if (!take_string(self)) {
            return JSON_TOKEN_ERROR;
        }
        value_done(self);
        return JSON_TOKEN_STRING;
    case 't':
        return pull_word(self, "true", JSON_TOKEN_TRUE);
    case 'f':
        return pull_word(self, "false", JSON_TOKEN_FALSE);
    case 'n':
        return pull_word(self, "null", JSON_TOKEN_NULL);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return pull_number(self);
    default:
        return pull_fail(self, self->at, "a value is expected");
    }
}

/* A key and its colon. */
static enum json_token pull_key(struct json_pull *self)
{
    if (self->at == self->end || *self->at != '"') {
        return pull_fail(self, self->at, "a key in double quotes is expected");
    }
    if (!take_string(self)) {
        return JSON_TOKEN_ERROR;
    }
    skip_space(self);
    if (self->at == self->end || *self->at != ':') {
        return pull_fail(self, self->at, "':' is expected after a key");
    }
    self->at++;
    self->state = PULL_VALUE;
    return JSON_TOKEN_KEY;
}

static enum json_token pull_member(struct json_pull *self)
{
    const bool array = in_array(self);
    const char c = peek(self);
    if (c == (array ? ']' : '}')) {
        return pull_close(self);
    }
    if (c != ',') {
        return pull_fail(
            self, self->at, array ? "',' or ']' is expected" : "',' or '}' is expected");
    }
    self->at++;
    skip_space(self);
    return array ? pull_value(self) : pull_key(self);
}

enum json_token json_pull_next(struct json_pull *self)
{
    if (self->state == PULL_FAILED) {
        return JSON_TOKEN_ERROR;
    }
    skip_space(self);
    const char c = peek(self);
    switch ((enum pull_state)self->state) {
    case PULL_FIRST_VALUE:
        return c == ']' ? pull_close(self) : pull_value(self);
    case PULL_FIRST_KEY:
        return c == '}' ? pull_close(self) : pull_key(self);
    case PULL_NEXT:
        return pull_member(self);
    case PULL_TOP_END:
        if (self->at < self->end) {
            return pull_fail(self, self->at, "the text goes on after its value");
        }
        self->state = PULL_ENDED;
        return JSON_TOKEN_END;
    case PULL_ENDED:
        return JSON_TOKEN_END;
    case PULL_VALUE:
    case PULL_FAILED:
    default:
        return pull_value(self);
    }
}

bool json_pull_skip(struct json_pull *self)
{
    /* Behind a key the value lies at this depth; behind a BEGIN its end lies one higher. */
    const unsigned target = self->state == PULL_VALUE ? self->depth : self->depth - 1;
    enum json_token token = JSON_TOKEN_END;
    do {
        token = json_pull_next(self);
    } while (token != JSON_TOKEN_ERROR && token != JSON_TOKEN_END && self->depth > target);
    return token != JSON_TOKEN_ERROR && token != JSON_TOKEN_END;
}

bool json_pull_is(const struct json_pull *self, const char *text)
{
    return !self->escaped && strlen(text) == self->len && memcmp(self->text, text, self->len) == 0;
}

bool json_pull_i64(const struct json_pull *self, int64_t *out)
{
    return json_scan_i64(self->text, self->len, out);
}
