/* One row a point, in the order of measuring.  The column `valid` appears only when it has something
 * to say: a flagged point, or one that could not be measured. */
#include "cli/run_readout.h"

#include "report/table.h"

#include <math.h>

enum {
    COLUMN_FIRST,
    COLUMN_THROUGHPUT,
    COLUMN_TTFT,
    COLUMN_TPOT,
    COLUMN_OK_RATE,
    COLUMN_ENERGY,
    COLUMN_ENVELOPE,
    COLUMN_VALID,
    COLUMN_COUNT
};

static bool has_flags(const struct point_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].validity != VALIDITY_VALID) {
            return true;
        }
    }
    return false;
}

static void add_row(struct report_table *table, const struct point_row *row, bool with_valid)
{
    report_table_add_row(table);
    if (isnan(row->load)) {
        report_table_text(table, COLUMN_FIRST, row->label);
    } else {
        report_table_setting(table, COLUMN_FIRST, row->load, row->label);
    }
    report_table_number(table, COLUMN_THROUGHPUT, row->throughput_tok_per_s, 1);
    report_table_number(table, COLUMN_TTFT, row->ttft_p50_ms, 2);
    report_table_number(table, COLUMN_TPOT, row->tpot_p50_ms, 2);
    report_table_fixed(table, COLUMN_OK_RATE, row->ok_rate, 3);
    report_table_number(table, COLUMN_ENERGY, row->joules_per_token, 3);
    if (row->envelope != NULL) {
        report_table_text(table, COLUMN_ENVELOPE, row->envelope);
    }
    if (with_valid) {
        report_table_text(table, COLUMN_VALID, validity_status_name(row->validity));
    }
}

void run_readout_print(
    const struct cli_context *context,
    const char *first,
    const struct point_row *rows,
    size_t n,
    bool json)
{
    const struct report_column columns[COLUMN_COUNT] = {
        [COLUMN_FIRST] = {first, NULL, true},
        [COLUMN_THROUGHPUT] = {"throughput_tok_per_s", NULL, true},
        [COLUMN_TTFT] = {"ttft_p50_ms", NULL, true},
        [COLUMN_TPOT] = {"tpot_p50_ms", NULL, true},
        [COLUMN_OK_RATE] = {"ok_rate", NULL, true},
        [COLUMN_ENERGY] = {"J/tok", "joules_per_token", true},
        [COLUMN_ENVELOPE] = {"envelope", NULL, false},
        [COLUMN_VALID] = {"valid", NULL, false},
    };
    const bool with_valid = has_flags(rows, n);
    struct report_table table;
    report_table_init(&table, NULL, columns, with_valid ? COLUMN_COUNT : COLUMN_VALID);
    for (size_t i = 0; i < n; i++) {
        add_row(&table, &rows[i], with_valid);
    }
    if (json) {
        struct arena arena = {0};
        struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        json_write_pretty(report_table_json(&table, &arena), &text);
        (void)fprintf(context->out, "%s\n", text.data);
        bytes_done(&text);
        arena_done(&arena);
    } else {
        report_table_print(&table, context->out, context->columns, context->color);
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
        if (rows[i].envelope == NULL || isnan(rows[i].ok_rate) ||
            rows[i].ok_rate < RUN_OK_RATE_MIN) {
            code = EXIT_OPERATION;
        }
    }
    return code;
}
