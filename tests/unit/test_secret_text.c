/* Command lines without their secrets.  Each row is a way in which engines are given keys. */
#include "base/text.h"
#include "hardware/normal_text.h"
#include "hardware/secret_text.h"
#include "support/test.h"

#include <string.h>

static void test_hide__every_way_to_give_a_key(void **state)
{
    (void)state;

    static const struct {
        const char *given;
        const char *shown;
    } rows[] = {
        /* names */
        {"--api-key=abc", "--api-key=(hidden)"},
        {"--api_key=a&b c\"d", "--api_key=(hidden)"},
        {"--api-key=\"ab\"cd", "--api-key=(hidden)"},
        {"--server.api-key=a&b", "--server.api-key=(hidden)"},
        {"--API-KEY=abc", "--API-KEY=(hidden)"},
        {"--openaiapikey=abc", "--openaiapikey=(hidden)"},
        {"--ssl-keyfile-password=x", "--ssl-keyfile-password=(hidden)"},
        {"--api-key=", "--api-key="},
        {"HF_TOKEN=abc", "HF_TOKEN=(hidden)"},
        {"HUGGING_FACE_HUB_TOKEN=abc", "HUGGING_FACE_HUB_TOKEN=(hidden)"},
        {"OPENAI_API_KEY=abc", "OPENAI_API_KEY=(hidden)"},
        {"AWS_SECRET_ACCESS_KEY=a/b+c=", "AWS_SECRET_ACCESS_KEY=(hidden)"},
        {"MYSQL_PWD=x", "MYSQL_PWD=(hidden)"},
        {"env.HF_TOKEN=abc", "env.HF_TOKEN=(hidden)"},
        /* headers */
        {"Authorization: Bearer abc def", "Authorization: (hidden)"},
        {"--header=authorization:Basic dTpw", "--header=authorization:(hidden)"},
        {"{\"Authorization\":\"Bearer abc\"}", "{\"Authorization\":\"(hidden)\"}"},
        {"X-Api-Key: abc", "X-Api-Key: (hidden)"},
        {"Cookie: a=1; b=2", "Cookie: (hidden)"},
        {"send Bearer abc now", "send Bearer (hidden) now"},
        /* JSON and addresses */
        {"{\"api_key\": \"a\\\"b\", \"n\": 1}", "{\"api_key\": \"(hidden)\", \"n\": 1}"},
        {"{'token':'abc','n':1}", "{'token':'(hidden)','n':1}"},
        {"{\\\"api_key\\\": \\\"abc", "{\\\"api_key\\\": \\(hidden)"},
        {"{\"api_key\": \"never closed", "{\"api_key\": (hidden)"},
        {"--config={\"token\": 12345}", "--config={\"token\": (hidden)"},
        {"http://u:p@h/v1", "http://(hidden)@h/v1"},
        {"--url=https://u:p@q@h:1/x?token=abc&n=2",
         "--url=https://(hidden)@h:1/x?token=(hidden)&n=2"},
        {"http://h/a@b", "http://h/a@b"},
        /* forms of keys */
        {"sk-abcdefgh", "(hidden)"},
        {"--x=sk-proj-abcdefgh_1,y", "--x=(hidden),y"},
        {"hf_abcdefgh", "(hidden)"},
        {"ghp_abcdefghijklmnop", "(hidden)"},
        {"key AKIAABCDEFGHIJKLMNOP", "key (hidden)"},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-", "(hidden)"},
        {"a-known-secret", "a-(hidden)"},
        {"known-secret-twice:known-secret", "(hidden)-twice:(hidden)"},
        /* what is no secret */
        {"--max-tokens=5", "--max-tokens=5"},
        {"--tokenizer=meta/x", "--tokenizer=meta/x"},
        {"--api-key-file=/run/keys/k", "--api-key-file=/run/keys/k"},
        {"--tokenizer-mode=auto", "--tokenizer-mode=auto"},
        {"--compass=north", "--compass=north"},
        {"/opt/sk-learn", "/opt/sk-learn"},
        {"task-abcdefghij", "task-abcdefghij"},
        {"--port=8000", "--port=8000"},
        {"-", "-"},
        {"--", "--"},
        {"", ""},
    };

    static const char *const texts[] = {"known-secret", "k", ""};
    const struct secret_list known = {texts, ARRAY_LEN(texts)};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        const char *shown = secret_text_hide(&arena, rows[i].given, &known);
        if (strcmp(shown, rows[i].shown) != 0) {
            fail_msg("'%s' is shown as '%s', not '%s'", rows[i].given, shown, rows[i].shown);
        }
        /* What is hidden stays hidden, and nothing more is. */
        assert_string_equal(secret_text_hide(&arena, shown, NULL), shown);
        arena_done(&arena);
    }
}

static void test_names_next__options_whose_value_follows(void **state)
{
    (void)state;
    static const char *const secret[] = {"--api-key",       "--api_key",   "--hf-token", "--token",
                                         "--admin-api-key", "--password",  "-token",     "--secret",
                                         "--auth",          "--opts.token"};
    static const char *const plain[] = {"--max-tokens", "--tokenizer", "--api-key-file",
                                        "--api-key=x",  "--port",      "api-key",
                                        "--",           "-",           "",
                                        "--a b-token c"};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        assert_true(secret_text_names_next(secret[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        assert_false(secret_text_names_next(plain[i]));
    }
}

#define LINE(text) text, sizeof(text) - 1

static void test_command_line__hides_what_an_option_takes(void **state)
{
    (void)state;

    static const struct {
        const char *bytes;
        size_t len;
        const char *shown;
    } rows[] = {
        {LINE("a\0--port\0"
              "1\0"),
         "[\"a\",\"--port\",\"1\"]"},
        {LINE("a\0--api-key\0k\0--port\0"
              "1\0"),
         "[\"a\",\"--api-key\",\"(hidden)\",\"--port\",\"1\"]"},
        {LINE("a\0--api-key\0k\0k2\0--x\0y\0"),
         "[\"a\",\"--api-key\",\"(hidden)\",\"(hidden)\",\"--x\",\"y\"]"},
        {LINE("a\0--api-key\0-k\0--x\0"), "[\"a\",\"--api-key\",\"(hidden)\",\"--x\"]"},
        {LINE("a\0--api-key\0"), "[\"a\",\"--api-key\"]"},
        {LINE("a\0\0b"), "[\"a\",\"\",\"b\"]"},
        {LINE(" padded \0\xff\0"), "[\"padded\",\"?\"]"},
        {LINE(""), "[]"},
        {LINE("VLLM::Worker\0"), "[\"VLLM::Worker\"]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        json_write_compact(
            secret_text_command_line(&arena, rows[i].bytes, rows[i].len, NULL), &text);
        assert_string_equal(text.data, rows[i].shown);
        bytes_done(&text);
        arena_done(&arena);
    }
}

static void test_command_line__is_cut_where_it_is_too_long(void **state)
{
    (void)state;
    struct arena arena = {0};
    const size_t n = SECRET_ARGUMENTS_MAX + 1;
    char *many = arena_alloc(&arena, 2 * n);
    for (size_t i = 0; i < n; i++) {
        many[2 * i] = 'x';
    }
    const struct json *at_limit = secret_text_command_line(&arena, many, 2 * (n - 1), NULL);
    assert_int_equal(at_limit->len, SECRET_ARGUMENTS_MAX);
    assert_string_equal(at_limit->last->text, "x");
    const struct json *above = secret_text_command_line(&arena, many, 2 * n, NULL);
    assert_int_equal(above->len, SECRET_ARGUMENTS_MAX + 1);
    assert_string_equal(above->last->text, "... (more arguments)");

    char *longest = arena_alloc(&arena, SECRET_ARGUMENT_BYTES + 2);
    memset(longest, 'y', SECRET_ARGUMENT_BYTES);
    const struct json *whole =
        secret_text_command_line(&arena, longest, SECRET_ARGUMENT_BYTES, NULL);
    assert_int_equal(whole->first->len, SECRET_ARGUMENT_BYTES);
    longest[SECRET_ARGUMENT_BYTES] = 'y';
    const struct json *cut =
        secret_text_command_line(&arena, longest, SECRET_ARGUMENT_BYTES + 1, NULL);
    assert_true(text_ends_with(cut->first->text, "yyy... (4097 bytes)"));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hide__every_way_to_give_a_key),
        cmocka_unit_test(test_names_next__options_whose_value_follows),
        cmocka_unit_test(test_command_line__hides_what_an_option_takes),
        cmocka_unit_test(test_command_line__is_cut_where_it_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
