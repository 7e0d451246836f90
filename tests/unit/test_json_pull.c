/* The tree reader is the oracle: the pull reader accepts the same texts, but for repeated keys and
 * depth, and its tokens rebuild the same tree. */
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/json_pull.h"
#include "support/test.h"

#include <string.h>

static void test_json_pull_next__gives_tokens_in_order(void **state)
{
    (void)state;
    static const char text[] =
        " {\"a\" : [1, -2.5e3 ,\"x\\n\", true,false , null,{},[]],\n\"\":\"\"} \r\n";

    static const struct {
        enum json_token token;
        const char *text; /* of keys, strings and numbers */
        bool escaped;
        unsigned depth; /* after the token */
    } rows[] = {
        {JSON_TOKEN_OBJECT_BEGIN, NULL, false, 1},
        {JSON_TOKEN_KEY, "a", false, 1},
        {JSON_TOKEN_ARRAY_BEGIN, NULL, false, 2},
        {JSON_TOKEN_NUMBER, "1", false, 2},
        {JSON_TOKEN_NUMBER, "-2.5e3", false, 2},
        {JSON_TOKEN_STRING, "x\\n", true, 2},
        {JSON_TOKEN_TRUE, NULL, false, 2},
        {JSON_TOKEN_FALSE, NULL, false, 2},
        {JSON_TOKEN_NULL, NULL, false, 2},
        {JSON_TOKEN_OBJECT_BEGIN, NULL, false, 3},
        {JSON_TOKEN_OBJECT_END, NULL, false, 2},
        {JSON_TOKEN_ARRAY_BEGIN, NULL, false, 3},
        {JSON_TOKEN_ARRAY_END, NULL, false, 2},
        {JSON_TOKEN_ARRAY_END, NULL, false, 1},
        {JSON_TOKEN_KEY, "", false, 1},
        {JSON_TOKEN_STRING, "", false, 1},
        {JSON_TOKEN_OBJECT_END, NULL, false, 0},
        {JSON_TOKEN_END, NULL, false, 0},
        {JSON_TOKEN_END, NULL, false, 0},
    };
    struct json_pull pull;
    json_pull_init(&pull, text, sizeof(text) - 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("  token %zu\n", i);
        assert_int_equal(json_pull_next(&pull), rows[i].token);
        assert_int_equal(pull.depth, rows[i].depth);
        if (rows[i].text != NULL) {
            assert_int_equal(pull.len, strlen(rows[i].text));
            assert_memory_equal(pull.text, rows[i].text, pull.len);
            assert_true(pull.text >= text && pull.text <= text + sizeof(text));
        }
        if (rows[i].token == JSON_TOKEN_KEY || rows[i].token == JSON_TOKEN_STRING) {
            assert_int_equal(pull.escaped, rows[i].escaped);
        }
    }
}

static void test_json_pull_next__says_what_is_wrong_and_where(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        size_t at;
        const char *error;
    } rows[] = {
        {"", 0, "a value is expected"},
        {"  ", 2, "a value is expected"},
        {"tru", 0, "a value is expected"},
        {"falsy", 0, "a value is expected"},
        {"nul", 0, "a value is expected"},
        {"x", 0, "a value is expected"},
        {"1 2", 2, "the text goes on after its value"},
        {"[] x", 3, "the text goes on after its value"},
        {"[1 2]", 3, "',' or ']' is expected"},
        {"[1", 2, "',' or ']' is expected"},
        {"[1}", 2, "',' or ']' is expected"},
        {"{\"a\":1]", 6, "',' or '}' is expected"},
        {"[1,]", 3, "a value is expected"},
        {"[", 1, "a value is expected"},
        {"{", 1, "a key in double quotes is expected"},
        {"{\"a\":1,}", 7, "a key in double quotes is expected"},
        {"{1:1}", 1, "a key in double quotes is expected"},
        {"{\"a\"}", 4, "':' is expected after a key"},
        {"{\"a\"", 4, "':' is expected after a key"},
        {"{\"a\\x\":1}", 3, "unknown escape in a string"},
        {"[\"a\n\"]", 3, "control character in a string; write it as an escape"},
        {"\"\xff\"", 1, "invalid UTF-8 in a string"},
        {"01", 0, "a number may not begin with 0"},
        {"[1e999]", 1, "number is too large for a double"},
        {"-", 1, "a digit is expected"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_pull pull;
        print_message("  %s\n", rows[i].text);
        json_pull_init(&pull, rows[i].text, strlen(rows[i].text));
        enum json_token token = JSON_TOKEN_NULL;
        for (int n = 0; n < 10 && token != JSON_TOKEN_ERROR; n++) {
            token = json_pull_next(&pull);
            assert_int_not_equal(token, JSON_TOKEN_END);
        }
        assert_int_equal(token, JSON_TOKEN_ERROR);
        assert_string_equal(pull.error, rows[i].error);
        assert_int_equal(pull.at - rows[i].text, rows[i].at);
        assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ERROR); /* for good */
        assert_false(json_pull_skip(&pull));
    }
    struct json_pull pull;
    json_pull_init(&pull, NULL, 0);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ERROR);
}

static void test_json_pull_next__reads_64_levels_and_no_more(void **state)
{
    (void)state;
    static const char *const opens[] = {"[", "{\"a\":"};
    for (size_t kind = 0; kind < ARRAY_LEN(opens); kind++) {
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, 10000);
        for (int i = 0; i < JSON_PULL_DEPTH_MAX; i++) {
            bytes_add_text(&text, opens[kind]);
        }
        const size_t open_len = text.len;
        bytes_add_text(&text, "1");
        for (int i = 0; i < JSON_PULL_DEPTH_MAX; i++) {
            bytes_add_text(&text, kind == 0 ? "]" : "}");
        }
        struct json_pull pull;
        json_pull_init(&pull, text.data, text.len);
        assert_int_equal(
            json_pull_next(&pull), kind == 0 ? JSON_TOKEN_ARRAY_BEGIN : JSON_TOKEN_OBJECT_BEGIN);
        assert_true(json_pull_skip(&pull));
        assert_int_equal(json_pull_next(&pull), JSON_TOKEN_END);

        text.len = open_len;
        bytes_add_text(&text, "[");
        json_pull_init(&pull, text.data, text.len);
        enum json_token token = JSON_TOKEN_NULL;
        while (token != JSON_TOKEN_ERROR) {
            token = json_pull_next(&pull);
        }
        assert_string_equal(pull.error, "nested too deep");
        assert_ptr_equal(pull.at, text.data + open_len);
    }
}

static void test_json_pull_skip__passes_over_one_value(void **state)
{
    (void)state;
    static const char text[] =
        "{\"s\":\"}\",\"n\":1,\"o\":{\"x\":[{},[1,{\"y\":null}]]},\"l\":[[],{}],\"e\":{},\"end\":true}";
    struct json_pull pull;
    json_pull_init(&pull, text, sizeof(text) - 1);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_BEGIN);
    static const char *const keys[] = {"s", "n", "o", "l", "e"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_int_equal(json_pull_next(&pull), JSON_TOKEN_KEY);
        assert_true(json_pull_is(&pull, keys[i]));
        assert_true(json_pull_skip(&pull));
        assert_int_equal(pull.depth, 1);
    }
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_KEY);
    assert_true(json_pull_is(&pull, "end"));
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_TRUE);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_END);

    /* Behind a BEGIN: to its end. */
    json_pull_init(&pull, text, sizeof(text) - 1);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_BEGIN);
    assert_true(json_pull_skip(&pull));
    assert_int_equal(pull.depth, 0);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_END);

    json_pull_init(&pull, "[[1,2],[3]]", 11);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ARRAY_BEGIN);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ARRAY_BEGIN);
    assert_true(json_pull_skip(&pull));
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ARRAY_BEGIN);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_NUMBER);
    assert_true(json_pull_is(&pull, "3"));

    json_pull_init(&pull, "{\"a\":[1,}", 9);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_BEGIN);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_KEY);
    assert_false(json_pull_skip(&pull));
}

/* Every byte at every place of strings of every length up to three words and a bit. */
static void test_json_pull_next__checks_every_byte_of_a_string(void **state)
{
    (void)state;

    enum {
        LEN_MAX = 27
    };

    for (size_t len = 1; len <= LEN_MAX; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                char text[LEN_MAX + 2];
                memset(text, '~', sizeof(text));
                text[0] = '"';
                text[1 + at] = (char)c;
                text[1 + len] = '"';
                struct json_pull pull;
                json_pull_init(&pull, text, len + 2);
                const bool good = c >= 0x20 && c < 0x80 && c != '\\';
                const enum json_token token = json_pull_next(&pull);
                assert_int_equal(token, good ? JSON_TOKEN_STRING : JSON_TOKEN_ERROR);
                if (good) {
                    assert_ptr_equal(pull.text, text + 1);
                    assert_int_equal(pull.len, c == '"' ? at : len);
                    assert_false(pull.escaped);
                } else if (c != '\\' || at + 1 < len) {
                    assert_ptr_equal(pull.at, text + 1 + at);
                }
            }
        }
    }
}

static void test_json_pull_member__takes_a_key_with_its_value(void **state)
{
    (void)state;
    static const char text[] = " {\"a\" : \"x\", \"b\\n\":12 ,\"\":{ } , \"l\":[1]} ";

    static const struct {
        const char *key; /* NULL: none, and text and len are of no meaning */
        bool escaped;
        enum json_token token;
        const char *text;
    } rows[] = {
        {"a", false, JSON_TOKEN_STRING, "x"},       {"b\\n", true, JSON_TOKEN_NUMBER, "12"},
        {"", false, JSON_TOKEN_OBJECT_BEGIN, NULL}, {NULL, false, JSON_TOKEN_OBJECT_END, NULL},
        {"l", false, JSON_TOKEN_ARRAY_BEGIN, NULL},
    };

    struct json_pull pull;
    json_pull_init(&pull, text, sizeof(text) - 1);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_BEGIN);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_key key = {0};
        print_message("  row %zu\n", i);
        assert_int_equal(json_pull_member(&pull, &key), rows[i].token);
        assert_int_equal(key.escaped, rows[i].escaped);
        if (rows[i].key != NULL) {
            assert_int_equal(key.len, strlen(rows[i].key));
            assert_memory_equal(key.text, rows[i].key, key.len);
        }
        if (rows[i].text != NULL) {
            assert_int_equal(pull.len, strlen(rows[i].text));
            assert_memory_equal(pull.text, rows[i].text, pull.len);
        }
    }
    struct json_key key = {0};
    assert_true(json_pull_skip(&pull));
    assert_int_equal(json_pull_member(&pull, &key), JSON_TOKEN_OBJECT_END);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_END);

    json_pull_init(&pull, "{1", 2);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_OBJECT_BEGIN);
    assert_int_equal(json_pull_member(&pull, &key), JSON_TOKEN_ERROR);
    assert_int_equal(json_pull_member(&pull, &key), JSON_TOKEN_ERROR); /* for good */
    assert_string_equal(pull.error, "a key in double quotes is expected");
}

static void test_json_pull_is__compares_unescaped_texts(void **state)
{
    (void)state;
    struct json_pull pull;
    json_pull_init(&pull, "[\"abc\",\"a\\u0062c\"]", 18);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_ARRAY_BEGIN);
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_STRING);
    assert_true(json_pull_is(&pull, "abc"));
    assert_false(json_pull_is(&pull, "ab"));
    assert_false(json_pull_is(&pull, "abcd"));
    assert_false(json_pull_is(&pull, "abx"));
    assert_int_equal(json_pull_next(&pull), JSON_TOKEN_STRING);
    assert_false(json_pull_is(&pull, "abc"));
    assert_false(json_pull_is(&pull, "a\\u0062c"));
}

static void test_json_pull_i64__takes_integers_in_range(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-17", true, -17},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct json_pull pull;
        int64_t value = 77;
        print_message("  %s\n", rows[i].text);
        json_pull_init(&pull, rows[i].text, strlen(rows[i].text));
        assert_int_equal(json_pull_next(&pull), JSON_TOKEN_NUMBER);
        assert_int_equal(json_pull_i64(&pull, &value), rows[i].good);
        assert_int_equal(value, rows[i].good ? rows[i].value : 77);
    }
}

static void test_json_unescape__decodes_every_escape(void **state)
{
    (void)state;

    static const struct {
        const char *raw;
        const char *text;
        size_t len;
    } rows[] = {
        {"", "", 0},
        {"plain", "plain", 5},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8},
        {"a\\u0000b", "a\0b", 3},
        {"\\u007f\\u0080\\u07ff\\u0800\\uffff", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 11},
        {"\\uD83D\\uDe00", "\xf0\x9f\x98\x80", 4},
        {"\\ud800\\udc00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
        {"x\\u00E9y\xc3\xa9", "x\xc3\xa9y\xc3\xa9", 6},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[64];
        print_message("  %s\n", rows[i].raw);
        assert_int_equal(json_unescape(rows[i].raw, strlen(rows[i].raw), out), rows[i].len);
        assert_memory_equal(out, rows[i].text, rows[i].len);
    }
}

/* Rebuilds the tree from tokens.  NULL when the text is refused. */
struct rebuild {
    struct arena *arena;
    struct json *open[JSON_PULL_DEPTH_MAX];
    unsigned depth;
    struct json *root;
    char *key; /* in the arena */
    size_t key_len;
};

static void rebuild_add(struct rebuild *self, struct json *value)
{
    if (self->depth == 0) {
        self->root = value;
        return;
    }
    struct json *parent = self->open[self->depth - 1];
    (void)json_append(parent, value); /* objects too: as lists whose children have keys */
    if (self->key != NULL) {
        value->key = self->key;
        value->key_len = self->key_len;
        self->key = NULL;
    }
}

static char *decoded(struct arena *arena, const struct json_pull *pull, size_t *len)
{
    char *text = arena_alloc(arena, pull->len + 1);
    *len = json_unescape(pull->text, pull->len, text);
    return text;
}

static void rebuild_container(struct rebuild *self, bool is_array)
{
    struct json *value = json_new(self->arena, JSON_ARRAY);
    rebuild_add(self, value);
    /* Marked by its text until it is closed, so that json_append takes it. */
    value->text = is_array ? "array" : "object";
    self->open[self->depth] = value;
    self->depth++;
}

static void rebuild_close(struct rebuild *self, bool is_array)
{
    assert_true(self->depth > 0);
    self->depth--;
    struct json *value = self->open[self->depth];
    if (value == NULL) {
        fail();
        return;
    }
    assert_string_equal(value->text, is_array ? "array" : "object");
    value->kind = is_array ? JSON_ARRAY : JSON_OBJECT;
}

static void rebuild_token(struct rebuild *self, const struct json_pull *pull, enum json_token token)
{
    struct json *value = NULL;
    size_t len = 0;
    switch (token) {
    case JSON_TOKEN_OBJECT_BEGIN:
    case JSON_TOKEN_ARRAY_BEGIN:
        rebuild_container(self, token == JSON_TOKEN_ARRAY_BEGIN);
        return;
    case JSON_TOKEN_OBJECT_END:
    case JSON_TOKEN_ARRAY_END:
        rebuild_close(self, token == JSON_TOKEN_ARRAY_END);
        return;
    case JSON_TOKEN_KEY:
        self->key = decoded(self->arena, pull, &self->key_len);
        return;
    case JSON_TOKEN_STRING:
        value = json_new(self->arena, JSON_STRING);
        value->text = decoded(self->arena, pull, &len);
        value->len = len;
        break;
    case JSON_TOKEN_NUMBER:
        value = json_new(self->arena, JSON_INTEGER);
        value->text = arena_copy(self->arena, pull->text, pull->len);
        value->len = pull->len;
        break;
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_FALSE:
        value = json_new_bool(self->arena, token == JSON_TOKEN_TRUE);
        break;
    case JSON_TOKEN_NULL:
        value = json_new(self->arena, JSON_NULL);
        break;
    case JSON_TOKEN_END:
    case JSON_TOKEN_ERROR:
    default:
        return;
    }
    rebuild_add(self, value);
}

/* In front of a member, or of an object's end: both ways to take it must come to the same. */
static void compare_member(struct json_pull one, struct json_pull two)
{
    struct json_key key = {0};
    const enum json_token member = json_pull_member(&one, &key);
    enum json_token token = json_pull_next(&two);
    if (token == JSON_TOKEN_KEY) {
        const struct json_key expected = {two.text, two.len, two.escaped};
        token = json_pull_next(&two);
        if (token != JSON_TOKEN_ERROR) {
            assert_ptr_equal(key.text, expected.text);
            assert_int_equal(key.len, expected.len);
            assert_int_equal(key.escaped, expected.escaped);
        }
    }
    assert_int_equal(member, token);
    assert_ptr_equal(one.at, two.at);
    assert_ptr_equal(one.error, two.error);
    assert_int_equal(one.depth, two.depth);
    assert_int_equal(one.state, two.state);
    if (token == JSON_TOKEN_STRING || token == JSON_TOKEN_NUMBER) {
        assert_ptr_equal(one.text, two.text);
        assert_int_equal(one.len, two.len);
    }
}

static const struct json *rebuild_text(struct arena *arena, struct json_pull *pull)
{
    struct rebuild self = {.arena = arena};
    enum json_token token = JSON_TOKEN_NULL;
    while (token != JSON_TOKEN_END && token != JSON_TOKEN_ERROR) {
        if (self.depth > 0 && self.key == NULL &&
            strcmp(self.open[self.depth - 1]->text, "object") == 0) {
            compare_member(*pull, *pull);
        }
        token = json_pull_next(pull);
        rebuild_token(&self, pull, token);
    }
    return token == JSON_TOKEN_END ? self.root : NULL;
}

/* Both readers on one text, which lies at the end of a block of its own: reading on would show. */
static bool compare_readers(const char *bytes, size_t len)
{
    CLEANUP(arena_done) struct arena arena = {0};
    char *text = mem_resize(NULL, len, 1);
    if (len > 0) {
        memcpy(text, bytes, len);
    }
    struct json_pull pull;
    json_pull_init(&pull, text, len);
    const struct json *rebuilt = rebuild_text(&arena, &pull);
    struct json *parsed = NULL;
    struct error err = {0};
    if (json_parse(&arena, "f", text, len, &parsed, &err) < 0) {
        if (rebuilt != NULL && !text_ends_with(err.text, "is repeated")) {
            print_error("the tree reader alone refuses: %.*s (%s)\n", (int)len, text, err.text);
            fail();
        }
        free(text);
        return false;
    }
    if (rebuilt == NULL && strcmp(pull.error, "nested too deep") != 0) {
        print_error("the pull reader alone refuses: %.*s (%s)\n", (int)len, text, pull.error);
        fail();
    }
    free(text);
    if (rebuilt != NULL) {
        CLEANUP(bytes_done) struct bytes by_tree;
        CLEANUP(bytes_done) struct bytes by_tokens;
        bytes_init(&by_tree, BYTES_MAX_DEFAULT);
        bytes_init(&by_tokens, BYTES_MAX_DEFAULT);
        json_write_compact(parsed, &by_tree);
        json_write_compact(rebuilt, &by_tokens);
        assert_string_equal(by_tokens.data, by_tree.data);
    }
    return true;
}

/* A text is a walk over these parts: mostly wrong, in all ways. */
static void make_text(struct rng *rng, struct bytes *out)
{
    static const char *const parts[] = {
        "{",           "}",        "[",
        "]",           ",",        ":",
        "\"a\"",       "\"b\\n\"", "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"", "1",        "-0.5e3",
        "1e400",       "01",       "true",
        "false",       "null",     " ",
        "\n",          "\"",       "\\",
        "\xc3\xa9",    "\xff",     "\x1f",
        "x",           "{\"k\":",  "[1,",
        "\"k\":1",     "{}",       "[]",
    };
    bytes_clear(out);
    const uint64_t n = rng_below(rng, 12);
    for (uint64_t i = 0; i < n; i++) {
        bytes_add_text(out, parts[rng_below(rng, ARRAY_LEN(parts))]);
    }
}

/* A text that is right, and what closes it. */
struct good_text {
    struct rng *rng;
    struct bytes *out;
    char closers[32];
    unsigned depth;
    int n_keys;
};

static void good_key(struct good_text *self)
{
    if (self->depth > 0 && self->closers[self->depth - 1] == '}') {
        bytes_add_format(self->out, "\"k%d\":", self->n_keys);
        self->n_keys++;
    }
}

static void good_close(struct good_text *self)
{
    self->depth--;
    bytes_add_char(self->out, self->closers[self->depth]);
}

/* Opens some containers, writes a scalar and closes some; false when the text is complete. */
static bool good_item(struct good_text *self)
{
    static const char *const scalars[] = {"1",    "-2.5", "\"s\"", "\"\\u00e9\\t\"", "true", "null",
                                          "\"\"", "[]",   "{}"};
    good_key(self);
    while (self->depth < sizeof(self->closers) && rng_below(self->rng, 3) == 0) {
        const bool is_array = rng_below(self->rng, 2) == 0;
        bytes_add_char(self->out, is_array ? '[' : '{');
        self->closers[self->depth] = is_array ? ']' : '}';
        self->depth++;
        good_key(self);
    }
    bytes_add_text(self->out, scalars[rng_below(self->rng, ARRAY_LEN(scalars))]);
    while (self->depth > 0 && rng_below(self->rng, 3) == 0) {
        good_close(self);
    }
    return self->depth > 0;
}

static void make_good_text(struct rng *rng, struct bytes *out)
{
    struct good_text self = {.rng = rng, .out = out};
    bytes_clear(out);
    int n_items = 1;
    while (good_item(&self) && n_items < 12) {
        bytes_add_text(out, rng_below(rng, 2) == 0 ? "," : " ,\n");
        n_items++;
    }
    while (self.depth > 0) {
        good_close(&self);
    }
}

static void test_json_pull__agrees_with_the_tree_reader(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_text(&text, "");
    struct rng rng;
    rng_init(&rng, 5, RNG_STREAM_TEST);
    unsigned n_good = 0;
    for (int round = 0; round < 20000; round++) {
        make_text(&rng, &text);
        n_good += compare_readers(text.data, text.len) ? 1 : 0;
    }
    assert_true(n_good > 500);
    for (int round = 0; round < 5000; round++) {
        make_good_text(&rng, &text);
        if (!compare_readers(text.data, text.len)) {
            print_error("should be good: %s\n", text.data);
            fail();
        }
        const size_t at = (size_t)rng_below(&rng, text.len);
        text.data[at] = "{}[]\",:\\e1 .-\x80"[rng_below(&rng, 14)];
        (void)compare_readers(text.data, text.len);
        (void)compare_readers(text.data, at);
    }
}

static void test_json_pull__agrees_on_the_oracle_texts(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *file = NULL;
    size_t file_len = 0;
    struct error err = {0};
    assert_int_equal(file_read("tests/oracle/codec_json.tsv", 1 << 24, &file, &file_len, &err), 0);
    unsigned n = 0;
    for (char *line = file; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t len = 0;
        for (const char *p = line; *p != '\t' && *p != '-'; p += 2) {
            const char pair[3] = {p[0], p[1], '\0'};
            line[len] = (char)strtoul(pair, NULL, 16);
            len++;
        }
        (void)compare_readers(line, len);
        line += 2 * len;
        n++;
    }
    assert_int_equal(n, 959);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_pull_next__gives_tokens_in_order),
        cmocka_unit_test(test_json_pull_next__says_what_is_wrong_and_where),
        cmocka_unit_test(test_json_pull_next__reads_64_levels_and_no_more),
        cmocka_unit_test(test_json_pull_skip__passes_over_one_value),
        cmocka_unit_test(test_json_pull_next__checks_every_byte_of_a_string),
        cmocka_unit_test(test_json_pull_member__takes_a_key_with_its_value),
        cmocka_unit_test(test_json_pull_is__compares_unescaped_texts),
        cmocka_unit_test(test_json_pull_i64__takes_integers_in_range),
        cmocka_unit_test(test_json_unescape__decodes_every_escape),
        cmocka_unit_test(test_json_pull__agrees_with_the_tree_reader),
        cmocka_unit_test(test_json_pull__agrees_on_the_oracle_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
