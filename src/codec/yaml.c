/* libyaml's events build the same tree that the JSON reader builds.  What makes YAML surprising is
 * refused where it appears, with its place. */
#include "codec/yaml.h"

#include "codec/json_tree.h"
#include "codec/yaml_scalar.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum {
    PROBLEM_TEXT_MAX = 256,
    KEY_SHOWN_MAX = 80
};

struct loader {
    struct arena *arena;
    const char *name;
    struct error *err;
    yaml_parser_t *parser;
    struct json *root;
    struct json *open[JSON_DEPTH_MAX];
    unsigned depth;
    const char *key; /* waits for its value; NULL when none does */
    size_t key_len;
    unsigned n_documents;
};

PRINTF_LIKE(3, 4)

static int loader_fail(struct loader *self, yaml_mark_t mark, const char *format, ...)
{
    char what[PROBLEM_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(
        self->err, ERROR_PARSE, "%s:%zu:%zu: %s", self->name, mark.line + 1, mark.column + 1, what);
}

/* Place of a byte, for the problems that libyaml's reader finds before it counts lines. */
static yaml_mark_t mark_of_offset(const char *text, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset; i++) {
        mark.column++;
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static int parser_fail(struct loader *self, const char *text)
{
    const yaml_parser_t *parser = self->parser;
    assert(parser->error != YAML_MEMORY_ERROR);
    if (parser->error == YAML_READER_ERROR) {
        return loader_fail(
            self, mark_of_offset(text, parser->problem_offset), "%s", parser->problem);
    }
    return loader_fail(self, parser->problem_mark, "%s", parser->problem);
}

static bool in_object(const struct loader *self)
{
    return self->depth > 0 && self->open[self->depth - 1]->kind == JSON_OBJECT;
}

/* Makes a value at `mark` and hangs it into the tree, under the waiting key in an object. */
static struct json *add_value(struct loader *self, yaml_mark_t mark)
{
    struct json *value = json_new(self->arena, JSON_NULL);
    value->line = (unsigned)mark.line + 1;
    value->column = (unsigned)mark.column + 1;
    if (self->depth == 0) {
        self->root = value;
        return value;
    }
    value->key = self->key;
    value->key_len = self->key_len;
    self->key = NULL;
    self->key_len = 0;
    json_tree_append(self->open[self->depth - 1], value);
    return value;
}

static int check_properties(
    struct loader *self,
    const yaml_event_t *event,
    const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return loader_fail(
            self, event->start_mark, "anchors are not supported: '&%s'", (const char *)anchor);
    }
    if (tag != NULL) {
        return loader_fail(
            self, event->start_mark, "tags are not supported: '%s'", (const char *)tag);
    }
    return 0;
}

static int on_key(struct loader *self, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && strcmp(text, "<<") == 0) {
        return loader_fail(self, event->start_mark, "merge keys are not supported");
    }
    self->key_len = event->data.scalar.length;
    self->key = arena_copy(self->arena, text, self->key_len);
    return 0;
}

static int on_scalar(struct loader *self, const yaml_event_t *event)
{
    if (check_properties(self, event, event->data.scalar.anchor, event->data.scalar.tag) < 0) {
        return -(int)self->err->code;
    }
    if (in_object(self) && self->key == NULL) {
        return on_key(self, event);
    }
    const char *text = (const char *)event->data.scalar.value;
    const size_t len = event->data.scalar.length;
    struct json *value = add_value(self, event->start_mark);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        value->kind = JSON_STRING;
        value->text = arena_copy(self->arena, text, len);
        value->len = len;
        return 0;
    }
    const char *wrong = yaml_resolve_plain(self->arena, text, len, value);
    if (wrong != NULL) {
        const size_t shown = len < KEY_SHOWN_MAX ? len : KEY_SHOWN_MAX;
        return loader_fail(self, event->start_mark, "'%.*s': %s", (int)shown, text, wrong);
    }
    return 0;
}

static int on_begin(struct loader *self, const yaml_event_t *event, enum json_kind kind)
{
    const yaml_char_t *anchor =
        kind == JSON_ARRAY ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const yaml_char_t *tag =
        kind == JSON_ARRAY ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    if (check_properties(self, event, anchor, tag) < 0) {
        return -(int)self->err->code;
    }
    if (in_object(self) && self->key == NULL) {
        return loader_fail(self, event->start_mark, "a key must be text");
    }
    if (self->depth == JSON_DEPTH_MAX) {
        return error_set(
            self->err, ERROR_LIMIT, "%s:%zu:%zu: nested deeper than %d", self->name,
            event->start_mark.line + 1, event->start_mark.column + 1, JSON_DEPTH_MAX);
    }
    struct json *value = add_value(self, event->start_mark);
    value->kind = kind;
    self->open[self->depth] = value;
    self->depth++;
    return 0;
}

static int on_end(struct loader *self)
{
    self->depth--;
    const struct json *closed = self->open[self->depth];
    assert(closed != NULL);
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

static int on_event(struct loader *self, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        self->n_documents++;
        if (self->n_documents > 1) {
            return loader_fail(self, event->start_mark, "a second document is not supported");
        }
        return 0;
    case YAML_ALIAS_EVENT:
        return loader_fail(
            self, event->start_mark, "aliases are not supported: '*%s'",
            (const char *)event->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return on_scalar(self, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_begin(self, event, JSON_ARRAY);
    case YAML_MAPPING_START_EVENT:
        return on_begin(self, event, JSON_OBJECT);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(self);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    default:
        return 0;
    }
}

static int load_events(struct loader *self, const char *text)
{
    bool ended = false;
    while (!ended) {
        CLEANUP(yaml_event_delete) yaml_event_t event = {0};
        if (yaml_parser_parse(self->parser, &event) == 0) {
            return parser_fail(self, text);
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        if (on_event(self, &event) < 0) {
            return -(int)self->err->code;
        }
    }
    if (self->root == NULL) {
        return error_set(self->err, ERROR_PARSE, "%s: the document is empty", self->name);
    }
    return 0;
}

int yaml_parse(
    struct arena *arena,
    const char *name,
    const char *text,
    size_t len,
    struct json **out,
    struct error *err)
{
    if (len > YAML_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", name, YAML_SIZE_MAX);
    }
    CLEANUP(yaml_parser_delete) yaml_parser_t parser;
    const int ready = yaml_parser_initialize(&parser);
    assert(ready == 1);
    (void)ready;
    /* Named, or a byte order mark would choose UTF-16. */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(len == 0 ? "" : text), len);
    struct loader loader = {.arena = arena, .name = name, .err = err, .parser = &parser};
    if (load_events(&loader, text) < 0) {
        return -(int)err->code;
    }
    *out = loader.root;
    return 0;
}

const char *yaml_library_version(void)
{
    return yaml_get_version_string();
}
