/* engine_site.h - where an engine runs: on this machine or on another one, and as which process.
 *
 * The process is the one that listens on the engine's address.  Some listeners only pass connections on
 * (a container's proxy, an ssh tunnel): they are named and never taken for the engine.
 * Reads /proc below a root folder; may take some ten milliseconds where there are many processes. */
#pragma once

#include "hardware/container.h"
#include "hardware/host_address.h"
#include "hardware/process.h"
#include "hardware/python_env.h"
#include "hardware/secret_text.h"

struct engine_site_query {
    const char *root;               /* "" on a real machine */
    const struct sockaddr *address; /* the engine's */
    struct secret_list secrets;     /* hidden wherever they stand in the command line */
    const struct nvml *nvml;        /* NULL: not there */
    bool simulated;                 /* the engine is this program's own and computes on no GPU */
};

struct engine_site {
    enum host_address address;
    bool
        local; /* the engine runs on this machine; so is taken for granted of an address of its own,
                   unless the listener passes connections on to where they cannot be followed */
    bool known; /* `process` is that of the engine */
    struct process process;
    char why[256];              /* not known: the reason, for a warning */
    struct container container; /* with `known` */
    struct python_env python;   /* with `known` */
    struct json *facts; /* member engine_process of an envelope, in the arena; NULL: not known */
};

/* Finds out.  Adds to `warnings` what stays unknown about an engine on this machine. */
void engine_site_find(
    const struct engine_site_query *query,
    struct arena *arena,
    struct json *warnings,
    struct engine_site *out);
