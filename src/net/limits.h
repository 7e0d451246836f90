/* limits.h - what the kernel lets this process open: descriptors, and local ports.
 *
 * A run asks before it sends anything: a connection that cannot be opened in the middle of a window is
 * a measurement of this machine, not of the engine. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Descriptors beside the connections: files, epoll, timers, the built-in engine's own. */
enum {
    LIMITS_DESCRIPTORS_SPARE = 128
};

/* Raises the soft limit of descriptors to the hard one.  Returns the soft limit that holds then, or
 * UINT64_MAX where there is none.  Source: RLIMIT_NOFILE in getrlimit(2). */
uint64_t limits_raise_descriptors(void);

/* Checks that `limit` descriptors are enough for `n_ends` ends of connections and the spare ones.
 * Errors: ERROR_UNAVAILABLE naming the number that is needed, the limit, and how to raise it. */
MUST_CHECK int limits_check_descriptors(uint64_t limit, uint64_t n_ends, struct error *err);

/* Number of local ports that connect may choose from, or 0 where it is not known.  `root` goes before
 * /proc; "" on a real machine.
 * Source: ip_local_port_range in https://docs.kernel.org/networking/ip-sysctl.html */
uint32_t limits_local_ports(const char *root);

/* Checks that `n_connections` to one address fit into `n_ports` for each of `n_sources` local
 * addresses; n_ports 0: not known, and not checked.
 * Errors: ERROR_UNAVAILABLE naming both numbers and how many source addresses would do. */
MUST_CHECK int
limits_check_ports(uint64_t n_connections, uint32_t n_ports, size_t n_sources, struct error *err);
