/* Counting against the simulated engine on loopback, whose rule is written down (sim_ask.h), and against
 * answers of other shapes. */
#include "base/mem.h"
#include "engine/engine_tokens.h"
#include "sim/sim_server.h"
#include "support/replay.h"

static const struct request_shape chat_shape = {
    .chat = true, .stream = true, .max_tokens = 50, .salt = true};
static const struct request_shape plain_shape = {.stream = true, .max_tokens = 50, .salt = true};

static struct engine_target target_of(unsigned port, char url[64])
{
    struct engine_target target = {.model = "sim"};
    struct error err = {0};
    (void)snprintf(url, 64, "http://127.0.0.1:%u/v1", port);
    target.base_url = url;
    assert_int_equal(endpoint_parse(url, &target.endpoint, &err), 0);
    return target;
}

static void check_sim(enum sim_style style, const char *engine)
{
    const struct sim_server_options options = {.sim = {.style = style, .tokens = 8}};
    struct sim_server *server = NULL;
    struct error err = {0};
    char url[64];
    assert_int_equal(sim_server_start(&options, &server, &err), 0);
    const struct engine_target target = target_of(sim_server_port(server), url);
    for (int chat = 0; chat < 2; chat++) {
        struct engine_tokens_ask ask;
        engine_tokens_init(
            &ask, engine_find(engine), &target, chat != 0 ? &chat_shape : &plain_shape);
        uint32_t count = 0;
        /* One token for each 4 bytes of a word, begun ones too. */
        assert_int_equal(engine_tokens_of_text(&ask, "one three fourteen", &count, &err), 0);
        assert_int_equal(count, 1 + 2 + 2);
        /* A chat adds 4; a salt would add more. */
        assert_int_equal(engine_tokens_of_request(&ask, "one three fourteen", &count, &err), 0);
        assert_int_equal(count, 5 + (chat != 0 ? 4 : 0));
        engine_tokens_done(&ask);
    }
    assert_int_equal(sim_server_stop(server, &err), 0);
}

static void test_engine_tokens__agree_with_the_simulated_engine(void **state)
{
    (void)state;
    check_sim(SIM_STYLE_VLLM, "vllm");
    check_sim(SIM_STYLE_VLLM, "sim");
    check_sim(SIM_STYLE_LLAMACPP, "llamacpp");
}

/* What an engine answers, and what is made of it; 0: an error with this text. */
struct answer_row {
    const char *engine;
    const char *answer;
    uint32_t count;
    const char *message;
};

static void check_row(const struct answer_row *row, const char *path, bool of_request)
{
    struct server server = {0};
    route_json(&server, path, row->answer);
    server_start(&server);
    char url[64];
    const struct engine_target target = target_of(server.port, url);
    struct engine_tokens_ask ask;
    engine_tokens_init(&ask, engine_find(row->engine), &target, &chat_shape);
    uint32_t count = 0;
    struct error err = {0};
    const int rc = of_request ? engine_tokens_of_request(&ask, "hi", &count, &err)
                              : engine_tokens_of_text(&ask, "hi", &count, &err);
    if (row->count > 0) {
        assert_int_equal(rc, 0);
        assert_int_equal(count, row->count);
    } else {
        assert_int_equal(rc, -ERROR_UNAVAILABLE);
        assert_non_null(strstr(err.text, row->message));
    }
    engine_tokens_done(&ask);
    server_stop(&server);
}

static void test_engine_tokens_of_text__reads_every_shape(void **state)
{
    (void)state;
    static const struct answer_row rows[] = {
        {"sglang", "{\"tokens\":[5,6,7],\"count\":3,\"max_model_len\":9}", 3, NULL},
        {"vllm", "{\"count\":2,\"max_model_len\":9,\"tokens\":[1,2],\"token_strs\":null}", 2, NULL},
        {"llamacpp", "{\"tokens\":[{\"id\":4,\"piece\":\"a\"},{\"id\":5,\"piece\":\"b\"}]}", 2,
         NULL},
        {"tgi", "[{\"id\":1,\"text\":\"a\",\"start\":0,\"stop\":1}]", 1, NULL},
        {"vllm", "{\"count\":-1}", 0, "/tokenize holds no list of tokens"},
        {"vllm", "{\"count\":\"3\"}", 0, "/tokenize holds no list of tokens"},
        {"vllm", "{\"tokens\":7}", 0, "/tokenize holds no list of tokens"},
        {"vllm", "no json", 0, "/tokenize:1:1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_row(&rows[i], "/tokenize", false);
    }
    const struct answer_row missing = {"vllm", "{}", 0, "/tokenize answers 404: Not Found"};
    check_row(&missing, "/other", false);
    const struct answer_row hosted = {"openai", "{}", 0, "engine openai has no tokenizer to ask"};
    check_row(&hosted, "/tokenize", false);
}

/* Of real servers: seven tokens of llama.cpp, and vLLM's word for a body that it does not know. */
static void test_engine_tokens_of_text__recorded(void **state)
{
    (void)state;

    static const struct {
        const char *engine;
        const char *recording;
        uint32_t count; /* 0: an error with this text */
        const char *message;
    } rows[] = {
        {"llamacpp", "llama-server/tokenize", 7, NULL},
        {"llamacpp", "xllamacpp-2026.10.11549/tokenize", 7, NULL},
        {"vllm", "vllm-0.32.0-cpu/tokenize", 0, "/tokenize answers 400: 2 validation errors"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server server = {0};
        route_recording(&server, "/tokenize", rows[i].recording);
        server_start(&server);
        char url[64];
        const struct engine_target target = target_of(server.port, url);
        struct engine_tokens_ask ask;
        engine_tokens_init(&ask, engine_find(rows[i].engine), &target, &chat_shape);
        uint32_t count = 0;
        struct error err = {0};
        const int rc = engine_tokens_of_text(&ask, "hi", &count, &err);
        assert_int_equal(rc, rows[i].count > 0 ? 0 : -ERROR_UNAVAILABLE);
        assert_int_equal(count, rows[i].count);
        assert_true(rc == 0 || strstr(err.text, rows[i].message) != NULL);
        engine_tokens_done(&ask);
        server_stop(&server);
    }
}

static void test_engine_tokens_of_request__needs_usage(void **state)
{
    (void)state;
    static const struct answer_row rows[] = {
        {"openai", "{\"usage\":{\"prompt_tokens\":31,\"completion_tokens\":1}}", 31, NULL},
        {"openai", "{\"choices\":[]}", 0, "does not tell usage.prompt_tokens"},
        {"openai", "{\"usage\":{\"prompt_tokens\":0}}", 0, "does not tell usage.prompt_tokens"},
        {"openai", "{\"usage\":null}", 0, "does not tell usage.prompt_tokens"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_row(&rows[i], "/v1/chat/completions", true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine_tokens__agree_with_the_simulated_engine),
        cmocka_unit_test(test_engine_tokens_of_text__reads_every_shape),
        cmocka_unit_test(test_engine_tokens_of_text__recorded),
        cmocka_unit_test(test_engine_tokens_of_request__needs_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
