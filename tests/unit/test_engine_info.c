/* The info rows of an engine's metrics, as part of its configuration. */
#include "engine/engine_openai.h"
#include "support/replay.h"

static void assert_rows(const char *what, const char *text, const char *expected)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes shown;
    bytes_init(&shown, BYTES_MAX_DEFAULT);
    const struct json *rows = engine_info_rows(&arena, text, strlen(text));
    if (rows == NULL) {
        bytes_add_text(&shown, "none");
    } else {
        json_write_compact(rows, &shown);
    }
    if (strcmp(shown.data, expected) != 0) {
        fail_msg("%s: %s, not %s", what, shown.data, expected);
    }
}

static void test_rows__keep_labels_and_no_measurements(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        const char *expected;
    } rows[] = {
        {"one", "a_total 5\ncache_info{block=\"16\",on=\"True\"} 1.0\nb 2\n",
         "{\"cache_info\":[{\"block\":\"16\",\"on\":\"True\"}]}"},
        {"two rows, in an order of their own", "c_info{e=\"1\"} 1\nc_info{e=\"0\"} 1\n",
         "{\"c_info\":[{\"e\":\"0\"},{\"e\":\"1\"}]}"},
        {"the same, the other way round", "c_info{e=\"0\"} 1\nc_info{e=\"1\"} 1\n",
         "{\"c_info\":[{\"e\":\"0\"},{\"e\":\"1\"}]}"},
        {"two metrics", "x_info{a=\"1\"} 1\ny:z_info{} 1\n",
         "{\"x_info\":[{\"a\":\"1\"}],\"y:z_info\":[{}]}"},
        {"a sum over processes; their ids are left out", "c_info{a=\"1\",pid=\"7\"} 2\n",
         "{\"c_info\":[{\"a\":\"1\"}]}"},
        {"escapes, blanks, quoted names", "{\"q_info\", a = \"x\\\"y\\n\" , \"b c\"=\"2\"} 1\n",
         "{\"q_info\":[{\"a\":\"x\\\"y\\n\",\"b c\":\"2\"}]}"},
        {"secrets and times are left out", "c_info{api_key=\"k\",created=\"1\",a=\"2\"} 1\n",
         "{\"c_info\":[{\"a\":\"2\"}]}"},
        {"switched off", "c_info{a=\"1\"} 0\n", "none"},
        {"the name alone", "_info{a=\"1\"} 1\n", "none"},
        {"only inside a name", "information 1\ninfo_total{a=\"1\"} 1\n", "none"},
        {"a label twice", "c_info{a=\"1\",a=\"2\"} 1\n", "{\"c_info\":[{\"a\":\"1\"}]}"},
        {"no samples", "# nothing\n", "none"},
        {"empty", "", "none"},
        {"broken behind it", "c_info{a=\"1\"} 1\nb{\n", "none"},
        {"cut", "c_info{a=\"1\"} 1", "none"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_rows(rows[i].what, rows[i].text, rows[i].expected);
    }
}

static void test_rows__have_a_limit(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    CLEANUP(arena_done) struct arena arena = {0};
    bytes_init(&text, BYTES_MAX_DEFAULT);
    for (int i = 0; i < 256; i++) {
        bytes_add_text(&text, arena_format(&arena, "c_info{i=\"%d\"} 1\n", i));
    }
    const struct json *rows = engine_info_rows(&arena, text.data, text.len);
    assert_int_equal(json_find(rows, "c_info")->len, 256);
    bytes_add_text(&text, "c_info{i=\"more\"} 1\n");
    assert_null(engine_info_rows(&arena, text.data, text.len));
}

static const char *rows_of(const struct result *result, const char *metric, const char *label)
{
    const struct json *list = json_find(json_find(result->identity.config, "metrics"), metric);
    return json_text(json_find(json_at(list, 0), label), "none");
}

/* Values as grep shows them in the recording. */
static void test_probe__a_real_vllm_tells_its_cache(void **state)
{
    (void)state;
    struct server server = {0};
    CLEANUP(result_done) struct result result;
    route_recording(&server, "/v1/models", "vllm-0.32.0-cpu/models");
    route_recording(&server, "/version", "vllm-0.32.0-cpu/version");
    route_recording(&server, "/metrics", "vllm-0.32.0-cpu/metrics_after");
    probe_server(&server, &(struct asking){.engine = "vllm"}, &result);
    check_ok(&result);
    assert_string_equal(rows_of(&result, "vllm:cache_config_info", "block_size"), "128");
    assert_string_equal(rows_of(&result, "vllm:cache_config_info", "num_gpu_blocks"), "364");
    assert_string_equal(rows_of(&result, "python_info", "version"), "3.11.7");
    assert_int_equal(json_find(result.identity.config, "metrics")->len, 2);
}

#define MODELS  "{\"data\":[{\"id\":\"m1\"}]}"
#define METRICS "vllm:cache_config_info{block_size=\"16\"} 1\nvllm:requests_total 5\n"

static void test_identity__by_its_info_rows(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *metrics; /* NULL: the engine does not answer for them */
        bool equal;
    } rows[] = {
        {"counters moved", "vllm:requests_total 9\nvllm:cache_config_info{block_size=\"16\"} 1\n",
         true},
        {"another cache", "vllm:cache_config_info{block_size=\"32\"} 1\n", false},
        {"no answer for metrics proves no change", NULL, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server first = {0};
        struct server second = {0};
        CLEANUP(result_done) struct result a;
        CLEANUP(result_done) struct result b;
        route_json(&first, "/v1/models", MODELS);
        route_json(&first, "/metrics", METRICS);
        route_json(&second, "/v1/models", MODELS);
        if (rows[i].metrics != NULL) {
            route_json(&second, "/metrics", rows[i].metrics);
        }
        probe_server(&first, &(struct asking){.engine = "vllm"}, &a);
        probe_server(&second, &(struct asking){.engine = "vllm"}, &b);
        check_ok(&a);
        check_ok(&b);
        if (engine_identity_equal(&a.identity, &b.identity) != rows[i].equal ||
            engine_identity_equal(&b.identity, &a.identity) != rows[i].equal) {
            fail_msg("%s", rows[i].what);
        }
    }
}

static void test_probe__metrics_with_a_key_of_their_own_are_left_out(void **state)
{
    (void)state;
    struct server server = {.key = "sk-other"};
    CLEANUP(result_done) struct result result;
    route_json(&server, "/v1/models", MODELS);
    route_json(&server, "/metrics", METRICS);
    server.routes[1].keyed = true;
    probe_server(&server, &(struct asking){.engine = "vllm"}, &result);
    check_ok(&result);
    assert_null(json_find(result.identity.config, "metrics"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows__keep_labels_and_no_measurements),
        cmocka_unit_test(test_rows__have_a_limit),
        cmocka_unit_test(test_probe__a_real_vllm_tells_its_cache),
        cmocka_unit_test(test_identity__by_its_info_rows),
        cmocka_unit_test(test_probe__metrics_with_a_key_of_their_own_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
