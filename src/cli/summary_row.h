/* summary_row.h - what a table of envelopes shows of one of them. */
#pragma once

#include "codec/json.h"
#include "report/table.h"

enum {
    SUMMARY_MODEL,
    SUMMARY_ENGINE,
    SUMMARY_QUANT,
    SUMMARY_HARDWARE,
    SUMMARY_LOAD,
    SUMMARY_VALID,
    SUMMARY_FILE,
    SUMMARY_TEXTS
};

enum {
    SUMMARY_THROUGHPUT,
    SUMMARY_TTFT,
    SUMMARY_TPOT,
    SUMMARY_TOTAL,
    SUMMARY_OK_RATE,
    SUMMARY_JOULES,
    SUMMARY_NUMBERS
};

struct summary_row {
    const char *suite_id;
    const char *suite_version;
    const char *texts[SUMMARY_TEXTS]; /* "" where the envelope does not say */
    double numbers[SUMMARY_NUMBERS];  /* NAN where it does not say */
};

struct summary_number {
    struct report_column column; /* its key is the metric's */
    int decimals;
    bool fixed;
};

extern const struct report_column summary_texts[SUMMARY_TEXTS];
extern const struct summary_number summary_numbers[SUMMARY_NUMBERS];

/* Reads one envelope; texts live in the arena.
 * Errors: those of json_parse_file; ERROR_PARSE when the file is no envelope. */
MUST_CHECK int
summary_row_read(struct arena *arena, const char *path, struct summary_row *out, struct error *err);
