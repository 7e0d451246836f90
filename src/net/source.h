/* source.h - the local addresses that connections come from.
 *
 * One pair of addresses has as many connections as there are local ports; more of them need more
 * addresses of this machine.  Connections take the addresses in turn. */
#pragma once

#include "net/endpoint.h"

enum {
    SOURCE_ADDRESSES_MAX = 16
};

struct source_list {
    struct address addresses[SOURCE_ADDRESSES_MAX]; /* port 0 */
    size_t n;                                       /* 0: the kernel chooses */
};

/* Reads numeric IPv4 or IPv6 addresses with commas between, all of one family, none twice.
 * Errors: ERROR_USAGE naming the address. */
MUST_CHECK int source_list_parse(const char *text, struct source_list *out, struct error *err);

/* Checks that each is an address of this machine, by binding a socket to it.
 * Errors: ERROR_UNAVAILABLE naming the address. */
MUST_CHECK int source_list_check(const struct source_list *self, struct error *err);

/* Moves the destinations of the sources' family to the front; *n_destinations gets their number.
 * Does nothing to an empty list.  Errors: ERROR_USAGE when there are none. */
MUST_CHECK int source_list_match(
    const struct source_list *self,
    struct address *destinations,
    size_t *n_destinations,
    struct error *err);

/* Binds a socket that will be connected, leaving the choice of the port to connect, so that ports are
 * counted for each pair of addresses.  0, or an errno.
 * Source: IP_BIND_ADDRESS_NO_PORT in ip(7). */
int source_bind(int fd, const struct address *source);
