/* The parser counts lines from 1 in each line: what it says of the place is put right here. */
#include "codec/json_lines.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

void json_lines_init(struct json_lines *self, const char *name, const char *text, size_t len)
{
    *self = (struct json_lines){.name = name, .at = text, .end = text + len};
}

/* With an empty name the text of an error begins with ":1:". */
static int place(const struct json_lines *self, struct error *err)
{
    static const char first_line[] = ":1:";
    const struct error inner = *err;
    const char *what = inner.text;
    error_clear(err);
    if (text_starts_with(what, first_line)) {
        what += strlen(first_line);
    }
    return error_set(err, inner.code, "%s:%" PRIu64 ":%s", self->name, self->number, what);
}

static bool is_blank_line(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') {
            return false;
        }
    }
    return true;
}

int json_lines_next(
    struct json_lines *self, struct arena *arena, struct json **out, struct error *err)
{
    while (self->at < self->end) {
        const char *line = self->at;
        const char *newline = memchr(line, '\n', (size_t)(self->end - line));
        const size_t len = (size_t)((newline != NULL ? newline : self->end) - line);
        self->at = newline != NULL ? newline + 1 : self->end;
        self->number++;
        if (!is_blank_line(line, len)) {
            return json_parse(arena, "", line, len, out, err) != 0 ? place(self, err) : 1;
        }
    }
    return 0;
}

uint64_t json_lines_place(const struct json_lines *self, const struct json *value)
{
    return self->number + (value->line > 1 ? value->line - 1 : 0);
}

int json_lines_fail(
    const struct json_lines *self, const struct json *value, const char *what, struct error *err)
{
    return error_set(
        err, ERROR_PARSE, "%s:%" PRIu64 ":%u: %s", self->name, json_lines_place(self, value),
        value->column, what);
}
