/* libsmartcols aligns; what it may not do is decide widths, for it would cut.  So heads are ordinary
 * lines (broken by us where the terminal is narrow) and the library is told that there is always room.
 */
#include "report/table.h"

#include "base/mem.h"
#include "report/number.h"

#include <assert.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Doubles below it hold every whole number. */
#define WHOLE_MAX 9007199254740992.0

enum {
    COLUMNS_MAX = 32,
    HEAD_LINES_MAX = 32,
    HEAD_UNBROKEN = 1000, /* wider than any head */
    ROOM = 1000000        /* columns of the terminal that libsmartcols believes in */
};

void report_table_init(
    struct report_table *self,
    const char *title,
    const struct report_column *columns,
    size_t n_columns)
{
    assert(n_columns > 0 && n_columns <= COLUMNS_MAX);
    *self = (struct report_table){.title = title, .columns = columns, .n_columns = n_columns};
}

void report_table_done(struct report_table *self)
{
    for (size_t i = 0; i < self->n_rows * self->n_columns; i++) {
        free(self->cells[i].text);
    }
    free(self->cells);
    *self = (struct report_table){0};
}

void report_table_add_row(struct report_table *self)
{
    const size_t old = self->n_rows * self->n_columns;
    self->cells = mem_resize(self->cells, old + self->n_columns, sizeof(*self->cells));
    memset(self->cells + old, 0, self->n_columns * sizeof(*self->cells));
    self->n_rows++;
}

static struct report_cell *last_cell(struct report_table *self, size_t column)
{
    assert(self->n_rows > 0 && column < self->n_columns);
    return &self->cells[(self->n_rows - 1) * self->n_columns + column];
}

static struct report_cell *absent_cell(struct report_table *self, size_t column)
{
    struct report_cell *cell = last_cell(self, column);
    assert(cell->kind == REPORT_ABSENT);
    return cell;
}

void report_table_text(struct report_table *self, size_t column, const char *text)
{
    struct report_cell *cell = absent_cell(self, column);
    cell->kind = REPORT_TEXT;
    cell->text = mem_copy_text(text);
}

static void
set_number(struct report_table *self, size_t column, double value, const char *formatted)
{
    struct report_cell *cell = absent_cell(self, column);
    if (isnan(value)) {
        return;
    }
    cell->kind = REPORT_NUMBER;
    cell->value = value;
    cell->text = mem_copy_text(formatted);
}

void report_table_number(struct report_table *self, size_t column, double value, int decimals)
{
    char text[REPORT_NUMBER_SIZE];
    report_number(value, decimals, text);
    set_number(self, column, value, text);
    last_cell(self, column)->whole = decimals == 0 && fabs(value) < WHOLE_MAX;
}

void report_table_setting(struct report_table *self, size_t column, double value, const char *text)
{
    set_number(self, column, value, text);
    last_cell(self, column)->whole = fabs(value - trunc(value)) <= 0.0 && fabs(value) < WHOLE_MAX;
}

void report_table_fixed(struct report_table *self, size_t column, double value, int decimals)
{
    char text[REPORT_NUMBER_SIZE];
    report_fixed(value, decimals, text);
    set_number(self, column, value, text);
}

void report_table_flag(struct report_table *self, size_t column, bool value)
{
    struct report_cell *cell = absent_cell(self, column);
    cell->kind = REPORT_BOOL;
    cell->boolean = value;
    cell->text = mem_copy_text(value ? "yes" : "no");
}

static const struct report_cell *cell_at(const struct report_table *self, size_t row, size_t column)
{
    return &self->cells[row * self->n_columns + column];
}

static const char *cell_text(const struct report_cell *cell)
{
    return cell->kind == REPORT_ABSENT ? "-" : cell->text;
}

/* How a table is laid out. */
struct layout {
    size_t head_max; /* heads longer than this are broken at underscores */
    size_t gap;      /* blanks between columns */
};

/* Widest cell of a column.  Bytes, which is never less than the columns they take. */
static size_t data_width(const struct report_table *self, size_t column)
{
    size_t width = 0;
    for (size_t row = 0; row < self->n_rows; row++) {
        const size_t len = strlen(cell_text(cell_at(self, row, column)));
        width = len > width ? len : width;
    }
    return width;
}

/* Length of the next line of a head: as many parts, each with its underscore, as fit in `max`; at
 * least one. */
static size_t head_line(const char *head, size_t max)
{
    if (strlen(head) <= max) {
        return strlen(head);
    }
    size_t taken = 0;
    for (const char *p = head; *p != '\0'; p++) {
        const size_t len = (size_t)(p - head) + 1;
        if (*p == '_' && (len <= max || taken == 0)) {
            taken = len;
        }
    }
    return taken > 0 ? taken : strlen(head);
}

/* Longest part of a head between underscores: the column is at least as wide. */
static size_t head_part(const char *head)
{
    size_t longest = 0;
    while (*head != '\0') {
        const size_t len = head_line(head, 0);
        longest = len > longest ? len : longest;
        head += len;
    }
    return longest;
}

static size_t
head_limit(const struct report_table *self, size_t column, const struct layout *layout)
{
    const size_t data = data_width(self, column);
    const size_t part = head_part(self->columns[column].head);
    const size_t needed = data > part ? data : part;
    return needed > layout->head_max ? needed : layout->head_max;
}

static size_t
column_width(const struct report_table *self, size_t column, const struct layout *layout)
{
    size_t width = data_width(self, column);
    const size_t limit = head_limit(self, column, layout);
    const char *head = self->columns[column].head;
    while (*head != '\0') {
        const size_t len = head_line(head, limit);
        width = len > width ? len : width;
        head += len;
    }
    return width;
}

static size_t table_width(const struct report_table *self, const struct layout *layout)
{
    size_t width = (self->n_columns - 1) * layout->gap;
    for (size_t i = 0; i < self->n_columns; i++) {
        width += column_width(self, i, layout);
    }
    return width;
}

/* The roomiest layout that fits, else the narrowest. */
static struct layout choose_layout(const struct report_table *self, unsigned width)
{
    static const struct layout layouts[] = {
        {HEAD_UNBROKEN, 2}, {11, 2}, {11, 1}, {8, 2}, {8, 1},
    };
    size_t i = 0;
    while (width > 0 && i + 1 < ARRAY_LEN(layouts) && table_width(self, &layouts[i]) > width) {
        i++;
    }
    return layouts[i];
}

static void set_cell(struct libscols_line *line, size_t column, const char *text)
{
    const int result = scols_line_set_data(line, column, text);
    assert(result == 0);
}

static struct libscols_line *new_line(struct libscols_table *table, bool bold)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    assert(line != NULL);
    if (bold) {
        const int result = scols_line_set_color(line, "\033[1m");
        assert(result == 0);
    }
    return line;
}

/* Lines that a head takes. */
static size_t
head_lines(const struct report_table *self, size_t column, const struct layout *layout)
{
    const size_t limit = head_limit(self, column, layout);
    size_t n = 0;
    for (const char *rest = self->columns[column].head; *rest != '\0'; n++) {
        rest += head_line(rest, limit);
    }
    return n;
}

/* Puts the next line of a head into a cell; returns its length. */
static size_t add_head(struct libscols_line *line, size_t column, const char *head, size_t limit)
{
    const size_t len = head_line(head, limit);
    CLEANUP(mem_freep) char *part = mem_copy_bytes(head, len);
    set_cell(line, column, part);
    return len;
}

/* Heads stand on the last of their lines, next to the data. */
static void add_heads(
    const struct report_table *self,
    struct libscols_table *table,
    const struct layout *layout,
    bool bold)
{
    struct libscols_line *lines[HEAD_LINES_MAX];
    size_t n_lines = 0;
    for (size_t i = 0; i < self->n_columns; i++) {
        const size_t n = head_lines(self, i, layout);
        n_lines = n > n_lines ? n : n_lines;
    }
    assert(n_lines <= HEAD_LINES_MAX);
    for (size_t i = 0; i < n_lines; i++) {
        lines[i] = new_line(table, bold);
    }
    for (size_t i = 0; i < self->n_columns; i++) {
        const char *rest = self->columns[i].head;
        for (size_t at = n_lines - head_lines(self, i, layout); at < n_lines; at++) {
            rest += add_head(lines[at], i, rest, head_limit(self, i, layout));
        }
    }
}

static struct libscols_table *
new_table(const struct report_table *self, const struct layout *layout, bool bold)
{
    struct libscols_table *table = scols_new_table();
    assert(table != NULL);
    int result = scols_table_enable_noheadings(table, 1);
    result |= scols_table_enable_colors(table, bold ? 1 : 0);
    result |= scols_table_set_column_separator(table, layout->gap == 1 ? " " : "  ");
    result |= scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
    result |= scols_table_set_termwidth(table, ROOM);
    assert(result == 0);
    for (size_t i = 0; i < self->n_columns; i++) {
        const struct libscols_column *column =
            scols_table_new_column(table, "", 0.0, self->columns[i].right ? SCOLS_FL_RIGHT : 0);
        assert(column != NULL);
    }
    return table;
}

/* Without the blanks that fill up the ends of lines. */
static void print_trimmed(const char *text, FILE *out)
{
    while (*text != '\0') {
        const size_t line = strcspn(text, "\n");
        size_t len = line;
        while (len > 0 && text[len - 1] == ' ') {
            len--;
        }
        (void)fwrite(text, 1, len, out);
        text += line;
        if (*text == '\n') {
            (void)fputc('\n', out);
            text++;
        }
    }
}

void report_table_print(const struct report_table *self, FILE *out, unsigned width, bool bold)
{
    if (self->title != NULL) {
        (void)fprintf(out, "%s%s%s\n", bold ? "\033[1m" : "", self->title, bold ? "\033[0m" : "");
    }
    const struct layout layout = choose_layout(self, width);
    struct libscols_table *table = new_table(self, &layout, bold);
    add_heads(self, table, &layout, bold);
    for (size_t row = 0; row < self->n_rows; row++) {
        struct libscols_line *line = new_line(table, false);
        for (size_t i = 0; i < self->n_columns; i++) {
            set_cell(line, i, cell_text(cell_at(self, row, i)));
        }
    }
    CLEANUP(mem_freep) char *text = NULL;
    const int result = scols_print_table_to_string(table, &text);
    assert(result == 0);
    print_trimmed(text, out);
    (void)fputc('\n', out);
    scols_unref_table(table);
}

static struct json *cell_json(const struct report_cell *cell, struct arena *arena)
{
    switch (cell->kind) {
    case REPORT_TEXT:
        return json_new_text(arena, cell->text);
    case REPORT_NUMBER:
        return cell->whole ? json_new_i64(arena, llround(cell->value))
                           : json_new_f64(arena, cell->value);
    case REPORT_BOOL:
        return json_new_bool(arena, cell->boolean);
    case REPORT_ABSENT:
        break;
    }
    return json_new(arena, JSON_NULL);
}

struct json *report_table_json(const struct report_table *self, struct arena *arena)
{
    struct json *rows = json_new(arena, JSON_ARRAY);
    for (size_t row = 0; row < self->n_rows; row++) {
        struct json *object = json_append(rows, json_new(arena, JSON_OBJECT));
        for (size_t i = 0; i < self->n_columns; i++) {
            const struct report_column *column = &self->columns[i];
            (void)json_add(
                arena, object, column->key != NULL ? column->key : column->head,
                cell_json(cell_at(self, row, i), arena));
        }
    }
    return rows;
}
