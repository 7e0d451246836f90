/* run_checks.h - the checks of `bench doctor` that cost no time, made before traffic. */
#pragma once

#include "hardware/check.h"

/* Makes them on the machine below `root` ("" on a real machine), where the engine is the process
 * `engine_pid` (0: not known).  Appends one text for each WARN and FAIL
 * to the array `warnings`: "machine: cpu.load: 7.50 on 4 processors (wanted: at most 0.5 a processor)".
 * They are for --strict of bench doctor to judge, not of bench run. */
void run_checks_add(
    struct arena *arena, const char *root, int32_t engine_pid, struct json *warnings);
