/* The judge's port over a server on loopback. */
#include "base/text.h"
#include "suite/judge_http.h"
#include "support/loopback.h"
#include "support/replay.h"

static const struct message messages[] = {{"system", "Judge."}, {"user", "ANSWER"}};
static const struct prompt prompt = {.messages = messages, .n_messages = 2};

static void ask_server(struct server *server, int64_t timeout_ns, struct judge_reply *out)
{
    server_start(server);
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", server->port);
    struct engine_target target = {.base_url = url, .model = "judge-1", .api_key = "sk-secret"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(url, &target.endpoint, &err), 0);
    struct judge_http http = {
        .engine = engine_find("openai"),
        .target = &target,
        .max_tokens = 77,
        .timeout_ns = timeout_ns,
        .seed = 42,
    };
    const struct judge_port port = judge_http_port(&http);
    const atomic_bool stop = false;
    port.ask(port.context, &prompt, &stop, out);
    server_stop(server);
}

static const char *request_body(const struct server *server)
{
    const char *end = strstr(server->last, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void test_judge_http__one_request_that_is_not_streamed(void **state)
{
    (void)state;
    struct server server = {0};
    route_json(&server, "/v1/chat/completions", "{\"choices\":[]}");
    CLEANUP(judge_reply_done) struct judge_reply reply = {0};
    ask_server(&server, 10 * INT64_C(1000000000), &reply);
    assert_int_equal(reply.kind, JUDGE_REPLY_HTTP);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, "{\"choices\":[]}");
    assert_int_equal(reply.body_len, strlen(reply.body));
    assert_int_equal(reply.retry_after_ns, 0);
    assert_true(text_starts_with(server.last, "POST /v1/chat/completions HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last, "Authorization: Bearer sk-secret\r\n"));
    assert_non_null(strstr(server.last, "Content-Type: application/json\r\n"));
    assert_string_equal(
        request_body(&server),
        "{\"model\":\"judge-1\",\"messages\":[{\"role\":\"system\",\"content\":\"Judge.\"},"
        "{\"role\":\"user\",\"content\":\"ANSWER\"}],\"max_completion_tokens\":77,"
        "\"temperature\":0.0,\"seed\":42,\"stream\":false}");
}

static void test_judge_http__reads_retry_after(void **state)
{
    (void)state;

    static const struct {
        const char *head;
        int64_t wait_ns;
    } rows[] = {
        {"Retry-After: 7\r\n", 7 * INT64_C(1000000000)},
        {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0},
        {"Retry-After: soon\r\n", 0},
        {"Retry-After: 99999999999\r\n", 1000000 * INT64_C(1000000000)},
        {"", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        CLEANUP(mem_freep)
        char *answer = mem_format(
            "HTTP/1.1 429 Too Many Requests\r\n%sContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            rows[i].head);
        route_text(&server, "/v1/chat/completions", answer);
        CLEANUP(judge_reply_done) struct judge_reply reply = {0};
        ask_server(&server, 10 * INT64_C(1000000000), &reply);
        assert_int_equal(reply.status, 429);
        assert_int_equal(reply.retry_after_ns, rows[i].wait_ns);
    }
}

/* Asks where nothing of HTTP is: `address` may or may not have a listener. */
static void ask_silence(const struct address *address, int64_t timeout_ns, struct judge_reply *out)
{
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", loopback_port(address));
    struct engine_target target = {.base_url = url, .model = "judge-1"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(url, &target.endpoint, &err), 0);
    struct judge_http http = {
        .engine = engine_find("sim"), .target = &target, .timeout_ns = timeout_ns};
    const struct judge_port port = judge_http_port(&http);
    const atomic_bool stop = false;
    port.ask(port.context, &prompt, &stop, out);
    assert_true(out->error[0] != '\0');
    assert_null(strstr(out->error, "http://"));
}

/* The kernel refuses at once: the port is bound, and nobody listens. */
static void test_judge_http__nobody_there(void **state)
{
    (void)state;
    struct address address;
    const int fd = loopback_bind(AF_INET, &address);
    CLEANUP(judge_reply_done) struct judge_reply reply = {0};
    ask_silence(&address, 10 * INT64_C(1000000000), &reply);
    assert_int_equal(reply.kind, JUDGE_REPLY_CONNECT);
    (void)close(fd);
}

/* The kernel takes the connection, and nobody ever answers. */
static void test_judge_http__no_answer_in_time(void **state)
{
    (void)state;
    struct address address;
    const int fd = loopback_listen(AF_INET, 4, &address);
    CLEANUP(judge_reply_done) struct judge_reply reply = {0};
    ask_silence(&address, INT64_C(1000000), &reply);
    assert_int_equal(reply.kind, JUDGE_REPLY_TIMEOUT);
    (void)close(fd);
}

static void test_judge_http__an_answer_that_is_cut_short(void **state)
{
    (void)state;
    struct server server = {0};
    route_text(
        &server, "/v1/chat/completions",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{");
    CLEANUP(judge_reply_done) struct judge_reply reply = {0};
    ask_server(&server, 10 * INT64_C(1000000000), &reply);
    assert_int_equal(reply.kind, JUDGE_REPLY_CONNECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_http__one_request_that_is_not_streamed),
        cmocka_unit_test(test_judge_http__reads_retry_after),
        cmocka_unit_test(test_judge_http__nobody_there),
        cmocka_unit_test(test_judge_http__no_answer_in_time),
        cmocka_unit_test(test_judge_http__an_answer_that_is_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
