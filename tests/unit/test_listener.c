/* Which addresses are this machine's own, and which sockets take connections to them: the recorded
 * tables of tests/data/processes. */
#include "hardware/host_address.h"
#include "hardware/listener.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define MACHINE "tests/data/processes/machine"

static struct sockaddr_storage address_make(const char *text, unsigned port)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        memcpy(&out, &in, sizeof(in));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        memcpy(&out, &in6, sizeof(in6));
    }
    return out;
}

static void test_host_address_kind__by_the_kernels_tables(void **state)
{
    (void)state;

    static const struct {
        const char *root;
        const char *address;
        const char *kind;
    } rows[] = {
        {MACHINE, "127.0.0.1", "loopback"},
        {MACHINE, "127.9.9.9", "loopback"},
        {MACHINE, "0.0.0.0", "loopback"},
        {MACHINE, "::1", "loopback"},
        {MACHINE, "::", "loopback"},
        {MACHINE, "::ffff:127.0.0.1", "loopback"},
        {MACHINE, "10.0.0.5", "own"},
        {MACHINE, "::ffff:10.0.0.5", "own"},
        {MACHINE, "fd00::5", "own"},
        {MACHINE, "10.0.0.50", "network"},  /* begins like an own one */
        {MACHINE, "10.0.0.255", "network"}, /* broadcast */
        {MACHINE, "10.0.0.9", "network"},   /* a route, not local */
        {MACHINE, "fd00::6", "network"},
        {MACHINE, "::2", "network"},
        {"/nonexistent", "127.0.0.1", "loopback"},
        {"/nonexistent", "10.0.0.5", "network"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        const struct reader reader = {.arena = &arena, .root = rows[i].root};
        const struct sockaddr_storage address = address_make(rows[i].address, 1);
        const char *kind =
            host_address_name(host_address_kind(&reader, (const struct sockaddr *)&address));
        if (strcmp(kind, rows[i].kind) != 0) {
            fail_msg("%s is %s, not %s", rows[i].address, kind, rows[i].kind);
        }
        arena_done(&arena);
    }
    const struct sockaddr other = {.sa_family = AF_UNIX};
    const struct reader reader = {.root = MACHINE};
    assert_int_equal(host_address_kind(&reader, &other), HOST_ADDRESS_NETWORK);
    assert_int_equal(listener_port(&other), 0);
}

static void test_listeners_find__takes_the_best_fit(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *address;
        unsigned port;
        size_t n;
        uint64_t first;
        unsigned uid;
    } rows[] = {
        {"its own address; a connection of the same port is none", "127.0.0.1", 8000, 1, 1001, 0},
        {"the unspecified address connects to loopback", "0.0.0.0", 8000, 1, 1001, 0},
        {"IPv6", "::1", 8000, 1, 1013, 0},
        {"the unspecified address of IPv6", "::", 8000, 1, 1013, 0},
        {"all addresses", "127.0.0.1", 8080, 1, 1002, 998},
        {"exactly this address goes first", "10.0.0.5", 8080, 1, 1012, 0},
        {"all addresses of IPv6 take IPv4 too", "127.0.0.1", 30000, 1, 1003, 0},
        {"all addresses of IPv6", "fd00::5", 30000, 1, 1003, 0},
        {"an IPv4 address inside one of IPv6", "127.0.0.1", 9004, 1, 1009, 0},
        {"asked for inside one of IPv6", "::ffff:127.0.0.1", 9004, 1, 1009, 0},
        {"a socket for each worker; IPv6's comes last", "127.0.0.1", 9003, 2, 1007, 0},
        {"nobody listens", "127.0.0.1", 9999, 0, 0, 0},
        {"IPv4 only", "::1", 8080, 0, 0, 0},
        {"another address", "10.0.0.5", 8000, 0, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        const struct reader reader = {.arena = &arena, .root = MACHINE};
        const struct sockaddr_storage address = address_make(rows[i].address, rows[i].port);
        struct listener_list found;
        listeners_find(&reader, "/proc/net", (const struct sockaddr *)&address, &found);
        const bool good = found.readable && found.n == rows[i].n &&
                          (found.n == 0 || (found.rows[0].inode == rows[i].first &&
                                            found.rows[0].uid == rows[i].uid));
        if (!good) {
            fail_msg("%s: %zu found", rows[i].what, found.n);
        }
        arena_done(&arena);
    }
}

static void test_listeners_find__says_when_there_is_no_table(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct reader reader = {.arena = &arena, .root = "/nonexistent"};
    const struct sockaddr_storage address = address_make("127.0.0.1", 8000);
    const struct sockaddr other = {.sa_family = AF_UNIX};
    struct listener_list found;
    listeners_find(&reader, "/proc/net", (const struct sockaddr *)&address, &found);
    assert_false(found.readable);
    assert_int_equal(found.n, 0);
    listeners_find(&reader, "/proc/net", &other, &found);
    assert_int_equal(found.n, 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_address_kind__by_the_kernels_tables),
        cmocka_unit_test(test_listeners_find__takes_the_best_fit),
        cmocka_unit_test(test_listeners_find__says_when_there_is_no_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
