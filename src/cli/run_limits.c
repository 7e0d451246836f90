/* Everything here fails before a byte is sent, not in the middle of a window. */
#include "cli/run_limits.h"

#include "cli/run_plan.h"
#include "load/point.h"
#include "net/limits.h"
#include "net/transport_socket.h"

/* As many as there are ports at one address: what an open loop may take, whatever was foreseen. */
enum {
    DESCRIPTORS_RESERVED = 65536
};

static int check_machine(const struct run_options *options, struct error *err)
{
    if (options->pin.n > 0) {
        struct cpu_list allowed;
        cpu_list_allowed(&allowed);
        if (cpu_list_check(&options->pin, &allowed, err) < 0) {
            return error_prefix(err, "--pin: ");
        }
    }
    if (source_list_check(&options->sources, err) < 0) {
        return error_prefix(err, "--source-address: ");
    }
    if (options->busy_poll_us > 0 &&
        transport_socket_check_busy_poll(options->busy_poll_us, err) < 0) {
        return error_prefix(err, "--busy-poll: ");
    }
    return 0;
}

int run_limits_check(
    const struct run_options *options, const struct run_needs *needs, struct error *err)
{
    int result = limits_check_memory(
        limits_available_memory(""), needs->n_requests, POINT_RECORD_BYTES, err);
    if (result < 0 || options->virtual_time) {
        return result;
    }
    result = check_machine(options, err);
    if (result < 0) {
        return result;
    }
    const uint64_t ends = run_plan_is_built_in(options) ? 2 : 1;
    const uint64_t limit = limits_raise_descriptors();
    result = limits_check_descriptors(limit, ends * needs->n_connections, err);
    if (result < 0) {
        return result;
    }
    limits_reserve_descriptors(limit < DESCRIPTORS_RESERVED ? limit : DESCRIPTORS_RESERVED);
    const size_t n_sources = options->sources.n > 0 ? options->sources.n : 1;
    return limits_check_ports(needs->n_connections, limits_local_ports(""), n_sources, err);
}
