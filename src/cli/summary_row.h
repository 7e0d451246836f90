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
    SUMMARY_COST,
    SUMMARY_NUMBERS
};

struct summary_row {
    const char *suite_id;
    const char *suite_version;
    const char *texts[SUMMARY_TEXTS]; /* "" where the envelope does not say */
    double numbers[SUMMARY_NUMBERS];  /* NAN where it does not say; of a group the means */
    const char *group_id;      /* of the launches of one point (--repeat); "": launched once */
    int64_t launch_index;      /* in the group, from 1; 0: launched once */
    bool interrupted;          /* by Ctrl-C: its window is shorter than was asked for */
    size_t n_launches;         /* that this row stands for: 1, or those of a group */
    const struct json *spread; /* of a group: repeat_group_json; NULL: one launch */
};

struct summary_number {
    struct report_column column; /* its key is the metric's */
    int decimals;
    bool fixed;
};

/* The metric of a number, as in envelopes. */
const char *summary_number_key(size_t number);

extern const struct report_column summary_texts[SUMMARY_TEXTS];
extern const struct summary_number summary_numbers[SUMMARY_NUMBERS];

/* Reads a file of which it checks only that it is an envelope, of this program or of another.
 * Errors: those of json_parse_file; ERROR_PARSE when it is none. */
MUST_CHECK int
envelope_read(struct arena *arena, const char *path, struct json **out, struct error *err);

/* "conc 4", "rps 0.5"; "" where the envelope does not say. */
const char *envelope_load_text(struct arena *arena, const struct json *root);

/* Reads one envelope; texts live in the arena.
 * Errors: those of json_parse_file; ERROR_PARSE when the file is no envelope. */
MUST_CHECK int
summary_row_read(struct arena *arena, const char *path, struct summary_row *out, struct error *err);
