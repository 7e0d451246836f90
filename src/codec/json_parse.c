/* The tree reader: one loop over items, with the open containers on a stack of its own, so that the
 * depth of a text never becomes depth of calls.  Repeated keys are looked for when an object ends. */
#include "base/file.h"
#include "base/mem.h"
#include "codec/json.h"
#include "codec/json_pull.h"
#include "codec/json_scan.h"
#include "codec/json_tree.h"

#include <string.h>

/* Longest part of a key that a message shows. */
enum {
    KEY_SHOWN_MAX = 80
};

struct reader {
    struct arena *arena;
    const char *name;
    const char *at;
    const char *end;
    const char *line_begin;
    unsigned line;
    unsigned depth;
    struct json *open[JSON_DEPTH_MAX];
    struct json *root;
    struct error *err;
};

static int reader_fail(struct reader *self, const char *at, const char *what)
{
    return error_set(
        self->err, ERROR_PARSE, "%s:%u:%u: %s", self->name, self->line,
        (unsigned)(at - self->line_begin) + 1, what);
}

static char peek(const struct reader *self)
{
    if (self->at == self->end) {
        return '\0';
    }
    return *self->at;
}

/* Lines can only end here: a line feed anywhere else is an error. */
static void skip_space(struct reader *self)
{
    const char *p = self->at;
    while (p < self->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        if (*p == '\n') {
            self->line++;
            self->line_begin = p + 1;
        }
        p++;
    }
    self->at = p;
}

/* Copies the string at `at` into the arena, decoded. */
static int read_string(struct reader *self, const char **text, size_t *len)
{
    struct json_fault fault;
    bool escaped = false;
    const char *raw = self->at + 1;
    const char *quote = json_scan_string(raw, self->end, &escaped, &fault);
    if (quote == NULL) {
        return reader_fail(self, fault.at, fault.what);
    }
    const size_t raw_len = (size_t)(quote - raw);
    if (escaped) {
        char *decoded = arena_alloc(self->arena, raw_len + 1);
        *len = json_unescape(raw, raw_len, decoded);
        decoded[*len] = '\0';
        *text = decoded;
    } else {
        *text = arena_copy(self->arena, raw, raw_len);
        *len = raw_len;
    }
    self->at = quote + 1;
    return 0;
}

static int read_number(struct reader *self, struct json *value)
{
    struct json_fault fault;
    bool is_float = false;
    const char *after = json_scan_number(self->at, self->end, &is_float, &fault);
    if (after == NULL) {
        return reader_fail(self, fault.at, fault.what);
    }
    value->kind = is_float ? JSON_FLOAT : JSON_INTEGER;
    value->len = (size_t)(after - self->at);
    value->text = arena_copy(self->arena, self->at, value->len);
    self->at = after;
    return 0;
}

static int read_word(struct reader *self, struct json *value)
{
    static const struct {
        const char *word;
        enum json_kind kind;
        bool boolean;
    } words[] = {
        {"null", JSON_NULL, false},
        {"true", JSON_BOOL, true},
        {"false", JSON_BOOL, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const char *after = json_scan_word(self->at, self->end, words[i].word);
        if (after != NULL) {
            value->kind = words[i].kind;
            value->boolean = words[i].boolean;
            self->at = after;
            return 0;
        }
    }
    return reader_fail(self, self->at, "a value is expected");
}

static int open_container(struct reader *self, struct json *value)
{
    if (self->depth == JSON_DEPTH_MAX) {
        return error_set(
            self->err, ERROR_LIMIT, "%s:%u:%u: nested deeper than %d", self->name, value->line,
            value->column, JSON_DEPTH_MAX);
    }
    value->kind = *self->at == '[' ? JSON_ARRAY : JSON_OBJECT;
    self->at++;
    self->open[self->depth] = value;
    self->depth++;
    return 0;
}

static int read_value(struct reader *self, struct json *value)
{
    const char c = peek(self);
    if (c == '{' || c == '[') {
        return open_container(self, value);
    }
    if (c == '"') {
        value->kind = JSON_STRING;
        return read_string(self, &value->text, &value->len);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(self, value);
    }
    return read_word(self, value);
}

static int read_key(struct reader *self, struct json *value)
{
    if (peek(self) != '"') {
        return reader_fail(self, self->at, "a key in double quotes is expected");
    }
    if (read_string(self, &value->key, &value->key_len) < 0) {
        return -(int)self->err->code;
    }
    skip_space(self);
    if (peek(self) != ':') {
        return reader_fail(self, self->at, "':' is expected after a key");
    }
    self->at++;
    skip_space(self);
    return 0;
}

/* A value, behind its key when it lies in an object.  A container is left open. */
static int read_item(struct reader *self)
{
    struct json *parent = self->depth > 0 ? self->open[self->depth - 1] : NULL;
    struct json *value = arena_alloc(self->arena, sizeof(*value));
    if (parent != NULL && parent->kind == JSON_OBJECT && read_key(self, value) < 0) {
        return -(int)self->err->code;
    }
    value->line = self->line;
    value->column = (unsigned)(self->at - self->line_begin) + 1;
    if (parent != NULL) {
        json_tree_append(parent, value);
    } else {
        self->root = value;
    }
    return read_value(self, value);
}

static int close_container(struct reader *self)
{
    self->depth--;
    self->at++;
    const struct json *closed = self->open[self->depth];
    const struct json *repeated =
        closed->kind == JSON_OBJECT ? json_tree_repeated_key(closed) : NULL;
    if (repeated != NULL) {
        const size_t shown = repeated->key_len < KEY_SHOWN_MAX ? repeated->key_len : KEY_SHOWN_MAX;
        return error_set(
            self->err, ERROR_PARSE, "%s:%u:%u: key '%.*s' is repeated", self->name, repeated->line,
            repeated->column, (int)shown, repeated->key);
    }
    return 0;
}

/* True at the end of the innermost open container. */
static bool at_close(const struct reader *self)
{
    const bool array = self->open[self->depth - 1]->kind == JSON_ARRAY;
    return peek(self) == (array ? ']' : '}');
}

/* Ends all containers that end here, up to the next item.  Positive: the text is complete. */
static int read_between(struct reader *self)
{
    skip_space(self);
    while (self->depth > 0 && at_close(self)) {
        if (close_container(self) < 0) {
            return -(int)self->err->code;
        }
        skip_space(self);
    }
    if (self->depth > 0) {
        const struct json *parent = self->open[self->depth - 1];
        if (parent->first == NULL) {
            return 0;
        }
        if (peek(self) != ',') {
            return reader_fail(
                self, self->at,
                parent->kind == JSON_ARRAY ? "',' or ']' is expected" : "',' or '}' is expected");
        }
        self->at++;
        skip_space(self);
        return 0;
    }
    if (self->at < self->end) {
        return reader_fail(self, self->at, "the text goes on after its value");
    }
    return 1;
}

static int read_text(struct reader *self)
{
    skip_space(self);
    int step = 0;
    while (step == 0) {
        if (read_item(self) < 0) {
            return -(int)self->err->code;
        }
        step = read_between(self);
    }
    return step < 0 ? step : 0;
}

int json_parse(
    struct arena *arena,
    const char *name,
    const char *text,
    size_t len,
    struct json **out,
    struct error *err)
{
    if (len > JSON_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", name, JSON_SIZE_MAX);
    }
    if (text == NULL || len == 0) { /* nothing was read: no arithmetic on a null pointer */
        return error_set(err, ERROR_PARSE, "%s:1:1: a value is expected", name);
    }
    struct reader reader = {
        .arena = arena,
        .name = name,
        .at = text,
        .end = text + len,
        .line_begin = text,
        .line = 1,
        .err = err,
    };
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        return reader_fail(&reader, text, "a byte order mark is not allowed");
    }
    if (read_text(&reader) < 0) {
        return -(int)err->code;
    }
    *out = reader.root;
    return 0;
}

int json_parse_file(struct arena *arena, const char *path, struct json **out, struct error *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    if (file_read(path, JSON_SIZE_MAX, &text, &len, err) < 0) {
        return -(int)err->code;
    }
    return json_parse(arena, path, text, len, out, err);
}
