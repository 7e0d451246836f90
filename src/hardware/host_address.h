/* host_address.h - is an address one of this machine's own?
 *
 * Read from the kernel's tables of local addresses below a root folder, as everything in hardware/.
 * Source: proc(5), /proc/net/fib_trie; net/ipv6/addrconf.c, if6_seq_show. */
#pragma once

#include "hardware/reader.h"

#include <sys/socket.h>

enum host_address {
    HOST_ADDRESS_LOOPBACK, /* 127.0.0.0/8, ::1 and the unspecified address, which connects there */
    HOST_ADDRESS_OWN,      /* of one of this machine's interfaces */
    HOST_ADDRESS_NETWORK,  /* anything else, also when the tables cannot be read */
};

/* "loopback", "own", "network". */
const char *host_address_name(enum host_address kind);

/* What kind of address this is.  An IPv4 address inside an IPv6 one is taken as the former. */
enum host_address host_address_kind(const struct reader *reader, const struct sockaddr *address);

/* An address as bytes: 4 or 16 of them; an IPv4 address inside an IPv6 one has 4.  0 for another
 * family. */
size_t host_address_bytes(const struct sockaddr *address, unsigned char out[16]);

/* True when a table in the form of /proc/net/fib_trie holds this IPv4 address as a local one. */
bool host_address_is_in_trie(const char *table, const unsigned char address[4]);
