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

/* One object with the keys of the JSON report; values live in the arena. */
struct json *selftest_row_json(struct arena *arena, const struct selftest_row *row);
