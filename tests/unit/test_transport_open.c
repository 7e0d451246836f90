#include "support/socket_fixture.h"

#include <netinet/in.h>
#include <sys/resource.h>

/* TCP cannot connect to it: the call itself fails. */
static void address_of_broadcast(struct address *out)
{
    const struct sockaddr_in broadcast = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_BROADCAST),
        .sin_port = htons(9),
    };
    *out = (struct address){.len = sizeof(broadcast)};
    memcpy(&out->storage, &broadcast, sizeof(broadcast));
}

static void test_open__says_when_nobody_listens(void **state)
{
    (void)state;
    struct fixture f = {0};
    f.listener = loopback_bind(AF_INET, &f.addresses[0]); /* bound, not listening */
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_FAILED), TRANSPORT_FAILED);
    char text[200];
    (void)snprintf(
        text, sizeof(text), "connect to 127.0.0.1:%u: Connection refused",
        loopback_port(&f.addresses[0]));
    check_failure(&f, stream, false, text);
    f.ops->close(f.transport, stream);
    assert_int_equal(look(&f), 0);
    fixture_done(&f);
}

/* With a backlog of 0 the kernel holds one connection that nobody accepts, and drops further SYNs. */
static void test_open__gives_up_after_the_timeout(void **state)
{
    (void)state;
    struct fixture f = {.options.connect_timeout_ns = 10 * NS_PER_MS};
    f.listener = loopback_listen(AF_INET, 0, &f.addresses[0]);
    const int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        connect(first, (struct sockaddr *)&f.addresses[0].storage, f.addresses[0].len), 0);
    fixture_start(&f);
    const int64_t before_ns = clock_mono_ns();
    struct stream *streams[] = {start_stream(&f, NULL), start_stream(&f, NULL)};
    unsigned seen[2] = {0, 0};
    while (seen[0] == 0 || seen[1] == 0) {
        assert_true(wait_events(&f) > 0);
        seen[0] |= what_of(&f, streams[0]);
        seen[1] |= what_of(&f, streams[1]);
    }
    assert_int_equal(seen[0], TRANSPORT_FAILED);
    assert_int_equal(seen[1], TRANSPORT_FAILED);
    assert_true(clock_mono_ns() >= before_ns + 10 * NS_PER_MS);
    char text[200];
    (void)snprintf(
        text, sizeof(text), "connect to 127.0.0.1:%u: Connection timed out",
        loopback_port(&f.addresses[0]));
    check_failure(&f, streams[1], false, text);
    (void)close(first);
    fixture_done(&f);
}

static void test_open__may_have_all_the_time_there_is(void **state)
{
    (void)state;
    struct fixture f = {.options.connect_timeout_ns = CLOCK_NEVER};
    f.listener = loopback_listen(AF_INET, 16, &f.addresses[0]);
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX), 1);
    assert_ptr_equal(f.events[0].stream, stream);
    assert_int_equal(f.events[0].what, TRANSPORT_OPENED);
    fixture_done(&f);
}

static void test_open__goes_to_the_next_address_and_remembers_it(void **state)
{
    (void)state;
    struct fixture f = {.options.n_addresses = 2};
    const int deaf = loopback_bind(AF_INET, &f.addresses[0]);
    f.listener = loopback_listen(AF_INET, 16, &f.addresses[1]);
    fixture_start(&f);
    int peers[2];
    (void)open_stream(&f, &peers[0]);
    /* Now the first would answer, but the second is known to work. */
    assert_int_equal(listen(deaf, 16), 0);
    (void)open_stream(&f, &peers[1]);
    assert_false(loopback_has_connection(deaf));
    (void)close(peers[0]);
    (void)close(peers[1]);
    (void)close(deaf);
    fixture_done(&f);
}

static void test_open__fails_when_every_address_fails(void **state)
{
    (void)state;
    struct fixture f = {.options.n_addresses = 3, .listener = -1};
    int bound[2];
    bound[0] = loopback_bind(AF_INET, &f.addresses[0]);
    address_of_broadcast(&f.addresses[1]);
    bound[1] = loopback_bind(AF_INET, &f.addresses[2]);
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_FAILED), TRANSPORT_FAILED);
    char text[200];
    (void)snprintf(
        text, sizeof(text), "connect to 127.0.0.1:%u: Connection refused",
        loopback_port(&f.addresses[2]));
    check_failure(&f, stream, false, text);
    (void)close(bound[0]);
    (void)close(bound[1]);
    fixture_done(&f);
}

static void test_open__tells_a_failure_at_once_through_the_next_wait(void **state)
{
    (void)state;
    struct fixture f = {.listener = -1};
    address_of_broadcast(&f.addresses[0]);
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(look(&f), 1);
    assert_int_equal(what_of(&f, stream), TRANSPORT_FAILED);
    struct transport_failure failure;
    f.ops->failure(f.transport, stream, &failure);
    assert_non_null(strstr(failure.text, "connect to 255.255.255.255:9: "));
    assert_int_equal(look(&f), 0); /* told once */
    fixture_done(&f);
}

static void test_open__speaks_ipv6(void **state)
{
    (void)state;
    struct fixture f = {0};
    f.listener = loopback_listen(AF_INET6, 16, &f.addresses[0]);
    if (f.listener < 0) {
        print_message("skipped: no IPv6 loopback address here\n");
        skip();
    }
    fixture_start(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    assert_int_equal(f.ops->send(f.transport, stream, "x", 1), 1);
    char byte = 0;
    assert_int_equal(recv(peer, &byte, 1, 0), 1);
    (void)close(peer);
    fixture_done(&f);
}

static void test_open__names_an_ipv6_address_in_brackets(void **state)
{
    (void)state;
    struct fixture f = {0};
    f.listener = loopback_bind(AF_INET6, &f.addresses[0]);
    if (f.listener < 0) {
        print_message("skipped: no IPv6 loopback address here\n");
        skip();
    }
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_FAILED), TRANSPORT_FAILED);
    char text[200];
    (void)snprintf(
        text, sizeof(text), "connect to [::1]:%u: Connection refused",
        loopback_port(&f.addresses[0]));
    check_failure(&f, stream, false, text);
    fixture_done(&f);
}

static void test_open__needs_a_descriptor(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    const int lowest = dup(f.listener);
    assert_true(lowest >= 0);
    (void)close(lowest);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {(rlim_t)lowest, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct stream *stream = NULL;
    struct error err = {0};
    const int result = f.ops->open(f.transport, NULL, &stream, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(result, -ERROR_IO);
    assert_string_equal(err.text, "cannot open another connection: Too many open files");
    assert_null(stream);
    /* And then there is one again. */
    int peer = -1;
    assert_non_null(open_stream(&f, &peer));
    (void)close(peer);
    fixture_done(&f);
}

static void test_transport_socket_open__needs_descriptors(void **state)
{
    (void)state;
    struct address address = {0};
    const struct transport_socket_options options = {.addresses = &address, .n_addresses = 1};
    const int lowest = dup(0);
    assert_true(lowest >= 0);
    (void)close(lowest);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    static const char *const texts[] = {
        "cannot make an epoll instance: Too many open files",
        "cannot make an event descriptor: Too many open files",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct rlimit few = {(rlim_t)lowest + i, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        struct transport *transport = NULL;
        struct error err = {0};
        const int result = transport_socket_open(&options, &transport, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(result, -ERROR_IO);
        assert_string_equal(err.text, texts[i]);
        assert_null(transport);
    }
}

static void test_open__takes_the_source_addresses_in_turn(void **state)
{
    (void)state;
    static const char *const names[] = {"127.0.0.2", "127.0.0.3", "127.0.0.2"};
    struct source_list sources;
    struct error err = {0};
    assert_int_equal(source_list_parse("127.0.0.2,127.0.0.3", &sources, &err), 0);
    struct fixture f = {.options = {.sources = &sources}};
    f.listener = loopback_listen(AF_INET, 16, &f.addresses[0]);
    fixture_start(&f);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int peer = -1;
        assert_non_null(open_stream(&f, &peer));
        struct sockaddr_in from = {0};
        socklen_t len = sizeof(from);
        assert_int_equal(getpeername(peer, (struct sockaddr *)&from, &len), 0);
        assert_int_equal(from.sin_addr.s_addr, inet_addr(names[i]));
        (void)close(peer);
    }
    fixture_done(&f);
}

static void test_close__drops_events_that_were_queued(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peers[2];
    struct stream *streams[2];
    for (int i = 0; i < 2; i++) {
        streams[i] = open_stream(&f, &peers[i]);
    }
    loopback_send(peers[0], "a", 1);
    loopback_send(peers[1], "b", 1);
    /* Both have arrived: loopback delivers inside the send. */
    while (look(&f) < 2) {
    }
    struct stream *second = f.events[1].stream;
    assert_true(second == streams[0] || second == streams[1]);
    f.ops->close(f.transport, second);
    assert_int_equal(f.events[0].what, TRANSPORT_READABLE);
    assert_int_equal(f.events[1].what, 0);
    /* A stream that is opened now is another one. */
    struct stream *third = start_stream(&f, NULL);
    assert_true(third != second);
    assert_int_equal(f.events[1].what, 0);
    (void)close(peers[0]);
    (void)close(peers[1]);
    fixture_done(&f);
}

static void test_close__works_in_every_state(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ops->close(f.transport, start_stream(&f, NULL)); /* connecting */
    (void)close(loopback_accept(f.listener));
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    size_t sent = 0;
    fill(&f, stream, &sent);
    f.ops->close(f.transport, stream); /* with a send that waits */
    (void)close(peer);
    (void)close(f.listener);
    f.listener = -1;
    stream = start_stream(&f, NULL);
    f.ops->close(f.transport, stream); /* to a port that is gone, before it is known */
    assert_int_equal(look(&f), 0);
    (void)start_stream(&f, NULL); /* left to free */
    fixture_done(&f);
}

static void test_open__uses_the_memory_of_closed_streams_after_the_next_wait(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct stream *first = start_stream(&f, NULL);
    f.ops->close(f.transport, first);
    struct stream *second = start_stream(&f, NULL);
    assert_true(second != first);
    (void)look(&f);
    struct stream *third = start_stream(&f, NULL);
    assert_ptr_equal(third, first);
    fixture_done(&f);
}

static void test_wait__hands_out_failures_one_by_one(void **state)
{
    (void)state;
    struct fixture f = {.listener = -1};
    address_of_broadcast(&f.addresses[0]);
    fixture_start(&f);
    struct stream *streams[2] = {start_stream(&f, NULL), start_stream(&f, NULL)};
    for (int i = 0; i < 2; i++) {
        struct transport_event event;
        assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, &event, 1), 1);
        assert_ptr_equal(event.stream, streams[i]);
        assert_int_equal(event.what, TRANSPORT_FAILED);
    }
    assert_int_equal(look(&f), 0);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__says_when_nobody_listens),
        cmocka_unit_test(test_open__gives_up_after_the_timeout),
        cmocka_unit_test(test_open__may_have_all_the_time_there_is),
        cmocka_unit_test(test_open__goes_to_the_next_address_and_remembers_it),
        cmocka_unit_test(test_open__fails_when_every_address_fails),
        cmocka_unit_test(test_open__tells_a_failure_at_once_through_the_next_wait),
        cmocka_unit_test(test_open__speaks_ipv6),
        cmocka_unit_test(test_open__names_an_ipv6_address_in_brackets),
        cmocka_unit_test(test_open__needs_a_descriptor),
        cmocka_unit_test(test_transport_socket_open__needs_descriptors),
        cmocka_unit_test(test_open__takes_the_source_addresses_in_turn),
        cmocka_unit_test(test_close__drops_events_that_were_queued),
        cmocka_unit_test(test_close__works_in_every_state),
        cmocka_unit_test(test_open__uses_the_memory_of_closed_streams_after_the_next_wait),
        cmocka_unit_test(test_wait__hands_out_failures_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
