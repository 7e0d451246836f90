/* replay.h - a server on loopback that answers by path with recorded or written bytes, and a probe of
 * it.  Used by tests only. */
#pragma once

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REPLAY_REQUEST_MAX = 8192,
    REPLAY_ROUTES_MAX = 8,
    REPLAY_RECORDING_MAX = 1 << 20
};

/* One path and the bytes that answer it; with `key`, requests without it get a 401. */
struct route {
    const char *path;
    const char *response; /* owned by the server when `owned` */
    bool keyed;
};

struct server {
    int listener;
    unsigned port;
    pthread_t thread;
    struct route routes[REPLAY_ROUTES_MAX];
    char *owned[REPLAY_ROUTES_MAX];
    size_t n_routes;
    const char *key; /* NULL: open */
    char last[REPLAY_REQUEST_MAX];
};

static const char answer_401[] =
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"error\":{\"message\":\"Invalid API Key\",\"type\":\"authentication_error\",\"code\":401}}";
static const char answer_404[] =
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"detail\":\"Not Found\"}";

static inline const char *answer_for(const struct server *self)
{
    for (size_t i = 0; i < self->n_routes; i++) {
        const struct route *route = &self->routes[i];
        const size_t n = strlen(route->path);
        const char *target = strchr(self->last, ' ');
        if (target == NULL || strncmp(target + 1, route->path, n) != 0 || target[1 + n] != ' ') {
            continue;
        }
        if (route->keyed && (self->key == NULL || strstr(self->last, self->key) == NULL)) {
            return answer_401;
        }
        return route->response;
    }
    return answer_404;
}

/* Head, and as much body as it announces: an answer before that could be lost to a reset. */
static inline bool has_whole_request(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL) {
        return false;
    }
    return length == NULL || length > end ||
           strlen(end + 4) >= strtoul(strchr(length + 2, ':') + 1, NULL, 10);
}

static inline void serve_one(struct server *self, int fd)
{
    size_t len = 0;
    while (len < sizeof(self->last) - 1) {
        const ssize_t got = recv(fd, self->last + len, sizeof(self->last) - 1 - len, 0);
        if (got <= 0) {
            return;
        }
        len += (size_t)got;
        self->last[len] = '\0';
        if (has_whole_request(self->last)) {
            break;
        }
    }
    const char *answer = answer_for(self);
    const size_t answer_len = strlen(answer);
    for (size_t at = 0; at < answer_len;) {
        const ssize_t put = send(fd, answer + at, answer_len - at, MSG_NOSIGNAL);
        if (put <= 0) {
            return;
        }
        at += (size_t)put;
    }
}

static inline void *serve(void *user)
{
    struct server *self = user;
    for (;;) {
        const int fd = accept(self->listener, NULL, NULL);
        if (fd < 0) {
            return NULL; /* server_stop has shut the listener down */
        }
        serve_one(self, fd);
        (void)close(fd);
    }
}

static inline void server_start(struct server *self)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    self->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(self->listener >= 0);
    assert_int_equal(bind(self->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(self->listener, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(self->listener, 16), 0);
    self->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&self->thread, NULL, serve, self), 0);
}

static inline void server_stop(struct server *self)
{
    (void)shutdown(self->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    (void)close(self->listener);
    for (size_t i = 0; i < self->n_routes; i++) {
        free(self->owned[i]);
    }
}

static inline void route_text(struct server *self, const char *path, const char *response)
{
    assert_true(self->n_routes < REPLAY_ROUTES_MAX);
    self->routes[self->n_routes++] = (struct route){.path = path, .response = response};
}

/* 200 with a JSON body. */
static inline void route_json(struct server *self, const char *path, const char *body)
{
    const size_t i = self->n_routes;
    self->owned[i] = mem_format(
        "HTTP/1.1 200 OK\r\nServer: fake\r\nContent-Type: application/json\r\nContent-Length: "
        "%zu\r\nConnection: close\r\n\r\n%s",
        strlen(body), body);
    route_text(self, path, self->owned[i]);
}

/* A recorded answer. */
static inline void route_recording(struct server *self, const char *path, const char *file)
{
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: ../shared is not here\n");
        skip();
    }
    char *name = mem_format("%s/fixtures/engines/%s.response", shared, file);
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(
        file_read(name, REPLAY_RECORDING_MAX, &self->owned[self->n_routes], &len, &err), 0);
    free(name);
    route_text(self, path, self->owned[self->n_routes]);
}

/* What a probe gave. */
struct result {
    const char *what; /* the row, for messages */
    int status;
    struct arena arena;
    struct engine_identity identity;
    struct error err;
};

static inline void result_done(struct result *self)
{
    arena_done(&self->arena);
}

/* Who asks, for what. */
struct asking {
    const char *engine;
    const char *model;
    const char *key;
    const char *path; /* of the API base; NULL: /v1 */
    const char *header;
    const char *what; /* the row, for messages */
};

static inline void probe(unsigned port, const struct asking *asking, struct result *out)
{
    const struct engine_ops *engine = engine_find(asking->engine);
    assert_non_null(engine);
    struct engine_target target = {
        .endpoint = {.host = "127.0.0.1", .port = port},
        .model = asking->model != NULL ? asking->model : "",
        .api_key = asking->key,
        .headers = &asking->header,
        .n_headers = asking->header != NULL ? 1 : 0,
    };
    (void)snprintf(
        target.endpoint.authority, sizeof(target.endpoint.authority), "127.0.0.1:%u", port);
    (void)snprintf(
        target.endpoint.path, sizeof(target.endpoint.path), "%s",
        asking->path != NULL ? asking->path : "/v1");
    *out = (struct result){.what = asking->what != NULL ? asking->what : asking->engine};
    out->status = engine->probe(engine, &target, &out->arena, &out->identity, &out->err);
}

/* Starts the server, probes it, stops it. */
static inline void
probe_server(struct server *server, const struct asking *asking, struct result *out)
{
    server_start(server);
    probe(server->port, asking, out);
    server_stop(server);
}

static inline void check_ok(const struct result *result)
{
    if (result->status != 0) {
        print_error("%s: %s\n", result->what, result->err.text);
    }
    assert_int_equal(result->status, 0);
    assert_int_equal(result->err.code, ERROR_NONE);
}

static inline void
check_error(const struct result *result, enum error_code code, const char *const *parts)
{
    bool good = result->status == -(int)code && result->err.code == code;
    for (; *parts != NULL; parts++) {
        good = good && strstr(result->err.text, *parts) != NULL;
    }
    if (!good) {
        print_error("%s: %d: %s\n", result->what, result->status, result->err.text);
    }
    assert_true(good);
    assert_null(strchr(result->err.text, '\n'));
}

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})
