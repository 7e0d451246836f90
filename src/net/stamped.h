/* stamped.h - one read from a socket together with the kernel's receive stamp. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Asks the kernel to stamp what this socket receives; sockets accepted from it inherit that.  Where it is
 * refused, no stamps come. */
void stamped_ask(int fd);

/* recv without waiting.  *out_real_ns is the stamp of the last segment among the bytes, in wall time, or
 * STAMP_NONE (stamp.h turns it into a time of the one clock). */
ssize_t stamped_recv(int fd, void *buffer, size_t cap, int64_t *out_real_ns);

/* The stamp of a received message as wall time, or STAMP_NONE. */
int64_t stamped_of(struct msghdr *message);
