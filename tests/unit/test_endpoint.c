#include "base/text.h"
#include "net/endpoint.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <string.h>

struct good_row {
    const char *url;
    const char *host;
    const char *path;
    const char *authority;
    const char *normal;
    unsigned port;
    bool tls;
    bool ipv6;
};

static const struct good_row good_rows[] = {
    {"http://localhost", "localhost", "", "localhost", "http://localhost:80", 80, false, false},
    {"HTTP://LocalHost/", "localhost", "", "localhost", "http://localhost:80", 80, false, false},
    {"https://api.example.com/v1", "api.example.com", "/v1", "api.example.com",
     "https://api.example.com:443/v1", 443, true, false},
    {"https://h:443/V1///", "h", "/V1", "h", "https://h:443/V1", 443, true, false},
    {"http://h:443", "h", "", "h:443", "http://h:443", 443, false, false},
    {"https://h:80", "h", "", "h:80", "https://h:80", 80, true, false},
    {"http://127.0.0.1:8000/v1/", "127.0.0.1", "/v1", "127.0.0.1:8000", "http://127.0.0.1:8000/v1",
     8000, false, false},
    {"http://[::1]:8000", "::1", "", "[::1]:8000", "http://[::1]:8000", 8000, false, true},
    {"http://[FE80::A]", "fe80::a", "", "[fe80::a]", "http://[fe80::a]:80", 80, false, true},
    {"http://my_host-2.:65535/a%20b/c", "my_host-2.", "/a%20b/c", "my_host-2.:65535",
     "http://my_host-2.:65535/a%20b/c", 65535, false, false},
};

static void check_good(const struct good_row *row)
{
    struct endpoint out;
    struct error err = {0};
    char normal[ENDPOINT_NORMAL_MAX];
    if (endpoint_parse(row->url, &out, &err) != 0) {
        fail_msg("%s: %s", row->url, err.text);
    }
    endpoint_normal(&out, normal);
    if (out.tls != row->tls || out.ipv6_literal != row->ipv6 || out.port != row->port ||
        !text_equal(out.host, row->host) || !text_equal(out.path, row->path) ||
        !text_equal(out.authority, row->authority) || !text_equal(normal, row->normal)) {
        fail_msg(
            "%s: tls %d ipv6 %d host %s port %u path '%s' authority %s normal %s", row->url,
            out.tls, out.ipv6_literal, out.host, out.port, out.path, out.authority, normal);
    }
}

static void test_endpoint_parse__takes_urls_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
        check_good(&good_rows[i]);
    }
}

struct bad_row {
    const char *url;
    const char *why;
};

static const struct bad_row bad_rows[] = {
    {"", "must begin with http:// or https://"},
    {"localhost:8000", "must begin with http:// or https://"},
    {"ftp://h", "must begin with http:// or https://"},
    {"http:/h", "must begin with http:// or https://"},
    {"http://", "has no host"},
    {"http:///v1", "has no host"},
    {"http://:80", "has no host"},
    {"http://user:secret@h", "user and password do not belong in it"},
    {"http://@h", "user and password do not belong in it"},
    {"http://h/v1?key=1", "a query"},
    {"http://h?", "a query"},
    {"http://h#top", "a fragment"},
    {"http://h/?a#b", "a fragment"},
    {"http://h:", "the port must be a number from 1 to 65535"},
    {"http://h:0", "the port must be a number from 1 to 65535"},
    {"http://h:65536", "the port must be a number from 1 to 65535"},
    {"http://h:4294967376", "the port must be a number from 1 to 65535"},
    {"http://h:80a", "the port must be a number from 1 to 65535"},
    {"http://h:+80", "the port must be a number from 1 to 65535"},
    {"http://[::1]:/v1", "the port must be a number from 1 to 65535"},
    {"http://::1:80", "write an IPv6 address in brackets"},
    {"http://[::1", "has no ']'"},
    {"http://[::1]80", "only a port may follow the ']'"},
    {"http://[]", "not an IPv6 address"},
    {"http://[::g]", "not an IPv6 address"},
    {"http://[127.0.0.1]", "not an IPv6 address"},
    {"http://[fe80::1%25eth0]", "not an IPv6 address"},
    {"http://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", "not an IPv6 address"},
    {"http://a b", "has a character that no URL has"},
    {"http://h/\x01", "has a character that no URL has"},
    {"http://h\xc3\xa9", "has a character that no URL has"},
    {"http://h\\v1", "has a character that no URL has"},
    {"http://h%41", "the host has a character that no host name has"},
    {"http://a,b", "the host has a character that no host name has"},
    {"http://.h", "the host name has an empty label"},
    {"http://a..b", "the host name has an empty label"},
};

static void check_refused(const char *url, const char *why)
{
    struct endpoint out;
    memset(&out, 0x5a, sizeof(out));
    const struct endpoint before = out;
    struct error err = {0};
    assert_int_equal(endpoint_parse(url, &out, &err), -ERROR_USAGE);
    if (strstr(err.text, why) == NULL || strchr(err.text, '\n') != NULL) {
        fail_msg("'%s': said \"%s\", expected \"%s\"", url, err.text, why);
    }
    assert_memory_equal(&out, &before, sizeof(out));
}

static void test_endpoint_parse__refuses_with_one_clear_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
        check_refused(bad_rows[i].url, bad_rows[i].why);
    }
}

/* "http://" with `n` bytes of `c` after it. */
static void write_long(char *out, const char *start, char c, size_t n)
{
    const size_t start_len = strlen(start);
    memcpy(out, start, start_len);
    memset(out + start_len, c, n);
    out[start_len + n] = '\0';
}

static void test_endpoint_parse__knows_its_limits(void **state)
{
    (void)state;
    char url[2048];
    struct endpoint out;
    struct error err = {0};
    write_long(url, "http://", 'a', 253);
    assert_int_equal(endpoint_parse(url, &out, &err), 0);
    write_long(url, "http://", 'a', 254);
    check_refused(url, "the host name is longer than 253 characters");
    write_long(url, "http://h/", 'p', ENDPOINT_PATH_MAX - 2);
    assert_int_equal(endpoint_parse(url, &out, &err), 0);
    assert_int_equal(strlen(out.path), ENDPOINT_PATH_MAX - 1);
    write_long(url, "http://h/", 'p', ENDPOINT_PATH_MAX - 1);
    check_refused(url, "the path is longer than 511 characters");
}

static void test_endpoint_resolve__gives_literals_as_they_are(void **state)
{
    (void)state;
    struct endpoint endpoint;
    struct error err = {0};
    struct address addresses[ENDPOINT_ADDRESSES_MAX];
    size_t n = 0;
    assert_int_equal(endpoint_parse("http://127.0.0.9:81", &endpoint, &err), 0);
    assert_int_equal(endpoint_resolve(&endpoint, addresses, &n, &err), 0);
    assert_int_equal(n, 1);
    struct sockaddr_in in;
    memcpy(&in, &addresses[0].storage, sizeof(in));
    assert_int_equal(in.sin_family, AF_INET);
    assert_int_equal(ntohs(in.sin_port), 81);
    assert_int_equal(ntohl(in.sin_addr.s_addr), 0x7f000009);

    assert_int_equal(endpoint_parse("http://[::1]:82", &endpoint, &err), 0);
    assert_int_equal(endpoint_resolve(&endpoint, addresses, &n, &err), 0);
    assert_int_equal(n, 1);
    struct sockaddr_in6 in6;
    memcpy(&in6, &addresses[0].storage, sizeof(in6));
    assert_int_equal(in6.sin6_family, AF_INET6);
    assert_int_equal(ntohs(in6.sin6_port), 82);
    assert_memory_equal(&in6.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
}

static void test_endpoint_resolve__names_the_host_that_is_not_there(void **state)
{
    (void)state;
    struct endpoint endpoint;
    struct error err = {0};
    struct address addresses[ENDPOINT_ADDRESSES_MAX];
    size_t n = 77;
    /* A label of 64 characters: refused by the resolver itself, without asking any server. */
    char url[128];
    write_long(url, "http://", 'x', 64);
    assert_int_equal(endpoint_parse(url, &endpoint, &err), 0);
    assert_int_equal(endpoint_resolve(&endpoint, addresses, &n, &err), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.text, endpoint.host));
    assert_non_null(strstr(err.text, "cannot be resolved"));
    assert_int_equal(n, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_parse__takes_urls_apart),
        cmocka_unit_test(test_endpoint_parse__refuses_with_one_clear_line),
        cmocka_unit_test(test_endpoint_parse__knows_its_limits),
        cmocka_unit_test(test_endpoint_resolve__gives_literals_as_they_are),
        cmocka_unit_test(test_endpoint_resolve__names_the_host_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
