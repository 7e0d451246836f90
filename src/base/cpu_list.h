/* cpu_list.h - a set of processors as the kernel writes it: "0-3,8". */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CPU_LIST_MAX = 256,       /* processors of one list */
    CPU_NUMBER_MAX = 1023,    /* what a cpu_set_t holds; source: sched_setaffinity(2) */
    CPU_LIST_TEXT_MAX = 1400, /* any list, written out */
};

struct cpu_list {
    uint16_t cpus[CPU_LIST_MAX]; /* in the order given */
    size_t n;
};

/* Reads numbers and ranges with commas between; none twice.
 * Errors: ERROR_USAGE naming the part. */
MUST_CHECK int cpu_list_parse(const char *text, struct cpu_list *out, struct error *err);

/* Writes the list in its order, ranges drawn together. */
void cpu_list_write(const struct cpu_list *self, char out[CPU_LIST_TEXT_MAX]);

/* The processors that this process may use, in ascending order, the first CPU_LIST_MAX of them. */
void cpu_list_allowed(struct cpu_list *out);

/* Checks that every processor of the list is in `allowed`.
 * Errors: ERROR_UNAVAILABLE naming the processor and those that are allowed. */
MUST_CHECK int
cpu_list_check(const struct cpu_list *self, const struct cpu_list *allowed, struct error *err);

/* Keeps the calling thread on one processor.  False when the kernel refuses. */
bool cpu_pin(unsigned cpu);
