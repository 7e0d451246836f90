/* Asking an engine for its metrics: where, with what, and what is said when it has none. */
#include "support/replay.h"

#define TEXT "# TYPE a gauge\na 1\n"

/* Every byte of a long answer. */
enum {
    LONG = 100000
};

static int fetch_at(
    struct server *server,
    const struct asking *asking,
    size_t max,
    struct bytes *out,
    struct error *err)
{
    const struct engine_ops *engine = engine_find(asking->engine);
    assert_non_null(engine);
    struct engine_target target = {
        .endpoint = {.host = "127.0.0.1"},
        .model = "",
        .api_key = asking->key,
    };
    server_start(server);
    (void)snprintf(
        target.endpoint.authority, sizeof(target.endpoint.authority), "127.0.0.1:%u", server->port);
    (void)snprintf(target.endpoint.path, sizeof(target.endpoint.path), "%s", asking->path);
    struct engine_metrics_ask ask;
    engine_metrics_init(&ask, engine, &target);
    assert_non_null(ask.url);
    bytes_init(out, max);
    const int result = engine_metrics_fetch(&ask, out, err);
    engine_metrics_done(&ask);
    server_stop(server);
    return result;
}

static void test_fetch__asks_beside_the_api_with_the_key(void **state)
{
    (void)state;

    static const struct {
        const char *base;
        const char *path;
    } rows[] = {{"/v1", "/metrics"}, {"/proxy/v1", "/proxy/metrics"}, {"", "/metrics"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {.key = "sk-7"};
        route_json(&server, rows[i].path, TEXT);
        server.routes[0].keyed = true;
        CLEANUP(bytes_done) struct bytes text;
        struct error err = {0};
        const struct asking asking = {.engine = "vllm", .key = "sk-7", .path = rows[i].base};
        assert_int_equal(fetch_at(&server, &asking, LONG, &text, &err), 0);
        assert_string_equal(text.data, TEXT);
        assert_non_null(strstr(server.last, "Authorization: Bearer sk-7\r\n"));
        assert_non_null(strstr(server.last, "Accept: text/plain;version=0.0.4\r\n"));
    }
}

static void test_fetch__says_what_would_help(void **state)
{
    (void)state;

    static const struct {
        const char *engine;
        const char *response; /* NULL: the path is not there */
        const char *says;
    } rows[] = {
        {"llamacpp",
         "HTTP/1.1 501 Not Implemented\r\nContent-Type: application/json\r\nConnection: close\r\n"
         "\r\n{\"error\":{\"code\":501,\"message\":\"This server does not support metrics "
         "endpoint.\",\"type\":\"not_supported_error\"}}",
         "/metrics answers 501: This server does not support metrics endpoint.: start the engine "
         "with --metrics"},
        {"sglang", NULL, "/metrics answers 404: Not Found: start the engine with --enable-metrics"},
        {"vllm", NULL, "/metrics answers 404: Not Found"},
        {"vllm", answer_401, "/metrics answers 401: Invalid API Key"},
        {"vllm", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na 1\n", "/metrics: "},
        {"vllm", "no HTTP at all", "/metrics: "},
        {"vllm", "", "/metrics: "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        if (rows[i].response != NULL) {
            route_text(&server, "/metrics", rows[i].response);
        }
        CLEANUP(bytes_done) struct bytes text;
        struct error err = {0};
        const struct asking asking = {.engine = rows[i].engine, .path = "/v1"};
        assert_int_equal(fetch_at(&server, &asking, LONG, &text, &err), -ERROR_UNAVAILABLE);
        if (strstr(err.text, rows[i].says) == NULL) {
            print_error("%s\n", err.text);
            fail();
        }
        assert_int_equal(text.len, 0);
    }
}

static void test_fetch__takes_no_more_than_it_may(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *body = mem_alloc(LONG + 1, 1);
    memset(body, '\n', LONG);
    struct server server = {0};
    route_json(&server, "/metrics", body);
    CLEANUP(bytes_done) struct bytes text;
    struct error err = {0};
    const struct asking asking = {.engine = "vllm", .path = "/v1"};
    assert_int_equal(fetch_at(&server, &asking, LONG - 1, &text, &err), -ERROR_LIMIT);
    assert_non_null(strstr(err.text, "/metrics: the answer is longer than 99999 bytes"));
}

static void test_init__an_engine_without_metrics_has_no_url(void **state)
{
    (void)state;
    const struct engine_target target = {.model = ""};
    struct engine_metrics_ask ask;
    engine_metrics_init(&ask, engine_find("openai"), &target);
    assert_null(ask.url);
    engine_metrics_done(&ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch__asks_beside_the_api_with_the_key),
        cmocka_unit_test(test_fetch__says_what_would_help),
        cmocka_unit_test(test_fetch__takes_no_more_than_it_may),
        cmocka_unit_test(test_init__an_engine_without_metrics_has_no_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
