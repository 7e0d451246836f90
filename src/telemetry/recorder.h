/* recorder.h - one thread that reads all samplers, each at its own period, into memory; a sampler that may
 * wait for others (an engine's metrics) has another thread of its own, so that it delays nobody.
 *
 * Threads: start and stop belong to one thread; between them the samplers belong to the recorder.
 * Time: ns of CLOCK_MONOTONIC; a sample's time is the middle of its reading. */
#pragma once

#include "base/error.h"
#include "telemetry/sampler.h"

struct recorder;

/* Begins to record.  `samplers` stay the caller's and open until recorder_stop.  Every source is read
 * once before this returns, but for those that may wait.  `periods_ns` has one period for each sampler, 0
 * for its own; NULL: all their own.  Errors: ERROR_IO (no thread). */
MUST_CHECK int recorder_start(
    struct sampler *const *samplers,
    uint32_t n_samplers,
    const int64_t *periods_ns,
    struct recorder **out,
    struct error *err);

/* While it records: the machine was idle in [start_ns, end_ns) of CLOCK_MONOTONIC. */
void recorder_mark_idle(struct recorder *self, int64_t start_ns, int64_t end_ns);

/* Reads every source a last time and ends the threads; waits as long as a source's last reading takes. */
void recorder_stop(struct recorder *self);

/* After recorder_stop: what was recorded, its times since `origin_ns`; to be called once.  Borrowed
 * until recorder_free; the names are the samplers'. */
const struct telemetry *recorder_telemetry(struct recorder *self, int64_t origin_ns);
void recorder_free(struct recorder *self);
