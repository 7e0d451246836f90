/* Bodies of completion requests: what is taken from them and what is wrong with them. */
#include "sim/sim_ask.h"
#include "support/test.h"

#include <string.h>

static struct sim_ask read_ask(const char *body, bool chat)
{
    struct sim_ask ask;
    sim_ask_read(body, strlen(body), chat, &ask);
    return ask;
}

static void test_read__finds_what_is_wrong(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        enum sim_ask_error error;
        bool chat;
        const char *body;
    } rows[] = {
        {"empty", SIM_ASK_JSON, true, ""},
        {"cut", SIM_ASK_JSON, true, "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}"},
        {"cut in options", SIM_ASK_JSON, true, "{\"stream_options\":{\"include_usage\":tr"},
        {"cut in parts", SIM_ASK_JSON, true, "{\"messages\":[{\"content\":[{\"text\":\"a\""},
        {"cut in prompts", SIM_ASK_JSON, false, "{\"prompt\":[\"a\","},
        {"cut in ids", SIM_ASK_JSON, false, "{\"prompt\":[1,2"},
        {"array", SIM_ASK_JSON, true, "[]"},
        {"more behind", SIM_ASK_JSON, true, "{\"messages\":[]} x"},
        {"prompt of objects", SIM_ASK_JSON, false, "{\"prompt\":[{}]}"},
        {"no messages", SIM_ASK_NO_MESSAGES, true, "{\"model\":\"m\"}"},
        {"messages is text", SIM_ASK_MESSAGES_TYPE, true, "{\"messages\":\"hi\"}"},
        {"message without role", SIM_ASK_NO_ROLE, true, "{\"messages\":[{\"content\":\"hi\"}]}"},
        {"message is a number", SIM_ASK_NO_ROLE, true, "{\"messages\":[1]}"},
        {"no prompt", SIM_ASK_NO_PROMPT, false, "{\"max_tokens\":4}"},
        {"prompt null", SIM_ASK_NO_PROMPT, false, "{\"prompt\":null}"},
        {"no prompts", SIM_ASK_NO_PROMPT, false, "{\"prompt\":[]}"},
        {"max_tokens is text", SIM_ASK_MAX_TOKENS, false,
         "{\"prompt\":\"a\",\"max_tokens\":\"many\"}"},
        {"max_tokens below 0", SIM_ASK_MAX_TOKENS, false, "{\"prompt\":\"a\",\"max_tokens\":-1}"},
        {"max_tokens a fraction", SIM_ASK_MAX_TOKENS, false,
         "{\"prompt\":\"a\",\"max_tokens\":1.5}"},
        {"stream options alone", SIM_ASK_STREAM_OPTIONS, false,
         "{\"prompt\":\"a\",\"stream_options\":{\"include_usage\":true}}"},
        {"n is 0", SIM_ASK_CHOICES, false, "{\"prompt\":\"a\",\"n\":0}"},
        {"n is 9", SIM_ASK_CHOICES, false, "{\"prompt\":\"a\",\"n\":9}"},
        {"n times prompts", SIM_ASK_CHOICES, false, "{\"prompt\":[\"a\",\"b\",\"c\"],\"n\":3}"},
        {"nine prompts", SIM_ASK_CHOICES, false,
         "{\"prompt\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]}"},
        {"fine", SIM_ASK_OK, true, "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"},
        {"null options", SIM_ASK_OK, true,
         "{\"messages\":[],\"stream_options\":null,\"max_tokens\":null}"},
        {"unknown fields", SIM_ASK_OK, true,
         "{\"x\":{\"y\":[1,{\"z\":null}]},\"messages\":[],\"logprobs\":true,\"stop\":[\"a\"]}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_ask ask = read_ask(rows[i].body, rows[i].chat);
        if (ask.error != rows[i].error) {
            print_error("%s: error %d\n", rows[i].what, (int)ask.error);
            fail();
        }
    }
}

static void test_read__takes_the_fields(void **state)
{
    (void)state;
    const struct sim_ask ask = read_ask(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"be kind\"},"
        "{\"content\":[{\"type\":\"text\",\"text\":\"one two\"},{\"type\":\"image_url\",\"image_url\":"
        "{\"url\":\"x\"}}],\"role\":\"user\"},{\"role\":\"assistant\",\"content\":null}],"
        "\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true,"
        "\"x\":1},\"max_completion_tokens\":7,\"min_tokens\":3,\"n\":2,\"ignore_eos\":true,"
        "\"timings_per_token\":true,\"cache_prompt\":false}",
        true);
    assert_int_equal(ask.error, SIM_ASK_OK);
    assert_string_equal(ask.model, "m");
    assert_true(ask.stream && ask.has_stream_options && ask.include_usage && ask.continuous_usage);
    assert_true(ask.ignore_eos && ask.timings_per_token && !ask.cache_prompt);
    assert_int_equal(ask.max_tokens, 7);
    assert_int_equal(ask.min_tokens, 3);
    assert_int_equal(ask.n, 2);
    assert_int_equal(ask.n_prompts, 1);
    assert_int_equal(ask.prompt_tokens[0], 4 + 3 * SIM_MESSAGE_TOKENS);
}

static void test_read__has_defaults(void **state)
{
    (void)state;
    const struct sim_ask ask = read_ask("{\"prompt\":\"a\"}", false);
    assert_int_equal(ask.max_tokens, SIM_TOKENS_UNSET);
    assert_int_equal(ask.n, 1);
    assert_true(ask.cache_prompt);
    assert_false(ask.stream || ask.ignore_eos || ask.prompt_array);
    assert_string_equal(ask.model, "");
}

static void test_read__counts_prompts_of_every_form(void **state)
{
    (void)state;

    static const struct {
        const char *body;
        bool array;
        uint32_t n;
        uint32_t tokens[2];
    } rows[] = {
        {"{\"prompt\":\"one two three\"}", false, 1, {4, 0}},
        {"{\"prompt\":[\"Hello\",\"Goodbye now\"]}", true, 2, {2, 3}},
        {"{\"prompt\":[1,22,333]}", false, 1, {3, 0}},
        {"{\"prompt\":[[1,22],[333]]}", true, 2, {2, 1}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_ask ask = read_ask(rows[i].body, false);
        assert_int_equal(ask.error, SIM_ASK_OK);
        assert_int_equal(ask.prompt_array, rows[i].array);
        assert_int_equal(ask.n_prompts, rows[i].n);
        assert_int_equal(ask.prompt_tokens[0], rows[i].tokens[0]);
        assert_int_equal(ask.prompt_tokens[1], rows[i].tokens[1]);
    }
}

static void test_count__is_words_in_pieces_of_four(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        uint32_t tokens;
    } rows[] = {
        {"", 0},          {"a", 1},          {"abcd", 1},
        {"abcde", 2},     {"  a  b ", 2},    {"abcdefgh", 2},
        {"abcdefghi", 3}, {"a\tb\nc\rd", 4}, {"Name three colors.", 1 + 2 + 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(sim_ask_count(rows[i].text, strlen(rows[i].text)), rows[i].tokens);
    }
}

static void test_hash__tells_bodies_apart(void **state)
{
    (void)state;
    assert_int_equal(sim_hash(0, "abc", 3), sim_hash(0, "abc", 3));
    assert_int_not_equal(sim_hash(0, "abc", 3), sim_hash(1, "abc", 3));
    /* Zero bytes at the end count. */
    assert_int_not_equal(sim_hash(0, "a\0", 1), sim_hash(0, "a\0", 2));

    /* All bodies that differ in one byte have hashes of their own. */
    enum {
        SIZE = 64,
        VALUES = 3
    };

    char body[SIZE];
    uint64_t seen[SIZE * VALUES];
    memset(body, 'x', sizeof(body));
    for (size_t n = 0; n < ARRAY_LEN(seen); n++) {
        body[n / VALUES] = (char)('0' + (char)(n % VALUES));
        seen[n] = sim_hash(0, body, sizeof(body));
        body[n / VALUES] = 'x';
        for (size_t i = 0; i < n; i++) {
            assert_int_not_equal(seen[i], seen[n]);
        }
    }
}

static void test_prompt_hash__depends_on_the_prompt_alone(void **state)
{
    (void)state;
    const struct sim_ask a = read_ask("{\"prompt\":\"one\",\"max_tokens\":4}", false);
    const struct sim_ask b = read_ask("{\"max_tokens\":5,\"prompt\":\"one\"}", false);
    const struct sim_ask c = read_ask("{\"prompt\":\"two\",\"max_tokens\":4}", false);
    assert_int_equal(a.prompt_hash, b.prompt_hash);
    assert_int_not_equal(a.prompt_hash, c.prompt_hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__finds_what_is_wrong),
        cmocka_unit_test(test_read__takes_the_fields),
        cmocka_unit_test(test_read__has_defaults),
        cmocka_unit_test(test_read__counts_prompts_of_every_form),
        cmocka_unit_test(test_count__is_words_in_pieces_of_four),
        cmocka_unit_test(test_hash__tells_bodies_apart),
        cmocka_unit_test(test_prompt_hash__depends_on_the_prompt_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
