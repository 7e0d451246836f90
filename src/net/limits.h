/* limits.h - what the kernel gives this process: descriptors, local ports, memory.
 *
 * A run asks before it sends anything: a connection that cannot be opened in the middle of a window is
 * a measurement of this machine, not of the engine, and a process without memory measures nothing. */
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

/* Makes the kernel's table of descriptors of this process large enough for `n` at once, up to the limit.  It
 * would else grow while connections are opened, by doubling, and in a process with threads each time takes 10
 * to 30 ms.  Source: expand_fdtable in fs/file.c of Linux waits for all processors. */
void limits_reserve_descriptors(uint64_t n);

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

/* Bytes of memory that can be had without swapping, or UINT64_MAX where that is not known.  `root` goes
 * before /proc.  Source: MemAvailable in proc_meminfo(5). */
uint64_t limits_available_memory(const char *root);

/* Checks that the records of `n_requests`, of `record_bytes` each, fit into `available` bytes.
 * Errors: ERROR_UNAVAILABLE naming the requests, both amounts and what to change. */
MUST_CHECK int limits_check_memory(
    uint64_t available, uint64_t n_requests, size_t record_bytes, struct error *err);
