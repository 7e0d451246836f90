#include "base/text.h"
#include "codec/canonical.h"
#include "suite/recipe_keys.h"
#include "support/test.h"

#include <string.h>

static void parse_good(const char *text, size_t len, struct recipe_keys *out)
{
    struct error err = {0};
    size_t got = 0;
    if (recipe_keys_parse(text, &got, out, &err) != 0) {
        print_error("%s: %s\n", text, err.text);
        fail();
    }
    assert_int_equal(got, len);
}

static void test_recipe_keys_parse__good(void **state)
{
    (void)state;
    struct recipe_keys keys;
    parse_good("f.jsonl", 7, &keys);
    assert_false(recipe_keys_rename(&keys));
    parse_good("f?prompt-field=q", 1, &keys);
    assert_true(recipe_keys_rename(&keys));
    assert_string_equal(keys.fields[FIELD_PROMPT], "q");
    parse_good("f?format=jsonl", 1, &keys);
    assert_false(recipe_keys_rename(&keys));
    assert_string_equal(keys.format, "jsonl");
    parse_good(
        "f?messages-field=m,max-tokens-field=t,answer-field=a.b,id-field=i d,category-field=c", 1,
        &keys);
    assert_string_equal(keys.fields[FIELD_MESSAGES], "m");
    assert_string_equal(keys.fields[FIELD_MAX_TOKENS], "t");
    assert_string_equal(keys.fields[FIELD_ANSWER], "a.b");
    assert_string_equal(keys.fields[FIELD_ID], "i d");
    assert_string_equal(keys.fields[FIELD_CATEGORY], "c");
    /* Files may have a '?' in their name. */
    parse_good("what?.jsonl", 11, &keys);
    parse_good("a?b=c?prompt-field=q", 5, &keys);
    parse_good("what?", 5, &keys);
    parse_good("f?Q=1", 5, &keys);
}

static void test_recipe_keys_parse__bad(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"f?promt-field=x", "dataset: unknown key 'promt-field': did you mean 'prompt-field'?"},
        {"f?colour=x", "dataset: unknown key 'colour': it is one of prompt-field, messages-field, "
                       "max-tokens-field, answer-field, id-field, category-field, format"},
        {"f?prompt-field=", "dataset: 'prompt-field' has no value"},
        {"f?format=jsonl,prompt-field", "dataset: 'prompt-field' has no value"},
        {"f?format=jsonl,", "dataset: unknown key ''"},
        {"f?prompt-field=a,prompt-field=b", "dataset: 'prompt-field' is given twice"},
        {"f?prompt-field=a,messages-field=b",
         "dataset: prompt-field and messages-field exclude each other"},
        {"f?format=csv", "dataset: format 'csv' is not jsonl or sharegpt"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct recipe_keys keys;
        size_t len = 0;
        const int rc = recipe_keys_parse(rows[i].text, &len, &keys, &err);
        if (rc != -ERROR_USAGE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%s: %d '%s' is not '%s'\n", rows[i].text, rc, err.text, rows[i].message);
            fail();
        }
    }
}

static void test_recipe_keys_parse__lengths(void **state)
{
    (void)state;
    char text[RECIPE_VALUE_SIZE + 32];
    for (int extra = 0; extra < 2; extra++) {
        (void)snprintf(text, sizeof(text), "f?prompt-field=%0*d", RECIPE_VALUE_SIZE - 1 + extra, 0);
        struct error err = {0};
        struct recipe_keys keys;
        size_t len = 0;
        assert_int_equal(recipe_keys_parse(text, &len, &keys, &err), extra == 0 ? 0 : -ERROR_USAGE);
    }
}

static void test_recipe_keys_apply(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *recipe;
        const char *line;
        const char *expected; /* NULL: the prompt is missing */
    } rows[] = {
        {"renamed", "f?prompt-field=q", "{\"q\":\"a\",\"x\":1}", "{\"prompt\":\"a\",\"x\":1}"},
        {"in the place of ours", "f?prompt-field=q", "{\"prompt\":\"b\",\"q\":\"a\"}",
         "{\"prompt\":\"a\"}"},
        {"a prompt, so no messages", "f?prompt-field=q", "{\"messages\":[],\"q\":\"a\"}",
         "{\"prompt\":\"a\"}"},
        {"messages, so no prompt", "f?messages-field=m", "{\"m\":[1],\"prompt\":\"b\"}",
         "{\"messages\":[1]}"},
        {"its own name", "f?prompt-field=prompt", "{\"prompt\":\"a\"}", "{\"prompt\":\"a\"}"},
        {"inside an object", "f?prompt-field=q.s", "{\"q\":{\"s\":\"a\"}}",
         "{\"prompt\":\"a\",\"q\":{\"s\":\"a\"}}"},
        {"a key with a point", "f?prompt-field=q.s", "{\"q.s\":\"b\",\"q\":{\"s\":\"a\"}}",
         "{\"prompt\":\"b\",\"q\":{\"s\":\"a\"}}"},
        {"several",
         "f?prompt-field=q,answer-field=a,max-tokens-field=n,id-field=i,category-field=c",
         "{\"q\":\"x\",\"a\":\"y\",\"n\":3,\"i\":\"z\",\"c\":\"w\"}",
         "{\"answer\":\"y\",\"category\":\"w\",\"id\":\"z\",\"max_tokens\":3,\"prompt\":\"x\"}"},
        {"two swapped", "f?prompt-field=answer,answer-field=prompt",
         "{\"prompt\":\"p\",\"answer\":\"a\"}", "{\"answer\":\"p\",\"prompt\":\"a\"}"},
        {"others are optional", "f?prompt-field=q,answer-field=a",
         "{\"q\":\"x\",\"answer\":\"not this\"}", "{\"prompt\":\"x\"}"},
        {"no prompt", "f?prompt-field=q", "{\"prompt\":\"x\"}", NULL},
        {"no messages", "f?messages-field=q", "{\"messages\":[]}", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = {0};
        struct recipe_keys keys;
        size_t len = 0;
        struct json *line = NULL;
        assert_int_equal(recipe_keys_parse(rows[i].recipe, &len, &keys, &err), 0);
        assert_int_equal(
            json_parse(&arena, "line", rows[i].line, strlen(rows[i].line), &line, &err), 0);
        const char *missing = recipe_keys_apply(&keys, &arena, line);
        if (rows[i].expected == NULL) {
            assert_string_equal(missing, "q");
            continue;
        }
        assert_null(missing);
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        canonical_write(line, NULL, &text);
        if (strcmp(text.data, rows[i].expected) != 0) {
            print_error("%s: %s is not %s\n", rows[i].what, text.data, rows[i].expected);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipe_keys_parse__good),
        cmocka_unit_test(test_recipe_keys_parse__bad),
        cmocka_unit_test(test_recipe_keys_parse__lengths),
        cmocka_unit_test(test_recipe_keys_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
