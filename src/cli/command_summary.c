/* `bench summary`: envelopes as one table for each suite.  What all rows of a table agree on stands in
 * its title, so that rows are compared with nothing hidden and nothing repeated. */
#include "base/mem.h"
#include "base/text.h"
#include "cli/envelope_files.h"
#include "cli/print.h"
#include "cli/run_repeat.h"
#include "cli/summary_row.h"
#include "report/number.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS_MAX = SUMMARY_TEXTS + SUMMARY_NUMBERS
};

struct summary_options {
    struct option_given given;
    bool json;
    bool launches;
};

static const struct option_row option_rows[] = {
    {.name = "json",
     .type = OPTION_FLAG,
     .offset = offsetof(struct summary_options, json),
     .help = "Print all rows as JSON."},
    {.name = "launches",
     .type = OPTION_FLAG,
     .offset = offsetof(struct summary_options, launches),
     .help = "Give every launch of a repeated point a row of its own."},
};

static const struct option_table table = {
    option_rows, ARRAY_LEN(option_rows), sizeof(struct summary_options)};

/* All rows, and how many files were no envelopes. */
struct rows {
    struct arena arena;
    struct summary_row *rows;
    size_t n;
    size_t n_bad;
};

static int add_file(void *context, const char *path, struct error *err)
{
    struct rows *self = context;
    struct summary_row row = {0};
    const int result = summary_row_read(&self->arena, path, &row, err);
    if (result < 0) {
        return result;
    }
    self->rows = mem_resize(self->rows, self->n + 1, sizeof(*self->rows));
    self->rows[self->n++] = row;
    return 0;
}

static int compare_suites(const struct summary_row *a, const struct summary_row *b)
{
    const int ids = strcmp(a->suite_id, b->suite_id);
    return ids != 0 ? ids : strcmp(a->suite_version, b->suite_version);
}

static int compare_rows(const void *a, const void *b)
{
    const struct summary_row *left = a;
    const struct summary_row *right = b;
    const int suites = compare_suites(left, right);
    if (suites != 0) {
        return suites;
    }
    const double x = left->numbers[SUMMARY_THROUGHPUT];
    const double y = right->numbers[SUMMARY_THROUGHPUT];
    if (isnan(x) != isnan(y)) {
        return isnan(x) ? 1 : -1;
    }
    if (x > y || x < y) {
        return x > y ? -1 : 1;
    }
    return strcmp(left->texts[SUMMARY_FILE], right->texts[SUMMARY_FILE]);
}

/* Launches in their order: the sums of a group are then those of the run's own readout, to the last bit. */
static int compare_groups(const void *a, const void *b)
{
    const struct summary_row *left = a;
    const struct summary_row *right = b;
    const int groups = strcmp(left->group_id, right->group_id);
    if (groups != 0 || left->launch_index != right->launch_index) {
        return groups != 0 ? groups : (left->launch_index > right->launch_index ? 1 : -1);
    }
    return strcmp(left->texts[SUMMARY_FILE], right->texts[SUMMARY_FILE]);
}

/* The throughput's spread stands where a single launch has its file. */
static const char *group_text(struct arena *arena, const struct repeat_group *group)
{
    const struct between_runs *throughput = &group->numbers[SUMMARY_THROUGHPUT];
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_format(&text, "%zu launches", group->n);
    if (!isnan(throughput->half)) {
        char half[REPORT_NUMBER_SIZE];
        report_number(throughput->half, 1, half);
        bytes_add_format(&text, ", tok/s +-%s", half);
    }
    return arena_copy_text(arena, text.data);
}

/* Makes one row of rows[0..n), which are launches of one point, and returns it. */
static struct summary_row merge_group(struct arena *arena, const struct summary_row *rows, size_t n)
{
    CLEANUP(mem_freep) const double **numbers = mem_alloc(n, sizeof(*numbers));
    size_t n_whole = 0;
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].interrupted) {
            numbers[n_whole++] = rows[i].numbers;
        }
    }
    struct repeat_group group;
    repeat_group_compute(numbers, n_whole, &group);
    struct summary_row merged = rows[0];
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        merged.numbers[i] = group.numbers[i].mean;
    }
    for (size_t i = 0; i < n; i++) {
        if (!text_equal(rows[i].texts[SUMMARY_VALID], "valid")) {
            merged.texts[SUMMARY_VALID] = rows[i].texts[SUMMARY_VALID];
        }
    }
    merged.texts[SUMMARY_FILE] = group_text(arena, &group);
    merged.n_launches = n_whole;
    merged.spread = repeat_group_json(&group, arena);
    return merged;
}

/* Launches of one point become one row.  Leaves the rows ordered by group. */
static void merge_groups(struct rows *self)
{
    qsort(self->rows, self->n, sizeof(*self->rows), compare_groups);
    size_t n = 0;
    for (size_t from = 0; from < self->n;) {
        size_t to = from + 1;
        while (to < self->n && self->rows[from].group_id[0] != '\0' &&
               text_equal(self->rows[to].group_id, self->rows[from].group_id)) {
            to++;
        }
        self->rows[n++] = to - from > 1 ? merge_group(&self->arena, self->rows + from, to - from)
                                        : self->rows[from];
        from = to;
    }
    self->n = n;
}

/* True when the rows do not all say the same. */
static bool texts_differ(const struct summary_row *rows, size_t n, size_t text)
{
    for (size_t i = 1; i < n; i++) {
        if (!text_equal(rows[i].texts[text], rows[0].texts[text])) {
            return true;
        }
    }
    return false;
}

static bool has_number(const struct summary_row *rows, size_t n, size_t number)
{
    for (size_t i = 0; i < n; i++) {
        if (!isnan(rows[i].numbers[number])) {
            return true;
        }
    }
    return false;
}

/* Which columns a table has: texts first, the file last. */
struct chosen {
    struct report_column columns[COLUMNS_MAX];
    size_t sources[COLUMNS_MAX]; /* a text, or SUMMARY_TEXTS + a number */
    size_t n;
};

static void choose(struct chosen *self, size_t source, const struct report_column *column)
{
    self->columns[self->n] = *column;
    self->sources[self->n++] = source;
}

/* `all`: for JSON, where every object has the same members. */
static void choose_columns(struct chosen *self, const struct summary_row *rows, size_t n, bool all)
{
    for (size_t i = 0; i < SUMMARY_FILE; i++) {
        const bool wanted = i == SUMMARY_LOAD ? true : texts_differ(rows, n, i);
        if (all || wanted) {
            choose(self, i, &summary_texts[i]);
        }
    }
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        if (all || has_number(rows, n, i)) {
            choose(self, SUMMARY_TEXTS + i, &summary_numbers[i].column);
        }
    }
    choose(self, SUMMARY_FILE, &summary_texts[SUMMARY_FILE]);
}

static void add_number(struct report_table *out, size_t column, size_t number, double value)
{
    if (summary_numbers[number].fixed) {
        report_table_fixed(out, column, value, summary_numbers[number].decimals);
    } else {
        report_table_number(out, column, value, summary_numbers[number].decimals);
    }
}

static void
fill_row(struct report_table *out, const struct chosen *chosen, const struct summary_row *row)
{
    report_table_add_row(out);
    for (size_t column = 0; column < chosen->n; column++) {
        const size_t source = chosen->sources[column];
        if (source >= SUMMARY_TEXTS) {
            const size_t number = source - SUMMARY_TEXTS;
            add_number(out, column, number, row->numbers[number]);
        } else if (row->texts[source][0] != '\0') {
            report_table_text(out, column, row->texts[source]);
        }
    }
}

static void fill(
    struct report_table *out, const struct chosen *chosen, const struct summary_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fill_row(out, chosen, &rows[i]);
    }
}

/* The suite, and below it what all rows agree on. */
static void write_title(const struct summary_row *rows, size_t n, struct bytes *out)
{
    bytes_add_format(out, "%s %s", rows[0].suite_id, rows[0].suite_version);
    const char *before = "\n";
    for (size_t i = 0; i < SUMMARY_FILE; i++) {
        if (i != SUMMARY_LOAD && !texts_differ(rows, n, i) && rows[0].texts[i][0] != '\0') {
            bytes_add_format(out, "%s%s %s", before, summary_texts[i].head, rows[0].texts[i]);
            before = ", ";
        }
    }
}

static void print_suite(const struct cli_context *context, const struct summary_row *rows, size_t n)
{
    CLEANUP(bytes_done) struct bytes title;
    bytes_init(&title, BYTES_MAX_DEFAULT);
    write_title(rows, n, &title);
    struct chosen chosen = {0};
    choose_columns(&chosen, rows, n, false);
    CLEANUP(report_table_done) struct report_table out;
    report_table_init(&out, title.data, chosen.columns, chosen.n);
    fill(&out, &chosen, rows, n);
    print_table(context, &out);
}

static void print_tables(const struct cli_context *context, const struct rows *all)
{
    for (size_t from = 0; from < all->n;) {
        size_t to = from + 1;
        while (to < all->n && compare_suites(&all->rows[to], &all->rows[from]) == 0) {
            to++;
        }
        (void)fputs(from > 0 ? "\n" : "", context->out);
        print_suite(context, all->rows + from, to - from);
        from = to;
    }
}

static void print_rows(const struct cli_context *context, const struct rows *all)
{
    struct chosen chosen = {0};
    choose_columns(&chosen, all->rows, all->n, true);
    CLEANUP(report_table_done) struct report_table out;
    report_table_init(&out, NULL, chosen.columns, chosen.n);
    fill(&out, &chosen, all->rows, all->n);
    struct arena arena = {0};
    struct json *objects = report_table_json(&out, &arena);
    struct json *object = objects->first;
    for (size_t i = 0; i < all->n; i++, object = object->next) {
        json_add_text(&arena, object, "suite_id", all->rows[i].suite_id);
        json_add_text(&arena, object, "suite_version", all->rows[i].suite_version);
        json_add_i64(&arena, object, "launches", (int64_t)all->rows[i].n_launches);
        if (all->rows[i].spread != NULL) {
            json_add_text(&arena, object, "group_id", all->rows[i].group_id);
            (void)json_add(&arena, object, "spread", json_copy(&arena, all->rows[i].spread));
        }
    }
    print_json(context, objects);
    arena_done(&arena);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    const struct summary_options *given = options;
    struct rows all = {0};
    const struct envelope_visit visit = {add_file, &all};
    int result = envelope_files_visit(context, "summary", operands[0], &visit, &all.n_bad, err);
    if (result == 0) {
        assert(all.rows != NULL);
        if (!given->launches) {
            merge_groups(&all);
        }
        qsort(all.rows, all.n, sizeof(*all.rows), compare_rows);
        if (given->json) {
            print_rows(context, &all);
        } else {
            print_tables(context, &all);
        }
        result = all.n_bad > 0 ? EXIT_OPERATION : EXIT_GOOD;
    }
    free(all.rows);
    arena_done(&all.arena);
    return result;
}

const struct command command_summary = {
    .name = "summary",
    .synopsis = "<folder or envelope> [options]",
    .summary = "tabulate envelopes",
    .description =
        "Prints one table for each suite, the highest throughput first. Launches of one point "
        "(bench run --repeat) are one row: the mean of each metric, the number of launches, and "
        "half the width of throughput's 95 % interval between them (Student's t); JSON has that "
        "of every metric. An interrupted launch is not counted. Signatures are not "
        "checked: that is what 'bench verify' does. A file of the folder that is no envelope is "
        "named on stderr, and the exit code is 1.\n",
    .examples = "  bench summary ./results\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
