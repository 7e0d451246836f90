/* host_load.h - what the client's machine says of a span: whether it had processors to spare, and whether
 * somebody else took them.
 *
 * Pure, over the tracks of the sampler `host`.  What was not told is NAN. */
#pragma once

#include "stats/track.h"

#define HOST_SAMPLER "host"

/* `source` of its tracks. */
#define HOST_CLIENT  "client"  /* this process */
#define HOST_MACHINE "machine" /* all processors that its kernel runs on */

/* Columns of the client. */
#define HOST_CLIENT_CPU           "cpu_s"
#define HOST_VOLUNTARY_SWITCHES   "voluntary_switches"
#define HOST_INVOLUNTARY_SWITCHES "involuntary_switches"
#define HOST_MAJOR_FAULTS         "major_faults"

/* Columns of the machine. */
#define HOST_BUSY      "busy_s"  /* of all processors together; not idle, not waiting for a disk */
#define HOST_STEAL     "steal_s" /* taken by the hypervisor for others */
#define HOST_SWITCHES  "context_switches"
#define HOST_CPUS      "cpus" /* processors that are online */
#define HOST_FREQUENCY "frequency_mean_mhz"

struct host_figure {
    const char *key;
    double value;
};

enum {
    HOST_FIGURES = 8
};

/* False, and nothing written, when the host was not sampled.  `telemetry` may be NULL. */
bool host_load_compute(
    const struct telemetry *telemetry,
    const struct span *span,
    struct host_figure out[HOST_FIGURES]);
