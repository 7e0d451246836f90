#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/json.h"
#include "engine/engine.h"
#include "engine/version.h"
#include "support/test.h"

#include <string.h>

static const struct message chat[] = {
    {"system", "Be brief."},
    {"user", "Say \"h\xc3\xa9\"\n\xf0\x9f\x9a\x80"},
};
static const struct prompt chat_prompt = {.messages = chat, .n_messages = 2};
static const struct prompt plain_prompt = {.messages = chat + 1, .n_messages = 1};

static struct engine_target local_target(void)
{
    return (struct engine_target){
        .endpoint =
            {.host = "127.0.0.1", .port = 8000, .path = "/v1", .authority = "127.0.0.1:8000"},
        .base_url = "http://127.0.0.1:8000/v1",
        .model = "m",
    };
}

static struct request_shape chat_shape(void)
{
    return (struct request_shape){
        .chat = true, .stream = true, .max_tokens = 24, .temperature = 0.0, .seed = 42};
}

/* Renders or fails the test.  Caller frees with free(). */
static char *render(
    const char *engine,
    const struct engine_target *target,
    const struct request_shape *shape,
    const struct prompt *prompt,
    struct rendered *out)
{
    const struct engine_ops *ops = engine_find(engine);
    assert_non_null(ops);
    struct error err = {0};
    if (ops->render_request(ops, target, shape, prompt, out, &err) < 0) {
        print_error("%s: %s\n", engine, err.text);
        fail();
    }
    assert_int_equal(strlen(out->bytes), out->len);
    assert_true(out->head_len < out->len);
    assert_memory_equal(out->bytes + out->head_len - 4, "\r\n\r\n", 4);
    return out->bytes;
}

static void test_render_request__exact_bytes(void **state)
{
    (void)state;

    const struct {
        const char *engine;
        bool chat;
        bool stream;
        const char *start; /* of the request line and Accept */
        const char *accept;
        const char *body;
    } rows[] = {
        {"vllm", true, true, "POST /v1/chat/completions HTTP/1.1\r\n", "text/event-stream",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":"
         "\"user\",\"content\":\"Say \\\"h\\u00e9\\\"\\n\\ud83d\\ude80\"}],\"max_tokens\":24,"
         "\"temperature\":0.0,\"seed\":42,\"stream\":true,\"stream_options\":{\"include_usage\":"
         "true,\"continuous_usage_stats\":true}}"},
        {"llamacpp", false, true, "POST /v1/completions HTTP/1.1\r\n", "text/event-stream",
         "{\"model\":\"m\",\"prompt\":\"Say \\\"h\\u00e9\\\"\\n\\ud83d\\ude80\",\"max_tokens\":24,"
         "\"temperature\":0.0,\"seed\":42,\"stream\":true,\"stream_options\":{\"include_usage\":"
         "true},\"timings_per_token\":true}"},
        {"openai", true, false, "POST /v1/chat/completions HTTP/1.1\r\n", "application/json",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":"
         "\"user\",\"content\":\"Say \\\"h\\u00e9\\\"\\n\\ud83d\\ude80\"}],"
         "\"max_completion_tokens\":24,\"temperature\":0.0,\"seed\":42,\"stream\":false}"},
        {"openai", false, false, "POST /v1/completions HTTP/1.1\r\n", "application/json",
         "{\"model\":\"m\",\"prompt\":\"Say \\\"h\\u00e9\\\"\\n\\ud83d\\ude80\",\"max_tokens\":24,"
         "\"temperature\":0.0,\"seed\":42,\"stream\":false}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct engine_target target = local_target();
        struct request_shape shape = chat_shape();
        shape.chat = rows[i].chat;
        shape.stream = rows[i].stream;
        struct rendered out;
        CLEANUP(mem_freep)
        char *bytes = render(
            rows[i].engine, &target, &shape, shape.chat ? &chat_prompt : &plain_prompt, &out);
        CLEANUP(mem_freep)
        char *wanted = mem_format(
            "%sHost: 127.0.0.1:8000\r\nUser-Agent: bench/" BENCH_VERSION "\r\nAccept: %s\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            rows[i].start, rows[i].accept, strlen(rows[i].body), rows[i].body);
        assert_string_equal(bytes, wanted);
        assert_int_equal(out.salt_at, 0);
    }
}

static void test_render_request__is_deterministic(void **state)
{
    (void)state;
    const struct engine_target target = local_target();
    struct request_shape shape = chat_shape();
    shape.salt = true;
    shape.extra_body = "{\"top_p\":0.5,\"stop\":[\"x\"]}";
    struct rendered first;
    struct rendered second;
    CLEANUP(mem_freep) char *a = render("sglang", &target, &shape, &chat_prompt, &first);
    CLEANUP(mem_freep) char *b = render("sglang", &target, &shape, &chat_prompt, &second);
    assert_string_equal(a, b);
    assert_int_equal(first.salt_at, second.salt_at);
}

static void test_render_request__salt_is_where_it_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct engine_target target = local_target();
        /* A model that looks like the salt's surroundings must not mislead. */
        target.model = "\"content\":\"[000000000000] ";
        struct request_shape shape = chat_shape();
        shape.chat = i == 0;
        shape.salt = true;
        struct rendered out;
        CLEANUP(mem_freep)
        char *bytes =
            render("vllm", &target, &shape, shape.chat ? &chat_prompt : &plain_prompt, &out);
        assert_true(out.salt_at > out.head_len);
        prompt_salt_write(bytes + out.salt_at, 7, 1);
        char salt[SALT_TEXT_LEN + 1] = "";
        memcpy(salt, bytes + out.salt_at, SALT_TEXT_LEN);

        struct arena arena = {0};
        struct error err = {0};
        struct json *body = NULL;
        assert_int_equal(
            json_parse(&arena, "body", bytes + out.head_len, out.len - out.head_len, &body, &err),
            0);
        const struct json *text =
            shape.chat ? json_find(json_at(json_find(body, "messages"), 0), "content")
                       : json_find(body, "prompt");
        CLEANUP(mem_freep)
        char *wanted =
            mem_format("[ %s ] %s", salt, shape.chat ? chat[0].content : chat[1].content);
        assert_string_equal(json_text(text, ""), wanted);
        assert_int_equal(
            strlen(wanted) - strlen(shape.chat ? chat[0].content : chat[1].content), SALT_LEN);
        arena_done(&arena);
    }
}

static void test_render_request__limit_and_seed(void **state)
{
    (void)state;
    const struct engine_target target = local_target();
    struct request_shape shape = chat_shape();
    shape.seed = UINT64_C(0xffffffffffffffff);
    shape.temperature = 0.7;
    struct prompt prompt = chat_prompt;
    prompt.max_tokens = 5;
    struct rendered out;
    CLEANUP(mem_freep) char *bytes = render("tgi", &target, &shape, &prompt, &out);
    assert_non_null(strstr(bytes, "\"max_tokens\":5,"));
    assert_non_null(strstr(bytes, "\"temperature\":0.7,"));
    /* 4294967295 would mean "random" to llama.cpp, more bits would be refused elsewhere. */
    assert_non_null(strstr(bytes, "\"seed\":2147483647,"));
}

static void test_render_request__ignore_eos_where_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct engine_target target = local_target();
        struct request_shape shape = chat_shape();
        shape.ignore_eos = true;
        struct rendered out;
        CLEANUP(mem_freep)
        char *bytes = render(engine_table[i]->name, &target, &shape, &chat_prompt, &out);
        assert_int_equal(strstr(bytes, "\"ignore_eos\":true") != NULL, engine_table[i]->ignore_eos);
    }
}

static void test_render_request__key_and_headers(void **state)
{
    (void)state;
    static const char *const headers[] = {"X-Team:blue", "user-agent:  mine", "X-Empty:"};
    struct engine_target target = local_target();
    target.api_key = "sk-123";
    target.headers = headers;
    target.n_headers = ARRAY_LEN(headers);
    target.endpoint = (struct endpoint){.authority = "[::1]:80", .path = ""};
    const struct request_shape shape = chat_shape();
    struct rendered out;
    CLEANUP(mem_freep) char *bytes = render("vllm", &target, &shape, &chat_prompt, &out);
    CLEANUP(mem_freep)
    char *wanted = mem_format(
        "POST /chat/completions HTTP/1.1\r\nHost: [::1]:80\r\nAccept: text/event-stream\r\n"
        "Content-Type: application/json\r\nAuthorization: Bearer sk-123\r\nX-Team: blue\r\n"
        "user-agent: mine\r\nX-Empty: \r\nContent-Length: %u\r\n\r\n",
        out.len - out.head_len);
    bytes[out.head_len] = '\0';
    assert_string_equal(bytes, wanted);
}

static void test_render_request__the_users_authorization_wins(void **state)
{
    (void)state;
    static const char *const headers[] = {"AUTHORIZATION: Basic eA=="};
    struct engine_target target = local_target();
    target.api_key = "sk-123";
    target.headers = headers;
    target.n_headers = ARRAY_LEN(headers);
    const struct request_shape shape = chat_shape();
    struct rendered out;
    CLEANUP(mem_freep) char *bytes = render("vllm", &target, &shape, &chat_prompt, &out);
    assert_non_null(strstr(bytes, "AUTHORIZATION: Basic eA==\r\n"));
    assert_null(strstr(bytes, "sk-123"));
}

static void test_render_request__extra_body_wins(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *extra;
        const char *tail; /* of the body, from "max_tokens" on */
    } rows[] = {
        {"an empty object", "{}",
         "\"max_tokens\":24,\"temperature\":0.0,\"seed\":42,\"stream\":false}"},
        {"a new member", "{\"top_p\":0.90,\"stop\":[\"a\",{\"b\":1e5}]}",
         "\"max_tokens\":24,\"temperature\":0.0,\"seed\":42,\"stream\":false,\"top_p\":0.90,"
         "\"stop\":[\"a\",{\"b\":1e5}]}"},
        {"a replaced member", " {\"temperature\" : 1 } ",
         "\"max_tokens\":24,\"seed\":42,\"stream\":false,\"temperature\":1}"},
        {"a removed member", "{\"seed\":null,\"max_tokens\":null,\"absent\":null}",
         "\"temperature\":0.0,\"stream\":false}"},
        {"n of 1", "{\"n\":1}",
         "\"max_tokens\":24,\"temperature\":0.0,\"seed\":42,\"stream\":false,\"n\":1}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct engine_target target = local_target();
        struct request_shape shape = chat_shape();
        shape.chat = false;
        shape.stream = false;
        shape.extra_body = rows[i].extra;
        struct rendered out;
        CLEANUP(mem_freep) char *bytes = render("vllm", &target, &shape, &plain_prompt, &out);
        if (!text_ends_with(bytes, rows[i].tail)) {
            print_error("%s: %s\n", rows[i].what, bytes + out.head_len);
            fail();
        }
    }
}

/* One thing wrong each. */
struct refusal {
    const char *what;
    const char *header;
    const char *key;
    const char *extra;
    const char *content;
    const char *text; /* part of the message */
};

static const struct refusal refusals[] = {
    {"line break in a header", "X-A: b\r\nX-C: d", NULL, NULL, "hi", "--header X-A: "},
    {"LF in a header", "X-A: b\nX-C: d", NULL, NULL, "hi", "control character"},
    {"DEL in a header", "X-A: \x7f", NULL, NULL, "hi", "control character"},
    {"no colon", "X-A b", NULL, NULL, "hi", "'X-A b' is not of the form Name: value"},
    {"no name", ": b", NULL, NULL, "hi", "is not of the form"},
    {"an equals sign instead", "X-Key=secret", NULL, NULL, "hi", "'X-Key' is not of the form"},
    {"a blank in the name", "X A: b", NULL, NULL, "hi", "is not of the form"},
    {"Content-Length", "content-length: 3", NULL, NULL, "hi", "--header Content-Length: "},
    {"Transfer-Encoding", "Transfer-Encoding: chunked", NULL, NULL, "hi", "belongs to"},
    {"Connection", "Connection: close", NULL, NULL, "hi", "belongs to the connection"},
    {"line break in the key", NULL, "sk-1\r\nX: y", NULL, "hi", "--api-key-env"},
    {"newline at the key's end", NULL, "sk-1\n", NULL, "hi", "trailing newline"},
    {"blank in the key", NULL, "sk 1", NULL, "hi", "--api-key-env"},
    {"non-ASCII key", NULL, "sk\xc3\xa9", NULL, "hi", "--api-key-env"},
    {"empty key", NULL, "", NULL, "hi", "is empty"},
    {"extra body cut", NULL, NULL, "{\"a\":", "hi", "--extra-body:1:"},
    {"extra body an array", NULL, NULL, "[1]", "hi", "--extra-body: a JSON object is expected"},
    {"extra body a word", NULL, NULL, "top_k=3", "hi", "--extra-body:1:1"},
    {"extra body with a key twice", NULL, NULL, "{\"a\":1,\"a\":2}", "hi", "--extra-body:1:"},
    {"extra body with model", NULL, NULL, "{\"model\":\"x\"}", "hi", "'model'"},
    {"extra body with messages", NULL, NULL, "{\"messages\":[]}", "hi", "'messages'"},
    {"extra body with prompt", NULL, NULL, "{\"prompt\":null}", "hi", "'prompt'"},
    {"extra body with stream", NULL, NULL, "{\"stream\":false}", "hi", "'stream'"},
    {"extra body with n", NULL, NULL, "{\"n\":2}", "hi", "'n' must be 1"},
    {"extra body with n as text", NULL, NULL, "{\"n\":\"1\"}", "hi", "'n' must be 1"},
    {"a prompt that is not UTF-8", NULL, NULL, NULL, "h\xff", "message 1 of a prompt"},
};

static void test_render_request__refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct engine_target target = local_target();
        target.headers = &row->header;
        target.n_headers = row->header != NULL ? 1 : 0;
        target.api_key = row->key;
        struct request_shape shape = chat_shape();
        shape.extra_body = row->extra;
        const struct message message = {"user", row->content};
        const struct prompt prompt = {.messages = &message, .n_messages = 1};
        struct rendered out = {.len = 77};
        struct error err = {0};
        const struct engine_ops *ops = engine_table[0];
        const int status = ops->render_request(ops, &target, &shape, &prompt, &out, &err);
        if (status != -ERROR_USAGE || err.code != ERROR_USAGE ||
            strstr(err.text, row->text) == NULL) {
            print_error("%s: %d '%s'\n", row->what, status, err.text);
            fail();
        }
        assert_int_equal(out.len, 77);
        assert_null(strstr(err.text, "secret"));
        assert_null(strstr(err.text, "sk"));
    }
}

/* Also where a dataset of chats is given to a benchmark of plain completions. */
static void test_render_request__completion_of_a_chat_is_refused(void **state)
{
    (void)state;
    static const struct message messages[] = {{"system", "Be brief."}, {"user", "Hi"}};
    const struct prompt prompt = {.messages = messages, .n_messages = 2};
    struct engine_target target = local_target();
    struct request_shape shape = chat_shape();
    shape.chat = false;
    struct rendered out = {0};
    struct error err = {0};
    const struct engine_ops *ops = engine_table[0];
    assert_int_equal(ops->render_request(ops, &target, &shape, &prompt, &out, &err), -ERROR_USAGE);
    assert_string_equal(
        err.text, "a prompt of 2 messages is a chat, and /completions takes one text: give a "
                  "dataset of single texts, or a benchmark of shape 'chat'");
    assert_null(out.bytes);
}

/* What comes before the salted message is sent as it is, so that an engine can have it cached. */
static void test_render_request__salt_leaves_what_is_shared(void **state)
{
    (void)state;
    static const struct message messages[] = {{"system", "Shared."}, {"user", "Own."}};
    const struct prompt prompt = {.messages = messages, .n_messages = 2, .salt_message = 1};
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = 16, .salt = true, .seed = 7};
    struct engine_target target = {.base_url = "http://127.0.0.1:8000/v1", .model = "m"};
    struct error err = {0};
    assert_int_equal(endpoint_parse(target.base_url, &target.endpoint, &err), 0);
    const struct engine_ops *engine = engine_find("vllm");
    struct rendered out = {0};
    assert_int_equal(engine->render_request(engine, &target, &shape, &prompt, &out, &err), 0);
    const char *user =
        strstr(out.bytes, "{\"role\":\"system\",\"content\":\"Shared.\"},{\"role\":\"user\"");
    assert_non_null(user);
    const char *salted = strstr(user, "\"content\":\"[ ");
    assert_ptr_equal(salted, strstr(user, "user\"") + strlen("user\","));
    assert_ptr_equal(out.bytes + out.salt_at, salted + strlen("\"content\":\"[ "));
    assert_memory_equal(out.bytes + out.salt_at + SALT_TEXT_LEN, " ] Own.", strlen(" ] Own."));
    free(out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_render_request__exact_bytes),
        cmocka_unit_test(test_render_request__is_deterministic),
        cmocka_unit_test(test_render_request__salt_is_where_it_says),
        cmocka_unit_test(test_render_request__salt_leaves_what_is_shared),
        cmocka_unit_test(test_render_request__limit_and_seed),
        cmocka_unit_test(test_render_request__ignore_eos_where_known),
        cmocka_unit_test(test_render_request__key_and_headers),
        cmocka_unit_test(test_render_request__the_users_authorization_wins),
        cmocka_unit_test(test_render_request__extra_body_wins),
        cmocka_unit_test(test_render_request__refuses),
        cmocka_unit_test(test_render_request__completion_of_a_chat_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
