/* `bench cost`: what envelopes say of their cost, or what another price would make of them.  Nothing is
 * written: a signed envelope keeps what was known when it was signed. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/cost_row.h"
#include "cli/envelope_files.h"
#include "cli/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct cost_options {
    struct option_given given;
    const char *prices_file;
    double price_per_hour;
    bool json;
};

static const struct option_row option_rows[] = {
    {.name = "prices-file",
     .value_name = "FILE",
     .type = OPTION_TEXT,
     .offset = offsetof(struct cost_options, prices_file),
     .not_empty = true,
     .excludes = "price-per-hour",
     .help = "What the runs would cost by this list of token prices, YAML."},
    {.name = "price-per-hour",
     .value_name = "USD",
     .type = OPTION_F64,
     .offset = offsetof(struct cost_options, price_per_hour),
     .above_min = true,
     .max = 1e6,
     .help = "What they would cost if an hour of the whole deployment cost this."},
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct cost_options, json),
     .help = "Print all rows as JSON."},
};

static const struct option_table table = {
    option_rows, ARRAY_LEN(option_rows), sizeof(struct cost_options)};

struct rows {
    struct arena arena;
    struct cost_row *rows;
    size_t n;
};

static int add_file(void *context, const char *path, struct error *err)
{
    struct rows *self = context;
    struct cost_row row = {0};
    const int result = cost_row_read(&self->arena, path, &row, err);
    if (result < 0) {
        return result;
    }
    self->rows = mem_resize(self->rows, self->n + 1, sizeof(*self->rows));
    self->rows[self->n++] = row;
    return 0;
}

/* Puts the price that was given on every row; says where it gives no cost.  Returns how many have one. */
static size_t reprice(
    const struct cli_context *context,
    struct rows *self,
    const struct cost_options *options,
    const struct price_list *list)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n; i++) {
        struct cost_row *row = &self->rows[i];
        const char *why = NULL;
        const bool known = options->prices_file[0] != '\0'
                               ? cost_row_by_list(row, &self->arena, list, &why)
                               : cost_row_by_hour(row, options->price_per_hour, &why);
        n += known;
        if (!known) {
            (void)fprintf(context->log, "bench cost: %s: %s\n", row->file, why);
        }
    }
    return n;
}

enum {
    COLUMN_BENCHMARK,
    COLUMN_MODEL,
    COLUMN_PROVIDER,
    COLUMN_LOAD,
    COLUMN_INPUT,
    COLUMN_CACHED,
    COLUMN_OUTPUT,
    COLUMN_PER_MTOK,
    COLUMN_PER_REQUEST,
    COLUMN_TOTAL,
    COLUMN_SOURCE,
    COLUMN_DATE,
    COLUMN_ENVELOPE,
    COLUMN_COUNT
};

static const struct report_column columns[COLUMN_COUNT] = {
    [COLUMN_BENCHMARK] = {"benchmark", NULL, false},
    [COLUMN_MODEL] = {"model", NULL, false},
    [COLUMN_PROVIDER] = {"provider", NULL, false},
    [COLUMN_LOAD] = {"load", NULL, false},
    [COLUMN_INPUT] = {"tok_in", "input_tokens", true},
    [COLUMN_CACHED] = {"cached", "cached_input_tokens", true},
    [COLUMN_OUTPUT] = {"tok_out", "output_tokens", true},
    [COLUMN_PER_MTOK] = {"$/Mtok", "cost_usd_per_million_tokens", true},
    [COLUMN_PER_REQUEST] = {"$/req", "cost_usd_per_request", true},
    [COLUMN_TOTAL] = {"$_total", "cost_usd_total", true},
    [COLUMN_SOURCE] = {"source", NULL, false},
    [COLUMN_DATE] = {"date", NULL, false},
    [COLUMN_ENVELOPE] = {"envelope", NULL, false},
};

static const char *text_of(const struct cost_row *row, size_t column)
{
    switch (column) {
    case COLUMN_BENCHMARK:
        return row->benchmark;
    case COLUMN_MODEL:
        return row->model;
    case COLUMN_PROVIDER:
        return row->provider;
    case COLUMN_LOAD:
        return row->load;
    case COLUMN_SOURCE:
        return row->cost.source != NULL ? row->cost.source : "";
    case COLUMN_DATE:
        return row->date;
    case COLUMN_ENVELOPE:
        return row->file;
    default:
        return "";
    }
}

struct number {
    double value;
    int decimals;
};

static struct number number_of(const struct cost_row *row, size_t column)
{
    const double none = (double)NAN;
    const bool tokens = row->has_usage;
    const bool cost = row->cost.source != NULL;
    switch (column) {
    case COLUMN_INPUT:
        return (struct number){tokens ? (double)row->usage.input_tokens : none, 0};
    case COLUMN_CACHED:
        return (struct number){tokens ? (double)row->usage.cached_input_tokens : none, 0};
    case COLUMN_OUTPUT:
        return (struct number){tokens ? (double)row->usage.output_tokens : none, 0};
    case COLUMN_PER_MTOK:
        return (struct number){cost ? row->cost.usd_per_million_tokens : none, 3};
    case COLUMN_PER_REQUEST:
        return (struct number){cost ? row->cost.usd_per_request : none, 6};
    case COLUMN_TOTAL:
        return (struct number){cost ? row->cost.usd_total : none, 6};
    default:
        return (struct number){none, 0};
    }
}

static bool texts_differ(const struct rows *self, size_t column)
{
    for (size_t i = 1; i < self->n; i++) {
        if (!text_equal(text_of(&self->rows[i], column), text_of(&self->rows[0], column))) {
            return true;
        }
    }
    return false;
}

/* True when a row has something to say in this column. */
static bool says_something(const struct rows *self, size_t column)
{
    for (size_t i = 0; i < self->n; i++) {
        const double number = number_of(&self->rows[i], column).value;
        if (text_of(&self->rows[i], column)[0] != '\0' || number > 0.0) {
            return true;
        }
    }
    return false;
}

/* Tables leave out what says nothing; JSON has all. */
static bool is_wanted(const struct rows *self, size_t column)
{
    switch (column) {
    case COLUMN_BENCHMARK:
    case COLUMN_PROVIDER:
        return texts_differ(self, column);
    case COLUMN_PER_REQUEST:
        return false;
    case COLUMN_PER_MTOK:
    case COLUMN_TOTAL:
    case COLUMN_SOURCE:
        return true;
    default:
        return says_something(self, column);
    }
}

struct chosen {
    struct report_column columns[COLUMN_COUNT];
    size_t sources[COLUMN_COUNT];
    size_t n;
};

static void choose(struct chosen *self, const struct rows *rows, bool all)
{
    self->n = 0;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (all || is_wanted(rows, i)) {
            self->columns[self->n] = columns[i];
            self->sources[self->n++] = i;
        }
    }
}

static void fill(struct report_table *out, const struct chosen *chosen, const struct cost_row *row)
{
    report_table_add_row(out);
    for (size_t i = 0; i < chosen->n; i++) {
        const char *text = text_of(row, chosen->sources[i]);
        const struct number number = number_of(row, chosen->sources[i]);
        if (text[0] != '\0') {
            report_table_text(out, i, text);
        } else {
            report_table_number(out, i, number.value, number.decimals);
        }
    }
}

/* The sum below the table: what was, or would be, spent. */
static void print_sum(const struct cli_context *context, const struct rows *rows)
{
    double usd = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const double total = number_of(&rows->rows[i], COLUMN_TOTAL).value;
        if (!isnan(total)) {
            usd += total;
            n++;
        }
    }
    if (rows->n > 1 && n > 0) {
        (void)fprintf(context->out, "%.4g USD in all, of %zu of %zu envelopes\n", usd, n, rows->n);
    }
}

static void
print_rows(const struct cli_context *context, const struct rows *rows, const char *title, bool json)
{
    struct chosen chosen;
    choose(&chosen, rows, json);
    CLEANUP(report_table_done) struct report_table out;
    report_table_init(&out, title, chosen.columns, chosen.n);
    for (size_t i = 0; i < rows->n; i++) {
        fill(&out, &chosen, &rows->rows[i]);
    }
    if (json) {
        struct arena arena = {0};
        print_json(context, report_table_json(&out, &arena));
        arena_done(&arena);
        return;
    }
    print_table(context, &out);
    print_sum(context, rows);
}

/* That these are not the costs which the envelopes have; NULL where they are. */
static const char *
title_of(struct rows *rows, const struct cost_options *options, const struct price_list *list)
{
    if (options->prices_file[0] != '\0') {
        return arena_format(&rows->arena, "What they would cost by %s", list->name);
    }
    if (option_is_given(&table, options, "price-per-hour")) {
        return arena_format(
            &rows->arena, "What they would cost at %.10g USD an hour", options->price_per_hour);
    }
    return NULL;
}

static int run_rows(
    const struct cli_context *context,
    const struct cost_options *options,
    const char *path,
    struct rows *rows,
    struct error *err)
{
    const bool by_file = options->prices_file[0] != '\0';
    struct price_list list = {0};
    size_t n_bad = 0;
    int result = 0;
    if (by_file && price_list_load(options->prices_file, &list, err) < 0) {
        result = error_prefix(err, "--prices-file: ");
    }
    if (result == 0) {
        const struct envelope_visit visit = {add_file, rows};
        result = envelope_files_visit(context, "cost", path, &visit, &n_bad, err);
    }
    if (result == 0) {
        const bool asked = by_file || option_is_given(&table, options, "price-per-hour");
        const size_t n = asked ? reprice(context, rows, options, &list) : rows->n;
        print_rows(context, rows, title_of(rows, options, &list), options->json);
        result = n_bad > 0 || n < rows->n ? EXIT_OPERATION : EXIT_GOOD;
    }
    price_list_done(&list);
    return result;
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    struct rows rows = {0};
    const int result = run_rows(context, options, operands[0], &rows, err);
    free(rows.rows);
    arena_done(&rows.arena);
    return result;
}

const struct command command_cost = {
    .name = "cost",
    .synopsis = "<folder or envelope> [options]",
    .summary = "what runs cost, or would cost by another price",
    .description =
        "Prints what each envelope says of its cost: tokens, USD for a million output tokens, USD in "
        "all, where the price is from and its date. With --prices-file or --price-per-hour the same "
        "by that price; the envelopes stay as they are. An envelope that it gives no cost to is "
        "named on stderr, and the exit code is 1, as for a file of the folder that is no envelope. "
        "Signatures are not checked: that is what 'bench verify' does.\n",
    .examples = "  bench cost ./results\n"
                "  bench cost ./results --price-per-hour 12.50\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
