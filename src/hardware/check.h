/* check.h - what `bench doctor` looks at, one const row for each check, and what it found.
 *
 * A check reads one state of the machine, holds it against a limit and says how to change it.  What
 * cannot be read is CHECK_SKIP with the reason, never CHECK_PASS.  The rows of the host and its GPUs
 * stand here, below telemetry, net and cli; those of an engine in engine/engine_check.h. */
#pragma once

#include "hardware/reader.h"

enum check_status {
    CHECK_PASS,
    CHECK_SKIP, /* not read: the text says why */
    CHECK_WARN,
    CHECK_FAIL, /* figures taken in this state are wrong, or there will be none */
};

enum check_part {
    CHECK_HOST,
    CHECK_GPU,
    CHECK_ENGINE,
};

/* How a number is held against its limit. */
enum check_order {
    CHECK_IN_WORDS, /* no number: the check itself knows what is good */
    CHECK_AT_MOST,
    CHECK_AT_LEAST,
};

/* A row: what is documented of a check.  All texts are static. */
struct check {
    const char *name; /* "cpu.governor" */
    const char *what; /* what is looked at, and why it matters */
    enum check_part part;
    enum check_order order;
    double limit;           /* for a number */
    const char *wanted;     /* in words: what passes; for a number: its unit */
    enum check_status trip; /* CHECK_WARN or CHECK_FAIL: beyond the limit */
    bool slow;              /* it sleeps or sends something: not for `bench run` */
    const char *source;     /* where the state is read */
    const char *fix;
};

enum {
    CHECK_TEXT_SIZE = 512, /* of what was found, and of a limit */
    CHECK_LIST_MAX = 64    /* more than there are rows */
};

/* What one look gave. */
struct check_reading {
    bool known;   /* false: `text` says why not */
    bool good;    /* CHECK_IN_WORDS */
    double value; /* else */
    char text[CHECK_TEXT_SIZE];
};

struct check_result {
    const struct check *check;
    enum check_status status;
    double value; /* NAN where there is none */
    char found[CHECK_TEXT_SIZE];
};

/* Results in the order in which they were added. */
struct check_list {
    size_t n;
    struct check_result results[CHECK_LIST_MAX];
};

/* States that no file tells.  Members are NULL where they may not be asked: below another root, or by
 * `bench run`, which neither sleeps nor sends for this. */
struct check_probes {
    /* adjtimex: 0 and the state of the kernel's clock, or a negative errno. */
    int (*clock_sync)(bool *out_synchronised, int64_t *out_error_us);
    /* Duration of one reading of the clock. */
    double (*clock_read_ns)(void);
    /* Lateness of a sleeping thread, 90th percentile; *out_slack_ns is its timer slack, or -1. */
    double (*wake_late_ns)(int64_t *out_slack_ns);
    /* Whether received TCP data carries the kernel's stamps. */
    bool (*kernel_stamps)(void);
    /* Waits, so that a rate can be taken. */
    void (*pause)(int64_t ns);
};

/* The probes of this machine; kernel_stamps is NULL, since net/ knows it.  With `may_wait` those that
 * sleep are there too. */
struct check_probes check_probes_live(bool may_wait);

struct check_context {
    struct reader reader; /* reader.nvml: NULL where there is none */
    const char *no_nvml;  /* why there is none; NULL: not known */
    struct check_probes probes;
    bool fast_only;     /* rows that are slow are left out, not skipped */
    int32_t engine_pid; /* process of the engine on this machine; 0: not known */
};

/* Fill a reading. */
PRINTF_LIKE(2, 3) void check_unknown(struct check_reading *out, const char *format, ...);
PRINTF_LIKE(3, 4)
void check_words(struct check_reading *out, bool good, const char *format, ...);
PRINTF_LIKE(3, 4)
void check_number(struct check_reading *out, double value, const char *format, ...);

/* The status of a reading by its row. */
enum check_status check_judge(const struct check *check, const struct check_reading *reading);

void check_list_add(
    struct check_list *self, const struct check *check, const struct check_reading *reading);

/* Number of results with this status. */
size_t check_list_count(const struct check_list *self, enum check_status status);

/* "PASS", "WARN", "FAIL", "SKIP". */
const char *check_status_name(enum check_status status);
const char *check_part_name(enum check_part part);

/* "at most 1 %", "performance": what passes. */
void check_limit_text(const struct check *check, char out[CHECK_TEXT_SIZE]);

/* One object for each result: part, name, status, found, value, limit, what, source, fix. */
struct json *check_list_json(const struct check_list *self, struct arena *arena);

/* Adds a result for every row of the host.  Nothing here fails. */
void check_host(const struct check_context *context, struct check_list *out);

/* The same for the GPUs that there are.  Returns false, and adds nothing, where there is none. */
bool check_gpus(const struct check_context *context, struct check_list *out);

/* True where this machine has an NVIDIA GPU, by its driver or on its PCI bus. */
bool check_has_nvidia(const struct reader *reader);

/* The i-th row of host and GPU, or NULL at the end. */
const struct check *check_at(size_t i);
