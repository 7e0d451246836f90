/* The probe against a server on loopback that replays recorded and written answers by path. */
#include "codec/json.h"
#include "support/replay.h"

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
        cmocka_unit_test(test_real_engines_6__a_model_that_is_not_served_is_found_before_traffic),
        cmocka_unit_test(test_real_engines_6__a_wrong_key_is_found_though_the_models_are_open),
        cmocka_unit_test(test_real_engines_6__loading_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
