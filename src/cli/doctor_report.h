/* doctor_report.h - what `bench doctor` found, as a table and as JSON. */
#pragma once

#include "cli/command.h"
#include "codec/json.h"
#include "hardware/check.h"

enum {
    DOCTOR_NOTES_MAX = 4
};

struct doctor_report {
    struct check_list checks;
    const char *notes[DOCTOR_NOTES_MAX]; /* of parts without checks: borrowed */
    size_t n_notes;
    const struct json *slo; /* {"hardware_class", "templates"}; NULL: not asked for */
};

/* The parts that have checks, each with its table; notes; for every check that is not passed what to do;
 * one line of counts. */
void doctor_report_print(const struct cli_context *context, const struct doctor_report *report);

/* {"checks": [...], "notes": [...], "counts": {...}, "slo": {...}}. */
void doctor_report_json(
    const struct cli_context *context, struct arena *arena, const struct doctor_report *report);
