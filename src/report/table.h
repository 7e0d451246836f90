/* table.h - rows of text and numbers, printed as a table or given as JSON.
 *
 * Ownership: the table owns its cells; columns and title are borrowed while it lives. */
#pragma once

#include "codec/json.h"

#include <stdio.h>

struct report_column {
    const char *head; /* as printed */
    const char *key;  /* in JSON; NULL: the head */
    bool right;       /* numbers stand on the right */
};

enum report_cell_kind {
    REPORT_ABSENT, /* printed "-", null in JSON */
    REPORT_TEXT,
    REPORT_NUMBER,
    REPORT_BOOL,
};

struct report_cell {
    enum report_cell_kind kind;
    char *text;   /* as printed, owned; NULL: absent */
    double value; /* of a number, as in JSON */
    bool boolean;
    bool whole; /* a number that JSON writes as an integer */
};

struct report_table {
    const char *title; /* a line above the heads; NULL: none */
    const struct report_column *columns;
    size_t n_columns;
    struct report_cell *cells; /* n_rows x n_columns */
    size_t n_rows;
};

void report_table_init(
    struct report_table *self,
    const char *title,
    const struct report_column *columns,
    size_t n_columns);
void report_table_done(struct report_table *self);

/* Appends a row whose cells are all absent. */
void report_table_add_row(struct report_table *self);

/* Fill a cell of the last row that is still absent.  A number prints as report_number (`decimals` at
 * most) or report_fixed, and stays absent when it is NAN.  With 0 `decimals` it is whole: rounded to
 * an integer also in JSON. */
void report_table_text(struct report_table *self, size_t column, const char *text);
void report_table_number(struct report_table *self, size_t column, double value, int decimals);
/* A number that a person gave: printed as `text` says it, a number in JSON. */
void report_table_setting(struct report_table *self, size_t column, double value, const char *text);
void report_table_fixed(struct report_table *self, size_t column, double value, int decimals);
void report_table_flag(struct report_table *self, size_t column, bool value);

/* Prints title, heads and rows.  Nothing is ever cut: where `width` (0: no limit) is too small for
 * the heads they are broken at their underscores, and a line that is still too long stays long.
 * `bold` marks title and heads for a terminal. */
void report_table_print(const struct report_table *self, FILE *out, unsigned width, bool bold);

/* An array with one object for each row; the values are not rounded but for whole
 * ones. */
struct json *report_table_json(const struct report_table *self, struct arena *arena);
