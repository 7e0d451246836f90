/* python_env.h - the Python environment of a running process: its interpreter, its folders of packages, and
 * what is installed there.
 *
 * Everything is read from /proc and the file system as the process sees it (/proc/PID/root): no program is
 * run, for an interpreter runs whatever its environment tells it to. */
#pragma once

#include "hardware/process.h"

/* What was found. */
enum python_found {
    PYTHON_NONE,    /* the process is no Python */
    PYTHON_UNKNOWN, /* it is, but not what it imports from */
    PYTHON_READ,
};

struct python_env {
    enum python_found found;
    char why[128];          /* PYTHON_UNKNOWN */
    char freeze_sha256[65]; /* of the list as `pip freeze` prints it: each line with its line end */
    struct json *facts;     /* version, folders, packages, freeze_sha256; NULL unless PYTHON_READ */
};

/* `executable` is the process's, as /proc/PID/exe names it. */
void python_env_read(
    const struct reader *reader, int32_t pid, const char *executable, struct python_env *out);
