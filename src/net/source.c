/* Addresses are numeric: a name may stand for several, and the run records what was asked. */
#include "net/source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

static bool parse_address(const char *text, struct address *out)
{
    *out = (struct address){0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&out->storage, &in, sizeof(in));
        out->len = sizeof(in);
        return true;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1) {
        memcpy(&out->storage, &in6, sizeof(in6));
        out->len = sizeof(in6);
        return true;
    }
    return false;
}

static int add_address(struct source_list *self, const char *text, struct error *err)
{
    struct address address;
    if (!parse_address(text, &address)) {
        return error_set(err, ERROR_USAGE, "'%s' is not a numeric address", text);
    }
    if (self->n == SOURCE_ADDRESSES_MAX) {
        return error_set(
            err, ERROR_USAGE, "'%s' is one more than %d addresses", text, SOURCE_ADDRESSES_MAX);
    }
    for (size_t i = 0; i < self->n; i++) {
        if (self->addresses[i].storage.ss_family != address.storage.ss_family) {
            return error_set(err, ERROR_USAGE, "'%s': IPv4 and IPv6 cannot be mixed", text);
        }
        if (memcmp(&self->addresses[i].storage, &address.storage, address.len) == 0) {
            return error_set(err, ERROR_USAGE, "'%s' stands twice in the list", text);
        }
    }
    self->addresses[self->n++] = address;
    return 0;
}

int source_list_parse(const char *text, struct source_list *out, struct error *err)
{
    struct source_list list = {.n = 0};
    const char *at = text;
    for (;;) {
        char one[INET6_ADDRSTRLEN + 1] = "";
        const size_t len = strcspn(at, ",");
        memcpy(one, at, len < sizeof(one) ? len : sizeof(one) - 1);
        const int result = add_address(&list, one, err);
        if (result < 0) {
            return result;
        }
        if (at[len] == '\0') {
            *out = list;
            return 0;
        }
        at += len + 1;
    }
}

int source_bind(int fd, const struct address *source)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    return bind(fd, (const struct sockaddr *)&source->storage, source->len) < 0 ? errno : 0;
}

int source_list_check(const struct source_list *self, struct error *err)
{
    for (size_t i = 0; i < self->n; i++) {
        const struct address *address = &self->addresses[i];
        const int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
        const int os_errno = fd < 0 ? errno : source_bind(fd, address);
        if (fd >= 0) {
            (void)close(fd);
        }
        if (os_errno == 0) {
            continue;
        }
        char text[INET6_ADDRSTRLEN] = "?";
        (void)getnameinfo(
            (const struct sockaddr *)&address->storage, address->len, text, sizeof(text), NULL, 0,
            NI_NUMERICHOST);
        if (os_errno == EADDRNOTAVAIL) {
            return error_set(
                err, ERROR_UNAVAILABLE, "%s is not an address of this machine ('ip address')",
                text);
        }
        return error_set_os(err, ERROR_UNAVAILABLE, os_errno, "cannot send from %s", text);
    }
    return 0;
}

int source_list_match(
    const struct source_list *self,
    struct address *destinations,
    size_t *n_destinations,
    struct error *err)
{
    if (self->n == 0) {
        return 0;
    }
    const sa_family_t family = self->addresses[0].storage.ss_family;
    size_t n = 0;
    for (size_t i = 0; i < *n_destinations; i++) {
        if (destinations[i].storage.ss_family == family) {
            destinations[n++] = destinations[i];
        }
    }
    if (n == 0) {
        return error_set(
            err, ERROR_USAGE, "these are %s addresses and the engine has none of that kind",
            family == AF_INET ? "IPv4" : "IPv6");
    }
    *n_destinations = n;
    return 0;
}
