/* One row a point, in the order of measuring.  The columns `$/Mtok` and `valid` appear only when they have
 * something to say: a price that applies; a flagged point, or one that could not be measured. */
#include "cli/run_readout.h"

#include "base/text.h"
#include "cli/print.h"
#include "cli/run_repeat.h"
#include "report/table.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum {
    COLUMN_FIRST,
    COLUMN_THROUGHPUT,
    COLUMN_TTFT,
    COLUMN_TPOT,
    COLUMN_OK_RATE,
    COLUMN_ENERGY,
    COLUMN_COST, /* where there is one; then the benchmarks' own metrics, envelope, valid */
    EXTRAS_MAX = 2 * SPEC_METRICS_MAX,
    COLUMN_MAX = COLUMN_COST + 1 + EXTRAS_MAX + 2
};

/* The columns of one readout. */
struct layout {
    struct report_column columns[COLUMN_MAX];
    const struct metric *extras[EXTRAS_MAX];
    size_t n_extras;
    bool with_cost;
    bool with_valid;
};

static bool has_column(const struct layout *self, const struct metric *metric)
{
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        if (text_equal(summary_number_key(i), metric->key)) {
            return true;
        }
    }
    for (size_t i = 0; i < self->n_extras; i++) {
        if (self->extras[i] == metric) {
            return true;
        }
    }
    return false;
}

static void add_extra(struct layout *self, const struct metric *metric)
{
    if (self->n_extras < EXTRAS_MAX && !has_column(self, metric)) {
        self->extras[self->n_extras++] = metric;
    }
}

/* The benchmarks' metrics in the order of the rows, each once. */
static void find_extras(struct layout *self, const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < rows[i].n_extras; k++) {
            add_extra(self, rows[i].extras[k].metric);
        }
    }
}

static size_t extra_column(const struct layout *self)
{
    return COLUMN_COST + (self->with_cost ? 1 : 0);
}

static size_t envelope_column(const struct layout *self)
{
    return extra_column(self) + self->n_extras;
}

static bool has_costs(const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isnan(rows[i].numbers[SUMMARY_COST])) {
            return true;
        }
    }
    return false;
}

static bool has_flags(const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].validity != VALIDITY_VALID) {
            return true;
        }
    }
    return false;
}

static bool is_repeated(const struct point_row *row)
{
    return row->launch.of > 1;
}

/* "4", of a repeated run "4 #2" unless `plain`. */
static void add_first(struct report_table *table, const struct point_row *row, bool plain)
{
    char text[sizeof(row->label) + 16];
    (void)snprintf(text, sizeof(text), "%s", row->label);
    if (is_repeated(row) && !plain) {
        (void)snprintf(text, sizeof(text), "%s #%u", row->label, row->launch.index);
    }
    if (isnan(row->load)) {
        report_table_text(table, COLUMN_FIRST, text);
    } else {
        report_table_setting(table, COLUMN_FIRST, row->load, text);
    }
}

static void add_numbers(
    struct report_table *table, const struct layout *layout, const double numbers[SUMMARY_NUMBERS])
{
    report_table_number(table, COLUMN_THROUGHPUT, numbers[SUMMARY_THROUGHPUT], 1);
    report_table_number(table, COLUMN_TTFT, numbers[SUMMARY_TTFT], 2);
    report_table_number(table, COLUMN_TPOT, numbers[SUMMARY_TPOT], 2);
    report_table_fixed(table, COLUMN_OK_RATE, numbers[SUMMARY_OK_RATE], 3);
    report_table_number(table, COLUMN_ENERGY, numbers[SUMMARY_JOULES], 3);
    if (layout->with_cost) {
        report_table_number(table, COLUMN_COST, numbers[SUMMARY_COST], 3);
    }
}

/* A row's value of a metric that its benchmark shows, or NAN. */
static double extra_of(const struct point_row *row, const struct metric *metric)
{
    for (uint32_t i = 0; i < row->n_extras; i++) {
        if (row->extras[i].metric == metric) {
            return row->extras[i].value;
        }
    }
    return (double)NAN;
}

static void
add_extras(struct report_table *table, const struct layout *layout, const struct point_row *row)
{
    for (size_t i = 0; i < layout->n_extras; i++) {
        const struct metric *metric = layout->extras[i];
        report_table_number(
            table, extra_column(layout) + i, extra_of(row, metric), metric->decimals);
    }
}

static void add_row(
    struct report_table *table,
    const struct layout *layout,
    const struct point_row *row,
    bool plain)
{
    report_table_add_row(table);
    add_first(table, row, plain);
    add_numbers(table, layout, row->numbers);
    add_extras(table, layout, row);
    if (row->envelope != NULL) {
        report_table_text(table, envelope_column(layout), row->envelope);
    }
    if (layout->with_valid) {
        report_table_text(table, envelope_column(layout) + 1, validity_status_name(row->validity));
    }
}

/* Rows of the point that rows[0] is a launch of. */
static size_t group_len(const struct point_row *rows, size_t n)
{
    size_t len = 1;
    while (len < n && is_repeated(&rows[0]) && text_equal(rows[len].group_id, rows[0].group_id)) {
        len++;
    }
    return len;
}

/* Launches that were written and not cut short: of the others there is nothing to compare. */
static void compute_group(const struct point_row *rows, size_t n, struct repeat_group *out)
{
    const double *numbers[RUN_REPEAT_MAX];
    size_t n_counted = 0;
    assert(n <= RUN_REPEAT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].envelope != NULL && !rows[i].interrupted) {
            numbers[n_counted++] = rows[i].numbers;
        }
    }
    repeat_group_compute(numbers, n_counted, out);
}

/* A row below the launches of a point. */
struct group_figure {
    const char *name;
    size_t offset; /* in struct between_runs */
};

/* One figure of every number, in the group's row of that name. */
static void add_group_row(
    struct report_table *table,
    const struct layout *layout,
    const struct repeat_group *group,
    const struct group_figure *figure)
{
    double numbers[SUMMARY_NUMBERS];
    for (size_t i = 0; i < SUMMARY_NUMBERS; i++) {
        memcpy(&numbers[i], (const char *)&group->numbers[i] + figure->offset, sizeof(numbers[i]));
    }
    report_table_add_row(table);
    report_table_text(table, COLUMN_FIRST, figure->name);
    add_numbers(table, layout, numbers);
}

static void add_group(
    struct report_table *table, const struct layout *layout, const struct point_row *rows, size_t n)
{
    static const struct group_figure figures[] = {
        {"mean", offsetof(struct between_runs, mean)},
        {"+-95%", offsetof(struct between_runs, half)},
        {"sd", offsetof(struct between_runs, sd)},
        {"min", offsetof(struct between_runs, min)},
        {"max", offsetof(struct between_runs, max)},
    };
    struct repeat_group group;
    compute_group(rows, n, &group);
    for (size_t i = 0; group.n > 0 && i < ARRAY_LEN(figures); i++) {
        add_group_row(table, layout, &group, &figures[i]);
    }
}

/* What the columns do not say of a launch. */
static void name_launches(
    struct arena *arena, const struct json *objects, const struct point_row *rows, size_t n)
{
    struct json *object = objects->first;
    for (size_t i = 0; i < n; i++, object = object->next) {
        json_add_i64(arena, object, "launch", rows[i].launch.index);
        (void)json_add(arena, object, "seed", json_new_u64(arena, rows[i].seed));
        json_add_text(arena, object, "group_id", rows[i].group_id);
    }
}

static void add_group_json(
    struct arena *arena,
    struct json *groups,
    const char *first,
    const struct point_row *rows,
    size_t n)
{
    struct repeat_group group;
    compute_group(rows, n, &group);
    struct json *object = json_append(groups, json_new(arena, JSON_OBJECT));
    if (isnan(rows->load)) {
        json_add_text(arena, object, first, rows->label);
    } else if (fabs(rows->load - trunc(rows->load)) <= 0.0) {
        json_add_i64(arena, object, first, llround(rows->load)); /* as the launches' rows do */
    } else {
        json_add_f64(arena, object, first, rows->load);
    }
    json_add_text(arena, object, "group_id", rows->group_id);
    (void)json_add(arena, object, "base_seed", json_new_u64(arena, rows->launch.base_seed));
    json_add_i64(arena, object, "launches", (int64_t)group.n);
    json_add_i64(arena, object, "of", rows->launch.of);
    (void)json_add(arena, object, "metrics", repeat_group_json(&group, arena));
}

/* {"launches": [...], "groups": [...]} */
static struct json *repeated_json(
    struct arena *arena,
    struct json *launches,
    const char *first,
    const struct point_row *rows,
    size_t n)
{
    name_launches(arena, launches, rows, n);
    struct json *out = json_new(arena, JSON_OBJECT);
    (void)json_add(arena, out, "launches", launches);
    struct json *groups = json_add(arena, out, "groups", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < n; i += group_len(rows + i, n - i)) {
        add_group_json(arena, groups, first, rows + i, group_len(rows + i, n - i));
    }
    return out;
}

static bool has_selftests(const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].selftest.asked) {
            return true;
        }
    }
    return false;
}

/* "conc 4 #2: ", where there are several rows to tell apart. */
static void
print_row_name(const struct cli_context *context, const char *first, const struct point_row *row)
{
    (void)fprintf(context->out, "%s %s", first, row->label);
    if (is_repeated(row)) {
        (void)fprintf(context->out, " #%u", row->launch.index);
    }
    (void)fputs(": ", context->out);
}

/* Below the table: what of its figures may be the client's. */
static void print_selftests(
    const struct cli_context *context, const char *first, const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct selftest_row *row = &rows[i].selftest.row;
        if (!rows[i].selftest.done) {
            continue;
        }
        if (n > 1) {
            print_row_name(context, first, &rows[i]);
        }
        const struct selftest_limit *limit = selftest_broken_limit(row);
        (void)fprintf(
            context->out, "client error at this load: TTFT p99 %.3g ms, ITL p99 %.3g ms%s%s\n",
            row->ttft.p99_ms, row->itl.p99_ms, limit != NULL ? "; not within the limit: " : "",
            limit != NULL ? limit->text : "");
    }
}

/* With --selftest every point says what came of it. */
static void add_selftests(
    struct arena *arena, const struct json *objects, const struct point_row *rows, size_t n)
{
    struct json *object = objects->first;
    for (size_t i = 0; i < n; i++, object = object->next) {
        (void)json_add(arena, object, "selftest", run_selftest_json(&rows[i].selftest, arena));
    }
}

static void print_readout_json(
    const struct cli_context *context,
    const struct report_table *table,
    const char *first,
    const struct point_row *rows,
    size_t n)
{
    struct arena arena = {0};
    struct json *value = report_table_json(table, &arena);
    if (has_selftests(rows, n)) {
        add_selftests(&arena, value, rows, n);
    }
    if (n > 0 && is_repeated(&rows[0])) {
        value = repeated_json(&arena, value, first, rows, n);
    }
    print_json(context, value);
    arena_done(&arena);
}

static void
layout_init(struct layout *self, const char *first, const struct point_row *rows, size_t n)
{
    *self = (struct layout){
        .columns = {
            [COLUMN_FIRST] = {first, NULL, true},
            [COLUMN_THROUGHPUT] = {"throughput_tok_per_s", NULL, true},
            [COLUMN_TTFT] = {"ttft_p50_ms", NULL, true},
            [COLUMN_TPOT] = {"tpot_p50_ms", NULL, true},
            [COLUMN_OK_RATE] = {"ok_rate", NULL, true},
            [COLUMN_ENERGY] = {"J/tok", "joules_per_token", true},
        }};
    self->with_cost = has_costs(rows, n);
    if (self->with_cost) {
        self->columns[COLUMN_COST] =
            (struct report_column){"$/Mtok", "cost_usd_per_million_tokens", true};
    }
    find_extras(self, rows, n);
    for (size_t i = 0; i < self->n_extras; i++) {
        self->columns[extra_column(self) + i] =
            (struct report_column){self->extras[i]->key, NULL, true};
    }
    const size_t at = envelope_column(self);
    self->columns[at] = (struct report_column){"envelope", NULL, false};
    self->columns[at + 1] = (struct report_column){"valid", NULL, false};
    self->with_valid = has_flags(rows, n);
}

void run_readout_print(
    const struct cli_context *context,
    const char *first,
    const struct point_row *rows,
    size_t n,
    bool json)
{
    struct layout layout;
    layout_init(&layout, first, rows, n);
    struct report_table table;
    report_table_init(
        &table, NULL, layout.columns, envelope_column(&layout) + (layout.with_valid ? 2 : 1));
    for (size_t i = 0; i < n;) {
        const size_t end = i + group_len(rows + i, n - i);
        const size_t from = i;
        for (; i < end; i++) {
            add_row(&table, &layout, &rows[i], json);
        }
        if (is_repeated(&rows[from]) && !json) {
            add_group(&table, &layout, rows + from, end - from);
        }
    }
    if (json) {
        print_readout_json(context, &table, first, rows, n);
    } else {
        report_table_print(&table, context->out, context->columns, context->color);
        print_selftests(context, first, rows, n);
    }
    report_table_done(&table);
}

int run_readout_exit_code(const struct point_row *rows, size_t n)
{
    int code = n > 0 ? EXIT_GOOD : EXIT_OPERATION;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].interrupted) {
            return EXIT_INTERRUPTED;
        }
        if (rows[i].envelope == NULL || rows[i].judge_failed ||
            isnan(rows[i].numbers[SUMMARY_OK_RATE]) ||
            rows[i].numbers[SUMMARY_OK_RATE] < RUN_OK_RATE_MIN) {
            code = EXIT_OPERATION;
        }
    }
    return code;
}
