/* sim_truth.h - the true write time of every event, kept while the engine runs.
 *
 * One thread adds; another may read what was added at the same time, without a lock: entries never
 * move and their number is published after them.  With a path, a thread of its own writes them out as
 * JSON lines, away from the thread that adds. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* One write.  Times: CLOCK_MONOTONIC ns. */
struct sim_truth {
    uint64_t request;   /* number of the completion request; UINT64_MAX: another route */
    uint32_t token;     /* last token in this write, from 1; 0: none */
    uint32_t tokens;    /* tokens in this write */
    int64_t due_ns;     /* when the model wanted it */
    int64_t write_ns;   /* taken just before the write */
    int64_t arrived_ns; /* when the request's last byte arrived: the kernel's stamp */
    uint64_t body_hash; /* sim_hash(0, body): the same on the client's side */
};

struct sim_truth_log;

/* `path` NULL: in memory only, all of it kept until the end.  With a path, what has been written is
 * given up unless `keep`.  *out is the caller's: sim_truth_close.  Errors: ERROR_IO. */
MUST_CHECK int
sim_truth_open(const char *path, bool keep, struct sim_truth_log **out, struct error *err);

/* By the thread that adds. */
void sim_truth_add(struct sim_truth_log *self, const struct sim_truth *entry);

/* Entries so far, and one of them (index below the count); by any thread while they are kept. */
uint64_t sim_truth_count(const struct sim_truth_log *self);
const struct sim_truth *sim_truth_at(const struct sim_truth_log *self, uint64_t index);

/* Writes the rest and frees.  NULL is allowed.  Errors: ERROR_IO when a write failed. */
MUST_CHECK int sim_truth_close(struct sim_truth_log *self, struct error *err);
