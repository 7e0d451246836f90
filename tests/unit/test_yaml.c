#include "base/mem.h"
#include "base/text.h"
#include "codec/yaml.h"
#include "support/test.h"

#include <string.h>

static void check_compact(const struct json *root, const char *expected)
{
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    json_write_compact(root, &out);
    assert_string_equal(out.data, expected);
}

static struct json *parse(struct arena *arena, const char *text)
{
    struct json *root = NULL;
    struct error err = {0};
    if (yaml_parse(arena, "f.yaml", text, strlen(text), &root, &err) < 0) {
        print_error("%s: %s\n", text, err.text);
        fail();
    }
    return root;
}

static void test_yaml_parse__resolves_plain_scalars(void **state)
{
    (void)state;

    static const struct {
        const char *yaml;
        const char *json;
    } rows[] = {
        {"null", "null"},
        {"~", "null"},
        {"Null", "null"},
        {"true", "true"},
        {"False", "false"},
        {"TRUE", "true"},
        {"True", "true"},
        {"false", "false"},
        {"FALSE", "false"},
        {"NULL", "null"},
        {"tRUE", "\"tRUE\""},
        {"0", "0"},
        {"-0", "-0"},
        {"42", "42"},
        {"-42", "-42"},
        {"+42", "42"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"0.5", "0.5"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"5.", "5.0"},
        {"+5.e-3", "5.0e-3"},
        {"1e3", "1e3"},
        {"1E+3", "1E+3"},
        {"1.50", "1.50"},
        {".", "\".\""},
        {"-", "[null]"}, /* a list, in fact */
        {"1e", "\"1e\""},
        {"1.2.3", "\"1.2.3\""},
        {"1-2", "\"1-2\""},
        {"2024-06-06", "\"2024-06-06\""},
        {"10:30", "\"10:30\""},
        {"v1", "\"v1\""},
        {"0x", "\"0x\""},
        {"0xyz", "\"0xyz\""},
        {"_1", "\"_1\""},
        {"a_b", "\"a_b\""},
        {"1_a", "\"1_a\""},
        {"http://x/y", "\"http://x/y\""},
        {"two words", "\"two words\""},
        {"\xc3\xa9", "\"\\u00e9\""},
        {"\"\"", "\"\""},
        {"''", "\"\""},
        {"\"1\"", "\"1\""},
        {"'true'", "\"true\""},
        {"\"yes\"", "\"yes\""},
        {"\"a\\n\\x41\\u00e9\\U0001F600\"", "\"a\\nA\\u00e9\\ud83d\\ude00\""},
        {"|\n  a\n  b\n", "\"a\\nb\\n\""},
        {">-\n  a\n  b\n", "\"a b\""},
        {"|\n  1\n", "\"1\\n\""},
        {"\xef\xbb\xbf"
         "1",
         "1"}, /* YAML allows a byte order mark */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        print_message("  %s\n", rows[i].yaml);
        check_compact(parse(&arena, rows[i].yaml), rows[i].json);
    }
}

static void test_yaml_parse__builds_the_tree_with_places(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct json *root = parse(
        &arena, "# a comment\n"
                "%YAML 1.2\n---\n"
                "id: llm.standard   # another\n"
                "slo:\n"
                "  ttft_p99_ms: 500\n"
                "  empty:\n"
                "list:\n"
                "- 1\n"
                "- {a: b, 2: [x, 'y']}\n"
                "- - nested\n"
                "\"quoted key\": ok\n"
                "...\n");
    check_compact(
        root, "{\"id\":\"llm.standard\",\"slo\":{\"ttft_p99_ms\":500,\"empty\":null},"
              "\"list\":[1,{\"a\":\"b\",\"2\":[\"x\",\"y\"]},[\"nested\"]],\"quoted key\":\"ok\"}");
    const struct json *ttft = json_path(root, "slo.ttft_p99_ms");
    assert_int_equal(ttft->line, 6);
    assert_int_equal(ttft->column, 16);
    assert_int_equal(json_find(root, "slo")->line, 6);
    assert_int_equal(json_find(root, "slo")->column, 3);
    int64_t value = 0;
    assert_true(json_i64(ttft, &value));
    assert_int_equal(value, 500);
}

static void test_yaml_parse__refuses_what_surprises(void **state)
{
    (void)state;

    static const struct {
        const char *yaml;
        const char *error;
    } rows[] = {
        {"", "f.yaml: the document is empty"},
        {"# only a comment\n", "f.yaml: the document is empty"},
        {"a: &x 1\nb: *x\n", "f.yaml:1:4: anchors are not supported: '&x'"},
        {"a: &x [1]\n", "f.yaml:1:4: anchors are not supported: '&x'"},
        {"a: &x {b: 1}\n", "f.yaml:1:4: anchors are not supported: '&x'"},
        {"&k a: 1\n", "f.yaml:1:1: anchors are not supported: '&k'"},
        {"a: *x\n", "f.yaml:1:4: aliases are not supported: '*x'"},
        {"*x : 1\n", "f.yaml:1:1: aliases are not supported: '*x'"},
        {"a: !!str 1\n", "f.yaml:1:4: tags are not supported: 'tag:yaml.org,2002:str'"},
        {"a: ! 1\n", "f.yaml:1:4: tags are not supported: '!'"},
        {"a: !local [1]\n", "f.yaml:1:4: tags are not supported: '!local'"},
        {"!!map {a: 1}\n", "f.yaml:1:1: tags are not supported: 'tag:yaml.org,2002:map'"},
        {"<<: {a: 1}\n", "f.yaml:1:1: merge keys are not supported"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document is not supported"},
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3:4: key 'a' is repeated"},
        {"1: x\n'1': y\n", "f.yaml:2:6: key '1' is repeated"},
        {"[a, b]: 1\n", "f.yaml:1:1: a key must be text"},
        {"? {a: 1}\n: 2\n", "f.yaml:1:3: a key must be text"},
        {"a: yes",
         "f.yaml:1:4: 'yes': text or a truth value? write true or false, or put it in quotes"},
        {"- Off",
         "f.yaml:1:3: 'Off': text or a truth value? write true or false, or put it in quotes"},
        {"a: 007",
         "f.yaml:1:4: '007': a number with leading zeros; write it without them, or in quotes"},
        {"a: 00.5",
         "f.yaml:1:4: '00.5': a number with leading zeros; write it without them, or in quotes"},
        {"a: 0x1F",
         "f.yaml:1:4: '0x1F': text or a number? write a plain decimal number, or put it in quotes"},
        {"a: -0o17",
         "f.yaml:1:4: '-0o17': text or a number? write a plain decimal number, or put it in quotes"},
        {"a: 0b11",
         "f.yaml:1:4: '0b11': text or a number? write a plain decimal number, or put it in quotes"},
        {"a: 1_000",
         "f.yaml:1:4: '1_000': text or a number? write a plain decimal number, or put it in quotes"},
        {"a: .inf", "f.yaml:1:4: '.inf': infinity and NaN are not allowed"},
        {"a: -.Inf", "f.yaml:1:4: '-.Inf': infinity and NaN are not allowed"},
        {"a: .NaN", "f.yaml:1:4: '.NaN': infinity and NaN are not allowed"},
        {"a: 1e999", "f.yaml:1:4: '1e999': number is too large for a double"},
        {"a: [1, 2\n", "f.yaml:2:1: did not find expected ',' or ']'"},
        {"a: b: c\n", "f.yaml:1:5: mapping values are not allowed in this context"},
        {"a: 'x\n", "f.yaml:2:1: found unexpected end of stream"},
        {"a: \"\\ud800\"\n", "f.yaml:1:7: found invalid Unicode character escape code"},
        {"\tx: 1\n", "f.yaml:1:1: found character that cannot start any token"},
        {"a: 1\nb: \xff\n", "f.yaml:2:4: invalid leading UTF-8 octet"},
        {"a: \xed\xa0\x80\n", "f.yaml:1:4: invalid Unicode character"},
        {"a: \x01\n", "f.yaml:1:4: control characters are not allowed"},
        {"\xff\xfe"
         "a",
         "f.yaml:1:1: invalid leading UTF-8 octet"}, /* UTF-16 */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct json *root = NULL;
        struct error err = {0};
        print_message("  %s\n", rows[i].yaml);
        assert_int_equal(
            yaml_parse(&arena, "f.yaml", rows[i].yaml, strlen(rows[i].yaml), &root, &err),
            -ERROR_PARSE);
        assert_string_equal(err.text, rows[i].error);
        assert_null(root);
    }
}

static void test_yaml_parse__reads_json_as_json_does(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"a\": [1, -2.5e3, true, false, null, \"x\\n\\u00e9\"], \"b\": {}, \"c\": []}",
        "[[[]], {\"k\": {\"l\": \"1\"}}, \"\", 0.0, 12345678901234567890]",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(bytes_done) struct bytes expected;
        bytes_init(&expected, 10000);
        struct json *root = NULL;
        struct error err = {0};
        assert_int_equal(json_parse(&arena, "f", texts[i], strlen(texts[i]), &root, &err), 0);
        json_write_compact(root, &expected);
        check_compact(parse(&arena, texts[i]), expected.data);
    }
}

static void test_yaml_parse__reads_200_levels_and_no_more(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 10000);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        bytes_add_text(&text, "[");
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        bytes_add_text(&text, "]");
    }
    check_compact(parse(&arena, text.data), text.data);
    bytes_clear(&text);
    for (int i = 0; i <= JSON_DEPTH_MAX; i++) {
        bytes_add_text(&text, "[");
    }
    struct json *root = NULL;
    struct error err = {0};
    assert_int_equal(yaml_parse(&arena, "f", text.data, text.len, &root, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "f:1:201: nested deeper than 200");
}

static void test_yaml_parse__checks_the_size_before_reading(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    assert_int_equal(yaml_parse(&arena, "f", "1", YAML_SIZE_MAX + 1, &root, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "f is larger than 4194304 bytes");
    error_clear(&err);
    assert_int_equal(yaml_parse(&arena, "f", NULL, 0, &root, &err), -ERROR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_parse__resolves_plain_scalars),
        cmocka_unit_test(test_yaml_parse__builds_the_tree_with_places),
        cmocka_unit_test(test_yaml_parse__refuses_what_surprises),
        cmocka_unit_test(test_yaml_parse__reads_json_as_json_does),
        cmocka_unit_test(test_yaml_parse__reads_200_levels_and_no_more),
        cmocka_unit_test(test_yaml_parse__checks_the_size_before_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
