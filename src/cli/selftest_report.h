/* selftest_report.h - the rows of a self-test as a table, as JSON, and what follows from them. */
#pragma once

#include "cli/command.h"
#include "codec/json.h"
#include "load/selftest.h"

/* The heaviest load within all limits for which every lighter one of the list is, too; NULL: none. */
const struct selftest_row *selftest_report_trusted(const struct selftest_row *rows, size_t n);

void selftest_report_print(
    const struct cli_context *context, const struct selftest_row *rows, size_t n);
void selftest_report_json(
    const struct cli_context *context, const struct selftest_row *rows, size_t n);

/* Adds what the JSON report is made of: {"rows": [...], "trusted_streams", "trusted_events_per_s"}. */
void selftest_report_add(
    struct arena *arena, struct json *object, const struct selftest_row *rows, size_t n);
