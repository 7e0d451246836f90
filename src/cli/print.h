/* print.h - what several commands print in the same way. */
#pragma once

#include "cli/command.h"
#include "codec/json.h"
#include "report/table.h"

/* "bench 0.1.0 (COMMIT)". */
void print_version(const struct cli_context *context);

/* The value, pretty, and a newline. */
void print_json(const struct cli_context *context, const struct json *value);

/* The table, laid out for the terminal. */
void print_table(const struct cli_context *context, const struct report_table *table);

/* Paragraphs of `text`, folded to `width`, each line behind `indent` blanks.  The first line begins
 * after `at` columns that are there already.  Lines that begin with a blank are kept as they are. */
struct print_fold {
    size_t indent;
    size_t at;
    size_t width;
};

void print_folded(FILE *out, const char *text, const struct print_fold *fold);
