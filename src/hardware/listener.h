/* listener.h - the listening sockets that take connections to an address.
 *
 * Source: proc_net(5) and the kernel's Documentation/networking/proc_net_tcp.rst: addresses are words
 * of the machine's own byte order in hexadecimal, 0A is the state of a listening socket. */
#pragma once

#include "hardware/reader.h"

#include <sys/socket.h>

enum {
    LISTENERS_MAX = 256 /* of one port: servers with SO_REUSEPORT open one for each worker */
};

struct listener {
    uint64_t inode;
    uint32_t uid; /* of the user who made it */
};

struct listener_list {
    bool readable; /* the tables could be read */
    size_t n;
    struct listener rows[LISTENERS_MAX];
};

/* Finds the sockets that would take a connection to `address`: those bound to exactly it where there are
 * any, else those bound to all addresses.  `folder` holds the tables: "/proc/net" for this program's own
 * network. */
void listeners_find(
    const struct reader *reader,
    const char *folder,
    const struct sockaddr *address,
    struct listener_list *out);

/* The port, in host order. */
unsigned listener_port(const struct sockaddr *address);
