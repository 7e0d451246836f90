#include "base/mem.h"
#include "support/socket_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

static void test_transport_socket__carries_bytes_both_ways(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    int user = 0;
    struct stream *stream = open_stream(&f, &peer);
    stream->user = &user;
    assert_int_equal(f.ops->send(f.transport, stream, "question", 8), 8);
    char buffer[64] = "";
    assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 8);
    assert_memory_equal(buffer, "question", 8);

    struct receipt receipt = {0};
    assert_int_equal(receive(&f, stream, buffer, sizeof(buffer), &receipt), TRANSPORT_AGAIN);
    loopback_send(peer, "answer", 6);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_READABLE), TRANSPORT_READABLE);
    assert_int_equal(receive(&f, stream, buffer, sizeof(buffer), &receipt), 6);
    assert_memory_equal(buffer, "answer", 6);
    assert_ptr_equal(f.events[0].stream->user, &user);
    assert_int_equal(look(&f), 0);
    f.ops->close(f.transport, stream);
    assert_int_equal(recv(peer, buffer, sizeof(buffer), 0), 0);
    (void)close(peer);
    fixture_done(&f);
}

static void test_transport_socket__sends_small_pieces_at_once(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    /* With Nagle's algorithm the second piece would wait for the peer's acknowledgement. */
    char byte = 0;
    assert_int_equal(f.ops->send(f.transport, stream, "a", 1), 1);
    assert_int_equal(f.ops->send(f.transport, stream, "b", 1), 1);
    assert_int_equal(recv(peer, &byte, 1, 0), 1);
    assert_int_equal(recv(peer, &byte, 1, MSG_DONTWAIT), 1);
    assert_int_equal(byte, 'b');
    (void)close(peer);
    fixture_done(&f);
}

static void test_recv__tells_what_is_left_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_send(peer, "abcdef", 6);
    char got[7] = "";
    for (int i = 0; i < 6; i++) {
        struct receipt receipt = {0};
        assert_int_equal(wait_for(&f, stream, TRANSPORT_READABLE), TRANSPORT_READABLE);
        assert_int_equal(receive(&f, stream, got + i, 1, &receipt), 1);
    }
    assert_string_equal(got, "abcdef");
    assert_int_equal(look(&f), 0);
    (void)close(peer);
    fixture_done(&f);
}

/* The kernel had the bytes before the wait ended, so its stamp lies between the peer's send and a
 * reading of the clock that was taken before the receive.  A user-space stamp cannot. */
static void test_recv__stamps_with_the_kernels_time(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    /* The transport keeps the kernel stamping; this waits until it has begun. */
    if (!transport_socket_has_kernel_stamps()) {
        fixture_done(&f);
        print_message("skipped: this kernel does not stamp received data\n");
        skip();
    }
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    int64_t last_ns = 0;
    for (int i = 0; i < 200; i++) {
        char byte = 0;
        struct receipt receipt = {0};
        const int64_t sent_ns = clock_mono_ns();
        loopback_send(peer, "x", 1);
        (void)wait_for(&f, stream, TRANSPORT_READABLE);
        const int64_t woken_ns = clock_mono_ns();
        assert_int_equal(receive(&f, stream, &byte, 1, &receipt), 1);
        const int64_t after_ns = clock_mono_ns();
        assert_true(receipt.kernel);
        assert_false(receipt.clock_step);
        /* The conversion is good to the spread of its pair of readings: far below this. */
        assert_true(receipt.arrival_ns >= sent_ns - NS_PER_MS / 2);
        assert_true(receipt.arrival_ns <= woken_ns + NS_PER_MS / 2);
        assert_true(receipt.arrival_ns >= last_ns);
        assert_true(receipt.arrival_ns <= receipt.read_ns);
        assert_true(receipt.read_ns >= woken_ns && receipt.read_ns <= after_ns);
        last_ns = receipt.arrival_ns;
    }
    (void)close(peer);
    fixture_done(&f);
}

/* Bytes that waited long before they were read carry the time of their arrival all the same. */
static void test_recv__stamps_the_arrival_not_the_read(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    /* The transport keeps the kernel stamping; this waits until it has begun. */
    if (!transport_socket_has_kernel_stamps()) {
        fixture_done(&f);
        print_message("skipped: this kernel does not stamp received data\n");
        skip();
    }
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_send(peer, "x", 1);
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    const int64_t woken_ns = clock_mono_ns();
    while (clock_mono_ns() < woken_ns + 20 * NS_PER_MS) {
    }
    char byte = 0;
    struct receipt receipt = {0};
    assert_int_equal(receive(&f, stream, &byte, 1, &receipt), 1);
    assert_true(receipt.kernel);
    assert_true(receipt.read_ns >= woken_ns + 20 * NS_PER_MS);
    assert_true(receipt.arrival_ns <= woken_ns + NS_PER_MS);
    (void)close(peer);
    fixture_done(&f);
}

static void test_recv__uses_user_time_when_asked_to(void **state)
{
    (void)state;
    struct fixture f = {.options.user_stamps = true};
    f.listener = loopback_listen(AF_INET, 16, &f.addresses[0]);
    fixture_start(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_send(peer, "x", 1);
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    const int64_t before_ns = clock_mono_ns();
    char byte = 0;
    struct receipt receipt = {.kernel = true, .clock_step = true};
    assert_int_equal(receive(&f, stream, &byte, 1, &receipt), 1);
    assert_false(receipt.kernel);
    assert_false(receipt.clock_step);
    assert_true(receipt.arrival_ns == receipt.read_ns);
    assert_true(receipt.read_ns >= before_ns && receipt.read_ns <= clock_mono_ns());
    (void)close(peer);
    fixture_done(&f);
}

static void test_recv__tells_the_end_after_the_last_bytes(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_send(peer, "bye", 3);
    (void)close(peer);
    char buffer[16];
    struct receipt receipt = {0};
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    assert_int_equal(receive(&f, stream, buffer, sizeof(buffer), &receipt), 3);
    const int64_t before_ns = clock_mono_ns();
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    assert_int_equal(receive(&f, stream, buffer, sizeof(buffer), &receipt), 0);
    assert_true(receipt.read_ns >= before_ns);
    assert_true(receipt.arrival_ns == receipt.read_ns);
    assert_false(receipt.kernel);
    /* It stays readable until it is closed. */
    assert_true(wait_for(&f, stream, TRANSPORT_READABLE) == TRANSPORT_READABLE);
    f.ops->close(f.transport, stream);
    assert_int_equal(look(&f), 0);
    fixture_done(&f);
}

static void test_recv__tells_a_reset(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_reset(peer);
    char byte = 0;
    struct receipt receipt = {0};
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    assert_int_equal(receive(&f, stream, &byte, 1, &receipt), TRANSPORT_RESET);
    assert_int_equal(f.ops->send(f.transport, stream, "x", 1), TRANSPORT_RESET);
    fixture_done(&f);
}

static void check_received(int peer, size_t *received, size_t until)
{
    char buffer[65536];
    while (*received < until) {
        const ssize_t n = recv(peer, buffer, sizeof(buffer), 0);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            assert_int_equal(buffer[i], pattern(*received + (size_t)i));
        }
        *received += (size_t)n;
    }
}

static void test_send__goes_on_when_the_stream_is_writable(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    size_t sent = 0;
    size_t received = 0;
    for (int round = 0; round < 3; round++) {
        fill(&f, stream, &sent);
        check_received(peer, &received, sent);
        assert_int_equal(wait_for(&f, stream, TRANSPORT_WRITABLE), TRANSPORT_WRITABLE);
        assert_int_equal(look(&f), 0); /* told once */
    }
    (void)close(peer);
    fixture_done(&f);
}

static void test_send__is_silent_while_the_socket_is_full(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    size_t sent = 0;
    fill(&f, stream, &sent);
    while (look(&f) > 0) { /* the peer's kernel may still be taking bytes in */
        fill(&f, stream, &sent);
    }
    loopback_send(peer, "x", 1);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_READABLE), TRANSPORT_READABLE);
    (void)close(peer);
    fixture_done(&f);
}

static void test_wait__hands_out_as_many_events_as_there_is_room_for(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peers[3];
    int n_seen[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        open_stream(&f, &peers[i])->user = &n_seen[i];
    }
    for (int i = 0; i < 3; i++) {
        loopback_send(peers[i], "x", 1);
    }
    for (int i = 0; i < 3; i++) {
        struct transport_event event;
        assert_int_equal(f.ops->wait(f.transport, clock_mono_ns() + PATIENCE_NS, &event, 1), 1);
        char byte = 0;
        struct receipt receipt = {0};
        assert_int_equal(receive(&f, event.stream, &byte, 1, &receipt), 1);
        *(int *)event.stream->user += 1;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(n_seen[i], 1);
        (void)close(peers[i]);
    }
    fixture_done(&f);
}

struct deadline_row {
    const char *what;
    int64_t spin_ns;
    int64_t for_ns;
};

static void test_wait__ends_at_the_deadline_and_not_before(void **state)
{
    (void)state;
    static const struct deadline_row rows[] = {
        {"past", 0, -NS_PER_S},        {"now", 0, 0},
        {"sleep", 0, 3 * NS_PER_MS},   {"sleep and spin", NS_PER_MS, 3 * NS_PER_MS},
        {"spin", NS_PER_S, NS_PER_MS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f = {.listener = -1, .options.spin_ns = rows[i].spin_ns};
        fixture_start(&f);
        const int64_t until_ns = f.ops->now(f.transport) + rows[i].for_ns;
        assert_int_equal(f.ops->wait(f.transport, until_ns, f.events, EVENTS_MAX), 0);
        assert_true(f.ops->now(f.transport) >= until_ns);
        fixture_done(&f);
    }
}

/* Sleep is not awake, nor is a look at the time that was waited for. */
static void test_wait__counts_the_time_that_it_is_awake(void **state)
{
    (void)state;
    struct fixture asleep = {.listener = -1};
    fixture_start(&asleep);
    const int64_t now_ns = asleep.ops->now(asleep.transport);
    (void)asleep.ops->wait(asleep.transport, now_ns + NS_PER_MS, asleep.events, EVENTS_MAX);
    (void)asleep.ops->wait(asleep.transport, now_ns, asleep.events, EVENTS_MAX);
    assert_true(asleep.transport->awake_ns == 0);
    fixture_done(&asleep);

    struct fixture awake = {.listener = -1, .options.spin_ns = NS_PER_S};
    fixture_start(&awake);
    const int64_t start_ns = awake.ops->now(awake.transport);
    do { /* more than once only where the thread was off its processor for all of a wait */
        const int64_t until_ns = awake.ops->now(awake.transport) + NS_PER_MS;
        (void)awake.ops->wait(awake.transport, until_ns, awake.events, EVENTS_MAX);
    } while (awake.transport->awake_ns == 0);
    assert_true(awake.transport->awake_ns <= awake.ops->now(awake.transport) - start_ns);
    fixture_done(&awake);
}

static void *wake_it(void *argument)
{
    struct transport *transport = argument;
    transport->ops->wake(transport);
    return NULL;
}

static void test_wake__ends_a_wait_from_another_thread(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_it, f.transport), 0);
    assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* A wake that comes before the wait is not lost; several are one. */
    f.ops->wake(f.transport);
    f.ops->wake(f.transport);
    assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX), 0);
    const int64_t until_ns = clock_mono_ns() + NS_PER_MS;
    assert_int_equal(f.ops->wait(f.transport, until_ns, f.events, EVENTS_MAX), 0);
    assert_true(clock_mono_ns() >= until_ns);
    fixture_done(&f);
}

static void test_wake__does_not_hide_events(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    loopback_send(peer, "x", 1);
    (void)wait_for(&f, stream, TRANSPORT_READABLE);
    f.ops->wake(f.transport);
    assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX), 1);
    (void)close(peer);
    fixture_done(&f);
}

static void do_nothing(int number)
{
    (void)number;
}

static struct transport *interrupted; /* for the handler: it wakes as bench's own does */

static void wake_from_handler(int number)
{
    (void)number;
    interrupted->ops->wake(interrupted);
}

static void test_wait__ends_at_a_signal(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    interrupted = f.transport;
    void (*const handlers[])(int) = {wake_from_handler, do_nothing};
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
        struct sigaction action = {.sa_handler = handlers[i]};
        struct sigaction before;
        assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
        timer_t timer;
        assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
        /* Repeated, so that one comes during the wait whenever that begins. */
        const struct itimerspec soon = {{0, NS_PER_MS}, {0, NS_PER_MS}};
        assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
        assert_int_equal(f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX), 0);
        assert_int_equal(timer_delete(timer), 0);
        assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    }
    fixture_done(&f);
}

/* Makes epoll_pwait2 unknown to this thread, as it is to kernels before 5.11. */
static bool forget_pwait2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {ARRAY_LEN(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct old_kernel {
    bool filtered;
    bool refused;
    bool punctual;
    bool readable;
};

static void *run_on_old_kernel(void *argument)
{
    struct old_kernel *out = argument;
    out->filtered = forget_pwait2();
    if (!out->filtered) {
        return NULL;
    }
    out->refused = syscall(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, 0) < 0 && errno == ENOSYS;
    struct fixture f;
    fixture_init(&f);
    int peer = -1;
    struct stream *stream = open_stream(&f, &peer);
    const int64_t until_ns = clock_mono_ns() + 2 * NS_PER_MS + NS_PER_MS / 2;
    const size_t n = f.ops->wait(f.transport, until_ns, f.events, EVENTS_MAX);
    out->punctual = n == 0 && clock_mono_ns() >= until_ns;
    loopback_send(peer, "x", 1);
    out->readable = f.ops->wait(f.transport, CLOCK_NEVER, f.events, EVENTS_MAX) == 1 &&
                    what_of(&f, stream) == TRANSPORT_READABLE;
    (void)close(peer);
    fixture_done(&f);
    return NULL;
}

static void test_wait__does_without_epoll_pwait2(void **state)
{
    (void)state;
    struct old_kernel old = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_on_old_kernel, &old), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (!old.filtered) {
        print_message("skipped: no seccomp filters here\n");
        skip();
    }
    assert_true(old.refused);
    assert_true(old.punctual);
    assert_true(old.readable);
}

static void test_wait__makes_the_thread_punctual(void **state)
{
    (void)state;
    struct fixture f = {.listener = -1};
    fixture_start(&f);
    assert_int_equal(look(&f), 0);
    assert_int_equal(prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL), 1);
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transport_socket__carries_bytes_both_ways),
        cmocka_unit_test(test_transport_socket__sends_small_pieces_at_once),
        cmocka_unit_test(test_recv__tells_what_is_left_again),
        cmocka_unit_test(test_recv__stamps_with_the_kernels_time),
        cmocka_unit_test(test_recv__stamps_the_arrival_not_the_read),
        cmocka_unit_test(test_recv__uses_user_time_when_asked_to),
        cmocka_unit_test(test_recv__tells_the_end_after_the_last_bytes),
        cmocka_unit_test(test_recv__tells_a_reset),
        cmocka_unit_test(test_send__goes_on_when_the_stream_is_writable),
        cmocka_unit_test(test_send__is_silent_while_the_socket_is_full),
        cmocka_unit_test(test_wait__hands_out_as_many_events_as_there_is_room_for),
        cmocka_unit_test(test_wait__ends_at_the_deadline_and_not_before),
        cmocka_unit_test(test_wait__counts_the_time_that_it_is_awake),
        cmocka_unit_test(test_wake__ends_a_wait_from_another_thread),
        cmocka_unit_test(test_wake__does_not_hide_events),
        cmocka_unit_test(test_wait__ends_at_a_signal),
        cmocka_unit_test(test_wait__does_without_epoll_pwait2),
        cmocka_unit_test(test_wait__makes_the_thread_punctual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
