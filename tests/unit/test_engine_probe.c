/* The probe against a server on loopback that replays recorded and written answers by path. */
#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"
#include "engine/engine.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 8192,
    ROUTES_MAX = 8,
    RECORDING_MAX = 1 << 20
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
    struct route routes[ROUTES_MAX];
    char *owned[ROUTES_MAX];
    size_t n_routes;
    const char *key; /* NULL: open */
    char last[REQUEST_MAX];
};

static const char answer_401[] =
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"error\":{\"message\":\"Invalid API Key\",\"type\":\"authentication_error\",\"code\":401}}";
static const char answer_404[] =
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"detail\":\"Not Found\"}";

static const char *answer_for(const struct server *self)
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

static void serve_one(struct server *self, int fd)
{
    size_t len = 0;
    while (len < sizeof(self->last) - 1) {
        const ssize_t got = recv(fd, self->last + len, sizeof(self->last) - 1 - len, 0);
        if (got <= 0) {
            return;
        }
        len += (size_t)got;
        self->last[len] = '\0';
        if (strstr(self->last, "\r\n\r\n") != NULL) {
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

static void *serve(void *user)
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

static void server_start(struct server *self)
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

static void server_stop(struct server *self)
{
    (void)shutdown(self->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(self->thread, NULL), 0);
    (void)close(self->listener);
    for (size_t i = 0; i < self->n_routes; i++) {
        free(self->owned[i]);
    }
}

static void route_text(struct server *self, const char *path, const char *response)
{
    assert_true(self->n_routes < ROUTES_MAX);
    self->routes[self->n_routes++] = (struct route){.path = path, .response = response};
}

/* 200 with a JSON body. */
static void route_json(struct server *self, const char *path, const char *body)
{
    const size_t i = self->n_routes;
    self->owned[i] = mem_format(
        "HTTP/1.1 200 OK\r\nServer: fake\r\nContent-Type: application/json\r\nContent-Length: "
        "%zu\r\nConnection: close\r\n\r\n%s",
        strlen(body), body);
    route_text(self, path, self->owned[i]);
}

/* A recorded answer. */
static void route_recording(struct server *self, const char *path, const char *file)
{
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: ../shared is not here\n");
        skip();
    }
    char *name = mem_format("%s/fixtures/engines/%s.response", shared, file);
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(name, RECORDING_MAX, &self->owned[self->n_routes], &len, &err), 0);
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

static void result_done(struct result *self)
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

static void probe(unsigned port, const struct asking *asking, struct result *out)
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
static void probe_server(struct server *server, const struct asking *asking, struct result *out)
{
    server_start(server);
    probe(server->port, asking, out);
    server_stop(server);
}

static void check_ok(const struct result *result)
{
    if (result->status != 0) {
        print_error("%s: %s\n", result->what, result->err.text);
    }
    assert_int_equal(result->status, 0);
    assert_int_equal(result->err.code, ERROR_NONE);
}

static void check_error(const struct result *result, enum error_code code, const char *const *parts)
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

#define ONE_MODEL \
    "{\"object\":\"list\",\"data\":[{\"id\":\"m1\",\"created\":1,\"max_model_len\":512}]}"
#define TWO_MODELS "{\"data\":[{\"id\":\"m1\"},{\"id\":\"m2\"}]}"

static void test_probe__vllm_recorded(void **state)
{
    (void)state;
    struct server server = {0};
    route_recording(&server, "/v1/models", "vllm-0.32.0-cpu/models");
    route_recording(&server, "/version", "vllm-0.32.0-cpu/version");
    CLEANUP(result_done) struct result result;
    probe_server(&server, &(struct asking){.engine = "vllm"}, &result);
    check_ok(&result);
    assert_string_equal(result.identity.model, "smollm2");
    assert_string_equal(result.identity.version, "0.32.0");
    assert_string_equal(result.identity.server, "uvicorn");
    assert_int_equal(result.identity.max_model_len, 2048);
    assert_int_equal(result.identity.n_models, 1);
    assert_null(json_path(result.identity.config, "model.created"));
    assert_null(json_path(result.identity.config, "model.permission"));
    assert_non_null(json_path(result.identity.config, "model.root"));
}

static void test_probe__llamacpp_recorded(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        const char *version;
    } rows[] = {
        {"llama-server", "b1-7e4c0a9"},
        {"xllamacpp-2026.10.11549", "b0-unknown"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char models[64];
        char props[64];
        (void)snprintf(models, sizeof(models), "%s/models", rows[i].folder);
        (void)snprintf(props, sizeof(props), "%s/props", rows[i].folder);
        struct server server = {0};
        route_recording(&server, "/v1/models", models);
        route_recording(&server, "/props", props);
        CLEANUP(result_done) struct result result;
        probe_server(&server, &(struct asking){.engine = "llamacpp"}, &result);
        check_ok(&result);
        assert_string_equal(result.identity.model, "smollm2");
        assert_string_equal(result.identity.version, rows[i].version);
        assert_string_equal(result.identity.server, "llama.cpp");
        assert_int_equal(result.identity.max_model_len, 2048);
        const struct json *config = result.identity.config;
        assert_null(json_path(config, "server.media_marker"));
        int64_t slots = 0;
        assert_true(json_i64(json_path(config, "server.total_slots"), &slots));
        assert_int_equal(slots, 4);
        assert_non_null(json_path(config, "server.model_path"));
    }
}

static void test_probe__sglang_and_tgi(void **state)
{
    (void)state;
    struct server sglang = {0};
    route_json(&sglang, "/v1/models", ONE_MODEL);
    route_json(
        &sglang, "/get_server_info",
        "{\"model_path\":\"x/y\",\"tp_size\":2,\"api_key\":\"sk-1\",\"hf_token\":\"t\","
        "\"internal_states\":[{\"last_gen_throughput\":3.5}],\"version\":\"0.5.3\"}");
    CLEANUP(result_done) struct result first;
    probe_server(&sglang, &(struct asking){.engine = "sglang"}, &first);
    check_ok(&first);
    assert_string_equal(first.identity.version, "0.5.3");
    assert_int_equal(first.identity.max_model_len, 512);
    assert_non_null(json_path(first.identity.config, "server.tp_size"));
    assert_null(json_path(first.identity.config, "server.internal_states"));
    assert_null(json_path(first.identity.config, "server.api_key"));
    assert_null(json_path(first.identity.config, "server.hf_token"));

    struct server tgi = {0};
    route_json(&tgi, "/v1/models", "{\"data\":[{\"id\":\"m1\"}]}");
    route_json(
        &tgi, "/info", "{\"model_id\":\"m1\",\"max_total_tokens\":4096,\"version\":\"3.0.0\"}");
    CLEANUP(result_done) struct result second;
    probe_server(&tgi, &(struct asking){.engine = "tgi"}, &second);
    check_ok(&second);
    assert_string_equal(second.identity.version, "3.0.0");
    assert_int_equal(second.identity.max_model_len, 4096);
}

static void test_probe__says_nothing_that_the_engine_does_not(void **state)
{
    (void)state;
    static const char *const versions[] = {"{}", "[\"0.1\"]", "7", "no json", "{\"version\":7}"};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct server server = {0};
        route_json(&server, "/v1/models", "{\"data\":[{\"id\":\"m1\",\"max_model_len\":-1}]}");
        route_json(&server, "/version", versions[i]);
        CLEANUP(result_done) struct result result;
        probe_server(&server, &(struct asking){.engine = "vllm"}, &result);
        check_ok(&result);
        assert_string_equal(result.identity.version, "");
        assert_int_equal(result.identity.max_model_len, 0);
    }
}

static void test_probe__chooses_the_model(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *models;
        const char *wanted;
        const char *chosen; /* NULL: an error */
        enum error_code code;
        const char *part;
    } rows[] = {
        {"the only one", ONE_MODEL, NULL, "m1", ERROR_NONE, ""},
        {"the given one", TWO_MODELS, "m2", "m2", ERROR_NONE, ""},
        {"an alias", "{\"data\":[{\"id\":\"m1\",\"aliases\":[\"m1\",\"short\"]}]}", "short",
         "short", ERROR_NONE, ""},
        {"several and none given", TWO_MODELS, NULL, NULL, ERROR_USAGE,
         "choose one with --model: 'm1', 'm2'"},
        {"not served", ONE_MODEL, "m2", NULL, ERROR_USAGE,
         "does not serve --model 'm2': it serves 'm1'"},
        {"many",
         "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"},{\"id\":"
         "\"e\"},{\"id\":\"f\"},{\"id\":\"g\"}]}",
         "x", NULL, ERROR_USAGE, "'a', 'b', 'c', 'd', 'e' and 2 more"},
        {"none", "{\"data\":[]}", "m1", NULL, ERROR_UNAVAILABLE, "serves no model"},
        {"an entry without id", "{\"data\":[{\"name\":\"m1\"}]}", NULL, NULL, ERROR_UNAVAILABLE,
         "no usable id"},
        {"no list", "{\"data\":{}}", "m1", NULL, ERROR_UNAVAILABLE, "is no model list"},
        {"no JSON", "<html>", "m1", NULL, ERROR_UNAVAILABLE, "the model list is not JSON"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        route_json(&server, "/v1/models", rows[i].models);
        CLEANUP(result_done) struct result result;
        const struct asking asking = {
            .engine = "vllm", .model = rows[i].wanted, .what = rows[i].what};
        probe_server(&server, &asking, &result);
        if (rows[i].chosen != NULL) {
            check_ok(&result);
            assert_string_equal(result.identity.model, rows[i].chosen);
        } else {
            check_error(&result, rows[i].code, PARTS("engine vllm", rows[i].part));
            assert_string_equal(result.identity.model, "");
        }
    }
}

static void test_probe__needs_the_key(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *engine;
        const char *key;
        const char *header;
        bool models_keyed;
        const char *part; /* NULL: ok */
    } rows[] = {
        {"right key", "vllm", "sk-right", NULL, true, NULL},
        {"right key in a header", "vllm", NULL, "Authorization: Bearer sk-right", true, NULL},
        {"the header wins", "vllm", "sk-wrong", "Authorization: Bearer sk-right", true, NULL},
        {"wrong key", "vllm", "sk-wrong", NULL, true, "refuses the key"},
        {"no key", "vllm", NULL, NULL, true, "refuses a request without a key"},
        {"wrong key where models are open", "llamacpp", "sk-wrong", NULL, false, "refuses the key"},
        {"no key where models are open", "llamacpp", NULL, NULL, false,
         "refuses a request without a key"},
        {"right key where models are open", "llamacpp", "sk-right", NULL, false, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {.key = "Authorization: Bearer sk-right\r\n"};
        route_json(&server, "/v1/models", ONE_MODEL);
        server.routes[0].keyed = rows[i].models_keyed;
        route_json(&server, "/props", "{\"build_info\":\"b1\"}");
        server.routes[1].keyed = true;
        CLEANUP(result_done) struct result result;
        const struct asking asking = {
            .engine = rows[i].engine,
            .key = rows[i].key,
            .header = rows[i].header,
            .what = rows[i].what};
        probe_server(&server, &asking, &result);
        if (rows[i].part == NULL) {
            check_ok(&result);
        } else {
            check_error(
                &result, ERROR_UNAVAILABLE,
                PARTS(rows[i].part, "--api-key-env", "401: Invalid API Key"));
            assert_null(strstr(result.err.text, "sk-"));
        }
    }
}

static void test_probe__names_what_is_wrong(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *response;
        const char *path;
        const char *parts[5];
    } rows[] = {
        {"an internal error",
         "HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"boom\"}}",
         NULL,
         {"engine vllm answers 500 at http://127.0.0.1:", "/v1/models: boom"}},
        {"wrong base path",
         NULL,
         "/api",
         {"has no http://127.0.0.1:", "/api/models", "--base-url must end", "/v1"}},
        {"not HTTP", "hello\r\n\r\n", NULL, {"engine vllm does not answer", "--base-url"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        if (rows[i].response != NULL) {
            route_text(&server, "/v1/models", rows[i].response);
        }
        CLEANUP(result_done) struct result result;
        const struct asking asking = {.engine = "vllm", .path = rows[i].path, .what = rows[i].what};
        probe_server(&server, &asking, &result);
        check_error(&result, ERROR_UNAVAILABLE, rows[i].parts);
    }
}

static void test_probe__nobody_listens(void **state)
{
    (void)state;
    struct server server = {0};
    server_start(&server);
    server_stop(&server); /* the port is free again, and refuses */
    CLEANUP(result_done) struct result result;
    probe(server.port, &(struct asking){.engine = "llamacpp"}, &result);
    check_error(
        &result, ERROR_UNAVAILABLE,
        PARTS("engine llamacpp does not answer", "is it running", "--base-url", "/v1/models"));
}

static void test_probe__header_that_cannot_be_sent(void **state)
{
    (void)state;
    CLEANUP(result_done) struct result result;
    probe(1, &(struct asking){.engine = "vllm", .header = "X: a\r\nY: b"}, &result);
    check_error(&result, ERROR_USAGE, PARTS("--header X"));
}

static void test_probe__hosted_services_may_lack_the_list(void **state)
{
    (void)state;

    static const struct {
        const char *engine;
        const char *model;
        bool ok;
    } rows[] = {{"openai", "m1", true}, {"openai", NULL, false}, {"vllm", "m1", false}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        CLEANUP(result_done) struct result result;
        const struct asking asking = {.engine = rows[i].engine, .model = rows[i].model};
        probe_server(&server, &asking, &result);
        if (rows[i].ok) {
            check_ok(&result);
            assert_string_equal(result.identity.model, "m1");
            assert_int_equal(result.identity.n_models, 0);
        } else {
            check_error(&result, ERROR_UNAVAILABLE, PARTS("404: Not Found"));
        }
    }
}

static void test_probe__paths_lie_beside_the_api(void **state)
{
    (void)state;

    static const struct {
        const char *base;
        const char *models;
        const char *version;
    } rows[] = {
        {"/v1", "/v1/models", "/version"},
        {"/proxy/v1", "/proxy/v1/models", "/proxy/version"},
        {"", "/models", "/version"},
        {"/api", "/api/models", "/api/version"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        route_json(&server, rows[i].models, ONE_MODEL);
        route_json(&server, rows[i].version, "{\"version\":\"9\"}");
        CLEANUP(result_done) struct result result;
        probe_server(&server, &(struct asking){.engine = "vllm", .path = rows[i].base}, &result);
        check_ok(&result);
        assert_string_equal(result.identity.version, "9");
    }
}

static void test_probe__long_templates_are_kept_as_their_hash(void **state)
{
    (void)state;
    char *text = mem_alloc(1024, 1);
    memset(text, 'x', 1023);
    char *body = mem_format("{\"chat_template\":\"%s\",\"list\":[{\"created\":1,\"a\":2}]}", text);
    struct server server = {0};
    route_json(&server, "/v1/models", ONE_MODEL);
    route_json(&server, "/props", body);
    CLEANUP(result_done) struct result result;
    probe_server(&server, &(struct asking){.engine = "llamacpp"}, &result);
    check_ok(&result);
    const struct json *list = json_path(result.identity.config, "server.list");
    assert_null(json_find(json_at(list, 0), "created"));
    assert_non_null(json_find(json_at(list, 0), "a"));
    /* printf 'x%.0s' $(seq 1023) | sha256sum */
    assert_string_equal(
        json_text(json_path(result.identity.config, "server.chat_template"), ""),
        "sha256:97c9d367e67d0cff2f99f4c97ddff45250552d880b0d2c57caf78b1483da8c56");
    free(body);
    free(text);
}

static void test_engine_identity_equal__two_probes_of_one_engine(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *models;
        const char *props;
        bool equal;
    } rows[] = {
        {"only counters and times moved", "{\"data\":[{\"id\":\"m1\",\"created\":99}]}",
         "{\"total_slots\":4,\"is_sleeping\":true,\"media_marker\":\"b\",\"build_info\":\"b1\"}",
         true},
        {"another order", "{\"data\":[{\"created\":1,\"id\":\"m1\"}]}",
         "{\"build_info\":\"b1\",\"media_marker\":\"a\",\"is_sleeping\":false,\"total_slots\":4}",
         true},
        {"another version", "{\"data\":[{\"id\":\"m1\",\"created\":1}]}",
         "{\"total_slots\":4,\"is_sleeping\":false,\"media_marker\":\"a\",\"build_info\":\"b2\"}",
         false},
        {"another configuration", "{\"data\":[{\"id\":\"m1\",\"created\":1}]}",
         "{\"total_slots\":8,\"is_sleeping\":false,\"media_marker\":\"a\",\"build_info\":\"b1\"}",
         false},
        {"another model", "{\"data\":[{\"id\":\"m2\",\"created\":1}]}",
         "{\"total_slots\":4,\"is_sleeping\":false,\"media_marker\":\"a\",\"build_info\":\"b1\"}",
         false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server first = {0};
        route_json(&first, "/v1/models", "{\"data\":[{\"id\":\"m1\",\"created\":1}]}");
        route_json(
            &first, "/props",
            "{\"total_slots\":4,\"is_sleeping\":false,\"media_marker\":\"a\",\"build_info\":"
            "\"b1\"}");
        struct server second = {0};
        route_json(&second, "/v1/models", rows[i].models);
        route_json(&second, "/props", rows[i].props);
        CLEANUP(result_done) struct result a;
        CLEANUP(result_done) struct result b;
        probe_server(&first, &(struct asking){.engine = "llamacpp"}, &a);
        probe_server(&second, &(struct asking){.engine = "llamacpp"}, &b);
        check_ok(&a);
        check_ok(&b);
        if (engine_identity_equal(&a.identity, &b.identity) != rows[i].equal) {
            print_error("%s\n", rows[i].what);
            fail();
        }
        assert_true(engine_identity_equal(&a.identity, &a.identity));
    }
}

static void test_engine_identity_equal__without_a_configuration(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct engine_identity none = {.version = "1"};
    const struct engine_identity some = {.version = "1", .config = json_new(&arena, JSON_OBJECT)};
    assert_true(engine_identity_equal(&none, &none));
    assert_false(engine_identity_equal(&none, &some));
    assert_false(engine_identity_equal(&some, &none));
    arena_done(&arena);
}

static void test_real_engines_6__a_model_that_is_not_served_is_found_before_traffic(void **state)
{
    (void)state;
    /* llama.cpp would answer any name, vLLM 404: both are refused alike. */
    static const char *const engines[][2] = {
        {"llamacpp", "llama-server/models"}, {"vllm", "vllm-0.32.0-cpu/models"}};
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        struct server server = {0};
        route_recording(&server, "/v1/models", engines[i][1]);
        CLEANUP(result_done) struct result result;
        const struct asking asking = {.engine = engines[i][0], .model = "no-such-model"};
        probe_server(&server, &asking, &result);
        check_error(
            &result, ERROR_USAGE,
            PARTS("does not serve --model 'no-such-model': it serves 'smollm2'"));
    }
}

static void test_real_engines_6__a_wrong_key_is_found_though_the_models_are_open(void **state)
{
    (void)state;
    struct server server = {0};
    route_recording(&server, "/v1/models", "llama-server/auth_models_no_key");
    route_recording(&server, "/props", "llama-server/err_401_wrong_key");
    CLEANUP(result_done) struct result result;
    probe_server(&server, &(struct asking){.engine = "llamacpp", .key = "sk-wrong"}, &result);
    check_error(
        &result, ERROR_UNAVAILABLE,
        PARTS("engine llamacpp refuses the key", "--api-key-env", "401: Invalid API Key"));
}

static void test_real_engines_6__loading_is_said(void **state)
{
    (void)state;
    struct server server = {0};
    route_recording(&server, "/v1/models", "llama-server/loading_models");
    CLEANUP(result_done) struct result result;
    probe_server(&server, &(struct asking){.engine = "llamacpp"}, &result);
    check_error(
        &result, ERROR_UNAVAILABLE,
        PARTS("still loading its model", "503: Loading model", "/v1/models"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe__vllm_recorded),
        cmocka_unit_test(test_probe__llamacpp_recorded),
        cmocka_unit_test(test_probe__sglang_and_tgi),
        cmocka_unit_test(test_probe__says_nothing_that_the_engine_does_not),
        cmocka_unit_test(test_probe__chooses_the_model),
        cmocka_unit_test(test_probe__needs_the_key),
        cmocka_unit_test(test_probe__names_what_is_wrong),
        cmocka_unit_test(test_probe__nobody_listens),
        cmocka_unit_test(test_probe__header_that_cannot_be_sent),
        cmocka_unit_test(test_probe__hosted_services_may_lack_the_list),
        cmocka_unit_test(test_probe__paths_lie_beside_the_api),
        cmocka_unit_test(test_probe__long_templates_are_kept_as_their_hash),
        cmocka_unit_test(test_real_engines_6__a_model_that_is_not_served_is_found_before_traffic),
        cmocka_unit_test(test_real_engines_6__a_wrong_key_is_found_though_the_models_are_open),
        cmocka_unit_test(test_real_engines_6__loading_is_said),
        cmocka_unit_test(test_engine_identity_equal__two_probes_of_one_engine),
        cmocka_unit_test(test_engine_identity_equal__without_a_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
