/* One list of figures: the JSON has all of them, the tables those with a head.  Three tables, so that each fits into 80
 * columns. */
#include "cli/selftest_report.h"

#include "cli/print.h"
#include "report/number.h"
#include "report/table.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum table {
    TABLE_LOAD,
    TABLE_ERRORS,
    TABLE_DELAYS,
    N_TABLES
};

struct figure {
    const char *key;
    const char *head;  /* NULL: JSON only */
    unsigned decimals; /* as printed */
    enum table table;
    size_t offset; /* a double of struct selftest_row */
};

#define AT(member) offsetof(struct selftest_row, member)

static const struct figure figures[] = {
    {"events_per_s", "events/s", 0, TABLE_LOAD, AT(events_per_s)},
    {"events_share", NULL, 3, TABLE_LOAD, AT(events_share)},
    {"in_flight_share", "in flight", 3, TABLE_LOAD, AT(in_flight_share)},
    {"ttft_error_mean_ms", NULL, 3, TABLE_ERRORS, AT(ttft.mean_ms)},
    {"ttft_error_p50_ms", "TTFT error p50", 3, TABLE_ERRORS, AT(ttft.p50_ms)},
    {"ttft_error_p99_ms", "p99", 3, TABLE_ERRORS, AT(ttft.p99_ms)},
    {"ttft_error_max_ms", "max ms", 3, TABLE_ERRORS, AT(ttft.max_ms)},
    {"itl_error_mean_ms", NULL, 3, TABLE_ERRORS, AT(itl.mean_ms)},
    {"itl_error_p50_ms", "ITL error p50", 3, TABLE_ERRORS, AT(itl.p50_ms)},
    {"itl_error_p99_ms", "p99", 3, TABLE_ERRORS, AT(itl.p99_ms)},
    {"itl_error_max_ms", "max ms", 3, TABLE_ERRORS, AT(itl.max_ms)},
    {"ttft_p99_ms", NULL, 3, TABLE_ERRORS, AT(ttft_p99_ms)},
    {"true_ttft_p99_ms", NULL, 3, TABLE_ERRORS, AT(true_ttft_p99_ms)},
    {"shared_read_share", NULL, 4, TABLE_DELAYS, AT(shared_read_share)},
    {"client_lag_p50_us", "client lag p50", 0, TABLE_DELAYS, AT(client_lag_p50_us)},
    {"client_lag_p99_us", "p99", 0, TABLE_DELAYS, AT(client_lag_p99_us)},
    {"client_lag_max_us", "max us", 0, TABLE_DELAYS, AT(client_lag_max_us)},
    {"dispatch_delay_p50_us", "dispatch delay p50", 0, TABLE_DELAYS, AT(dispatch_delay_p50_us)},
    {"dispatch_delay_p99_us", "p99", 0, TABLE_DELAYS, AT(dispatch_delay_p99_us)},
    {"dispatch_delay_max_us", "max us", 0, TABLE_DELAYS, AT(dispatch_delay_max_us)},
    {"cpu_us_per_event", "CPU us/event", 2, TABLE_LOAD, AT(cpu_us_per_event)},
    {"engine_cpu_us_per_event", NULL, 2, TABLE_LOAD, AT(engine_cpu_us_per_event)},
    {"memory_mb", "memory MB", 1, TABLE_LOAD, AT(memory_mb)},
    {"start_ms", NULL, 1, TABLE_LOAD, AT(start_ms)},
};

static double figure_of(const struct figure *figure, const struct selftest_row *row)
{
    double value = 0.0;
    memcpy(&value, (const char *)row + figure->offset, sizeof(value));
    return value;
}

const struct selftest_row *selftest_report_trusted(const struct selftest_row *rows, size_t n)
{
    uint32_t broken_at = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        if (selftest_broken_limit(&rows[i]) != NULL && rows[i].streams < broken_at) {
            broken_at = rows[i].streams;
        }
    }
    const struct selftest_row *trusted = NULL;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].streams < broken_at &&
            (trusted == NULL || rows[i].streams > trusted->streams)) {
            trusted = &rows[i];
        }
    }
    return trusted;
}

static void print_figures(
    const struct cli_context *context, const struct selftest_row *rows, size_t n, enum table table)
{
    struct report_column columns[ARRAY_LEN(figures) + 1] = {
        {.head = "streams", .key = "streams", .right = true}};
    const struct figure *sources[ARRAY_LEN(figures) + 1] = {NULL};
    size_t n_columns = 1;
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        if (figures[i].head != NULL && figures[i].table == table) {
            columns[n_columns] = (struct report_column){figures[i].head, figures[i].key, true};
            sources[n_columns++] = &figures[i];
        }
    }
    CLEANUP(report_table_done) struct report_table out;
    report_table_init(&out, NULL, columns, n_columns);
    for (size_t row = 0; row < n; row++) {
        report_table_add_row(&out);
        report_table_number(&out, 0, rows[row].streams, 0);
        for (size_t column = 1; column < n_columns; column++) {
            report_table_fixed(
                &out, column, figure_of(sources[column], &rows[row]),
                (int)sources[column]->decimals);
        }
    }
    print_table(context, &out);
}

static void print_limit(const struct cli_context *context, const struct selftest_row *row)
{
    const struct selftest_limit *limit = selftest_broken_limit(row);
    if (limit == NULL) {
        return;
    }
    (void)fprintf(
        context->out, "%u streams: %s is %.4g, the limit is %.4g\n", row->streams, limit->text,
        selftest_figure(row, limit), limit->limit);
}

void selftest_report_print(
    const struct cli_context *context, const struct selftest_row *rows, size_t n)
{
    for (int table = 0; table < N_TABLES; table++) {
        print_figures(context, rows, n, (enum table)table);
        (void)fputc('\n', context->out);
    }
    for (size_t i = 0; i < n; i++) {
        print_limit(context, &rows[i]);
        if (!rows[i].kernel_stamps) {
            (void)fprintf(
                context->out, "%u streams: some arrivals have no kernel stamp\n", rows[i].streams);
        }
        if (rows[i].n_mismatched > 0) {
            (void)fprintf(
                context->out, "%u streams: %llu requests could not be compared\n", rows[i].streams,
                (unsigned long long)rows[i].n_mismatched);
        }
    }
    const struct selftest_row *trusted = selftest_report_trusted(rows, n);
    if (trusted != NULL) {
        (void)fprintf(
            context->out,
            "This machine measures within the limits up to %u streams, %.0f events/s.\n",
            trusted->streams, trusted->events_per_s);
    } else {
        (void)fputs("This machine measures none of these loads within the limits.\n", context->out);
    }
}

static struct json *row_json(struct arena *arena, const struct selftest_row *row)
{
    struct json *object = json_new(arena, JSON_OBJECT);
    json_add_i64(arena, object, "streams", row->streams);
    json_add_i64(arena, object, "n_requests", (int64_t)row->n_requests);
    json_add_i64(arena, object, "n_events", (int64_t)row->n_events);
    json_add_i64(arena, object, "n_mismatched", (int64_t)row->n_mismatched);
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        json_add_f64(arena, object, figures[i].key, figure_of(&figures[i], row));
    }
    json_add_text(arena, object, "stamp_source", row->kernel_stamps ? "kernel" : "user");
    const struct selftest_limit *limit = selftest_broken_limit(row);
    if (limit != NULL) {
        json_add_text(arena, object, "broken_limit", limit->name);
    } else {
        json_add_null(arena, object, "broken_limit");
    }
    return object;
}

void selftest_report_add(
    struct arena *arena, struct json *object, const struct selftest_row *rows, size_t n)
{
    struct json *list = json_add(arena, object, "rows", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < n; i++) {
        (void)json_append(list, row_json(arena, &rows[i]));
    }
    const struct selftest_row *trusted = selftest_report_trusted(rows, n);
    json_add_i64(arena, object, "trusted_streams", trusted != NULL ? trusted->streams : 0);
    json_add_f64(
        arena, object, "trusted_events_per_s", trusted != NULL ? trusted->events_per_s : 0.0);
}

void selftest_report_json(
    const struct cli_context *context, const struct selftest_row *rows, size_t n)
{
    struct arena arena = {0};
    struct json *root = json_new(&arena, JSON_OBJECT);
    selftest_report_add(&arena, root, rows, n);
    print_json(context, root);
    arena_done(&arena);
}
