/* endpoint.h - a base URL taken apart, and its addresses. */
#pragma once

#include "base/error.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum {
    ENDPOINT_HOST_MAX = 256,
    ENDPOINT_PATH_MAX = 512,
    ENDPOINT_ADDRESSES_MAX = 16
};

/* http(s)://host[:port][/path]; user info, query and fragment are refused. */
struct endpoint {
    bool tls;
    bool ipv6_literal;
    char host[ENDPOINT_HOST_MAX];           /* name or literal without brackets, lower case */
    unsigned port;                          /* 80 and 443 when not given */
    char path[ENDPOINT_PATH_MAX];           /* "" or "/v1": no final slash */
    char authority[ENDPOINT_HOST_MAX + 32]; /* for the Host header: brackets, port unless default */
};

/* One resolved address, ready for connect(2). */
struct address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* Errors: ERROR_USAGE naming the URL and what is wrong with it. */
MUST_CHECK int endpoint_parse(const char *url, struct endpoint *out, struct error *err);

/* scheme://host:port/path with the port always written: what endpoint_hash hashes. */
enum {
    ENDPOINT_NORMAL_MAX = ENDPOINT_HOST_MAX + ENDPOINT_PATH_MAX + 32
};

void endpoint_normal(const struct endpoint *self, char out[ENDPOINT_NORMAL_MAX]);

/* Resolves the host once, before the clock starts.  Writes up to ENDPOINT_ADDRESSES_MAX addresses in
 * the resolver's order.  Errors: ERROR_UNAVAILABLE naming the host. */
MUST_CHECK int endpoint_resolve(
    const struct endpoint *self,
    struct address out[ENDPOINT_ADDRESSES_MAX],
    size_t *out_n,
    struct error *err);
