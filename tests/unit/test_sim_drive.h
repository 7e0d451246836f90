/* Drives the pure engine in the tests: clients that only collect what they get, and when. */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "sim/sim.h"
#include "support/test.h"

#include <string.h>

enum {
    CLIENT_WRITES = 4096
};

/* The moment of the first connect: times in tests count from here. */
#define DRIVE_START (1000 * NS_PER_S)

struct write_seen {
    int64_t at_ns;  /* since DRIVE_START */
    int64_t due_ns; /* since DRIVE_START */
    size_t end;     /* bytes of the text up to and with this write */
    uint64_t request;
    uint32_t token;
    uint32_t tokens;
};

struct client {
    struct sim_conn *conn; /* NULL: refused or ended */
    struct bytes text;
    struct write_seen writes[CLIENT_WRITES];
    size_t n;
    bool closed;
    bool reset;
    int64_t end_ns; /* since DRIVE_START */
};

struct drive {
    struct sim *sim;
    int64_t now_ns;
};

static inline void
drive_open(struct drive *self, const struct sim_options *options, const char *faults)
{
    struct error err = {0};
    self->now_ns = DRIVE_START;
    if (sim_open(options, faults, &self->sim, &err) != 0) {
        print_error("%s\n", err.text);
        fail();
    }
}

static inline void drive_connect(struct drive *self, struct client *client)
{
    *client = (struct client){.conn = NULL};
    bytes_init(&client->text, BYTES_MAX_DEFAULT);
    client->conn = sim_connect(self->sim, self->now_ns, client);
}

static inline void drive_take(struct drive *self, const struct sim_action *action)
{
    struct client *client = sim_conn_user(action->conn);
    if (action->kind == SIM_WRITE) {
        assert_true(client->n < CLIENT_WRITES);
        assert_true(action->len > 0);
        bytes_add(&client->text, action->data, action->len);
        client->writes[client->n++] = (struct write_seen){
            .at_ns = self->now_ns - DRIVE_START,
            .due_ns = action->due_ns - DRIVE_START,
            .end = client->text.len,
            .request = action->request,
            .token = action->token,
            .tokens = action->tokens,
        };
        return;
    }
    client->closed = action->kind == SIM_CLOSE;
    client->reset = action->kind == SIM_RESET;
    client->end_ns = self->now_ns - DRIVE_START;
    sim_conn_gone(self->sim, client->conn, self->now_ns);
    client->conn = NULL;
}

/* Runs until `until_ns` (since DRIVE_START), each deadline at its time. */
static inline void drive_until(struct drive *self, int64_t until_ns)
{
    struct sim_action action;
    while (sim_next_ns(self->sim) <= DRIVE_START + until_ns) {
        const int64_t next_ns = sim_next_ns(self->sim);
        self->now_ns = next_ns > self->now_ns ? next_ns : self->now_ns;
        while (sim_step(self->sim, self->now_ns, &action)) {
            drive_take(self, &action);
        }
    }
    self->now_ns = DRIVE_START + until_ns > self->now_ns ? DRIVE_START + until_ns : self->now_ns;
}

static inline void drive_send(struct drive *self, struct client *client, const char *text)
{
    assert_non_null(client->conn);
    sim_input(self->sim, client->conn, text, strlen(text), self->now_ns);
}

/* POSTs `body` (NULL: a GET) with more header lines (each with its CRLF). */
static inline void drive_ask_with(
    struct drive *self,
    struct client *client,
    const char *path,
    const char *headers,
    const char *body)
{
    struct bytes request;
    bytes_init(&request, BYTES_MAX_DEFAULT);
    bytes_add_format(
        &request, "%s %s HTTP/1.1\r\nHost: x\r\n%s", body != NULL ? "POST" : "GET", path, headers);
    if (body != NULL) {
        bytes_add_format(&request, "Content-Length: %zu\r\n", strlen(body));
    }
    bytes_add_format(&request, "\r\n%s", body != NULL ? body : "");
    drive_send(self, client, request.data);
    bytes_done(&request);
}

static inline void
drive_ask(struct drive *self, struct client *client, const char *path, const char *body)
{
    drive_ask_with(self, client, path, "", body);
}

static inline void client_done(struct client *client)
{
    bytes_done(&client->text);
}

static inline void drive_done(struct drive *self)
{
    sim_free(self->sim);
}

static inline const char *client_text(const struct client *client)
{
    return client->text.data != NULL ? client->text.data : "";
}

static inline bool client_has(const struct client *client, const char *text)
{
    return strstr(client_text(client), text) != NULL;
}

static inline size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

/* The body of the only answer in `text`, without chunk framing; asserts that it is well formed and
 * ended.  Written apart from the engine's own reader on purpose.  Done by bytes_done. */
static inline void answer_body(const char *text, struct bytes *out)
{
    const char *at = strstr(text, "\r\n\r\n");
    assert_non_null(at);
    at += 4;
    bytes_init(out, BYTES_MAX_DEFAULT);
    bytes_add_text(out, "");
    const char *chunked = strcasestr(text, "transfer-encoding: chunked");
    if (chunked == NULL || chunked > at) {
        bytes_add_text(out, at);
        return;
    }
    for (;;) {
        char *end = NULL;
        const unsigned long size = strtoul(at, &end, 16);
        assert_true(end > at && strncmp(end, "\r\n", 2) == 0);
        at = end + 2;
        assert_true(strlen(at) >= size + 2);
        bytes_add(out, at, size);
        assert_true(strncmp(at + size, "\r\n", 2) == 0);
        at += size + 2;
        if (size == 0) {
            break;
        }
    }
    assert_int_equal(*at, '\0');
}

static inline void client_body(const struct client *client, struct bytes *out)
{
    answer_body(client_text(client), out);
}

/* Times of the writes that carried tokens, as one line: "1@50 2@60" with ms, "3+2@70" for two tokens. */
static inline const char *client_tokens(const struct client *client, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < client->n; i++) {
        const struct write_seen *seen = &client->writes[i];
        if (seen->token == 0) {
            continue;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%u", used > 0 ? " " : "", seen->token);
        if (seen->tokens != 1) {
            used += (size_t)snprintf(out + used, size - used, "x%u", seen->tokens);
        }
        used += (size_t)snprintf(
            out + used, size - used, "@%g", (double)seen->at_ns / (double)NS_PER_MS);
        assert_true(used < size);
    }
    return out;
}
