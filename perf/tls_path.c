/* tls_path - what TLS adds to a token event, side by side in one process, over loopback.
 *
 * The same event, 294 bytes as a vLLM chunk is, comes to each of many streams of the socket transport, in
 * a record of its own; what is counted is the thread's CPU time in wait and recv until all have been received:
 * epoll, recvmsg, the kernel's stamp, and with TLS the decryption.  The peer, in the same thread, sends outside of
 * the count.  Rows: plain, and the ciphers of TLS 1.3 and one of 1.2.  Each figure is the median of PERF_ROUNDS rounds
 * taken in turn, so that a drifting machine hits all.
 *
 * Then the handshake: CPU time of the client's side of one, which a connection costs once. */
#include "base/clock.h"
#include "base/mem.h"
#include "net/tls.h"
#include "support/certs.h"
#include "support/loopback.h"

#include <string.h>

enum {
    PERF_STREAMS = 200,
    PERF_BATCHES = 20, /* events of a stream in one round */
    PERF_ROUNDS = 21,
    PERF_WAYS = 5,
    PERF_HANDSHAKES = 100,
    EVENT_SIZE = 294,
    WIRE_MAX = EVENT_SIZE + 64, /* with the head and the tag of its record */
    BUFFER_SIZE = 16384
};

#define HOST  "127.0.0.1"
#define DAY_S (24L * 3600L)

struct way {
    const char *name;
    int version; /* 0: plain */
    const char *cipher;
};

static const struct way ways[PERF_WAYS] = {
    {"plain", 0, NULL},
    {"TLS 1.3 AES-128-GCM", TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256"},
    {"TLS 1.3 AES-256-GCM", TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
    {"TLS 1.3 CHACHA20-POLY1305", TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
    {"TLS 1.2 AES-128-GCM", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
};

/* One connection; ssl is NULL without TLS. */
struct line {
    struct stream *stream;
    struct tls_server server;
    int peer;
};

struct bed {
    SSL_CTX *ctx; /* NULL: plain */
    struct tls_context *client;
    struct transport *transport;
    struct line lines[PERF_STREAMS];
};

static char event[EVENT_SIZE];

/* Moves the handshake of one line on by what has come. */
static void serve(struct line *line)
{
    char piece[BUFFER_SIZE];
    const ssize_t n = recv(line->peer, piece, sizeof(piece), MSG_DONTWAIT);
    if (n > 0) {
        tls_server_feed(&line->server, piece, (size_t)n);
    }
    const size_t out = tls_server_output(&line->server, piece, sizeof(piece));
    if (out > 0) {
        loopback_send(line->peer, piece, out);
    }
}

static unsigned look(struct transport *transport)
{
    struct transport_event told = {0};
    return transport->ops->wait(transport, clock_mono_ns() + NS_PER_MS, &told, 1) > 0 ? told.what
                                                                                      : 0;
}

/* Opens a line, and reads the tickets that a server sends after it. */
static void open_line(struct bed *bed, struct line *line, int listener)
{
    const struct transport_ops *ops = bed->transport->ops;
    struct error err = {0};
    if (ops->open(bed->transport, line, &line->stream, &err) != 0) {
        fail_msg("%s", err.text);
    }
    if (bed->ctx != NULL) {
        line->server = tls_server_new(bed->ctx);
    }
    line->peer = loopback_accept(listener);
    unsigned what = 0;
    while ((what & TRANSPORT_OPENED) == 0) {
        what = look(bed->transport);
        assert_int_equal(what & TRANSPORT_FAILED, 0);
        if (bed->ctx != NULL) {
            serve(line);
        }
    }
    while (bed->ctx != NULL && !SSL_is_init_finished(line->server.ssl)) {
        serve(line);
    }
    char byte = 0;
    struct receipt receipt;
    while (look(bed->transport) != 0) {
        assert_int_equal(
            ops->recv(bed->transport, line->stream, &byte, 1, &receipt), TRANSPORT_AGAIN);
    }
}

static SSL_CTX *server_context(const struct way *way, const struct cert *cert)
{
    SSL_CTX *ctx = cert_server_context(cert);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, way->version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, way->version), 1);
    assert_int_equal(
        way->version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(ctx, way->cipher)
                                       : SSL_CTX_set_cipher_list(ctx, way->cipher),
        1);
    return ctx;
}

static void open_bed(struct bed *self, const struct way *way, const struct cert *cert)
{
    struct error err = {0};
    struct address address;
    const int listener = loopback_listen(AF_INET, PERF_STREAMS, &address);
    struct transport_socket_options options = {
        .addresses = &address,
        .n_addresses = 1,
        .server_name = HOST,
        .connect_timeout_ns = CLOCK_NEVER,
    };
    if (way->version != 0) {
        self->ctx = server_context(way, cert);
        if (tls_context_open(NULL, true, &self->client, &err) != 0) {
            fail_msg("%s", err.text);
        }
        options.tls = self->client;
    }
    if (transport_socket_open(&options, &self->transport, &err) != 0) {
        fail_msg("%s", err.text);
    }
    for (int i = 0; i < PERF_STREAMS; i++) {
        open_line(self, &self->lines[i], listener);
    }
    if (way->version != 0) {
        const char *agreed = SSL_get_cipher_name(self->lines[0].server.ssl);
        if (strcmp(agreed, way->cipher) != 0) {
            fail_msg("%s: agreed on %s", way->name, agreed);
        }
    }
    (void)close(listener);
}

static void close_bed(struct bed *self)
{
    self->transport->ops->free(self->transport);
    for (int i = 0; i < PERF_STREAMS; i++) {
        SSL_free(self->lines[i].server.ssl);
        (void)close(self->lines[i].peer);
    }
    tls_context_free(self->client);
    SSL_CTX_free(self->ctx);
}

/* One event for each line. */
static void send_events(struct bed *self)
{
    for (int i = 0; i < PERF_STREAMS; i++) {
        struct line *line = &self->lines[i];
        if (self->ctx == NULL) {
            loopback_send(line->peer, event, sizeof(event));
            continue;
        }
        char record[WIRE_MAX];
        tls_server_write(&line->server, event, sizeof(event));
        const size_t n = tls_server_output(&line->server, record, sizeof(record));
        loopback_send(line->peer, record, n);
    }
}

/* A byte back on each line, outside of the count.  The kernel delays acknowledgements in a conversation and sends
 * them at once to a mere listener, by rules that change from connection to connection: one costs as much as a
 * read, and would be a coin tossed for each row. */
static void answer_events(struct bed *self)
{
    for (int i = 0; i < PERF_STREAMS; i++) {
        char wire[WIRE_MAX];
        const struct line *line = &self->lines[i];
        assert_int_equal(self->transport->ops->send(self->transport, line->stream, "x", 1), 1);
        assert_true(recv(line->peer, wire, sizeof(wire), 0) > 0); /* the server's side ends here */
    }
}

/* CPU time of receiving them; *n_stamped grows by the reads that had the kernel's stamp. */
static int64_t receive_events(struct bed *self, uint64_t *n_stamped)
{
    static struct transport_event events[PERF_STREAMS];
    static char buffer[BUFFER_SIZE];
    const struct transport_ops *ops = self->transport->ops;
    const int64_t start_ns = clock_thread_cpu_ns();
    size_t received = 0;
    while (received < (size_t)PERF_STREAMS * EVENT_SIZE) {
        const size_t n = ops->wait(self->transport, CLOCK_NEVER, events, PERF_STREAMS);
        for (size_t i = 0; i < n; i++) {
            struct receipt receipt;
            const ssize_t got =
                ops->recv(self->transport, events[i].stream, buffer, sizeof(buffer), &receipt);
            assert_true(got > 0 || got == TRANSPORT_AGAIN);
            if (got > 0) {
                received += (size_t)got;
                *n_stamped += receipt.kernel;
            }
        }
    }
    return clock_thread_cpu_ns() - start_ns;
}

/* The client's side of one handshake, in memory. */
static int64_t shake_hands(SSL_CTX *ctx, struct tls_context *context)
{
    struct tls_server server = tls_server_new(ctx);
    int64_t start_ns = clock_thread_cpu_ns();
    struct tls_session *client = tls_session_new(context, HOST);
    enum tls_progress progress = tls_session_handshake(client);
    int64_t used_ns = clock_thread_cpu_ns() - start_ns;
    while (progress == TLS_WANT_INPUT) {
        char piece[BUFFER_SIZE];
        const char *data = NULL;
        const size_t len = tls_session_output(client, &data);
        tls_server_feed(&server, data, len);
        tls_session_output_sent(client, len);
        const size_t n = tls_server_output(&server, piece, sizeof(piece));
        start_ns = clock_thread_cpu_ns();
        tls_session_feed(client, piece, n);
        progress = tls_session_handshake(client);
        used_ns += clock_thread_cpu_ns() - start_ns;
    }
    assert_int_equal(progress, TLS_DONE);
    SSL_free(server.ssl);
    tls_session_free(client);
    return used_ns;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare);
    return values[n / 2];
}

static void measure_events(struct bed *beds)
{
    static double figures[PERF_WAYS][PERF_ROUNDS];
    uint64_t n_stamped[PERF_WAYS] = {0};
    for (int round = 0; round < PERF_ROUNDS; round++) {
        for (int way = 0; way < PERF_WAYS; way++) {
            int64_t used_ns = 0;
            for (int batch = 0; batch < PERF_BATCHES; batch++) {
                send_events(&beds[way]);
                used_ns += receive_events(&beds[way], &n_stamped[way]);
                answer_events(&beds[way]);
            }
            figures[way][round] = (double)used_ns / (PERF_BATCHES * PERF_STREAMS);
        }
    }
    printf(
        "events of %d bytes, one at a time to each of %d streams, wait and recv; median of %d rounds\n",
        EVENT_SIZE, PERF_STREAMS, PERF_ROUNDS);
    printf(
        "%-30s %10s %8s %8s %14s\n", "received over", "ns/event", "added", "ratio",
        "kernel stamps");
    double base = 0.0;
    for (int way = 0; way < PERF_WAYS; way++) {
        const double figure = median(figures[way], PERF_ROUNDS);
        base = way == 0 ? figure : base;
        const double n_events = (double)PERF_ROUNDS * PERF_BATCHES * PERF_STREAMS;
        printf(
            "%-30s %10.0f %8.0f %8.2f %12.1f %%\n", ways[way].name, figure, figure - base,
            figure / base, (double)n_stamped[way] * 100.0 / n_events);
    }
}

static void measure_handshakes(const struct bed *beds, const char *ca_file)
{
    struct tls_context *verifying = NULL;
    struct error err = {0};
    if (tls_context_open(ca_file, false, &verifying, &err) != 0) {
        fail_msg("%s", err.text);
    }
    printf(
        "\n%-30s %10s   (ECDSA P-256, verified; median of %d)\n", "client's handshake", "us",
        PERF_HANDSHAKES);
    for (int way = 1; way < PERF_WAYS; way++) {
        static double figures[PERF_HANDSHAKES];
        for (int i = 0; i < PERF_HANDSHAKES; i++) {
            figures[i] = (double)shake_hands(beds[way].ctx, verifying) / 1e3;
        }
        printf("%-30s %10.0f\n", ways[way].name, median(figures, PERF_HANDSHAKES));
    }
    tls_context_free(verifying);
}

int main(void)
{
    static struct bed beds[PERF_WAYS];
    struct cert root = cert_make(NULL, NULL, -DAY_S, DAY_S);
    struct cert leaf = cert_make(&root, "IP:" HOST, -DAY_S, DAY_S);
    char root_path[64];
    cert_write(&root, root_path);
    memset(event, 'x', sizeof(event));
    for (int way = 0; way < PERF_WAYS; way++) {
        open_bed(&beds[way], &ways[way], &leaf);
    }
    measure_events(beds);
    measure_handshakes(beds, root_path);
    for (int way = 0; way < PERF_WAYS; way++) {
        close_bed(&beds[way]);
    }
    (void)unlink(root_path);
    cert_done(&leaf);
    cert_done(&root);
    return 0;
}
