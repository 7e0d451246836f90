/* check_value.h - numbers and lists out of the files that checks read.  Internal to hardware/. */
#pragma once

#include "hardware/check.h"

enum {
    CHECK_CPUS_MAX = 4096 /* processors of one machine; more are not seen */
};

/* A set of processors as the kernel writes it. */
struct cpu_set_text {
    bool has[CHECK_CPUS_MAX];
    unsigned n;
};

/* "0-3,8"; an empty text is an empty set.  False when it is anything else. */
bool check_read_cpus(const char *text, struct cpu_set_text *out);

/* The first number of a file's first line, a fraction allowed; false where there is none. */
bool check_read_number(const struct reader *reader, const char *path, double *out);

/* The number behind "KEY:" or "KEY " at the begin of a line; false where there is none. */
bool check_read_field(const char *text, const char *key, double *out);
