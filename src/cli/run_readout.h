/* run_readout.h - the table that stands at the end of a run: one row a point. */
#pragma once

#include "cli/command.h"
#include "cli/run_point.h"

/* Prints the table, or with `json` an array of objects, to context->out.  Of a repeated run, rows of
 * one point stand side by side; below them the table says how much they differ, and JSON is
 * {"launches": [...], "groups": [...]}.  `first` is the head of the
 * first column: "conc", "rps" or "benchmark". */
void run_readout_print(
    const struct cli_context *context,
    const char *first,
    const struct point_row *rows,
    size_t n,
    bool json);

/* 0 when every point was written with ok_rate >= RUN_OK_RATE_MIN and a judge that
 * worked where one was to, else 1; 130 when interrupted. */
int run_readout_exit_code(const struct point_row *rows, size_t n);

/* Below it a point is an operational failure.  Source: CLI.md. */
#define RUN_OK_RATE_MIN 0.95
