/* run_checks.h - the checks of `bench doctor` that cost no time, made before traffic. */
#pragma once

#include "hardware/check.h"

struct run_checks_query {
    const char *root;     /* "" on a real machine */
    bool engine_is_local; /* if not, the GPUs of this machine have no part in the figures */
    int32_t engine_pid;   /* its process on this machine; 0: not known */
};

/* Makes them.  Appends one text for each WARN and FAIL to the array `warnings`:
 * "machine: cpu.load: 7.50 on 4 processors (wanted: at most 0.5 a processor)".
 * They are for --strict of bench doctor to judge, not of bench run. */
void run_checks_add(
    const struct run_checks_query *query, struct arena *arena, struct json *warnings);
