#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/json.h"
#include "support/test.h"

#include <string.h>
#include <unistd.h>

static struct json *parse(struct arena *arena, const char *text)
{
    struct json *root = NULL;
    struct error err = {0};
    if (json_parse(arena, "test", text, strlen(text), &root, &err) < 0) {
        print_error("%s: %s\n", text, err.text);
        fail();
    }
    return root;
}

static const struct {
    const char *text;
    const char *error;
} error_rows[] = {
    {"", "f:1:1: a value is expected"},
    {" \n\t ", "f:2:3: a value is expected"},
    {"nul", "f:1:1: a value is expected"},
    {"True", "f:1:1: a value is expected"},
    {"truth", "f:1:1: a value is expected"},
    {"nullx", "f:1:5: the text goes on after its value"},
    {"1 2", "f:1:3: the text goes on after its value"},
    {"{} {}", "f:1:4: the text goes on after its value"},
    {"\xef\xbb\xbf{}", "f:1:1: a byte order mark is not allowed"},
    {"\xc2\xa0\x31", "f:1:1: a value is expected"},
    {"-", "f:1:2: a digit is expected"},
    {"-x", "f:1:2: a digit is expected"},
    {"+1", "f:1:1: a value is expected"},
    {".5", "f:1:1: a value is expected"},
    {"01", "f:1:1: a number may not begin with 0"},
    {"-00", "f:1:2: a number may not begin with 0"},
    {"1.", "f:1:3: a digit is expected after the decimal point"},
    {"1.e5", "f:1:3: a digit is expected after the decimal point"},
    {"1e", "f:1:3: a digit is expected in the exponent"},
    {"1e+", "f:1:4: a digit is expected in the exponent"},
    {"[1e-x]", "f:1:5: a digit is expected in the exponent"},
    {"[1,\n  1e309]", "f:2:3: number is too large for a double"},
    {"-1e309", "f:1:2: number is too large for a double"},
    {"\"abc", "f:1:5: string is not closed"},
    {"\"abc\\", "f:1:6: string is not closed"},
    {"\"a\nb\"", "f:1:3: control character in a string; write it as an escape"},
    {"\"a\x1f\"", "f:1:3: control character in a string; write it as an escape"},
    {"\"\\x41\"", "f:1:2: unknown escape in a string"},
    {"\"\\u12\"", "f:1:2: \\u needs four hex digits"},
    {"\"\\u12g4\"", "f:1:2: \\u needs four hex digits"},
    {"\"\\u", "f:1:2: \\u needs four hex digits"},
    {"\"\\ud800\"", "f:1:2: lone surrogate in a string"},
    {"\"\\ud800\\n\"", "f:1:2: lone surrogate in a string"},
    {"\"\\ud800\\ud800\"", "f:1:2: lone surrogate in a string"},
    {"\"\\ud800\\u00zz\"", "f:1:2: lone surrogate in a string"},
    {"\"\\udc00\"", "f:1:2: lone surrogate in a string"},
    {"\"\\ud800", "f:1:2: lone surrogate in a string"},
    {"\"abc\x80\"", "f:1:5: invalid UTF-8 in a string"},
    {"\"\xed\xa0\x80\"", "f:1:2: invalid UTF-8 in a string"},
    {"\"\xc3", "f:1:2: invalid UTF-8 in a string"},
    {"[1", "f:1:3: ',' or ']' is expected"},
    {"[1 2]", "f:1:4: ',' or ']' is expected"},
    {"[1}", "f:1:3: ',' or ']' is expected"},
    {"[1,]", "f:1:4: a value is expected"},
    {"[,1]", "f:1:2: a value is expected"},
    {"[", "f:1:2: a value is expected"},
    {"{", "f:1:2: a key in double quotes is expected"},
    {"{'a':1}", "f:1:2: a key in double quotes is expected"},
    {"{\"a\":1,}", "f:1:8: a key in double quotes is expected"},
    {"{1:2}", "f:1:2: a key in double quotes is expected"},
    {"{\"a\"}", "f:1:5: ':' is expected after a key"},
    {"{\"a\" 1}", "f:1:6: ':' is expected after a key"},
    {"{\"a", "f:1:4: string is not closed"},
    {"{\"a\":}", "f:1:6: a value is expected"},
    {"{\"a\":1", "f:1:7: ',' or '}' is expected"},
    {"{\"a\":1]", "f:1:7: ',' or '}' is expected"},
    {"{\"a\":1,\n \"b\":2,\n \"a\":3}", "f:3:6: key 'a' is repeated"},
    {"[{\"a\":1,\"\\u0061\":2}]", "f:1:18: key 'a' is repeated"},
    {"{\"b\":1,\"b\":2,\"b\":3}", "f:1:12: key 'b' is repeated"},
    {"]", "f:1:1: a value is expected"},
};

static void test_json_parse__says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(error_rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct json *root = NULL;
        struct error err = {0};
        print_message("  %s\n", error_rows[i].text);
        const int result =
            json_parse(&arena, "f", error_rows[i].text, strlen(error_rows[i].text), &root, &err);
        assert_int_equal(result, -ERROR_PARSE);
        assert_string_equal(err.text, error_rows[i].error);
        assert_null(root);
    }
}

static void test_json_parse__refuses_a_nul_byte(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    assert_int_equal(json_parse(&arena, "f", "[1\0]", 4, &root, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "f:1:3: ',' or ']' is expected");
    error_clear(&err);
    assert_int_equal(json_parse(&arena, "f", "\"a\0b\"", 5, &root, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "f:1:3: control character in a string; write it as an escape");
    error_clear(&err);
    assert_int_equal(json_parse(&arena, "f", NULL, 0, &root, &err), -ERROR_PARSE);
}

static void test_json_parse__keeps_places_text_and_order(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct json *root = parse(
        &arena, "{\n  \"b\": [1, -2.50, true],\r\n  \"a\": {\"x\": \"\\u00e9\\n\\u0000z\"},\n"
                "\"\": null}");
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->len, 3);
    assert_int_equal(root->line, 1);
    assert_int_equal(root->column, 1);

    const struct json *b = root->first;
    assert_string_equal(b->key, "b");
    assert_int_equal(b->kind, JSON_ARRAY);
    assert_int_equal(b->line, 2);
    assert_int_equal(b->column, 8);
    assert_int_equal(json_at(b, 0)->kind, JSON_INTEGER);
    assert_string_equal(json_at(b, 1)->text, "-2.50");
    assert_int_equal(json_at(b, 1)->kind, JSON_FLOAT);
    assert_int_equal(json_at(b, 1)->column, 12);
    assert_true(json_at(b, 2)->boolean);
    assert_null(json_at(b, 3));

    const struct json *x = json_path(root, "a.x");
    assert_int_equal(x->line, 3);
    assert_int_equal(x->column, 14);
    assert_int_equal(x->len, 5);
    assert_memory_equal(x->text, "\xc3\xa9\n\0z", 6);

    assert_ptr_equal(root->last, json_find(root, ""));
    assert_int_equal(root->last->kind, JSON_NULL);
    assert_int_equal(root->last->key_len, 0);
    assert_null(root->last->next);
}

static char *nested(unsigned depth, const char *open, const char *inner, const char *close)
{
    struct bytes text;
    bytes_init(&text, 1 << 20);
    for (unsigned i = 0; i < depth; i++) {
        bytes_add_text(&text, open);
    }
    bytes_add_text(&text, inner);
    for (unsigned i = 0; i < depth; i++) {
        bytes_add_text(&text, close);
    }
    return bytes_take(&text);
}

static void test_json_parse__reads_200_levels_and_no_more(void **state)
{
    (void)state;

    static const struct {
        const char *open;
        const char *close;
        const char *error;
    } rows[] = {
        {"[", "]", "f:1:201: nested deeper than 200"},
        {"{\"a\":", "}", "f:1:1001: nested deeper than 200"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(mem_freep) char *deep = nested(200, rows[i].open, "1", rows[i].close);
        struct json *root = parse(&arena, deep);
        CLEANUP(bytes_done) struct bytes out;
        bytes_init(&out, 1 << 20);
        json_write_compact(json_copy(&arena, root), &out);
        assert_string_equal(out.data, deep);
        bytes_clear(&out);
        canonical_write(root, NULL, &out);
        assert_string_equal(out.data, deep);

        CLEANUP(mem_freep) char *too_deep = nested(201, rows[i].open, "1", rows[i].close);
        struct error err = {0};
        assert_int_equal(
            json_parse(&arena, "f", too_deep, strlen(too_deep), &root, &err), -ERROR_LIMIT);
        assert_string_equal(err.text, rows[i].error);
    }
}

static void test_json_parse__checks_the_size_before_reading(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    /* One byte stands for all: nothing may be read. */
    assert_int_equal(json_parse(&arena, "f", "1", JSON_SIZE_MAX + 1, &root, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "f is larger than 67108864 bytes");
    assert_null(arena.blocks);
}

/* 200000 keys; quadratic work would take minutes. */
static void test_json_parse__finds_a_repeated_key_among_very_many(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 16 << 20);
    bytes_add_char(&text, '{');
    for (int i = 0; i < 200000; i++) {
        bytes_add_format(&text, "\"key%d\":%d,", i * 7919 % 200003, i);
    }
    const size_t len = text.len;
    bytes_add_text(&text, "\"last\":1}");
    struct json *root = NULL;
    struct error err = {0};
    assert_int_equal(json_parse(&arena, "f", text.data, text.len, &root, &err), 0);
    assert_int_equal(root->len, 200001);

    text.len = len;
    bytes_add_text(&text, "\n\"key5\":1,\n\"key0\":2}");
    assert_int_equal(json_parse(&arena, "f", text.data, text.len, &root, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "f:2:8: key 'key5' is repeated");
}

/* Key number `repeated` of `n` is written as an earlier one. */
static void check_repeated(int n, int repeated)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 10000);
    for (int i = 0; i < n; i++) {
        bytes_add_text(&text, i == 0 ? "{" : ",");
        bytes_add_format(&text, "\n\"k%d\":0", i == repeated ? repeated / 2 : i);
    }
    bytes_add_text(&text, "}");
    struct json *root = NULL;
    struct error err = {0};
    assert_int_equal(json_parse(&arena, "f", text.data, text.len, &root, &err), -ERROR_PARSE);
    CLEANUP(mem_freep)
    char *expected = mem_format("f:%d:", repeated + 2);
    assert_true(text_starts_with(err.text, expected));
    assert_true(text_ends_with(err.text, "is repeated"));
}

static void test_json_parse__finds_a_repeated_key_at_every_size(void **state)
{
    (void)state;
    for (int n = 2; n < 40; n++) {
        for (int repeated = 1; repeated < n; repeated++) {
            check_repeated(n, repeated);
        }
    }
}

static void test_json_parse__tells_keys_with_nul_apart(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct json *root = parse(&arena, "{\"a\":1,\"a\\u0000\":2,\"a\\u0000b\":3}");
    assert_int_equal(root->len, 3);
    assert_string_equal(json_find(root, "a")->text, "1");
}

static void test_json_parse_file__reads_or_names_the_file(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    char folder[] = "/tmp/bench-test-json-XXXXXX";
    assert_non_null(mkdtemp(folder));
    CLEANUP(mem_freep) char *path = file_join(folder, "a.json");
    struct error err = {0};
    struct json *root = NULL;
    assert_int_equal(json_parse_file(&arena, path, &root, &err), -ERROR_NOT_FOUND);
    error_clear(&err);
    assert_int_equal(file_write_new(path, "{\"a\":\n[}", 8, 0600, &err), 0);
    assert_int_equal(json_parse_file(&arena, path, &root, &err), -ERROR_PARSE);
    CLEANUP(mem_freep) char *expected = mem_format("%s:2:2: a value is expected", path);
    assert_string_equal(err.text, expected);
    assert_int_equal(unlink(path), 0);
    error_clear(&err);
    assert_int_equal(file_write_new(path, "[1]", 3, 0600, &err), 0);
    assert_int_equal(json_parse_file(&arena, path, &root, &err), 0);
    assert_int_equal(root->len, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_json_find__is_null_for_all_that_is_not_there(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct json *root = parse(&arena, "{\"a\":{\"b\":{\"c\":7}},\"l\":[1],\"s\":\"t\"}");
    assert_string_equal(json_path(root, "a.b.c")->text, "7");
    assert_ptr_equal(json_path(root, "a"), json_find(root, "a"));
    assert_null(json_path(root, "a.x.c"));
    assert_null(json_path(root, "a.b.c.d"));
    assert_null(json_path(root, "a."));
    assert_null(json_path(root, ""));
    assert_null(json_path(NULL, "a"));
    assert_null(json_find(root, "x"));
    assert_null(json_find(NULL, "a"));
    assert_null(json_find(json_find(root, "l"), "a"));
    assert_null(json_at(root, 0));
    assert_null(json_at(NULL, 0));
    assert_null(json_at(json_find(root, "s"), 0));
    assert_string_equal(json_text(json_find(root, "s"), "-"), "t");
    assert_string_equal(json_text(json_find(root, "l"), "-"), "-");
    assert_string_equal(json_text(NULL, "-"), "-");
}

static void test_json_i64__takes_integers_in_range(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"42", true, 42},
        {"-42", true, -42},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999", false, 0},
        {"1.0", false, 0},
        {"1e0", false, 0},
        {"\"1\"", false, 0},
        {"null", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        int64_t value = 77;
        print_message("  %s\n", rows[i].text);
        assert_int_equal(json_i64(parse(&arena, rows[i].text), &value), rows[i].good);
        assert_int_equal(value, rows[i].good ? rows[i].value : 77);
    }
    int64_t value = 77;
    assert_false(json_i64(NULL, &value));
}

static void test_json_f64__takes_all_finite_numbers(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(mem_freep) char *huge = nested(400, "9", "", "");
    const struct json *root = parse(&arena, "[1, 2.5, -1e-3, \"1\", true]");
    double value = 77.0;
    assert_true(json_f64(json_at(root, 0), &value));
    assert_near(value, 1.0, 0.0);
    assert_true(json_f64(json_at(root, 1), &value));
    assert_near(value, 2.5, 0.0);
    assert_true(json_f64(json_at(root, 2), &value));
    assert_near(value, -1e-3, 0.0);
    assert_false(json_f64(json_at(root, 3), &value));
    assert_false(json_f64(json_at(root, 4), &value));
    assert_false(json_f64(NULL, &value));
    assert_false(json_f64(parse(&arena, huge), &value)); /* an integer beyond every double */
    assert_near(value, -1e-3, 0.0);

    bool truth = false;
    assert_true(json_bool(json_at(root, 4), &truth));
    assert_true(truth);
    assert_false(json_bool(json_at(root, 0), &truth));
    assert_false(json_bool(NULL, &truth));
}

/* One value of every kind, built by hand. */
static struct json *build(struct arena *arena)
{
    struct json *root = json_new(arena, JSON_OBJECT);
    json_add_text(arena, root, "text", "a\"b\\\n\x1f\x7f\xc3\xa9\xf0\x9f\x98\x80/");
    json_add_i64(arena, root, "i64", INT64_MIN);
    (void)json_add(arena, root, "u64", json_new_u64(arena, UINT64_MAX));
    json_add_f64(arena, root, "f64", 0.1);
    json_add_f64(arena, root, "nan", (double)NAN);
    json_add_f64(arena, root, "inf", -(double)INFINITY);
    json_add_bool(arena, root, "yes", true);
    json_add_bool(arena, root, "no", false);
    json_add_null(arena, root, "null");
    struct json *list = json_add(arena, root, "list", json_new(arena, JSON_ARRAY));
    (void)json_append(list, json_new(arena, JSON_OBJECT));
    (void)json_append(list, json_new(arena, JSON_ARRAY));
    (void)json_append(list, json_new(arena, JSON_INTEGER));
    (void)json_append(list, json_new(arena, JSON_FLOAT));
    (void)json_append(list, json_new(arena, JSON_STRING));
    (void)json_append(list, json_new(arena, JSON_BOOL));
    (void)json_append(list, json_new_bytes(arena, "\0\b\f\r\t", 5));
    return root;
}

static void test_json_write_compact__writes_what_was_built(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, 10000);
    json_write_compact(build(&arena), &out);
    assert_string_equal(
        out.data,
        "{\"text\":\"a\\\"b\\\\\\n\\u001f\\u007f\\u00e9\\ud83d\\ude00/\","
        "\"i64\":-9223372036854775808,\"u64\":18446744073709551615,\"f64\":0.1,\"nan\":null,"
        "\"inf\":null,\"yes\":true,\"no\":false,\"null\":null,"
        "\"list\":[{},[],0,0.0,\"\",false,\"\\u0000\\b\\f\\r\\t\"]}");
}

static void test_json_write_pretty__indents_by_two(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, 10000);
    json_write_pretty(
        parse(&arena, "{\"b\":[1,{\"x\":-0,\"w\":1.50}],\"a\":{},\"c\":[],\"\\u00e9\":[[]]}"),
        &out);
    assert_string_equal(
        out.data, "{\n"
                  "  \"b\": [\n"
                  "    1,\n"
                  "    {\n"
                  "      \"x\": -0,\n"
                  "      \"w\": 1.50\n"
                  "    }\n"
                  "  ],\n"
                  "  \"a\": {},\n"
                  "  \"c\": [],\n"
                  "  \"\\u00e9\": [\n"
                  "    []\n"
                  "  ]\n"
                  "}");
    bytes_clear(&out);
    json_write_pretty(parse(&arena, "7"), &out);
    assert_string_equal(out.data, "7");
}

static void test_json_write__reads_back_to_the_same_form(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes compact;
    CLEANUP(bytes_done) struct bytes pretty;
    CLEANUP(bytes_done) struct bytes again;
    bytes_init(&compact, 10000);
    bytes_init(&pretty, 10000);
    bytes_init(&again, 10000);
    const struct json *root = build(&arena);
    json_write_compact(root, &compact);
    json_write_pretty(root, &pretty);
    json_write_compact(parse(&arena, pretty.data), &again);
    assert_string_equal(again.data, compact.data);
}

static void test_json_write__stops_at_the_maximum(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    const struct json *root = build(&arena);
    for (size_t max = 0; max < 100; max++) {
        CLEANUP(bytes_done) struct bytes out;
        bytes_init(&out, max);
        json_write_compact(root, &out);
        assert_true(out.failed);
        canonical_write(root, NULL, &out);
        assert_true(out.len <= max);
    }
}

static void test_json_copy__is_deep_and_apart(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes before;
    CLEANUP(bytes_done) struct bytes after;
    bytes_init(&before, 10000);
    bytes_init(&after, 10000);
    CLEANUP(arena_done) struct arena arena = {0};

    struct json *copy = NULL;
    {
        CLEANUP(arena_done) struct arena first = {0};
        struct json *root = json_new(&first, JSON_OBJECT);
        struct json *inner = json_add(&first, root, "inner", build(&first));
        json_add_i64(&first, root, "sibling", 1);
        json_write_compact(inner, &before);
        copy = json_copy(&arena, inner); /* without its sibling and its key */
    }

    assert_null(copy->key);
    assert_null(copy->next);
    json_write_compact(copy, &after);
    assert_string_equal(after.data, before.data);
    assert_int_equal(copy->len, 10);
    assert_int_equal(json_find(copy, "list")->len, 7);
    const struct json *scalar = json_copy(&arena, json_find(copy, "u64"));
    assert_string_equal(scalar->text, "18446744073709551615");
}

static void test_json_remove__unlinks_at_every_place(void **state)
{
    (void)state;

    static const struct {
        const char *key;
        const char *rest;
    } rows[] = {
        {"a", "{\"b\":2,\"c\":3}"},
        {"b", "{\"a\":1,\"c\":3}"},
        {"c", "{\"a\":1,\"b\":2}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(bytes_done) struct bytes out;
        bytes_init(&out, 1000);
        struct json *root = parse(&arena, "{\"a\":1,\"b\":2,\"c\":3}");
        struct json *removed = json_remove(root, rows[i].key);
        assert_non_null(removed);
        assert_null(removed->next);
        json_write_compact(root, &out);
        assert_string_equal(out.data, rows[i].rest);
        assert_null(json_remove(root, rows[i].key));
        /* It may have a parent again, and the list is whole for appending. */
        (void)json_add(&arena, root, "again", removed);
        assert_ptr_equal(root->last, removed);
        assert_int_equal(root->len, 3);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *one = parse(&arena, "{\"a\":1}");
    assert_non_null(json_remove(one, "a"));
    assert_null(one->first);
    assert_null(one->last);
    assert_null(json_remove(NULL, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_parse__says_what_is_wrong_and_where),
        cmocka_unit_test(test_json_parse__refuses_a_nul_byte),
        cmocka_unit_test(test_json_parse__keeps_places_text_and_order),
        cmocka_unit_test(test_json_parse__reads_200_levels_and_no_more),
        cmocka_unit_test(test_json_parse__checks_the_size_before_reading),
        cmocka_unit_test(test_json_parse__finds_a_repeated_key_among_very_many),
        cmocka_unit_test(test_json_parse__finds_a_repeated_key_at_every_size),
        cmocka_unit_test(test_json_parse__tells_keys_with_nul_apart),
        cmocka_unit_test(test_json_parse_file__reads_or_names_the_file),
        cmocka_unit_test(test_json_find__is_null_for_all_that_is_not_there),
        cmocka_unit_test(test_json_i64__takes_integers_in_range),
        cmocka_unit_test(test_json_f64__takes_all_finite_numbers),
        cmocka_unit_test(test_json_write_compact__writes_what_was_built),
        cmocka_unit_test(test_json_write_pretty__indents_by_two),
        cmocka_unit_test(test_json_write__reads_back_to_the_same_form),
        cmocka_unit_test(test_json_write__stops_at_the_maximum),
        cmocka_unit_test(test_json_copy__is_deep_and_apart),
        cmocka_unit_test(test_json_remove__unlinks_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
