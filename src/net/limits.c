/* A connection is one descriptor at each end that this process holds, and one local port: from one
 * source address to one address of the engine, ports are what runs out first. */
#include "net/limits.h"

#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MEMINFO_TEXT_MAX = 64 * 1024,
    PORT_RANGE_TEXT_MAX = 64,
    PORT_MAX = 65535
};

uint64_t limits_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return UINT64_MAX;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        const struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_cur;
}

void limits_reserve_descriptors(uint64_t n)
{
    const int low = eventfd(0, EFD_CLOEXEC);
    if (low < 0) {
        return; /* what has no descriptor left will be told so by who needs one */
    }
    for (uint64_t top = n < INT_MAX ? n : INT_MAX; top > 0; top /= 2) {
        const int high = fcntl(low, F_DUPFD_CLOEXEC, (int)(top - 1));
        if (high >= 0) {
            (void)close(high);
            break;
        }
    }
    (void)close(low);
}

int limits_check_descriptors(uint64_t limit, uint64_t n_ends, struct error *err)
{
    const uint64_t needed = n_ends + LIMITS_DESCRIPTORS_SPARE;
    if (limit >= needed) {
        return 0;
    }
    return error_set(
        err, ERROR_UNAVAILABLE,
        "this load needs %" PRIu64 " file descriptors and the limit is %" PRIu64
        ": raise it with 'ulimit -Hn %" PRIu64 "' (as root, or LimitNOFILE= of the service)",
        needed, limit, needed);
}

uint32_t limits_local_ports(const char *root)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/proc/sys/net/ipv4/ip_local_port_range", root);
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read(path, PORT_RANGE_TEXT_MAX, &text, &len, &err) < 0) {
        return 0;
    }
    char *after = NULL;
    const unsigned long low = strtoul(text, &after, 10);
    const unsigned long high = strtoul(after, NULL, 10);
    return low > 0 && low <= high && high <= PORT_MAX ? (uint32_t)(high - low + 1) : 0;
}

int limits_check_ports(
    uint64_t n_connections, uint32_t n_ports, size_t n_sources, struct error *err)
{
    if (n_ports == 0 || n_connections <= (uint64_t)n_ports * n_sources) {
        return 0;
    }
    const uint64_t sources = (n_connections + n_ports - 1) / n_ports;
    return error_set(
        err, ERROR_UNAVAILABLE,
        "this load needs %" PRIu64 " connections to one address and %" PRIu64
        " local ports are free for them: give %" PRIu64
        " addresses of this machine with --source-address A,B,..., or widen "
        "net.ipv4.ip_local_port_range",
        n_connections, (uint64_t)n_ports * n_sources, sources);
}

uint64_t limits_available_memory(const char *root)
{
    static const char key[] = "\nMemAvailable:";
    CLEANUP(mem_freep) char *path = mem_format("%s/proc/meminfo", root);
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read(path, MEMINFO_TEXT_MAX, &text, &len, &err) < 0) {
        return UINT64_MAX;
    }
    const char *at = strstr(text, key);
    return at == NULL ? UINT64_MAX : 1024 * (uint64_t)strtoull(at + sizeof(key) - 1, NULL, 10);
}

int limits_check_memory(
    uint64_t available, uint64_t n_requests, size_t record_bytes, struct error *err)
{
    const double needed = (double)n_requests * (double)record_bytes;
    if (needed <= (double)available) {
        return 0;
    }
    return error_set(
        err, ERROR_UNAVAILABLE,
        "the records of %" PRIu64
        " requests need %.3g GB at least, and %.3g GB of memory are free: ask for fewer requests, by "
        "--duration, --requests or the rate",
        n_requests, needed / 1e9, (double)available / 1e9);
}
