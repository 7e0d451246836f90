/* One writer for three forms.  The open containers are on a stack of its own; the canonical form
 * walks a sorted copy of each object's children, the others the list itself. */
#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/json_tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    const struct json *node;
    const struct json *next;    /* child to write next, where the order is that of writing */
    const struct json **sorted; /* canonical objects: all children; owned */
    size_t n_taken;             /* children taken from `sorted` */
    bool any_written;
};

struct writer {
    enum json_form form;
    const char *skip_key;
    struct bytes *out;
    unsigned depth;
    struct frame open[JSON_DEPTH_MAX];
};

static void write_unit(unsigned unit, struct bytes *out)
{
    static const char digits[] = "0123456789abcdef";
    const char text[6] = {
        '\\',
        'u',
        digits[unit >> 12 & 0xf],
        digits[unit >> 8 & 0xf],
        digits[unit >> 4 & 0xf],
        digits[unit & 0xf],
    };
    bytes_add(out, text, sizeof(text));
}

/* The letter of a short escape, or 0. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return '\0';
    }
}

/* Writes the character at `p` as an escape; returns its length in UTF-8. */
static size_t write_escaped(const char *p, size_t left, struct bytes *out)
{
    const unsigned char *u = (const unsigned char *)p;
    const char letter = short_escape(u[0]);
    if (letter != '\0') {
        const char text[2] = {'\\', letter};
        bytes_add(out, text, sizeof(text));
        return 1;
    }
    const size_t len = text_utf8_length(p, left);
    assert(len > 0);
    if (len == 1) {
        write_unit(u[0], out);
    } else if (len == 2) {
        write_unit((u[0] & 0x1fU) << 6 | (u[1] & 0x3fU), out);
    } else if (len == 3) {
        write_unit((u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU), out);
    } else {
        const unsigned code =
            ((u[0] & 0x07U) << 18 | (u[1] & 0x3fU) << 12 | (u[2] & 0x3fU) << 6 | (u[3] & 0x3fU)) -
            0x10000;
        write_unit(0xd800 + (code >> 10), out);
        write_unit(0xdc00 + (code & 0x3ff), out);
    }
    return len;
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void write_string(const char *text, size_t len, struct bytes *out)
{
    bytes_add_char(out, '"');
    size_t at = 0;
    while (at < len) {
        const size_t plain = at;
        while (at < len && is_plain(text[at])) {
            at++;
        }
        bytes_add(out, text + plain, at - plain);
        if (at < len) {
            at += write_escaped(text + at, len - at, out);
        }
    }
    bytes_add_char(out, '"');
}

static void write_canonical_number(const struct json *self, struct bytes *out)
{
    if (self->kind == JSON_FLOAT) {
        char text[CANONICAL_FLOAT_SIZE];
        const size_t len = canonical_float(text_to_f64(self->text), text);
        bytes_add(out, text, len);
    } else if (text_equal(self->text, "-0")) {
        bytes_add_char(out, '0');
    } else {
        bytes_add(out, self->text, self->len);
    }
}

static void write_line_break(struct writer *self)
{
    if (self->form != JSON_PRETTY) {
        return;
    }
    bytes_add_char(self->out, '\n');
    for (unsigned i = 0; i < self->depth; i++) {
        bytes_add_text(self->out, "  ");
    }
}

static void open_container(struct writer *self, const struct json *value)
{
    assert(self->depth < JSON_DEPTH_MAX);
    struct frame *frame = &self->open[self->depth];
    *frame = (struct frame){.node = value, .next = value->first};
    if (self->form == JSON_CANONICAL && value->kind == JSON_OBJECT) {
        frame->sorted = json_tree_sorted(value);
    }
    self->depth++;
    bytes_add_char(self->out, value->kind == JSON_ARRAY ? '[' : '{');
}

static void close_container(struct writer *self)
{
    self->depth--;
    struct frame *frame = &self->open[self->depth];
    if (frame->any_written) {
        write_line_break(self);
    }
    bytes_add_char(self->out, frame->node->kind == JSON_ARRAY ? ']' : '}');
    free(frame->sorted);
}

static void write_value(struct writer *self, const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        bytes_add_text(self->out, "null");
        break;
    case JSON_BOOL:
        bytes_add_text(self->out, value->boolean ? "true" : "false");
        break;
    case JSON_INTEGER:
    case JSON_FLOAT:
        if (self->form == JSON_CANONICAL) {
            write_canonical_number(value, self->out);
        } else {
            bytes_add(self->out, value->text, value->len);
        }
        break;
    case JSON_STRING:
        write_string(value->text, value->len, self->out);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
    default:
        open_container(self, value);
        break;
    }
}

/* The next child in the order of the form, or NULL. */
static const struct json *take_child(struct frame *frame)
{
    if (frame->sorted != NULL) {
        if (frame->n_taken == frame->node->len) {
            return NULL;
        }
        return frame->sorted[frame->n_taken++];
    }
    const struct json *child = frame->next;
    if (child != NULL) {
        frame->next = child->next;
    }
    return child;
}

static void write_child(struct writer *self, const struct json *child)
{
    struct frame *frame = &self->open[self->depth - 1];
    if (frame->any_written) {
        bytes_add_char(self->out, ',');
    }
    frame->any_written = true;
    write_line_break(self);
    if (child->key != NULL) {
        write_string(child->key, child->key_len, self->out);
        bytes_add_text(self->out, self->form == JSON_PRETTY ? ": " : ":");
    }
    write_value(self, child);
}

void json_tree_write(
    const struct json *self, enum json_form form, const char *skip_key, struct bytes *out)
{
    struct writer writer = {.form = form, .skip_key = skip_key, .out = out};
    write_value(&writer, self);
    while (writer.depth > 0) {
        const struct json *child = take_child(&writer.open[writer.depth - 1]);
        if (child == NULL) {
            close_container(&writer);
            continue;
        }
        const bool skipped = skip_key != NULL && writer.depth == 1 && child->key != NULL &&
                             text_equal(child->key, skip_key) && child->key_len == strlen(skip_key);
        if (!skipped) {
            write_child(&writer, child);
        }
    }
}

void json_write_compact(const struct json *self, struct bytes *out)
{
    json_tree_write(self, JSON_COMPACT, NULL, out);
}

void json_write_pretty(const struct json *self, struct bytes *out)
{
    json_tree_write(self, JSON_PRETTY, NULL, out);
}
