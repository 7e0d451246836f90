/* option.h - one row for each option: parser, help, man page, reference and completion read it.
 *
 * A command's options are a table and a struct.  The parser fills the struct, whose first member is a
 * struct option_given; texts are borrowed from argv. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
    OPTION_FLAG,     /* bool; takes no value */
    OPTION_TEXT,     /* const char *; "" when not given and without default */
    OPTION_I64,      /* int64_t */
    OPTION_U32,      /* uint32_t */
    OPTION_F64,      /* double, finite */
    OPTION_CHOICE,   /* int: index into the choices */
    OPTION_U32_LIST, /* struct option_u32_list; "1,4,16", no value twice */
    OPTION_F64_LIST, /* struct option_f64_list */
    OPTION_TEXTS,    /* struct option_texts; may be given several times */
};

enum {
    OPTION_LIST_MAX = 32, /* values of a list, and of a repeated text */
    OPTION_ROWS_MAX = 128
};

/* Which rows of the table were given, also with a value equal to the default. */
struct option_given {
    uint64_t bits[OPTION_ROWS_MAX / 64];
};

struct option_u32_list {
    uint32_t n;
    uint32_t values[OPTION_LIST_MAX];
    bool keyword; /* the row's keyword stood in place of the list; n is 0 */
};

struct option_f64_list {
    uint32_t n;
    double values[OPTION_LIST_MAX];
    bool keyword;
};

struct option_texts {
    size_t n;
    const char *values[OPTION_LIST_MAX];
};

struct option_row {
    const char *name;       /* without dashes */
    const char *value_name; /* "N", "FILE"; NULL for flags */
    char letter;            /* one-letter form; '\0': none */
    bool above_min;         /* `min` itself is refused */
    bool not_empty;         /* "" is refused as a text */
    bool unbuilt;           /* documented, and answers "not built yet" when given */
    enum option_type type;
    size_t offset;              /* of the member that takes the value */
    const char *group;          /* heading in help, on the first row of a group; NULL */
    const char *default_text;   /* parsed when the option is not given; NULL: zero */
    const char *default_shown;  /* told in help in place of default_text; NULL: default_text */
    double min;                 /* numbers and list members: smallest */
    double max;                 /* largest; 0: the type's own */
    const char *const *choices; /* NULL-terminated, or */
    const char *(*choice_at)(size_t i); /* the i-th choice of another table; NULL at its end */
    const char *keyword;                /* lists: a word that may stand in place of the list */
    const char *excludes; /* names of options that may not stand beside it, by one blank apart */
    const char *help;     /* what it does; without range, default, choices and exclusions */
};

struct option_table {
    const struct option_row *rows;
    size_t n;
    size_t size; /* bytes of the struct that option_parse fills */
};

/* Outcomes of option_parse besides 0. */
enum {
    OPTION_ASKS_HELP = 1,    /* --help or -h: the rest was not read */
    OPTION_ASKS_VERSION = 2, /* --version or -V */
};

/* Fills `out` (table->size bytes) from argv[0..argc): first the defaults, then what is given, as
 * --name value, --name=value, -x value or -xvalue.  After "--" everything is an operand, and so is
 * "-".  Operands move to the front of argv in their order; *n_operands gets their number.
 * Errors: ERROR_USAGE, one line that names option and value. */
MUST_CHECK int option_parse(
    const struct option_table *table,
    int argc,
    char **argv,
    void *out,
    int *n_operands,
    struct error *err);

/* Sets every member from its default. */
void option_defaults(const struct option_table *table, void *out);

/* True when the option called `name` (which exists) was given. */
bool option_is_given(const struct option_table *table, const void *options, const char *name);

/* The row called `name`, or NULL. */
const struct option_row *option_find(const struct option_table *table, const char *name);

/* The i-th choice of a row, or NULL at the end. */
const char *option_choice(const struct option_row *row, size_t i);

/* Reads `text` into the member of `out`.  Used by option_parse; the error does not name the option. */
MUST_CHECK int
option_value_parse(const struct option_row *row, const char *text, void *out, struct error *err);
