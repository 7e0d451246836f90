/* The tables of /proc rather than getifaddrs, so that a recorded machine can be asked. */
#include "hardware/host_address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char *const names[] = {
    [HOST_ADDRESS_LOOPBACK] = "loopback",
    [HOST_ADDRESS_OWN] = "own",
    [HOST_ADDRESS_NETWORK] = "network",
};

const char *host_address_name(enum host_address kind)
{
    return names[kind];
}

size_t host_address_bytes(const struct sockaddr *address, unsigned char out[16])
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        memcpy(out, &in.sin_addr, 4);
        return 4;
    }
    if (address->sa_family != AF_INET6) {
        return 0;
    }
    struct sockaddr_in6 in6;
    memcpy(&in6, address, sizeof(in6));
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        memcpy(out, in6.sin6_addr.s6_addr + 12, 4);
        return 4;
    }
    memcpy(out, &in6.sin6_addr, 16);
    return 16;
}

static bool is_loopback(const unsigned char *bytes, size_t len)
{
    static const unsigned char zero[16] = {0};
    if (memcmp(bytes, zero, len) == 0) {
        return true;
    }
    return len == 4 ? bytes[0] == 127 : memcmp(bytes, zero, 15) == 0 && bytes[15] == 1;
}

/* A leaf is "|-- 10.0.0.7", then its prefixes: "/32 host LOCAL". */
bool host_address_is_in_trie(const char *table, const unsigned char address[4])
{
    char leaf[INET_ADDRSTRLEN + 5] = "|-- ";
    if (inet_ntop(AF_INET, address, leaf + 4, INET_ADDRSTRLEN) == NULL) {
        return false;
    }
    const size_t leaf_len = strlen(leaf);
    bool inside = false;
    for (const char *line = table; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *text = line + strspn(line, " \t");
        const size_t left = len - (size_t)(text - line);
        if (left >= 4 && strncmp(text, "|-- ", 4) == 0) {
            inside = left == leaf_len && strncmp(text, leaf, leaf_len) == 0;
        } else if (inside && strncmp(text, "/32 host LOCAL", strlen("/32 host LOCAL")) == 0) {
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

/* Lines begin with the 32 hexadecimal digits of an address. */
static bool is_in_list_6(const char *table, const unsigned char address[16])
{
    char hex[33];
    for (size_t i = 0; i < 16; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[address[i] >> 4];
        hex[2 * i + 1] = digits[address[i] & 15];
    }
    hex[32] = '\0';
    for (const char *line = table; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (len > 32 && line[32] == ' ' && text_starts_with(line, hex)) {
            return true;
        }
        line += len + (line[len] == '\n');
    }
    return false;
}

enum host_address host_address_kind(const struct reader *reader, const struct sockaddr *address)
{
    unsigned char bytes[16];
    const size_t len = host_address_bytes(address, bytes);
    if (len == 0) {
        return HOST_ADDRESS_NETWORK;
    }
    if (is_loopback(bytes, len)) {
        return HOST_ADDRESS_LOOPBACK;
    }
    const char *table =
        reader_file(reader, len == 4 ? "/proc/net/fib_trie" : "/proc/net/if_inet6", NULL);
    if (table == NULL) {
        return HOST_ADDRESS_NETWORK;
    }
    const bool own = len == 4 ? host_address_is_in_trie(table, bytes) : is_in_list_6(table, bytes);
    return own ? HOST_ADDRESS_OWN : HOST_ADDRESS_NETWORK;
}
