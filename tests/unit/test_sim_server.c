/* The engine on real sockets: a plain client on loopback, with TLS and without, and the truth log. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/stamped.h"
#include "sim/sim_ask.h"
#include "sim/sim_link.h"
#include "sim/sim_server.h"
#include "support/loopback.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char body[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true,"
                           "\"max_tokens\":5,\"stream_options\":{\"include_usage\":true}}";

static struct sim_server *start(const struct sim_server_options *options)
{
    struct sim_server *server = NULL;
    struct error err = {0};
    if (sim_server_start(options, &server, &err) != 0) {
        print_error("%s\n", err.text);
        fail();
    }
    return server;
}

static void stop(struct sim_server *server)
{
    struct error err = {0};
    assert_int_equal(sim_server_stop(server, &err), 0);
}

/* 0 with a connected socket, or the errno of connect. */
static int try_connect(const struct sim_server *server, int *out_fd)
{
    *out_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*out_fd >= 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)sim_server_port(server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(*out_fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
}

static int connect_to(const struct sim_server *server)
{
    int fd = -1;
    assert_int_equal(try_connect(server, &fd), 0);
    return fd;
}

static void add_request(struct bytes *out, const char *path, const char *json)
{
    bytes_add_format(
        out, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", path, strlen(json),
        json);
}

static void send_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        assert_true(n > 0);
        text += n;
        len -= (size_t)n;
    }
}

/* Receives until the text ends with `end`, or (NULL) until the connection does.  0, or an errno. */
static int receive_until(int fd, const char *end, struct bytes *text)
{
    char buffer[4096];
    for (;;) {
        const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
        if (n <= 0) {
            assert_null(end);
            return n < 0 ? errno : 0;
        }
        bytes_add(text, buffer, (size_t)n);
        if (end != NULL && text->len >= strlen(end) &&
            strcmp(text->data + text->len - strlen(end), end) == 0) {
            return 0;
        }
    }
}

static void test_server__streams_and_keeps_the_truth(void **state)
{
    (void)state;
    const struct sim_server_options options = {
        .sim = {.ttft_ns = 3 * NS_PER_MS, .itl_ns = NS_PER_MS, .tokens = 9}, .keep_truth = true};
    struct sim_server *server = start(&options);
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(&request, "/v1/chat/completions", body);
    const int fd = connect_to(server);
    const int64_t sent_ns = clock_mono_ns();
    for (int round = 0; round < 2; round++) { /* on one connection */
        bytes_clear(&text);
        send_text(fd, request.data, request.len);
        assert_int_equal(receive_until(fd, "0\r\n\r\n", &text), 0);
        assert_non_null(strstr(text.data, "\"completion_tokens\":5"));
    }
    const int64_t got_ns = clock_mono_ns();
    (void)close(fd);
    const struct sim_truth_log *truth = sim_server_truth(server);
    assert_int_equal(sim_truth_count(truth), 2 * 8); /* head, role, five tokens, tail */
    int64_t before_ns = sent_ns;
    for (uint64_t i = 0; i < 16; i++) {
        const struct sim_truth *entry = sim_truth_at(truth, i);
        const uint64_t place = i % 8;
        assert_int_equal(entry->request, i / 8);
        assert_int_equal(entry->token, place >= 2 && place <= 6 ? place - 1 : 0);
        assert_true(entry->write_ns >= before_ns && entry->write_ns >= entry->due_ns);
        assert_true(entry->arrived_ns >= sent_ns && entry->arrived_ns <= entry->write_ns);
        assert_int_equal(entry->body_hash, sim_hash(0, body, strlen(body)));
        before_ns = entry->write_ns;
        if (entry->token > 0) {
            const int64_t due_ns = 3 * NS_PER_MS + (entry->token - 1) * NS_PER_MS;
            assert_int_equal(entry->due_ns - entry->arrived_ns, due_ns);
        }
    }
    assert_true(before_ns <= got_ns);
    bytes_done(&request);
    bytes_done(&text);
    stop(server);
}

static void test_server__counts_its_load(void **state)
{
    (void)state;
    /* The first token never comes in the time of the test. */
    const struct sim_server_options options = {
        .sim = {.ttft_ns = 3600 * NS_PER_S, .max_batch = 2, .tokens = 9}};
    struct sim_server *server = start(&options);
    assert_null(sim_server_truth(server));
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(&request, "/v1/chat/completions", body);
    int fds[3];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = connect_to(server);
        send_text(fds[i], request.data, request.len);
        bytes_clear(&text);
        assert_int_equal(receive_until(fds[i], "\r\n\r\n", &text), 0); /* the head */
    }
    struct sim_load load = {0};
    while (load.n_requests < 3) { /* published at the end of the server's round */
        sim_server_load(server, &load);
    }
    assert_int_equal(load.n_tokens, 0);
    stop(server); /* with connections and requests open */
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        bytes_clear(&text);
        (void)receive_until(fds[i], NULL, &text);
        (void)close(fds[i]);
    }
    bytes_done(&request);
    bytes_done(&text);
}

static void test_server__ends_connections_as_told(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *faults;
        enum sim_style style;
        int outcome;
        bool answered;
    } rows[] = {
        {"llama.cpp closes", NULL, SIM_STYLE_LLAMACPP, 0, true},
        {"truncate", "{\"rules\":[{\"fault\":\"truncate\",\"token\":3}]}", SIM_STYLE_VLLM, 0, true},
        {"reset", "{\"rules\":[{\"fault\":\"reset\",\"token\":3}]}", SIM_STYLE_VLLM, ECONNRESET,
         true},
        {"refuse", "{\"rules\":[{\"fault\":\"refuse\"}]}", SIM_STYLE_VLLM, ECONNRESET, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_server_options options = {
            .sim = {.style = rows[i].style, .tokens = 9}, .faults = rows[i].faults};
        struct sim_server *server = start(&options);
        struct bytes request;
        struct bytes text;
        bytes_init(&request, BYTES_MAX_DEFAULT);
        bytes_init(&text, BYTES_MAX_DEFAULT);
        add_request(&request, "/v1/chat/completions", body);
        /* A refused connection may be gone before it is used: the first call to notice has the
         * outcome. */
        int fd = -1;
        int outcome = try_connect(server, &fd);
        if (outcome == 0 && send(fd, request.data, request.len, MSG_NOSIGNAL) < 0) {
            outcome = errno;
        }
        outcome = outcome == 0 ? receive_until(fd, NULL, &text) : outcome;
        if (outcome != rows[i].outcome || (text.len > 0) != rows[i].answered) {
            print_error("%s: %d after %zu bytes\n", rows[i].what, outcome, text.len);
            fail();
        }
        (void)close(fd);
        bytes_done(&request);
        bytes_done(&text);
        stop(server);
    }
}

static void test_server__keeps_what_a_slow_client_does_not_take(void **state)
{
    (void)state;

    enum {
        TOKENS = 80000 /* 17 MB: more than the kernel's buffers hold */
    };
    const struct sim_server_options options = {
        .sim = {.tokens = 9, .style = SIM_STYLE_LLAMACPP, .max_model_len = 100000}};
    struct sim_server *server = start(&options);
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(
        &request, "/v1/completions",
        "{\"prompt\":\"a\",\"stream\":true,\"max_tokens\":80000,\"ignore_eos\":true}");
    const int fd = connect_to(server);
    send_text(fd, request.data, request.len);
    struct sim_load load = {0};
    while (load.n_tokens < TOKENS) { /* all of it is made while nobody reads */
        sim_server_load(server, &load);
    }
    assert_int_equal(receive_until(fd, NULL, &text), 0);
    assert_non_null(strstr(text.data, "\"completion_tokens\":80000"));
    size_t events = 0; /* by memmem: strstr looks for the end of the text each time */
    const char *at = text.data;
    const char *const end = text.data + text.len;
    while ((at = memmem(at, (size_t)(end - at), "data: ", 6)) != NULL) {
        events++;
        at++;
    }
    assert_int_equal(events, TOKENS + 2); /* and the finish, and [DONE] */
    (void)close(fd);
    bytes_done(&request);
    bytes_done(&text);
    stop(server);
}

static void test_server__survives_clients_that_leave(void **state)
{
    (void)state;
    const struct sim_server_options options = {
        .sim = {.tokens = 100000, .style = SIM_STYLE_LLAMACPP}};
    struct sim_server *server = start(&options);
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(&request, "/v1/completions", "{\"prompt\":\"a\",\"stream\":true}");
    for (int i = 0; i < 20; i++) {
        const int fd = connect_to(server);
        send_text(fd, request.data, i == 0 ? 10 : request.len);
        if (i % 3 == 0) {
            const struct linger hard = {.l_onoff = 1};
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        }
        (void)close(fd);
    }
    const int fd = connect_to(server);
    static const char health[] = "GET /health HTTP/1.1\r\nConnection: close\r\n\r\n";
    send_text(fd, health, sizeof(health) - 1);
    assert_int_equal(receive_until(fd, NULL, &text), 0);
    assert_non_null(strstr(text.data, "{\"status\":\"ok\"}"));
    (void)close(fd);
    bytes_done(&request);
    bytes_done(&text);
    stop(server);
}

/* The folder for files of the tests; "" until one needs it. */
static char folder[32] = "";

static void temporary_path(char out[64], const char *name)
{
    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof(folder), "/tmp/test_sim_XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    (void)snprintf(out, 64, "%s/%s", folder, name);
}

static int remove_folder(void **state)
{
    (void)state;
    return folder[0] != '\0' ? rmdir(folder) : 0;
}

static void test_truth__is_written_as_json_lines(void **state)
{
    (void)state;
    char path[64];
    temporary_path(path, "truth.jsonl");
    const struct sim_server_options options = {
        .sim = {.tokens = 9},
        .truth_path = path,
        .faults = "{\"rules\":[{\"request\":1,\"fault\":\"join\",\"events\":5}]}"};
    struct sim_server *server = start(&options);
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(&request, "/v1/chat/completions", body);
    const int fd = connect_to(server);
    for (int round = 0; round < 2; round++) {
        bytes_clear(&text);
        send_text(fd, request.data, request.len);
        assert_int_equal(receive_until(fd, "0\r\n\r\n", &text), 0);
    }
    bytes_clear(&text);
    static const char health[] = "GET /health HTTP/1.1\r\n\r\n";
    send_text(fd, health, sizeof(health) - 1);
    assert_int_equal(receive_until(fd, "\r\n\r\n", &text), 0);
    (void)close(fd);
    stop(server);
    char *lines = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(path, 1 << 20, &lines, &len, &err), 0);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += lines[i] == '\n';
    }
    assert_int_equal(n, 8 + 4 + 1);
    assert_int_equal(strncmp(lines, "{\"request\":0,\"token\":0,\"due_ns\":", 32), 0);
    assert_non_null(strstr(lines, "{\"request\":0,\"token\":5,\"due_ns\":"));
    assert_non_null(strstr(lines, "{\"request\":1,\"token\":5,\"tokens\":5,\"due_ns\":"));
    assert_non_null(strstr(lines, "{\"request\":null,\"token\":0,\"due_ns\":"));
    char hash[64];
    (void)snprintf(
        hash, sizeof(hash), ",\"body\":\"%016llx\"}",
        (unsigned long long)sim_hash(0, body, strlen(body)));
    assert_non_null(strstr(lines, hash));
    free(lines);
    (void)unlink(path);
    bytes_done(&request);
    bytes_done(&text);
}

static void test_start__tells_what_is_wrong(void **state)
{
    (void)state;
    struct sim_server *first = start(&(struct sim_server_options){.sim = {.tokens = 1}});

    const struct {
        const char *what;
        struct sim_server_options options;
        enum error_code code;
        const char *says;
    } rows[] = {
        {"port in use",
         {.port = sim_server_port(first)},
         ERROR_IO,
         "cannot listen on 127.0.0.1 port"},
        {"bad host", {.host = "256.1.1.1.invalid."}, ERROR_IO, "cannot listen on 256.1.1.1"},
        {"bad script", {.faults = "{"}, ERROR_PARSE, "fault script"},
        {"no certificate",
         {.tls_cert_path = "/nonexistent", .tls_key_path = "/nonexistent"},
         ERROR_PARSE,
         "/nonexistent holds no PEM certificate"},
        {"truth", {.truth_path = "/nonexistent/t"}, ERROR_IO, "truth log"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim_server *server = NULL;
        struct error err = {0};
        const int result = sim_server_start(&rows[i].options, &server, &err);
        if (result != -(int)rows[i].code || strstr(err.text, rows[i].says) == NULL) {
            print_error("%s: %d %s\n", rows[i].what, result, err.text);
            fail();
        }
    }
    stop(first);
    struct error err = {0};
    assert_int_equal(sim_server_stop(NULL, &err), 0);
}

static void test_server__listens_on_ipv6_too(void **state)
{
    (void)state;
    const int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in6 loopback = {
        .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    if (probe < 0 || bind(probe, (const struct sockaddr *)&loopback, sizeof(loopback)) != 0) {
        print_message("skipped: no IPv6 loopback here\n");
        skip();
    }
    (void)close(probe);
    struct sim_server *server =
        start(&(struct sim_server_options){.sim = {.tokens = 1}, .host = "::1"});
    struct sockaddr_in6 address = loopback;
    address.sin6_port = htons((uint16_t)sim_server_port(server));
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
    stop(server);
}

/* A self-signed certificate and its key, as PEM files. */
static void make_certificate(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_true(key != NULL && cert != NULL);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    FILE *file = fopen(cert_path, "w");
    assert_int_equal(PEM_write_X509(file, cert), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void receive_tls(SSL *ssl, struct bytes *text)
{
    char buffer[4096];
    for (;;) {
        const int n = SSL_read(ssl, buffer, sizeof(buffer));
        if (n <= 0) {
            assert_int_equal(SSL_get_error(ssl, n), SSL_ERROR_ZERO_RETURN);
            return;
        }
        bytes_add(text, buffer, (size_t)n);
    }
}

static void test_server__speaks_tls(void **state)
{
    (void)state;
    char cert_path[64];
    char key_path[64];
    temporary_path(cert_path, "cert.pem");
    temporary_path(key_path, "key.pem");
    make_certificate(cert_path, key_path);
    struct sim_server_options options = {
        .sim = {.tokens = 2000, .style = SIM_STYLE_LLAMACPP},
        .tls_cert_path = cert_path,
        .tls_key_path = key_path};
    struct sim_server *server = start(&options);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    const int fd = connect_to(server);
    assert_int_equal(SSL_set_fd(ssl, fd), 1);
    assert_int_equal(SSL_connect(ssl), 1);
    struct bytes request;
    struct bytes text;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_init(&text, BYTES_MAX_DEFAULT);
    add_request(
        &request, "/v1/completions", "{\"prompt\":\"a\",\"stream\":true,\"max_tokens\":2000}");
    assert_int_equal(SSL_write(ssl, request.data, (int)request.len), (int)request.len);
    struct sim_load load = {0};
    while (load.n_tokens < 2000) { /* more than the socket takes while nobody reads */
        sim_server_load(server, &load);
    }
    receive_tls(ssl, &text);
    assert_non_null(strstr(text.data, "\"completion_tokens\":2000"));
    SSL_free(ssl);
    (void)close(fd);
    /* A client that speaks no TLS is dropped. */
    const int plain = connect_to(server);
    send_text(plain, request.data, request.len);
    bytes_clear(&text);
    (void)receive_until(plain, NULL, &text);
    (void)close(plain);
    stop(server);
    SSL_CTX_free(context);
    /* A key that does not fit. */
    options.tls_key_path = cert_path;
    struct error err = {0};
    assert_int_equal(sim_server_start(&options, &server, &err), -ERROR_PARSE);
    assert_non_null(strstr(err.text, "holds no PEM key"));
    (void)unlink(cert_path);
    (void)unlink(key_path);
    bytes_done(&request);
    bytes_done(&text);
}

/* One connection between a client and a link of the engine, driven by the test's one thread. */
struct pair {
    int listener;
    int client;
    SSL_CTX *context; /* NULL: plain */
    SSL *ssl;         /* the client's */
    struct sim_tls *tls;
    struct sim_link link;
    struct stamp_clock clock;
};

static void pair_shake_hands(struct pair *self)
{
    char byte = 0;
    int64_t arrival_ns = 0;
    assert_int_equal(fcntl(self->client, F_SETFL, O_NONBLOCK), 0);
    self->context = SSL_CTX_new(TLS_client_method());
    self->ssl = SSL_new(self->context);
    assert_int_equal(SSL_set_fd(self->ssl, self->client), 1);
    while (SSL_connect(self->ssl) != 1 || !SSL_is_init_finished(self->link.ssl)) {
        assert_int_equal(
            sim_link_read(&self->link, &byte, 1, &self->clock, &arrival_ns), SIM_LINK_AGAIN);
    }
}

static void pair_open(struct pair *self, bool with_tls)
{
    *self = (struct pair){0};
    struct address address;
    self->listener = loopback_bind(AF_INET, &address);
    stamped_ask(self->listener);
    assert_int_equal(listen(self->listener, 1), 0);
    self->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(self->client, (struct sockaddr *)&address.storage, address.len), 0);
    if (with_tls) {
        char cert_path[64];
        char key_path[64];
        struct error err = {0};
        temporary_path(cert_path, "cert.pem");
        temporary_path(key_path, "key.pem");
        make_certificate(cert_path, key_path);
        assert_int_equal(sim_tls_open(cert_path, key_path, &self->tls, &err), 0);
        (void)unlink(cert_path);
        (void)unlink(key_path);
    }
    sim_link_init(&self->link, loopback_accept(self->listener), self->tls);
    if (with_tls) {
        pair_shake_hands(self);
    }
}

static void pair_send(const struct pair *self, const char *text, int len)
{
    if (self->ssl != NULL) {
        assert_int_equal(SSL_write(self->ssl, text, len), len);
    } else {
        send_text(self->client, text, (size_t)len);
    }
}

static void pair_close(struct pair *self)
{
    sim_link_close(&self->link);
    SSL_free(self->ssl);
    SSL_CTX_free(self->context);
    sim_tls_free(self->tls);
    (void)close(self->client);
    (void)close(self->listener);
}

/* A burst keeps the engine from its input; that wait is the engine's, and no part of when a request came. */
static void check_arrival(bool with_tls)
{
    enum {
        BUSY_NS = 5000000,
        CLOCKS_NS =
            100000 /* more than two clocks can be apart when they are read one after the other */
    };
    struct pair pair;
    pair_open(&pair, with_tls);
    char buffer[8];
    for (int round = 0; round < 3; round++) {
        const int64_t before_ns = clock_mono_ns();
        pair_send(&pair, "hi", 2);
        struct pollfd there = {.fd = pair.link.fd, .events = POLLIN};
        assert_int_equal(poll(&there, 1, LOOPBACK_PATIENCE_MS), 1);
        const int64_t there_ns = clock_mono_ns();
        while (clock_mono_ns() - there_ns < BUSY_NS) {
        }
        int64_t arrival_ns = 0;
        assert_int_equal(
            sim_link_read(&pair.link, buffer, sizeof(buffer), &pair.clock, &arrival_ns), 2);
        assert_true(arrival_ns >= before_ns - CLOCKS_NS && arrival_ns <= there_ns + CLOCKS_NS);
    }
    pair_close(&pair);
}

static void test_link__arrival_is_the_kernels_not_the_readers(void **state)
{
    (void)state;
    check_arrival(false);
    check_arrival(true);
}

/* What the socket was read for is given out to the last byte, although it has nothing more to tell. */
static void test_link__gives_out_all_that_tls_has(void **state)
{
    (void)state;
    struct pair pair;
    pair_open(&pair, true);
    pair_send(&pair, "abcd", 4);
    pair_send(&pair, "ef", 2);
    struct pollfd there = {.fd = pair.link.fd, .events = POLLIN};
    assert_int_equal(poll(&there, 1, LOOPBACK_PATIENCE_MS), 1);
    char got[7] = "";
    int64_t arrival_ns = 0;
    for (size_t n = 0; n < 6;) {
        const ssize_t part = sim_link_read(&pair.link, got + n, 3, &pair.clock, &arrival_ns);
        assert_true(part > 0 || part == SIM_LINK_AGAIN);
        n += part > 0 ? (size_t)part : 0;
    }
    assert_string_equal(got, "abcdef");
    char byte = 0;
    assert_int_equal(sim_link_read(&pair.link, &byte, 1, &pair.clock, &arrival_ns), SIM_LINK_AGAIN);
    (void)SSL_shutdown(pair.ssl);
    ssize_t end = SIM_LINK_AGAIN;
    while (end == SIM_LINK_AGAIN) {
        end = sim_link_read(&pair.link, &byte, 1, &pair.clock, &arrival_ns);
    }
    assert_int_equal(end, 0);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server__streams_and_keeps_the_truth),
        cmocka_unit_test(test_link__arrival_is_the_kernels_not_the_readers),
        cmocka_unit_test(test_link__gives_out_all_that_tls_has),
        cmocka_unit_test(test_server__counts_its_load),
        cmocka_unit_test(test_server__ends_connections_as_told),
        cmocka_unit_test(test_server__keeps_what_a_slow_client_does_not_take),
        cmocka_unit_test(test_server__survives_clients_that_leave),
        cmocka_unit_test(test_server__listens_on_ipv6_too),
        cmocka_unit_test(test_server__speaks_tls),
        cmocka_unit_test(test_truth__is_written_as_json_lines),
        cmocka_unit_test(test_start__tells_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, remove_folder);
}
