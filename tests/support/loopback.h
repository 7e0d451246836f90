/* loopback.h - the other end of a connection, for tests: blocking sockets on loopback. */
#pragma once

#include "net/endpoint.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LOOPBACK_PATIENCE_MS = 20000 /* only a test that fails waits that long */
};

/* A bound socket of the family and its address; -1 where the family is not there. */
static inline int loopback_bind(int family, struct address *out)
{
    *out = (struct address){0};
    if (family == AF_INET6) {
        const struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
        memcpy(&out->storage, &in6, sizeof(in6));
        out->len = sizeof(in6);
    } else {
        const struct sockaddr_in in = {
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        memcpy(&out->storage, &in, sizeof(in));
        out->len = sizeof(in);
    }
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *address = (struct sockaddr *)&out->storage;
    if (fd >= 0 && (bind(fd, address, out->len) < 0 || getsockname(fd, address, &out->len) < 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static inline int loopback_listen(int family, int backlog, struct address *out)
{
    const int fd = loopback_bind(family, out);
    if (fd >= 0) {
        assert_int_equal(listen(fd, backlog), 0);
    }
    return fd;
}

/* The next connection; fails when none comes. */
static inline int loopback_accept(int listener)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&poll_fd, 1, LOOPBACK_PATIENCE_MS), 1);
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline bool loopback_has_connection(int listener)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static inline void loopback_send(int fd, const void *data, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        const ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
        assert_true(n > 0);
        sent += (size_t)n;
    }
}

/* Ends the connection with an RST. */
static inline void loopback_reset(int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    (void)close(fd);
}

static inline unsigned loopback_port(const struct address *address)
{
    struct sockaddr_in in; /* the port has the same place in both families */
    memcpy(&in, &address->storage, sizeof(in));
    return ntohs(in.sin_port);
}
