#include "support/pki.h"
#include "support/socket_fixture.h"

/* A TLS stream of the transport and its peer, both driven by the test's one thread. */
struct link {
    struct pki pki;
    struct fixture f;
    SSL_CTX *ctx;
    struct tls_server server;
    int peer;
    struct stream *stream;
    unsigned what; /* all that was told while the link was pumped */
};

static void link_init(struct link *self, const char *server_name, const struct cert *cert)
{
    *self = (struct link){0};
    pki_init(&self->pki);
    self->f.options.tls = self->pki.context;
    self->f.options.server_name = server_name;
    self->f.listener = loopback_listen(AF_INET, 16, &self->f.addresses[0]);
    fixture_start(&self->f);
    self->ctx = cert_server_context(cert != NULL ? cert : &self->pki.leaf);
    self->server = tls_server_new(self->ctx);
    self->stream = start_stream(&self->f, NULL);
    self->peer = loopback_accept(self->f.listener);
}

static void link_done(struct link *self)
{
    if (self->peer >= 0) {
        (void)close(self->peer);
    }
    fixture_done(&self->f);
    SSL_free(self->server.ssl);
    SSL_CTX_free(self->ctx);
    pki_done(&self->pki);
}

/* Sends what the server has for the client. */
static void link_flush_server(struct link *self)
{
    char piece[16384];
    for (;;) {
        const size_t n = tls_server_output(&self->server, piece, sizeof(piece));
        if (n == 0) {
            return;
        }
        loopback_send(self->peer, piece, n);
    }
}

/* Gives both sides their turn. */
static void link_pump(struct link *self)
{
    char piece[16384];
    const ssize_t n = recv(self->peer, piece, sizeof(piece), MSG_DONTWAIT);
    if (n > 0) {
        tls_server_feed(&self->server, piece, (size_t)n);
    }
    link_flush_server(self);
    self->f.n_events = self->f.ops->wait(
        self->f.transport, clock_mono_ns() + NS_PER_MS, self->f.events, EVENTS_MAX);
    self->what |= what_of(&self->f, self->stream);
}

static void link_pump_until(struct link *self, unsigned bits)
{
    const int64_t until_ns = clock_mono_ns() + PATIENCE_NS;
    self->what = 0;
    while ((self->what & bits) == 0) {
        assert_true(clock_mono_ns() < until_ns);
        link_pump(self);
    }
}

static ssize_t link_receive(struct link *self, void *buffer, size_t cap, struct receipt *receipt)
{
    return receive(&self->f, self->stream, buffer, cap, receipt);
}

/* Waits until something can be received, whatever comes before it. */
static ssize_t link_await(struct link *self, void *buffer, size_t cap, struct receipt *receipt)
{
    ssize_t n = TRANSPORT_AGAIN;
    while (n == TRANSPORT_AGAIN) {
        link_pump_until(self, TRANSPORT_READABLE);
        n = link_receive(self, buffer, cap, receipt);
    }
    return n;
}

static void link_open(struct link *self)
{
    link_init(self, HOST, NULL);
    link_pump_until(self, TRANSPORT_OPENED | TRANSPORT_FAILED);
    assert_true((self->what & TRANSPORT_OPENED) != 0);
    while (!SSL_is_init_finished(self->server.ssl)) {
        link_pump(self); /* in TLS 1.3 the client is done first */
    }
    /* Session tickets, which a server sends unasked, are no bytes. */
    char byte = 0;
    struct receipt receipt = {0};
    while (look(&self->f) > 0) {
        assert_int_equal(link_receive(self, &byte, 1, &receipt), TRANSPORT_AGAIN);
    }
}

static void test_transport_socket__carries_bytes_over_tls(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    assert_int_equal(link.f.ops->send(link.f.transport, link.stream, "question", 8), 8);
    char buffer[64];
    size_t n = 0;
    while (n == 0) {
        link_pump(&link);
        n = tls_server_read(&link.server, buffer, sizeof(buffer));
    }
    assert_int_equal(n, 8);
    assert_memory_equal(buffer, "question", 8);
    tls_server_write(&link.server, "answer", 6);
    struct receipt receipt = {0};
    assert_int_equal(link_await(&link, buffer, sizeof(buffer), &receipt), 6);
    assert_memory_equal(buffer, "answer", 6);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), TRANSPORT_AGAIN);
    assert_int_equal(look(&link.f), 0);
    link_done(&link);
}

/* A record in two segments has the time of the second, and only then is there anything to receive. */
static void test_recv__stamps_a_tls_record_with_its_last_segment(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    const bool stamps = transport_socket_has_kernel_stamps();
    tls_server_write(&link.server, "hello", 5);
    char record[256];
    const size_t len = tls_server_output(&link.server, record, sizeof(record));
    loopback_send(link.peer, record, 3);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    char buffer[16];
    struct receipt receipt = {0};
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), TRANSPORT_AGAIN);
    const int64_t between_ns = clock_mono_ns();
    while (clock_mono_ns() < between_ns + 5 * NS_PER_MS) {
    }
    loopback_send(link.peer, record + 3, len - 3);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 5);
    assert_int_equal(receipt.kernel, stamps);
    assert_true(receipt.arrival_ns >= between_ns + 4 * NS_PER_MS);
    assert_true(receipt.arrival_ns <= receipt.read_ns);
    link_done(&link);
}

/* A record that waits in the socket was stamped when it came, not when TLS gets to see it. */
static void test_recv__stamps_a_tls_record_when_it_arrives(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    const bool stamps = transport_socket_has_kernel_stamps();
    const int64_t before_ns = clock_mono_ns();
    tls_server_write(&link.server, "hello", 5);
    link_flush_server(&link);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    const int64_t there_ns = clock_mono_ns(); /* it has arrived: epoll said so */
    const int64_t late_ns = there_ns + 20 * NS_PER_MS;
    while (clock_mono_ns() < late_ns) {
    }
    char buffer[16];
    struct receipt receipt = {0};
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 5);
    assert_true(receipt.read_ns >= late_ns);
    assert_int_equal(receipt.kernel, stamps);
    if (stamps) {
        /* Two clocks are compared in between: far less than the wait. */
        assert_true(receipt.arrival_ns >= before_ns - NS_PER_MS);
        assert_true(receipt.arrival_ns <= there_ns + NS_PER_MS);
    } else {
        assert_int_equal(receipt.arrival_ns, receipt.read_ns);
    }
    link_done(&link);
}

/* What is decrypted but did not fit is told again although the socket is empty. */
static void test_recv__gives_out_a_tls_record_in_small_parts(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    tls_server_write(&link.server, "abcdef", 6);
    tls_server_write(&link.server, "ghi", 3);
    link_flush_server(&link);
    char got[10] = "";
    struct receipt first = {0};
    for (size_t i = 0; i < 9; i++) {
        struct receipt receipt = {0};
        assert_int_equal(wait_for(&link.f, link.stream, TRANSPORT_READABLE), TRANSPORT_READABLE);
        /* Left alone, it is told again. */
        assert_int_equal(look(&link.f), 1);
        assert_int_equal(link_receive(&link, got + i, 1, &receipt), 1);
        first = i == 0 ? receipt : first;
        assert_true(receipt.arrival_ns >= first.arrival_ns && receipt.kernel == first.kernel);
    }
    assert_string_equal(got, "abcdefghi");
    struct receipt receipt = {0};
    char byte = 0;
    assert_int_equal(link_receive(&link, &byte, 1, &receipt), TRANSPORT_AGAIN);
    assert_int_equal(look(&link.f), 0);
    link_done(&link);
}

static void test_recv__tells_the_orderly_end_of_tls(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    tls_server_write(&link.server, "bye", 3);
    (void)SSL_shutdown(link.server.ssl);
    link_flush_server(&link);
    (void)close(link.peer);
    link.peer = -1;
    char buffer[16];
    struct receipt receipt = {0};
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 3);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 0);
    assert_true(receipt.read_ns > 0);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 0);
    link_done(&link);
}

static void test_recv__tells_a_cut_of_tls_from_its_end(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    tls_server_write(&link.server, "bye", 3);
    link_flush_server(&link);
    (void)close(link.peer);
    link.peer = -1;
    char buffer[16];
    struct receipt receipt = {0};
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), 3);
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), TRANSPORT_RESET);
    link_done(&link);
}

static void test_recv__tells_a_reset_below_tls(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    loopback_reset(link.peer);
    link.peer = -1;
    char buffer[16];
    struct receipt receipt = {0};
    (void)wait_for(&link.f, link.stream, TRANSPORT_READABLE);
    assert_int_equal(link_receive(&link, buffer, sizeof(buffer), &receipt), TRANSPORT_RESET);
    assert_int_equal(link.f.ops->send(link.f.transport, link.stream, "x", 1), TRANSPORT_RESET);
    link_done(&link);
}

/* Reads what the server has; it must be the pattern. */
static void link_check_received(struct link *self, size_t *received)
{
    static char buffer[65536];
    const size_t n = tls_server_read(&self->server, buffer, sizeof(buffer));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(buffer[i], pattern(*received + i));
    }
    *received += n;
}

static void test_send__goes_on_over_tls_when_writable(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    size_t sent = 0;
    size_t received = 0;
    for (int round = 0; round < 2; round++) {
        fill(&link.f, link.stream, &sent);
        link.what = 0;
        while (received < sent || (link.what & TRANSPORT_WRITABLE) == 0) {
            link_pump(&link);
            link_check_received(&link, &received);
        }
        assert_int_equal(received, sent);
    }
    link_done(&link);
}

static void test_close__ends_tls_in_order(void **state)
{
    (void)state;
    struct link link;
    link_open(&link);
    link.f.ops->close(link.f.transport, link.stream);
    char piece[1024];
    const ssize_t n = recv(link.peer, piece, sizeof(piece), 0);
    assert_true(n > 0);
    tls_server_feed(&link.server, piece, (size_t)n);
    assert_int_equal(tls_server_read(&link.server, piece, sizeof(piece)), 0);
    assert_true((SSL_get_shutdown(link.server.ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
    assert_int_equal(recv(link.peer, piece, sizeof(piece), 0), 0);
    link_done(&link);
}

static void test_open__fails_on_a_certificate_for_another_name(void **state)
{
    (void)state;
    struct link link;
    link_init(&link, "other.example", NULL);
    link_pump_until(&link, TRANSPORT_OPENED | TRANSPORT_FAILED);
    check_failure(
        &link.f, link.stream, true,
        "certificate of other.example: hostname mismatch"
        "; --base-url must use a name that it has");
    /* The server is told why. */
    char piece[1024];
    const ssize_t n = recv(link.peer, piece, sizeof(piece), 0);
    assert_true(n > 0);
    link.f.ops->close(link.f.transport, link.stream);
    link_done(&link);
}

struct certificate_row {
    const char *what;
    const char *alt_names;
    bool self_signed;
    bool by_stranger;
    long from_s;
    long to_s;
    int max_version; /* of TLS; 0: any */
    const char *text;
};

static const struct certificate_row certificate_rows[] = {
    {"self-signed", "DNS:" HOST, true, false, -DAY_S, DAY_S, 0,
     "certificate of " HOST ": self-signed certificate; --cacert FILE names its root"},
    {"from another root", "DNS:" HOST, false, true, -DAY_S, DAY_S, 0,
     "certificate of " HOST
     ": unable to get local issuer certificate; --cacert FILE names its root"},
    {"expired", "DNS:" HOST, false, false, -2 * DAY_S, -DAY_S, 0,
     "certificate of " HOST ": certificate has expired; the server needs a new one, if this "
     "machine's clock is right"},
    {"not valid yet", "DNS:" HOST, false, false, DAY_S, 2 * DAY_S, 0,
     "certificate of " HOST ": certificate is not yet valid; is this machine's clock right?"},
    {"another name", "DNS:other.example,IP:127.0.0.1", false, false, -DAY_S, DAY_S, 0,
     "certificate of " HOST ": hostname mismatch; --base-url must use a name that it has"},
    {"an old TLS", "DNS:" HOST, false, false, -DAY_S, DAY_S, TLS1_1_VERSION,
     "TLS with " HOST ": the server has neither TLS 1.2 nor TLS 1.3: it needs a newer one, or a "
     "proxy before it"},
};

static void check_certificate(const struct certificate_row *row)
{
    struct cert stranger = cert_make(NULL, NULL, -DAY_S, DAY_S);
    (void)X509_NAME_add_entry_by_txt(
        X509_get_subject_name(stranger.x509), "O", MBSTRING_ASC, (const unsigned char *)"stranger",
        -1, -1, 0);
    struct link link;
    link_init(&link, HOST, NULL);
    const struct cert *issuer = row->by_stranger ? &stranger : &link.pki.root;
    struct cert cert =
        cert_make(row->self_signed ? NULL : issuer, row->alt_names, row->from_s, row->to_s);
    assert_int_equal(SSL_use_certificate(link.server.ssl, cert.x509), 1);
    assert_int_equal(SSL_use_PrivateKey(link.server.ssl, cert.key), 1);
    if (row->max_version != 0) {
        SSL_set_security_level(link.server.ssl, 0);
        assert_int_equal(SSL_set_min_proto_version(link.server.ssl, TLS1_VERSION), 1);
        assert_int_equal(SSL_set_max_proto_version(link.server.ssl, row->max_version), 1);
    }
    link_pump_until(&link, TRANSPORT_OPENED | TRANSPORT_FAILED);
    if ((link.what & TRANSPORT_FAILED) == 0) {
        fail_msg("%s: it was accepted", row->what);
    }
    check_failure(&link.f, link.stream, true, row->text);
    link_done(&link);
    cert_done(&cert);
    cert_done(&stranger);
}

static void test_open__says_what_is_wrong_with_a_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(certificate_rows); i++) {
        check_certificate(&certificate_rows[i]);
    }
}

/* The server offers to resume, and the second connection is a full handshake all the same. */
static void test_open__never_resumes_a_session(void **state)
{
    (void)state;
    static const unsigned char id[] = "bench";
    struct link link;
    link_init(&link, HOST, NULL);
    assert_int_equal(SSL_CTX_set_session_id_context(link.ctx, id, sizeof(id)), 1);

    enum {
        N_CONNECTIONS = 3
    };

    for (int i = 0; i < N_CONNECTIONS; i++) {
        if (i > 0) {
            link.f.ops->close(link.f.transport, link.stream);
            (void)close(link.peer);
            SSL_set_shutdown(link.server.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
            SSL_free(link.server.ssl); /* in order: else the server would forget the session */
            link.server = tls_server_new(link.ctx);
            link.stream = start_stream(&link.f, NULL);
            link.peer = loopback_accept(link.f.listener);
        }
        link_pump_until(&link, TRANSPORT_OPENED | TRANSPORT_FAILED);
        assert_true((link.what & TRANSPORT_OPENED) != 0);
        while (!SSL_is_init_finished(link.server.ssl)) {
            link_pump(&link);
        }
        tls_server_write(&link.server, "x", 1); /* after the tickets */
        char byte = 0;
        struct receipt receipt = {0};
        link_flush_server(&link);
        assert_int_equal(link_await(&link, &byte, 1, &receipt), 1);
        assert_int_equal(SSL_session_reused(link.server.ssl), 0);
    }
    assert_int_equal(SSL_CTX_sess_accept_good(link.ctx), N_CONNECTIONS);
    assert_int_equal(SSL_CTX_sess_hits(link.ctx), 0);
    link_done(&link);
}

/* A handshake is long beside a read: many that are due at once do not keep open streams waiting for all. */
static void test_wait__takes_one_step_of_a_handshake_at_a_time(void **state)
{
    (void)state;

    enum {
        N_MORE = 5
    };
    struct link link;
    link_open(&link);
    struct stream *streams[N_MORE];
    int peers[N_MORE];
    for (int i = 0; i < N_MORE; i++) {
        streams[i] = start_stream(&link.f, NULL);
        peers[i] = loopback_accept(link.f.listener);
    }
    tls_server_write(&link.server, "token", 5);
    link_flush_server(&link);
    int n_hellos = 0;
    bool readable = false;
    for (int n_looks = 1; n_hellos < N_MORE || !readable; n_looks++) {
        (void)look(&link.f);
        readable = readable || (what_of(&link.f, link.stream) & TRANSPORT_READABLE) != 0;
        n_hellos = 0;
        for (int i = 0; i < N_MORE; i++) {
            char byte = 0;
            n_hellos += recv(peers[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
        }
        assert_true(n_hellos <= n_looks);
    }
    for (int i = 0; i < N_MORE; i++) {
        link.f.ops->close(link.f.transport, streams[i]);
        (void)close(peers[i]);
    }
    link_done(&link);
}

struct refusal_row {
    const char *what;
    const char *answer; /* to the client's hello; NULL: none */
    bool reset;
    const char *text;
};

static const struct refusal_row refusal_rows[] = {
    {"end", NULL, false, "TLS with " HOST ": the server closed the connection"},
    {"reset", NULL, true, "TLS with " HOST ": the server reset the connection"},
    {"plain http", "HTTP/1.1 400 Bad Request\r\n\r\n", false,
     "TLS with " HOST ": the answer is not TLS: if the server speaks plain http, --base-url must "
     "begin with http://"},
};

static void check_refusal(const struct refusal_row *row)
{
    struct link link;
    link_init(&link, HOST, NULL);
    (void)look(&link.f); /* sends the hello */
    char hello[4096];
    assert_true(recv(link.peer, hello, sizeof(hello), 0) > 0);
    if (row->answer != NULL) {
        loopback_send(link.peer, row->answer, strlen(row->answer));
    }
    if (row->reset) {
        loopback_reset(link.peer);
    } else {
        (void)close(link.peer);
    }
    link.peer = -1;
    (void)wait_for(&link.f, link.stream, TRANSPORT_FAILED);
    check_failure(&link.f, link.stream, true, row->text);
    link_done(&link);
}

static void test_open__says_how_a_server_refuses_tls(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusal_rows); i++) {
        check_refusal(&refusal_rows[i]);
    }
}

static void test_open__gives_up_on_a_silent_handshake(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    struct fixture f = {
        .options = {
            .tls = pki.context,
            .server_name = HOST,
            .connect_timeout_ns = 20 * NS_PER_MS,
        }};
    f.listener = loopback_listen(AF_INET, 16, &f.addresses[0]);
    fixture_start(&f);
    struct stream *stream = start_stream(&f, NULL);
    assert_int_equal(wait_for(&f, stream, TRANSPORT_FAILED), TRANSPORT_FAILED);
    check_failure(
        &f, stream, true,
        "TLS with " HOST ": no answer to the handshake in time: does the server speak plain http?");
    fixture_done(&f);
    pki_done(&pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transport_socket__carries_bytes_over_tls),
        cmocka_unit_test(test_recv__stamps_a_tls_record_with_its_last_segment),
        cmocka_unit_test(test_recv__stamps_a_tls_record_when_it_arrives),
        cmocka_unit_test(test_recv__gives_out_a_tls_record_in_small_parts),
        cmocka_unit_test(test_recv__tells_the_orderly_end_of_tls),
        cmocka_unit_test(test_recv__tells_a_cut_of_tls_from_its_end),
        cmocka_unit_test(test_recv__tells_a_reset_below_tls),
        cmocka_unit_test(test_send__goes_on_over_tls_when_writable),
        cmocka_unit_test(test_close__ends_tls_in_order),
        cmocka_unit_test(test_open__fails_on_a_certificate_for_another_name),
        cmocka_unit_test(test_open__says_what_is_wrong_with_a_certificate),
        cmocka_unit_test(test_open__never_resumes_a_session),
        cmocka_unit_test(test_wait__takes_one_step_of_a_handshake_at_a_time),
        cmocka_unit_test(test_open__says_how_a_server_refuses_tls),
        cmocka_unit_test(test_open__gives_up_on_a_silent_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
