/* A state machine with one bit for each open container.  A token is a slice of the input, checked
 * once by json_scan; strings stay escaped because a stream event is mostly looked at, not kept. */
#include "codec/json_pull.h"

#include "codec/json_scan.h"

#include <assert.h>
#include <string.h>

enum pull_state {
    PULL_VALUE,       /* a value must come */
    PULL_FIRST_VALUE, /* behind '[': a value or ']' */
    PULL_FIRST_KEY,   /* behind '{': a key or '}' */
    PULL_NEXT,        /* behind a value: ',' or the container's end, or the end of the text */
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

/* The byte at `p`; 0 at the end, where no token begins. */
static char peek(const char *p, const char *end)
{
    if (p == end) {
        return '\0';
    }
    return *p;
}

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

/* Moves *p over white space, which is rare in stream events, and returns the byte behind it as peek does. */
static inline char next_byte(const char **p, const char *end)
{
    const char c = peek(*p, end);
    if ((unsigned char)c > ' ') {
        return c;
    }
    *p = skip_space(*p, end);
    return peek(*p, end);
}

static bool in_array(const struct json_pull *self)
{
    return (self->is_array >> (self->depth - 1) & 1) != 0;
}

static enum json_token value_done(struct json_pull *self, const char *after, enum json_token token)
{
    self->at = after;
    self->state = PULL_NEXT;
    return token;
}

static enum json_token pull_open(struct json_pull *self, const char *p, bool is_array)
{
    if (self->depth == JSON_PULL_DEPTH_MAX) {
        return pull_fail(self, p, "nested too deep");
    }
    const uint64_t bit = UINT64_C(1) << self->depth;
    self->is_array = is_array ? self->is_array | bit : self->is_array & ~bit;
    self->depth++;
    self->at = p + 1;
    self->state = is_array ? PULL_FIRST_VALUE : PULL_FIRST_KEY;
    return is_array ? JSON_TOKEN_ARRAY_BEGIN : JSON_TOKEN_OBJECT_BEGIN;
}

static enum json_token pull_close(struct json_pull *self, const char *p, enum json_token token)
{
    self->depth--;
    return value_done(self, p + 1, token);
}

/* The closing quote of a string that is not plain from `p` on, or NULL after pull_fail. */
RARE static const char *find_quote(struct json_pull *self, const char *p)
{
    struct json_fault fault;
    const char *quote = json_scan_string(p, self->end, &self->escaped, &fault);
    if (quote == NULL) {
        (void)pull_fail(self, fault.at, fault.what);
    }
    return quote;
}

/* Takes the string whose first quote is before `text`: the place behind it, or NULL after pull_fail. */
static inline const char *take_string(struct json_pull *self, const char *text)
{
    const char *quote = json_skip_plain(text, self->end);
    self->escaped = false;
    if (peek(quote, self->end) != '"') {
        quote = find_quote(self, quote);
        if (quote == NULL) {
            return NULL;
        }
    }
    self->text = text;
    self->len = (size_t)(quote - text);
    return quote + 1;
}

static enum json_token pull_string(struct json_pull *self, const char *p)
{
    const char *after = take_string(self, p + 1);
    return after != NULL ? value_done(self, after, JSON_TOKEN_STRING) : JSON_TOKEN_ERROR;
}

/* The end of a number that is not a short integer, or NULL after pull_fail. */
RARE static const char *find_number_end(struct json_pull *self, const char *p)
{
    struct json_fault fault;
    bool is_float = false;
    const char *after = json_scan_number(p, self->end, &is_float, &fault);
    if (after == NULL) {
        (void)pull_fail(self, fault.at, fault.what);
    }
    return after;
}

static enum json_token pull_number(struct json_pull *self, const char *p)
{
    const char *after = json_skip_count(p, self->end);
    if (after == NULL) {
        after = find_number_end(self, p);
        if (after == NULL) {
            return JSON_TOKEN_ERROR;
        }
    }
    self->text = p;
    self->len = (size_t)(after - p);
    return value_done(self, after, JSON_TOKEN_NUMBER);
}

static inline enum json_token
pull_word(struct json_pull *self, const char *p, const char *word, enum json_token token)
{
    const char *after = json_scan_word(p, self->end, word);
    return after != NULL ? value_done(self, after, token)
                         : pull_fail(self, p, "a value is expected");
}

static inline enum json_token pull_value(struct json_pull *self, const char *p)
{
    switch (next_byte(&p, self->end)) {
    case '{':
        return pull_open(self, p, false);
    case '[':
        return pull_open(self, p, true);
    case '"':
        return pull_string(self, p);
    case 't':
        return pull_word(self, p, "true", JSON_TOKEN_TRUE);
    case 'f':
        return pull_word(self, p, "false", JSON_TOKEN_FALSE);
    case 'n':
        return pull_word(self, p, "null", JSON_TOKEN_NULL);
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
        return pull_number(self, p);
    default:
        return pull_fail(self, p, "a value is expected");
    }
}

/* Takes a key and its colon at `p`, where `c` is, and before them the comma unless the object has just
 * begun: the place behind them, or NULL after pull_fail. */
static inline const char *take_key(struct json_pull *self, const char *p, char c)
{
    const char *end = self->end;
    if (self->state == PULL_NEXT) {
        if (c != ',') {
            (void)pull_fail(self, p, "',' or '}' is expected");
            return NULL;
        }
        p++;
        c = next_byte(&p, end);
    }
    if (c != '"') {
        (void)pull_fail(self, p, "a key in double quotes is expected");
        return NULL;
    }
    p = take_string(self, p + 1);
    if (p == NULL) {
        return NULL;
    }
    if (next_byte(&p, end) != ':') {
        (void)pull_fail(self, p, "':' is expected after a key");
        return NULL;
    }
    return p + 1;
}

/* The next key of an object, or its end where it may come. */
static enum json_token pull_key(struct json_pull *self, const char *p)
{
    const char c = next_byte(&p, self->end);
    if (c == '}') {
        return pull_close(self, p, JSON_TOKEN_OBJECT_END);
    }
    p = take_key(self, p, c);
    if (p == NULL) {
        return JSON_TOKEN_ERROR;
    }
    self->at = p;
    self->state = PULL_VALUE;
    return JSON_TOKEN_KEY;
}

/* The next value of an array, or its end where it may come. */
static enum json_token pull_element(struct json_pull *self, const char *p)
{
    const char c = next_byte(&p, self->end);
    if (c == ']') {
        return pull_close(self, p, JSON_TOKEN_ARRAY_END);
    }
    if (self->state == PULL_NEXT) {
        if (c != ',') {
            return pull_fail(self, p, "',' or ']' is expected");
        }
        p++;
    }
    return pull_value(self, p);
}

static enum json_token pull_end(struct json_pull *self, const char *p)
{
    p = skip_space(p, self->end);
    if (p < self->end) {
        return pull_fail(self, p, "the text goes on after its value");
    }
    self->at = p;
    self->state = PULL_ENDED;
    return JSON_TOKEN_END;
}

enum json_token json_pull_member(struct json_pull *self, struct json_key *key)
{
    if (self->state != PULL_NEXT && self->state != PULL_FIRST_KEY) {
        assert(self->state == PULL_FAILED);
        return JSON_TOKEN_ERROR;
    }
    assert(self->depth > 0);
    const char *p = self->at;
    const char c = next_byte(&p, self->end);
    if (c == '}') {
        return pull_close(self, p, JSON_TOKEN_OBJECT_END);
    }
    p = take_key(self, p, c);
    if (p == NULL) {
        return JSON_TOKEN_ERROR;
    }
    *key = (struct json_key){self->text, self->len, self->escaped};
    return pull_value(self, p);
}

enum json_token json_pull_next(struct json_pull *self)
{
    const char *p = self->at;
    switch ((enum pull_state)self->state) {
    case PULL_VALUE:
        return pull_value(self, p);
    case PULL_FIRST_VALUE:
        return pull_element(self, p);
    case PULL_FIRST_KEY:
        return pull_key(self, p);
    case PULL_NEXT:
        if (self->depth == 0) {
            return pull_end(self, p);
        }
        return in_array(self) ? pull_element(self, p) : pull_key(self, p);
    case PULL_ENDED:
        return JSON_TOKEN_END;
    case PULL_FAILED:
    default:
        return JSON_TOKEN_ERROR;
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
