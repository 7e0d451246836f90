/* Folding knows nothing of words but that they end at a blank, and never splits one. */
#include "cli/print.h"

#include "engine/version.h"
#include "envelope/build_info.h"

#include <string.h>

void print_version(const struct cli_context *context)
{
    (void)fprintf(context->out, "bench %s (%s)\n", BENCH_VERSION, BUILD_GIT_COMMIT);
}

void print_json(const struct cli_context *context, const struct json *value)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_pretty(value, &text);
    bytes_add_char(&text, '\n');
    (void)fwrite(text.data, 1, text.len, context->out);
}

void print_table(const struct cli_context *context, const struct report_table *table)
{
    report_table_print(table, context->out, context->columns, context->color);
}

static void print_blanks(FILE *out, size_t n)
{
    (void)fprintf(out, "%*s", (int)n, "");
}

/* One paragraph without newlines.  Returns nothing; ends with a newline. */
static void fold_line(FILE *out, const char *line, size_t len, const struct print_fold *fold)
{
    size_t column = fold->at;
    if (column < fold->indent) {
        print_blanks(out, fold->indent - column);
        column = fold->indent;
    }
    const char *end = line + len;
    bool first = true;
    for (const char *word = line; word < end;) {
        const char *blank = memchr(word, ' ', (size_t)(end - word));
        const size_t word_len = (size_t)((blank != NULL ? blank : end) - word);
        if (!first && column + 1 + word_len > fold->width) {
            (void)fputc('\n', out);
            print_blanks(out, fold->indent);
            column = fold->indent;
            first = true;
        }
        column += (first ? 0 : 1) + word_len;
        (void)fprintf(out, "%s%.*s", first ? "" : " ", (int)word_len, word);
        first = false;
        word += word_len + (blank != NULL ? 1 : 0);
    }
    (void)fputc('\n', out);
}

void print_folded(FILE *out, const char *text, const struct print_fold *fold)
{
    struct print_fold now = *fold;
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (len == 0) {
            (void)fputc('\n', out);
        } else if (line[0] == ' ') {
            print_blanks(out, now.indent);
            (void)fprintf(out, "%.*s\n", (int)len, line);
        } else {
            fold_line(out, line, len, &now);
        }
        now.at = 0;
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}
