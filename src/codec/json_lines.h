/* json_lines.h - JSON Lines: one JSON value a line, blank lines skipped.
 *
 * Each line is parsed alone, so the memory of a reader is that of a line. */
#pragma once

#include "codec/json.h"

struct json_lines {
    const char *name; /* of the text, for messages */
    const char *at;   /* what is not read yet */
    const char *end;
    uint64_t number; /* of the line that was read last, from 1; values of the tree say line 1 */
};

/* Begins to read; `name` and `text` are borrowed. */
void json_lines_init(struct json_lines *self, const char *name, const char *text, size_t len);

/* Reads the next line that is not blank into `arena`.  1: *out is its value; 0: there is none left.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int
json_lines_next(struct json_lines *self, struct arena *arena, struct json **out, struct error *err);

/* The line of the text that a value of the last line begins in.  Where a text is one value over several lines,
 * `number` is 1 and the value's own line counts. */
uint64_t json_lines_place(const struct json_lines *self, const struct json *value);

/* Refuses a value of the line that was read last: ERROR_PARSE "NAME:LINE:COLUMN: what". */
MUST_CHECK int json_lines_fail(
    const struct json_lines *self, const struct json *value, const char *what, struct error *err);
