#include "base/text.h"
#include "net/tls.h"
#include "support/pki.h"

#include <pthread.h>

/* Moves ciphertext both ways in pieces of at most `step` bytes until neither side has any. */
static enum tls_progress
shake_hands(struct tls_session *client, struct tls_server *server, size_t step)
{
    enum tls_progress progress = tls_session_handshake(client);
    for (bool moved = true; moved;) {
        moved = false;
        const char *data = NULL;
        size_t len = tls_session_output(client, &data);
        len = len < step ? len : step;
        if (len > 0) {
            tls_server_feed(server, data, len);
            tls_session_output_sent(client, len);
            moved = true;
        }
        char piece[16384];
        const size_t n =
            tls_server_output(server, piece, step < sizeof(piece) ? step : sizeof(piece));
        if (n > 0) {
            tls_session_feed(client, piece, n);
            progress = progress == TLS_WANT_INPUT ? tls_session_handshake(client) : progress;
            moved = true;
        }
    }
    return progress;
}

struct name_row {
    const char *name;
    const char *sni; /* what the server was told; NULL: nothing */
    bool good;
};

static const struct name_row name_rows[] = {
    {HOST, HOST, true},
    {HOST ".", HOST, true},
    {"ENGINE.EXAMPLE", "ENGINE.EXAMPLE", true},
    {"a.wild.example", "a.wild.example", true},
    {"127.0.0.1", NULL, true},
    {"::1", NULL, true},
    {"other.example", "other.example", false},
    {"a.b.wild.example", "a.b.wild.example", false},
    {"127.0.0.2", NULL, false},
    {"::2", NULL, false},
};

static bool same_or_null(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : text_equal(a, b);
}

static void check_name(const struct pki *pki, SSL_CTX *ctx, const struct name_row *row)
{
    struct tls_session *client = tls_session_new(pki->context, row->name);
    struct tls_server server = tls_server_new(ctx);
    const enum tls_progress progress = shake_hands(client, &server, 100000);
    const char *sni = SSL_get_servername(server.ssl, TLSEXT_NAMETYPE_host_name);
    if (progress != (row->good ? TLS_DONE : TLS_BROKEN) || !same_or_null(sni, row->sni)) {
        fail_msg("%s: progress %d, name %s", row->name, (int)progress, sni);
    }
    if (!row->good) {
        struct transport_failure failure;
        tls_session_failure(client, &failure);
        assert_true(failure.tls);
        assert_non_null(strstr(failure.text, row->name));
        assert_non_null(strstr(failure.text, "mismatch; --base-url must use a name that it has"));
    }
    SSL_free(server.ssl);
    tls_session_free(client);
}

static void test_tls_session_handshake__checks_the_name_in_the_certificate(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    SSL_CTX *ctx = cert_server_context(&pki.leaf);
    for (size_t i = 0; i < ARRAY_LEN(name_rows); i++) {
        check_name(&pki, ctx, &name_rows[i]);
    }
    SSL_CTX_free(ctx);
    pki_done(&pki);
}

/* The text that a server with this certificate earns, or "" when it is accepted. */
static void judge(const struct pki *pki, const struct cert *cert, struct transport_failure *out)
{
    *out = (struct transport_failure){0};
    SSL_CTX *ctx = cert_server_context(cert);
    struct tls_session *client = tls_session_new(pki->context, HOST);
    struct tls_server server = tls_server_new(ctx);
    if (shake_hands(client, &server, 100000) == TLS_BROKEN) {
        tls_session_failure(client, out);
    }
    SSL_free(server.ssl);
    tls_session_free(client);
    SSL_CTX_free(ctx);
}

struct cert_row {
    const char *what;
    bool self_signed;
    bool by_stranger;
    long from_s;
    long to_s;
    const char *text;
};

static const struct cert_row cert_rows[] = {
    {"good", false, false, -DAY_S, DAY_S, ""},
    {"self-signed", true, false, -DAY_S, DAY_S,
     "certificate of " HOST ": self-signed certificate; --cacert FILE names its root"},
    {"from another root", false, true, -DAY_S, DAY_S,
     "certificate of " HOST
     ": unable to get local issuer certificate; --cacert FILE names its root"},
    {"expired", false, false, -2 * DAY_S, -DAY_S,
     "certificate of " HOST ": certificate has expired; the server needs a new one, if this "
     "machine's clock is right"},
    {"not valid yet", false, false, DAY_S, 2 * DAY_S,
     "certificate of " HOST ": certificate is not yet valid; is this machine's clock right?"},
};

static void test_tls_session_handshake__says_what_is_wrong_with_a_certificate(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    struct cert stranger = cert_make(NULL, NULL, -DAY_S, DAY_S);
    (void)X509_NAME_add_entry_by_txt(
        X509_get_subject_name(stranger.x509), "O", MBSTRING_ASC, (const unsigned char *)"stranger",
        -1, -1, 0);
    for (size_t i = 0; i < ARRAY_LEN(cert_rows); i++) {
        const struct cert_row *row = &cert_rows[i];
        const struct cert *issuer = row->by_stranger ? &stranger : &pki.root;
        struct cert cert =
            cert_make(row->self_signed ? NULL : issuer, "DNS:" HOST, row->from_s, row->to_s);
        struct transport_failure failure;
        judge(&pki, &cert, &failure);
        assert_string_equal(failure.text, row->text);
        assert_int_equal(failure.tls, row->text[0] != '\0');
        cert_done(&cert);
    }
    cert_done(&stranger);
    pki_done(&pki);
}

static void test_tls_context_open__takes_a_servers_own_certificate_as_root(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    char leaf_path[64];
    cert_write(&pki.leaf, leaf_path);
    pki_open_context(&pki, leaf_path, false);
    struct transport_failure failure;
    judge(&pki, &pki.leaf, &failure);
    assert_string_equal(failure.text, "");
    (void)unlink(leaf_path);
    pki_done(&pki);
}

static void test_tls_context_open__trusts_no_stranger_by_the_systems_roots(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    pki_open_context(&pki, NULL, false);
    struct transport_failure failure;
    judge(&pki, &pki.leaf, &failure);
    assert_string_equal(
        failure.text, "certificate of " HOST ": unable to get local issuer certificate"
                      "; --cacert FILE names its root");
    pki_done(&pki);
}

static void test_tls_context_open__insecure_takes_any_certificate(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    pki_open_context(&pki, NULL, true);
    struct cert cert = cert_make(NULL, "DNS:other.example", -2 * DAY_S, -DAY_S);
    struct transport_failure failure;
    judge(&pki, &cert, &failure);
    assert_string_equal(failure.text, "");
    cert_done(&cert);
    pki_done(&pki);
}

static void test_tls_context_open__names_the_file_it_cannot_use(void **state)
{
    (void)state;
    struct tls_context *context = NULL;
    struct error err = {0};
    assert_int_equal(
        tls_context_open("/nonexistent/ca.pem", false, &context, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "/nonexistent/ca.pem: No such file or directory");
    error_clear(&err);
    assert_int_equal(tls_context_open("meson.build", false, &context, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "meson.build: holds no PEM certificate");
    assert_null(context);
    tls_context_free(NULL);
    tls_session_free(NULL);
}

static void test_tls_session_handshake__agrees_on_http_1_1_and_nothing_old(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        SSL_CTX *ctx = cert_server_context(&pki.leaf);
        (void)SSL_CTX_set_max_proto_version(ctx, versions[i]);
        struct tls_session *client = tls_session_new(pki.context, HOST);
        struct tls_server server = tls_server_new(ctx);
        assert_int_equal(shake_hands(client, &server, 100000), TLS_DONE);
        assert_int_equal(SSL_version(server.ssl), versions[i]);
        const unsigned char *protocol = NULL;
        unsigned len = 0;
        SSL_get0_alpn_selected(server.ssl, &protocol, &len);
        assert_int_equal(len, 8);
        assert_memory_equal(protocol, "http/1.1", 8);
        assert_int_equal(SSL_session_reused(server.ssl), 0);
        SSL_free(server.ssl);
        tls_session_free(client);
        SSL_CTX_free(ctx);
    }
    SSL_CTX *old = cert_server_context(&pki.leaf);
    SSL_CTX_set_security_level(old, 0);
    (void)SSL_CTX_set_min_proto_version(old, TLS1_VERSION);
    (void)SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
    struct tls_session *client = tls_session_new(pki.context, HOST);
    struct tls_server server = tls_server_new(old);
    assert_int_equal(shake_hands(client, &server, 100000), TLS_BROKEN);
    struct transport_failure failure;
    tls_session_failure(client, &failure);
    assert_string_equal(
        failure.text, "TLS with " HOST ": the server has neither TLS 1.2 nor TLS 1.3: it needs a "
                      "newer one, or a proxy before it");
    SSL_free(server.ssl);
    tls_session_free(client);
    SSL_CTX_free(old);
    pki_done(&pki);
}

static void test_tls_session_handshake__recognises_plain_http(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    struct tls_session *client = tls_session_new(pki.context, HOST);
    assert_int_equal(tls_session_handshake(client), TLS_WANT_INPUT);
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    tls_session_feed(client, answer, sizeof(answer) - 1);
    assert_int_equal(tls_session_handshake(client), TLS_BROKEN);
    struct transport_failure failure;
    tls_session_failure(client, &failure);
    assert_string_equal(
        failure.text, "TLS with " HOST ": the answer is not TLS: if the server speaks plain http, "
                      "--base-url must begin with http://");
    tls_session_free(client);
    pki_done(&pki);
}

/* A server that would resume: it gives out tickets and keeps sessions. */
static SSL_CTX *resuming_server(const struct pki *pki, int version)
{
    static const unsigned char id[] = "bench";
    SSL_CTX *ctx = cert_server_context(&pki->leaf);
    (void)SSL_CTX_set_max_proto_version(ctx, version);
    assert_int_equal(SSL_CTX_set_session_id_context(ctx, id, sizeof(id)), 1);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
    return ctx;
}

/* OpenSSL forgets a session whose connection broke. */
static void end_in_order(SSL *ssl)
{
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

/* OpenSSL's own client, which asks to go on with `session` (NULL: a new one).  Returns the session that it has
 * when the server's tickets are read; *resumed says what became of the old one. */
static SSL_SESSION *connect_keeping(SSL_CTX *server_ctx, SSL_SESSION *session, bool *resumed)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *client = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(client, in, out);
    SSL_set_connect_state(client);
    if (session != NULL) {
        assert_int_equal(SSL_set_session(client, session), 1);
    }
    struct tls_server server = tls_server_new(server_ctx);
    for (int i = 0; i < 5; i++) { /* more flights than there are */
        char piece[16384];
        size_t n = 0;
        (void)SSL_do_handshake(client);
        (void)SSL_read_ex(client, piece, sizeof(piece), &n);
        n = 0;
        (void)BIO_read_ex(out, piece, sizeof(piece), &n);
        tls_server_feed(&server, piece, n);
        n = tls_server_output(&server, piece, sizeof(piece));
        if (n > 0) {
            assert_int_equal(BIO_write_ex(in, piece, n, &n), 1);
        }
    }
    assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server.ssl));
    *resumed = SSL_session_reused(server.ssl) == 1;
    SSL_SESSION *kept = SSL_get1_session(client);
    end_in_order(client);
    end_in_order(server.ssl);
    SSL_free(server.ssl);
    SSL_free(client);
    SSL_CTX_free(ctx);
    return kept;
}

static void check_full_handshakes(const struct pki *pki, int version)
{
    SSL_CTX *ctx = resuming_server(pki, version);

    enum {
        N_CONNECTIONS = 3
    };

    for (int i = 0; i < N_CONNECTIONS; i++) {
        struct tls_session *client = tls_session_new(pki->context, HOST);
        struct tls_server server = tls_server_new(ctx);
        assert_int_equal(shake_hands(client, &server, 100000), TLS_DONE);
        char byte = 0;
        bool more = false;
        /* The tickets have been read before the next connection begins. */
        assert_int_equal(tls_session_read(client, &byte, 1, &more), TRANSPORT_AGAIN);
        assert_int_equal(SSL_version(server.ssl), version);
        assert_int_equal(SSL_session_reused(server.ssl), 0);
        end_in_order(server.ssl);
        SSL_free(server.ssl);
        tls_session_free(client);
    }
    assert_int_equal(SSL_CTX_sess_accept_good(ctx), N_CONNECTIONS);
    assert_int_equal(SSL_CTX_sess_hits(ctx), 0);
    /* The same server, and a client that does resume. */
    bool resumed = false;
    SSL_SESSION *first = connect_keeping(ctx, NULL, &resumed);
    assert_false(resumed);
    SSL_SESSION *second = connect_keeping(ctx, first, &resumed);
    assert_true(resumed);
    assert_int_equal(SSL_CTX_sess_hits(ctx), 1);
    SSL_SESSION_free(second);
    SSL_SESSION_free(first);
    SSL_CTX_free(ctx);
}

static void test_tls_session_handshake__is_a_full_one_each_time(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    check_full_handshakes(&pki, TLS1_2_VERSION);
    check_full_handshakes(&pki, TLS1_3_VERSION);
    pki_done(&pki);
}

/* Whatever the size of the pieces, the same bytes come out. */
static void check_steps(const struct pki *pki, SSL_CTX *ctx, size_t step)
{
    struct tls_session *client = tls_session_new(pki->context, HOST);
    struct tls_server server = tls_server_new(ctx);
    assert_int_equal(shake_hands(client, &server, step), TLS_DONE);
    static char sent[40000];
    static char got[sizeof(sent)];
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (char)(i * 7 % 251);
    }
    tls_server_write(&server, sent, sizeof(sent));
    size_t n_got = 0;
    char piece[16384];
    for (;;) {
        const size_t n =
            tls_server_output(&server, piece, step < sizeof(piece) ? step : sizeof(piece));
        if (n == 0) {
            break;
        }
        tls_session_feed(client, piece, n);
        bool more = false;
        const ssize_t n_read = tls_session_read(client, got + n_got, sizeof(got) - n_got, &more);
        assert_true(n_read > 0 || n_read == TRANSPORT_AGAIN || n_got == sizeof(got));
        n_got += n_read > 0 ? (size_t)n_read : 0;
    }
    assert_int_equal(n_got, sizeof(sent));
    assert_memory_equal(sent, got, sizeof(sent));
    SSL_free(server.ssl);
    tls_session_free(client);
}

static void test_tls_session_read__takes_pieces_of_any_size(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    SSL_CTX *ctx = cert_server_context(&pki.leaf);
    static const size_t steps[] = {1, 2, 5, 17, 1448, 16384};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        check_steps(&pki, ctx, steps[i]);
    }
    SSL_CTX_free(ctx);
    pki_done(&pki);
}

static void test_tls_session_read__breaks_on_a_forged_record(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    SSL_CTX *ctx = cert_server_context(&pki.leaf);
    struct tls_session *client = tls_session_new(pki.context, HOST);
    struct tls_server server = tls_server_new(ctx);
    assert_int_equal(shake_hands(client, &server, 100000), TLS_DONE);
    tls_server_write(&server, "hello", 5);
    char record[1024];
    const size_t len = tls_server_output(&server, record, sizeof(record));
    record[len - 1] ^= 1;
    tls_session_feed(client, record, len);
    char buffer[16];
    bool more = false;
    assert_int_equal(tls_session_read(client, buffer, sizeof(buffer), &more), TRANSPORT_RESET);
    assert_true(more);
    assert_int_equal(tls_session_read(client, buffer, sizeof(buffer), &more), TRANSPORT_RESET);
    assert_false(tls_session_write(client, "x", 1));
    tls_session_shut(client);
    SSL_free(server.ssl);
    tls_session_free(client);
    SSL_CTX_free(ctx);
    pki_done(&pki);
}

enum {
    N_THREADS = 4,
    N_HANDSHAKES = 5
};

struct shared {
    const struct pki *pki;
    SSL_CTX *ctx;
    int n_done;
};

static void *shake_in_thread(void *argument)
{
    struct shared *shared = argument;
    for (int i = 0; i < N_HANDSHAKES; i++) {
        struct tls_session *client = tls_session_new(shared->pki->context, HOST);
        struct tls_server server = tls_server_new(shared->ctx);
        shared->n_done += shake_hands(client, &server, 100000) == TLS_DONE;
        SSL_free(server.ssl);
        tls_session_free(client);
    }
    return NULL;
}

static void test_tls_session_new__shares_the_context_between_threads(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    SSL_CTX *ctx = cert_server_context(&pki.leaf);
    struct shared shared[N_THREADS];
    pthread_t threads[N_THREADS];
    for (int i = 0; i < N_THREADS; i++) {
        shared[i] = (struct shared){&pki, ctx, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, shake_in_thread, &shared[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(shared[i].n_done, N_HANDSHAKES);
    }
    SSL_CTX_free(ctx);
    pki_done(&pki);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_session_handshake__checks_the_name_in_the_certificate),
        cmocka_unit_test(test_tls_session_handshake__says_what_is_wrong_with_a_certificate),
        cmocka_unit_test(test_tls_context_open__takes_a_servers_own_certificate_as_root),
        cmocka_unit_test(test_tls_context_open__trusts_no_stranger_by_the_systems_roots),
        cmocka_unit_test(test_tls_context_open__insecure_takes_any_certificate),
        cmocka_unit_test(test_tls_context_open__names_the_file_it_cannot_use),
        cmocka_unit_test(test_tls_session_handshake__agrees_on_http_1_1_and_nothing_old),
        cmocka_unit_test(test_tls_session_handshake__recognises_plain_http),
        cmocka_unit_test(test_tls_session_handshake__is_a_full_one_each_time),
        cmocka_unit_test(test_tls_session_read__takes_pieces_of_any_size),
        cmocka_unit_test(test_tls_session_read__breaks_on_a_forged_record),
        cmocka_unit_test(test_tls_session_new__shares_the_context_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
