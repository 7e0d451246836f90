#include "base/text.h"
#include "net/web.h"
#include "support/loopback.h"
#include "support/pki.h"

#include <pthread.h>
#include <signal.h>

enum {
    REQUEST_MAX = 65536
};

/* A server for one request, in a thread of its own.  Nothing is asserted in there. */
struct server {
    struct address address;
    char url[64];
    int listener;
    pthread_t thread;
    SSL_CTX *ctx;       /* NULL: plain */
    const char *answer; /* NULL: silence until the client leaves */
    bool any_request;   /* the first bytes are one: a client that speaks TLS to a plain server */
    char request[REQUEST_MAX + 1];
    size_t request_len;
};

static size_t length_of_body(const char *request)
{
    const char *field = strstr(request, "Content-Length: ");
    return field != NULL ? (size_t)strtoul(field + strlen("Content-Length: "), NULL, 10) : 0;
}

static bool is_complete(const struct server *self)
{
    if (self->any_request && self->request_len > 0) {
        return true;
    }
    const char *end = strstr(self->request, "\r\n\r\n");
    return end != NULL &&
           self->request_len - (size_t)(end + 4 - self->request) >= length_of_body(self->request);
}

static ssize_t read_some(SSL *ssl, int fd, char *buffer, size_t cap)
{
    if (ssl == NULL) {
        return recv(fd, buffer, cap, 0);
    }
    size_t n = 0;
    return SSL_read_ex(ssl, buffer, cap, &n) == 1 ? (ssize_t)n : 0;
}

static void read_request(struct server *self, SSL *ssl, int fd)
{
    while (!is_complete(self)) {
        const ssize_t n =
            read_some(ssl, fd, self->request + self->request_len, REQUEST_MAX - self->request_len);
        if (n <= 0) {
            return;
        }
        self->request_len += (size_t)n;
        self->request[self->request_len] = '\0';
    }
}

static void write_answer(const struct server *self, SSL *ssl, int fd)
{
    if (self->answer == NULL) {
        char byte = 0;
        (void)read_some(ssl, fd, &byte, 1);
        return;
    }
    const size_t len = strlen(self->answer);
    if (ssl != NULL) {
        size_t n = 0;
        (void)SSL_write_ex(ssl, self->answer, len, &n);
        (void)SSL_shutdown(ssl);
        return;
    }
    for (size_t sent = 0; sent < len;) {
        const ssize_t n = send(fd, self->answer + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        sent += (size_t)n;
    }
}

static void *serve(void *argument)
{
    struct server *self = argument;
    /* A client that leaves early must not end the test; OpenSSL writes without MSG_NOSIGNAL. */
    sigset_t all;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    const int fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    SSL *ssl = NULL;
    bool open = true;
    if (self->ctx != NULL) {
        ssl = SSL_new(self->ctx);
        (void)SSL_set_fd(ssl, fd);
        open = SSL_accept(ssl) == 1;
    }
    if (open) {
        read_request(self, ssl, fd);
        write_answer(self, ssl, fd);
    }
    SSL_free(ssl);
    (void)close(fd);
    return NULL;
}

static void server_run(struct server *self)
{
    self->listener = loopback_listen(AF_INET, 4, &self->address);
    (void)snprintf(
        self->url, sizeof(self->url), "%s://127.0.0.1:%u/v1/models",
        self->ctx != NULL ? "https" : "http", loopback_port(&self->address));
    assert_int_equal(pthread_create(&self->thread, NULL, serve, self), 0);
}

static void server_start(struct server *self, SSL_CTX *ctx, const char *answer)
{
    *self = (struct server){.ctx = ctx, .answer = answer};
    server_run(self);
}

static void server_stop(struct server *self)
{
    (void)shutdown(self->listener, SHUT_RDWR); /* ends an accept that nobody answered */
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    (void)close(self->listener);
}

static struct web_request request_to(const struct server *server)
{
    return (struct web_request){.url = server->url, .timeout_ms = 20000, .max_bytes = 1000};
}

static void test_web_fetch__gets_an_answer_with_its_headers(void **state)
{
    (void)state;
    struct server server;
    server_start(
        &server, NULL,
        "HTTP/1.1 200 OK\r\nServer:  uvicorn \r\ncontent-type: application/json\r\n"
        "Date: Tue, 24 Nov 2026 04:00:00 GMT\r\nServer-Timing: x\r\nContent-Length: 2\r\n\r\n{}");
    static const char *const headers[] = {"Authorization: Bearer secret", "X-Other: 1"};
    struct web_request request = request_to(&server);
    request.headers = headers;
    request.n_headers = ARRAY_LEN(headers);
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.len, 2);
    assert_string_equal(answer.body.data, "{}");
    assert_string_equal(answer.server, "uvicorn");
    assert_string_equal(answer.content_type, "application/json");
    assert_string_equal(answer.date, "Tue, 24 Nov 2026 04:00:00 GMT");
    assert_true(text_starts_with(server.request, "GET /v1/models HTTP/1.1\r\n"));
    assert_non_null(strstr(server.request, "\r\nAuthorization: Bearer secret\r\n"));
    assert_non_null(strstr(server.request, "\r\nX-Other: 1\r\n"));
    assert_null(strstr(server.request, "Expect"));
    web_answer_done(&answer);
    assert_null(answer.body.data);
}

struct method_row {
    const char *what;
    const char *method;
    const char *body;
    const char *start; /* of the request */
};

static const struct method_row method_rows[] = {
    {"a body makes a POST", NULL, "hello", "POST /v1/models HTTP/1.1\r\n"},
    {"an empty body makes a POST", NULL, "", "POST /v1/models HTTP/1.1\r\n"},
    {"PUT with a body", "PUT", "hello", "PUT /v1/models HTTP/1.1\r\n"},
    {"DELETE without one", "DELETE", NULL, "DELETE /v1/models HTTP/1.1\r\n"},
    {"HEAD", "HEAD", NULL, "HEAD /v1/models HTTP/1.1\r\n"},
};

static void check_method(const struct method_row *row)
{
    struct server server;
    server_start(&server, NULL, "HTTP/1.1 204 No Content\r\n\r\n");
    struct web_request request = request_to(&server);
    request.method = row->method;
    request.body = row->body;
    request.body_len = row->body != NULL ? strlen(row->body) : 0;
    struct web_answer answer;
    struct error err = {0};
    if (web_fetch(&request, &answer, &err) != 0) {
        fail_msg("%s: %s", row->what, err.text);
    }
    server_stop(&server);
    assert_int_equal(answer.status, 204);
    assert_null(answer.body.data);
    if (!text_starts_with(server.request, row->start) ||
        !text_ends_with(server.request, row->body != NULL ? row->body : "\r\n\r\n")) {
        fail_msg("%s: sent '%s'", row->what, server.request);
    }
    web_answer_done(&answer);
}

static void test_web_fetch__sends_what_it_was_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(method_rows); i++) {
        check_method(&method_rows[i]);
    }
}

static void test_web_fetch__takes_any_status_and_follows_no_redirect(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    };
    static const long statuses[] = {302, 404, 503};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct server server;
        server_start(&server, NULL, answers[i]);
        const struct web_request request = request_to(&server);
        struct web_answer answer;
        struct error err = {0};
        assert_int_equal(web_fetch(&request, &answer, &err), 0);
        server_stop(&server);
        assert_int_equal(answer.status, statuses[i]);
        assert_string_equal(answer.server, "");
        web_answer_done(&answer);
    }
}

static void test_web_fetch__forgets_the_headers_of_interim_answers(void **state)
{
    (void)state;
    struct server server;
    server_start(
        &server, NULL,
        "HTTP/1.1 103 Early Hints\r\nServer: a\r\nDate: b\r\nContent-Type: c\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const struct web_request request = request_to(&server);
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.server, "");
    assert_string_equal(answer.date, "");
    assert_string_equal(answer.content_type, "");
    web_answer_done(&answer);
}

static void test_web_fetch__cuts_long_headers(void **state)
{
    (void)state;
    char text[1024];
    (void)snprintf(
        text, sizeof(text), "HTTP/1.1 200 OK\r\nServer: %0300d\r\nContent-Length: 0\r\n\r\n", 0);
    struct server server;
    server_start(&server, NULL, text);
    const struct web_request request = request_to(&server);
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    assert_int_equal(strlen(answer.server), sizeof(answer.server) - 1);
    web_answer_done(&answer);
}

static void test_web_fetch__gives_wanted_headers(void **state)
{
    (void)state;
    struct server server;
    server_start(
        &server, NULL,
        "HTTP/1.1 103 Early Hints\r\nX-Early: a\r\n\r\n"
        "HTTP/1.1 302 Found\r\nlocation: /b?c \r\nETag: \"abcdef\"\r\nContent-Length: 0\r\n\r\n");
    char location[32] = "of before";
    char etag[6];
    char early[32];
    char absent[32] = "of before";
    const struct web_header wanted[] = {
        {"Location", location, sizeof(location)},
        {"ETag", etag, sizeof(etag)},
        {"X-Early", early, sizeof(early)},
        {"X-Absent", absent, sizeof(absent)},
    };
    struct web_request request = request_to(&server);
    request.wanted = wanted;
    request.n_wanted = ARRAY_LEN(wanted);
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    assert_string_equal(location, "/b?c");
    assert_string_equal(etag, "\"abcd"); /* cut */
    assert_string_equal(early, "");
    assert_string_equal(absent, "");
    web_answer_done(&answer);
}

struct taken {
    char text[64];
    size_t len;
    long status;
    size_t at_most; /* bytes that are taken */
    bool stop;
};

static bool take(void *user, long status, const char *data, size_t len)
{
    struct taken *self = user;
    self->status = status;
    if (self->len + len > self->at_most) {
        return false;
    }
    memcpy(self->text + self->len, data, len);
    self->len += len;
    return true;
}

static bool is_stopped(void *user)
{
    const struct taken *self = user;
    return self->stop;
}

static int fetch_into(const char *answer_text, struct taken *taken, struct error *err)
{
    struct server server;
    server_start(&server, NULL, answer_text);
    const struct web_sink sink = {.user = taken, .take = take, .stop = is_stopped};
    struct web_request request = request_to(&server);
    request.sink = &sink;
    struct web_answer answer;
    const int rc = web_fetch(&request, &answer, err);
    server_stop(&server);
    if (rc >= 0) {
        assert_null(answer.body.data);
        web_answer_done(&answer);
    }
    return rc;
}

static void test_web_fetch__gives_the_body_to_a_sink(void **state)
{
    (void)state;
    struct taken taken = {.at_most = 60};
    struct error err = {0};
    assert_int_equal(
        fetch_into("HTTP/1.1 206 Partial\r\nContent-Length: 6\r\n\r\nabcdef", &taken, &err), 0);
    assert_int_equal(taken.status, 206);
    assert_string_equal(taken.text, "abcdef");
    /* It has enough. */
    taken = (struct taken){.at_most = 5};
    assert_int_equal(
        fetch_into("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", &taken, &err),
        WEB_STOPPED);
    assert_int_equal(taken.len, 0);
    /* It wants to stop. */
    taken = (struct taken){.at_most = 60, .stop = true};
    assert_int_equal(
        fetch_into("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", &taken, &err),
        WEB_STOPPED);
    /* The connection ends early: what came has been given. */
    taken = (struct taken){.at_most = 60};
    assert_int_equal(
        fetch_into("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nabcdef", &taken, &err),
        -ERROR_UNAVAILABLE);
    assert_string_equal(taken.text, "abcdef");
}

static void test_web_follow__completes_what_is_relative(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"https://h/a/b?c", "/d?e", "https://h/d?e"},
        {"https://h/a/b?c", "d", "https://h/a/d"},
        {"https://h:8443/a", "//k/d", "https://k/d"},
        {"https://h/a", "http://k:81/d", "http://k:81/d"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *out = NULL;
        struct error err = {0};
        assert_int_equal(web_follow(rows[i][0], rows[i][1], &out, &err), 0);
        assert_string_equal(out, rows[i][2]);
        free(out);
    }
    char *out = NULL;
    struct error err = {0};
    assert_int_equal(web_follow("https://h/", "http://[", &out, &err), -ERROR_UNAVAILABLE);
    assert_string_equal(err.text, "https://h/: redirected to 'http://[', which is no URL");
    assert_null(out);
}

static void test_web_same_origin(void **state)
{
    (void)state;
    assert_true(web_same_origin("https://h", "https://H:443/a?b"));
    assert_true(web_same_origin("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/"));
    static const char *const others[] = {
        "http://h/",          "https://h:444/",        "https://h.evil.org/",
        "https://evil.org/h", "https://evil.org/?@h/", "https://h@evil.org/",
        "no URL at all",      "https://h\\@evil.org/",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (web_same_origin("https://h", others[i])) {
            print_error("%s\n", others[i]);
            fail();
        }
    }
}

static void test_web_is_loopback(void **state)
{
    (void)state;
    static const char *const here[] = {
        "http://localhost:1/", "http://LOCALHOST", "http://127.0.0.1/", "http://127.8.8.8:1/",
        "http://[::1]:80/"};
    static const char *const elsewhere[] = {
        "http://127.0.0.1.example/", "http://localhost.example/", "http://10.0.0.1/", "no URL",
        "http://[::2]/"};
    for (size_t i = 0; i < ARRAY_LEN(here); i++) {
        assert_true(web_is_loopback(here[i]));
        assert_false(web_is_loopback(elsewhere[i]));
    }
}

static void test_web_fetch__stops_at_the_limit(void **state)
{
    (void)state;
    static const char answers[][128] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct server server;
        server_start(&server, NULL, answers[i]);
        struct web_request request = request_to(&server);
        request.max_bytes = 5;
        struct web_answer answer = {.status = 77};
        struct error err = {0};
        assert_int_equal(web_fetch(&request, &answer, &err), -ERROR_LIMIT);
        server_stop(&server);
        char text[200];
        (void)snprintf(text, sizeof(text), "%s: the answer is longer than 5 bytes", server.url);
        assert_string_equal(err.text, text);
        assert_int_equal(answer.status, 77);
    }
    struct server server;
    server_start(&server, NULL, answers[0]);
    struct web_request request = request_to(&server);
    request.max_bytes = 6;
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    assert_int_equal(answer.body.len, 6);
    web_answer_done(&answer);
}

static void check_unavailable(const struct web_request *request, const char *reason)
{
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(request, &answer, &err), -ERROR_UNAVAILABLE);
    if (!text_starts_with(err.text, request->url) || strstr(err.text, reason) == NULL) {
        fail_msg("'%s' instead of '%s: ...%s...'", err.text, request->url, reason);
    }
    const bool blamed = strstr(err.text, "certificate") != NULL;
    assert_int_equal(blamed, strstr(reason, "certificate") != NULL);
}

static void test_web_fetch__names_the_url_that_does_not_answer(void **state)
{
    (void)state;
    struct address address;
    const int bound = loopback_bind(AF_INET, &address);
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", loopback_port(&address));
    const struct web_request request = {.url = url, .timeout_ms = 20000, .max_bytes = 10};
    check_unavailable(&request, "");
    (void)close(bound);
}

static void test_web_fetch__speaks_http_only(void **state)
{
    (void)state;
    const struct web_request request = {
        .url = "file:///etc/hostname", .timeout_ms = 20000, .max_bytes = 1000};
    check_unavailable(&request, "rotocol");
}

static void test_web_fetch__gives_up_after_the_timeout(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, NULL, NULL);
    struct web_request request = request_to(&server);
    request.timeout_ms = 30;
    check_unavailable(&request, "timed out");
    server_stop(&server);
}

/* A plain server may wait for the rest of what it takes for a request. */
static void test_web_fetch__gives_up_on_a_silent_handshake(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, NULL, NULL);
    char url[64];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", loopback_port(&server.address));
    const struct web_request request = {.url = url, .timeout_ms = 300, .max_bytes = 1000};
    check_unavailable(
        &request, "TLS with 127.0.0.1: no answer to the handshake in time: does the server speak "
                  "plain http?");
    server_stop(&server);
}

static void test_web_fetch__refuses_what_is_not_http(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, NULL, "SSH-2.0-OpenSSH_9.2\r\n");
    const struct web_request request = request_to(&server);
    check_unavailable(&request, "HTTP/0.9");
    server_stop(&server);
}

static void test_web_fetch__uses_no_proxy_for_loopback(void **state)
{
    (void)state;
    struct address dead;
    const int bound = loopback_bind(AF_INET, &dead);
    char proxy[64];
    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", loopback_port(&dead));
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet */
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    struct server server;
    server_start(&server, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    const struct web_request request = request_to(&server);
    struct web_answer answer;
    struct error err = {0};
    assert_int_equal(web_fetch(&request, &answer, &err), 0);
    server_stop(&server);
    web_answer_done(&answer);
    /* Elsewhere the proxy is asked, and this one is dead. */
    const struct web_request outside = {
        .url = "http://engine.invalid/", .timeout_ms = 20000, .max_bytes = 10};
    check_unavailable(&outside, "127.0.0.1");
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs any more */
    assert_int_equal(unsetenv("http_proxy"), 0);
    (void)close(bound);
}

/* What a server does that has TLS; the client asks for https in any case. */
struct secure_row {
    const char *what;
    const char *ca_file; /* NULL: the root of the test; "": the system's */
    bool insecure;
    const char *alt_names;
    bool self_signed;
    long from_s;
    long to_s;
    bool plain;       /* the server speaks http */
    int max_version;  /* of TLS; 0: any */
    bool client_cert; /* it asks for one */
    enum error_code code;
    const char *reason; /* NULL: the answer comes */
};

#define MISMATCH \
    "certificate of 127.0.0.1: hostname mismatch; --base-url must use a name that it has"
#define NO_ROOT                                                          \
    "certificate of 127.0.0.1: unable to get local issuer certificate; " \
    "--cacert FILE names its root"

static const struct secure_row secure_rows[] = {
    {.what = "good", .from_s = -DAY_S, .to_s = DAY_S},
    {.what = "TLS 1.2", .from_s = -DAY_S, .to_s = DAY_S, .max_version = TLS1_2_VERSION},
    {.what = "not checked",
     .insecure = true,
     .alt_names = "DNS:other.example",
     .self_signed = true,
     .from_s = -2 * DAY_S,
     .to_s = -DAY_S},
    {.what = "unknown root",
     .ca_file = "",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .code = ERROR_VERIFY,
     .reason = NO_ROOT},
    {.what = "self-signed",
     .self_signed = true,
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .code = ERROR_VERIFY,
     .reason = "certificate of 127.0.0.1: self-signed certificate; --cacert FILE names its root"},
    {.what = "expired",
     .from_s = -2 * DAY_S,
     .to_s = -DAY_S,
     .code = ERROR_VERIFY,
     .reason = "certificate of 127.0.0.1: certificate has expired; the server needs a new one, if "
               "this machine's clock is right"},
    {.what = "not valid yet",
     .from_s = DAY_S,
     .to_s = 2 * DAY_S,
     .code = ERROR_VERIFY,
     .reason =
         "certificate of 127.0.0.1: certificate is not yet valid; is this machine's clock right?"},
    {.what = "another name",
     .alt_names = "DNS:other.example",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .code = ERROR_VERIFY,
     .reason = MISMATCH},
    {.what = "another address",
     .alt_names = "IP:127.0.0.2",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .code = ERROR_VERIFY,
     .reason = MISMATCH},
    {.what = "plain http",
     .plain = true,
     .code = ERROR_UNAVAILABLE,
     .reason = "TLS with 127.0.0.1: the answer is not TLS: if the server speaks plain http, "
               "--base-url must begin with http://"},
    {.what = "TLS 1.1",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .max_version = TLS1_1_VERSION,
     .code = ERROR_UNAVAILABLE,
     .reason = "TLS with 127.0.0.1: the server has neither TLS 1.2 nor TLS 1.3: it needs a newer "
               "one, or a proxy before it"},
    {.what = "wants a client's certificate",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .max_version = TLS1_2_VERSION, /* in TLS 1.3 the alert comes after the handshake */
     .client_cert = true,
     .code = ERROR_UNAVAILABLE,
     .reason = "TLS with 127.0.0.1: the server refuses all ciphers offered, or asks for a client "
               "certificate, which bench has none of"},
    {.what = "no such file",
     .ca_file = "/nonexistent/ca.pem",
     .from_s = -DAY_S,
     .to_s = DAY_S,
     .code = ERROR_UNAVAILABLE,
     .reason = "error setting certificate file: /nonexistent/ca.pem"},
};

static SSL_CTX *secure_context(const struct secure_row *row, const struct cert *cert)
{
    SSL_CTX *ctx = cert_server_context(cert);
    if (row->max_version != 0) {
        SSL_CTX_set_security_level(ctx, 0);
        (void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        (void)SSL_CTX_set_max_proto_version(ctx, row->max_version);
    }
    if (row->client_cert) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static void check_secure(const struct secure_row *row, const struct pki *pki)
{
    struct cert cert = cert_make(
        row->self_signed ? NULL : &pki->root,
        row->alt_names != NULL ? row->alt_names : "IP:127.0.0.1", row->from_s, row->to_s);
    SSL_CTX *ctx = row->plain ? NULL : secure_context(row, &cert);
    struct server server = {
        .ctx = ctx,
        .answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        .any_request = row->plain,
    };
    server_run(&server);
    char url[64];
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", loopback_port(&server.address));
    const char *ca_file = row->ca_file == NULL ? pki->root_path : row->ca_file;
    const struct web_request request = {
        .url = url,
        .timeout_ms = 20000,
        .max_bytes = 1000,
        .insecure = row->insecure,
        .ca_file = row->insecure || ca_file[0] == '\0' ? NULL : ca_file,
    };
    struct web_answer answer = {0};
    struct error err = {0};
    const int result = web_fetch(&request, &answer, &err);
    server_stop(&server);
    char text[400];
    (void)snprintf(text, sizeof(text), "%s: %s", url, row->reason != NULL ? row->reason : "");
    if (result != -(int)row->code || (row->reason != NULL && !text_equal(err.text, text))) {
        fail_msg("%s: %d, '%s' instead of '%s'", row->what, result, err.text, text);
    }
    if (row->reason == NULL) {
        assert_string_equal(answer.body.data, "ok");
    }
    web_answer_done(&answer);
    SSL_CTX_free(ctx);
    cert_done(&cert);
}

static void test_web_fetch__says_what_is_wrong_with_tls(void **state)
{
    (void)state;
    struct pki pki;
    pki_init(&pki);
    for (size_t i = 0; i < ARRAY_LEN(secure_rows); i++) {
        check_secure(&secure_rows[i], &pki);
    }
    pki_done(&pki);
}

/* A failure that is not the certificate's is not blamed on it, although it would not have been accepted. */
static void test_web_fetch__blames_no_certificate_for_what_comes_after(void **state)
{
    (void)state;
    struct cert cert = cert_make(NULL, "DNS:other.example", -DAY_S, DAY_S);
    SSL_CTX *ctx = cert_server_context(&cert);
    struct server server;
    server_start(&server, ctx, "SSH-2.0-OpenSSH_9.2\r\n");
    struct web_request request = request_to(&server);
    request.insecure = true;
    check_unavailable(&request, "HTTP/0.9");
    server_stop(&server);
    SSL_CTX_free(ctx);
    cert_done(&cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_web_fetch__uses_no_proxy_for_loopback),
        cmocka_unit_test(test_web_fetch__gets_an_answer_with_its_headers),
        cmocka_unit_test(test_web_fetch__sends_what_it_was_given),
        cmocka_unit_test(test_web_fetch__takes_any_status_and_follows_no_redirect),
        cmocka_unit_test(test_web_fetch__forgets_the_headers_of_interim_answers),
        cmocka_unit_test(test_web_fetch__cuts_long_headers),
        cmocka_unit_test(test_web_fetch__gives_wanted_headers),
        cmocka_unit_test(test_web_fetch__gives_the_body_to_a_sink),
        cmocka_unit_test(test_web_follow__completes_what_is_relative),
        cmocka_unit_test(test_web_same_origin),
        cmocka_unit_test(test_web_is_loopback),
        cmocka_unit_test(test_web_fetch__stops_at_the_limit),
        cmocka_unit_test(test_web_fetch__names_the_url_that_does_not_answer),
        cmocka_unit_test(test_web_fetch__speaks_http_only),
        cmocka_unit_test(test_web_fetch__gives_up_after_the_timeout),
        cmocka_unit_test(test_web_fetch__gives_up_on_a_silent_handshake),
        cmocka_unit_test(test_web_fetch__refuses_what_is_not_http),
        cmocka_unit_test(test_web_fetch__says_what_is_wrong_with_tls),
        cmocka_unit_test(test_web_fetch__blames_no_certificate_for_what_comes_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
