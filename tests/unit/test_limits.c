#include "net/limits.h"
#include "net/source.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_limits_raise_descriptors__goes_to_the_hard_limit(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit low = {64, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    const uint64_t raised = limits_raise_descriptors();
    struct rlimit after;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_true(after.rlim_cur == before.rlim_max);
    assert_true(raised == (before.rlim_max == RLIM_INFINITY ? UINT64_MAX : before.rlim_max));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Size of this process's table of descriptors: FDSize in proc_pid_status(5). */
static unsigned long table_size(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    assert_non_null(file);
    char line[256];
    unsigned long size = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "FDSize:", 7) == 0) {
            size = strtoul(line + 7, NULL, 10);
        }
    }
    (void)fclose(file);
    return size;
}

static void test_limits_reserve_descriptors__grows_the_table(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlim_t soft = before.rlim_max < 3000 ? before.rlim_max : 3000;
    const struct rlimit few = {soft, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    limits_reserve_descriptors(soft);
    assert_true(table_size() >= soft);
    limits_reserve_descriptors(0);
    /* More than the limit gives: what it gives. */
    limits_reserve_descriptors(UINT64_MAX);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_limits_check_descriptors__names_limit_and_fix(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(limits_check_descriptors(2128, 2000, &err), 0);
    assert_int_equal(limits_check_descriptors(UINT64_MAX, 2000, &err), 0);
    assert_int_equal(limits_check_descriptors(2127, 2000, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(
        err.text, "this load needs 2128 file descriptors and the limit is 2127: raise it with "
                  "'ulimit -Hn 2128' (as root, or LimitNOFILE= of the service)");
}

static void test_limits_local_ports__reads_the_kernels_range(void **state)
{
    (void)state;
    const uint32_t n = limits_local_ports("");
    assert_true(n > 0 && n <= 65535);
    assert_int_equal(limits_local_ports("/nowhere"), 0);
}

static void test_limits_check_ports__counts_source_addresses(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(limits_check_ports(28232, 28232, 1, &err), 0);
    assert_int_equal(limits_check_ports(56464, 28232, 2, &err), 0);
    assert_int_equal(limits_check_ports(1000000, 0, 1, &err), 0);
    assert_int_equal(limits_check_ports(60000, 28232, 1, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(
        err.text, "this load needs 60000 connections to one address and 28232 local ports are free "
                  "for them: give 3 addresses of this machine with --source-address A,B,..., or "
                  "widen net.ipv4.ip_local_port_range");
}

static void test_limits_available_memory__reads_the_kernels_figure(void **state)
{
    (void)state;
    const uint64_t bytes = limits_available_memory("");
    assert_true(bytes > 0 && bytes < UINT64_MAX);
    assert_true(bytes % 1024 == 0);
    assert_true(limits_available_memory("/nowhere") == UINT64_MAX);
}

static void test_limits_check_memory__names_both_amounts(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(limits_check_memory(1000, 2, 500, &err), 0);
    assert_int_equal(limits_check_memory(UINT64_MAX, 1000000000, 500, &err), 0);
    assert_int_equal(limits_check_memory(1000, 0, 500, &err), 0);
    assert_int_equal(limits_check_memory(8000000000, 300000000, 400, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(
        err.text, "the records of 300000000 requests need 120 GB at least, and 8 GB of memory are "
                  "free: ask for fewer requests, by --duration, --requests or the rate");
}

static void test_source_list_parse__takes_numeric_addresses(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        size_t n;
        const char *error; /* NULL: good */
    } rows[] = {
        {"127.0.0.1", 1, NULL},
        {"127.0.0.1,127.0.0.2", 2, NULL},
        {"::1,fe80::1", 2, NULL},
        {"", 0, "'' is not a numeric address"},
        {"127.0.0.1,", 0, "'' is not a numeric address"},
        {"localhost", 0, "'localhost' is not a numeric address"},
        {"127.1", 0, "'127.1' is not a numeric address"},
        {"127.0.0.1,::1", 0, "'::1': IPv4 and IPv6 cannot be mixed"},
        {"10.0.0.1,10.0.0.1", 0, "'10.0.0.1' stands twice in the list"},
        {"1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,1.0.0.9,1.0.0.10,"
         "1.0.0.11,1.0.0.12,1.0.0.13,1.0.0.14,1.0.0.15,1.0.0.16,1.0.0.17",
         0, "'1.0.0.17' is one more than 16 addresses"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct source_list list = {.n = 0};
        struct error err = {0};
        print_message("  %s\n", rows[i].text);
        const int result = source_list_parse(rows[i].text, &list, &err);
        assert_int_equal(result, rows[i].error == NULL ? 0 : -ERROR_USAGE);
        assert_int_equal(list.n, rows[i].n);
        assert_string_equal(err.text, rows[i].error == NULL ? "" : rows[i].error);
    }
}

static void test_source_list_check__tells_foreign_addresses(void **state)
{
    (void)state;
    struct source_list list;
    struct error err = {0};
    assert_int_equal(source_list_parse("127.0.0.1,127.0.0.2", &list, &err), 0);
    assert_int_equal(source_list_check(&list, &err), 0);
    /* Of the block that is kept for documentation: no machine has it.  Source: RFC 5737. */
    assert_int_equal(source_list_parse("192.0.2.1", &list, &err), 0);
    assert_int_equal(source_list_check(&list, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "192.0.2.1 is not an address of this machine ('ip address')");
}

static void test_source_list_match__keeps_destinations_of_its_family(void **state)
{
    (void)state;
    struct source_list both[2];
    struct error err = {0};
    assert_int_equal(source_list_parse("127.0.0.5", &both[0], &err), 0);
    assert_int_equal(source_list_parse("::1", &both[1], &err), 0);
    struct address destinations[] = {both[1].addresses[0], both[0].addresses[0]};
    size_t n = 2;
    const struct source_list none = {.n = 0};
    assert_int_equal(source_list_match(&none, destinations, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_int_equal(source_list_match(&both[0], destinations, &n, &err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(destinations[0].storage.ss_family, AF_INET);
    assert_int_equal(source_list_match(&both[1], destinations, &n, &err), -ERROR_USAGE);
    assert_string_equal(err.text, "these are IPv6 addresses and the engine has none of that kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_raise_descriptors__goes_to_the_hard_limit),
        cmocka_unit_test(test_limits_reserve_descriptors__grows_the_table),
        cmocka_unit_test(test_limits_check_descriptors__names_limit_and_fix),
        cmocka_unit_test(test_limits_local_ports__reads_the_kernels_range),
        cmocka_unit_test(test_limits_check_ports__counts_source_addresses),
        cmocka_unit_test(test_limits_available_memory__reads_the_kernels_figure),
        cmocka_unit_test(test_limits_check_memory__names_both_amounts),
        cmocka_unit_test(test_source_list_parse__takes_numeric_addresses),
        cmocka_unit_test(test_source_list_check__tells_foreign_addresses),
        cmocka_unit_test(test_source_list_match__keeps_destinations_of_its_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
