/* What is kept of an engine's own words, and when two probes met the same engine. */
#include "codec/canonical.h"
#include "codec/json.h"
#include "support/replay.h"

static void test_probe__long_templates_are_kept_as_their_hash(void **state)
{
    (void)state;
    char *text = mem_alloc(1024, 1);
    memset(text, 'x', 1023);
    char *body = mem_format("{\"chat_template\":\"%s\",\"list\":[{\"created\":1,\"a\":2}]}", text);
    struct server server = {0};
    route_json(&server, "/v1/models", "{\"data\":[{\"id\":\"m1\"}]}");
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

static void test_engine_identity_json__tells_what_is_known(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct engine_identity full = {
        .version = "1.2",
        .model = "m",
        .max_model_len = 4096,
        .n_models = 1,
        .server = "uvicorn",
        .config = json_new(&arena, JSON_OBJECT),
    };
    const struct engine_identity empty = {0};
    static const char *const expected[] = {
        /* printf '{}' | sha256sum */
        "{\"config_sha256\":\"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\","
        "\"max_model_len\":4096,\"model\":\"m\",\"n_models\":1,\"server\":\"uvicorn\","
        "\"version\":\"1.2\"}",
        "{\"config_sha256\":null,\"max_model_len\":0,\"model\":\"unknown\",\"n_models\":0,"
        "\"server\":\"unknown\",\"version\":\"unknown\"}",
    };
    const struct engine_identity *const identities[] = {&full, &empty};
    for (size_t i = 0; i < ARRAY_LEN(identities); i++) {
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        canonical_write(engine_identity_json(&arena, identities[i]), NULL, &text);
        assert_int_equal(text.len, strlen(expected[i]));
        assert_memory_equal(text.data, expected[i], text.len);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe__long_templates_are_kept_as_their_hash),
        cmocka_unit_test(test_engine_identity_equal__two_probes_of_one_engine),
        cmocka_unit_test(test_engine_identity_equal__without_a_configuration),
        cmocka_unit_test(test_engine_identity_json__tells_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
