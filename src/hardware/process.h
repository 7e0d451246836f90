/* process.h - processes of this machine, as /proc below a root folder shows them.
 *
 * A process may end while it is read: what is gone is unknown, never an error.
 * Source: proc(5), proc_pid_stat(5), proc_pid_fd(5). */
#pragma once

#include "hardware/listener.h"

enum {
    PROCESS_HOLDERS_MAX = 256, /* processes that share one listening socket; more are not seen */
    PROCESS_NAME_SIZE = 64,
    PROCESS_DEPTH_MAX = 256 /* generations that are followed upwards */
};

struct process {
    int32_t pid;
    int32_t parent;       /* 0: none */
    uint64_t start_ticks; /* since the machine started: with the pid, it names one process */
    char name[PROCESS_NAME_SIZE]; /* as the kernel keeps it, at most 15 bytes */
};

/* False when there is no such process, or its line cannot be read. */
bool process_read(const struct reader *reader, int32_t pid, struct process *out);

/* The processes that hold one of some sockets. */
struct process_holders {
    size_t n;
    int32_t pids[PROCESS_HOLDERS_MAX]; /* ascending */
    size_t n_denied;                   /* processes whose descriptors may not be read */
};

void process_holders_find(
    const struct reader *reader,
    const struct listener_list *listeners,
    struct process_holders *out);

/* The holder that the others come from: the one without an ancestor among them, of several the one
 * with the lowest pid; *out_n_roots is their number.  A service manager that keeps the socket of its
 * services is none of them.  0 without holders. */
int32_t process_holders_root(
    const struct reader *reader, const struct process_holders *holders, size_t *out_n_roots);

/* True when `pid` is `ancestor` or comes from it. */
bool process_comes_from(const struct reader *reader, int32_t pid, int32_t ancestor);

/* Target of a link like "exe" in the process's folder, in the arena; NULL when it cannot be read. */
const char *process_link(const struct reader *reader, int32_t pid, const char *name);

/* All process ids, ascending, in the arena. */
const int32_t *process_list(const struct reader *reader, size_t *out_n);
