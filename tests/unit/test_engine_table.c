/* What every row must do: a new engine passes these without a test of its own. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"
#include "engine/engine.h"
#include "support/test.h"

#include <string.h>

static void test_engine_table__rows_are_complete(void **state)
{
    (void)state;
    assert_true(engine_table_len > 0);
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct engine_ops *row = engine_table[i];
        assert_true(row->name[0] != '\0' && row->summary[0] != '\0');
        assert_int_equal(
            strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(row->name));
        assert_null(strchr(row->summary, '\n'));
        assert_non_null(row->probe);
        assert_non_null(row->render_request);
        assert_non_null(row->read_event);
        assert_non_null(row->read_body);
        assert_true(row->default_port <= 65535);
        const char *const paths[] = {row->version_path, row->config_path, row->metrics_path};
        for (size_t p = 0; p < ARRAY_LEN(paths); p++) {
            assert_true(paths[p] == NULL || paths[p][0] == '/');
        }
        /* One way of counting in every event is enough. */
        assert_false(row->continuous_usage && row->timings_per_token);
    }
}

static void test_engine_find__knows_every_row_by_its_only_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        assert_ptr_equal(engine_find(engine_table[i]->name), engine_table[i]);
    }
    static const char *const promised[] = {"vllm", "sglang", "llamacpp", "tgi", "openai", "sim"};
    assert_int_equal(engine_table_len, ARRAY_LEN(promised));
    for (size_t i = 0; i < ARRAY_LEN(promised); i++) {
        assert_string_equal(engine_table[i]->name, promised[i]);
    }
    assert_null(engine_find("vLLM"));
    assert_null(engine_find(""));
}

static void test_engine_table__ports_of_local_servers(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        unsigned port;
    } ports[] = {
        {"vllm", 8000}, {"sglang", 30000}, {"llamacpp", 8080},
        {"tgi", 8080},  {"openai", 0},     {"sim", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        assert_int_equal(engine_find(ports[i].name)->default_port, ports[i].port);
    }
}

/* The body of a rendered request as a tree; checks the head's length field. */
static struct json *body_of(struct arena *arena, const struct rendered *request)
{
    const char *field = strstr(request->bytes, "Content-Length: ");
    assert_non_null(field);
    const unsigned long len = strtoul(field + strlen("Content-Length: "), NULL, 10);
    assert_int_equal(len, request->len - request->head_len);
    struct json *body = NULL;
    struct error err = {0};
    assert_int_equal(
        json_parse(arena, "body", request->bytes + request->head_len, len, &body, &err), 0);
    return body;
}

static void check_request(const struct engine_ops *row, bool chat, bool stream)
{
    const struct engine_target target = {
        .endpoint = {.authority = "h:1", .path = "/v1"}, .base_url = "http://h:1/v1", .model = "m"};
    const struct request_shape shape = {
        .chat = chat, .stream = stream, .max_tokens = 9, .temperature = 0.5, .salt = true};
    const struct message message = {"user", "hi"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    struct rendered out;
    struct error err = {0};
    assert_int_equal(row->render_request(row, &target, &shape, &prompt, &out, &err), 0);
    struct arena arena = {0};
    const struct json *body = body_of(&arena, &out);
    assert_string_equal(json_text(json_find(body, "model"), ""), "m");
    const struct json *text = json_find(json_at(json_find(body, "messages"), 0), "content");
    text = chat ? text : json_find(body, "prompt");
    static const char salted[] = "[ 0000 0000 0000 0000 0000 0000 0000 0000 ] hi";
    assert_string_equal(json_text(text, ""), salted);
    assert_memory_equal(out.bytes + out.salt_at - 2, salted, SALT_LEN + 2);
    int64_t limit = 0;
    const struct json *old = json_find(body, "max_tokens");
    assert_true(json_i64(old != NULL ? old : json_find(body, "max_completion_tokens"), &limit));
    assert_int_equal(limit, 9);
    bool streamed = !stream;
    assert_true(json_bool(json_find(body, "stream"), &streamed));
    assert_int_equal(streamed, stream);
    /* vLLM answers 400 to stream_options without stream: fixtures, err_stream_options_without_stream. */
    bool usage = false;
    assert_int_equal(json_bool(json_path(body, "stream_options.include_usage"), &usage), stream);
    assert_int_equal(
        json_path(body, "stream_options.continuous_usage_stats") != NULL,
        stream && row->continuous_usage);
    assert_int_equal(
        json_find(body, "timings_per_token") != NULL, stream && row->timings_per_token);
    arena_done(&arena);
    free(out.bytes);
}

static void test_engine_table__every_row_renders_valid_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        check_request(engine_table[i], true, true);
        check_request(engine_table[i], true, false);
        check_request(engine_table[i], false, true);
        check_request(engine_table[i], false, false);
    }
}

static void test_engine_table__every_row_reads_a_stream(void **state)
{
    (void)state;

    static const struct {
        const char *data;
        unsigned bits;
    } stream[] = {
        {"{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}", ANSWER_ROLE},
        {"{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}", ANSWER_CONTENT},
        {"{\"choices\":[{\"text\":\"Hi\"}]}", ANSWER_CONTENT},
        {"{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", ANSWER_FINISH},
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}", ANSWER_USAGE},
        {"[DONE]", ANSWER_DONE},
    };

    for (size_t i = 0; i < engine_table_len; i++) {
        for (size_t e = 0; e < ARRAY_LEN(stream); e++) {
            struct answer_event event;
            assert_true(
                engine_table[i]->read_event(stream[e].data, strlen(stream[e].data), &event));
            assert_int_equal(event.what, stream[e].bits);
        }
        static const char body[] =
            "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}";
        struct answer_event event;
        assert_true(engine_table[i]->read_body(body, sizeof(body) - 1, &event));
        assert_int_equal(event.what, ANSWER_CONTENT | ANSWER_FINISH);
        assert_false(engine_table[i]->read_event("{", 1, &event));
        assert_false(engine_table[i]->read_body("{}", 2, &event));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine_table__rows_are_complete),
        cmocka_unit_test(test_engine_find__knows_every_row_by_its_only_name),
        cmocka_unit_test(test_engine_table__ports_of_local_servers),
        cmocka_unit_test(test_engine_table__every_row_renders_valid_requests),
        cmocka_unit_test(test_engine_table__every_row_reads_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
