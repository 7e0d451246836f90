#include "base/text.h"
#include "codec/zstd.h"
#include "suite/dataset_readers.h"
#include "support/prompts.h"
#include "support/scratch.h"

#include <string.h>

/* Other names for fields give the same prompts. */
static void test_dataset_load__jsonl_with_fields_of_its_own(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    (void)scratch_write(
        &scratch, "q.jsonl",
        "{\"question\": {\"text\": \"one\"}, \"n\": 5}\n{\"question\": {\"text\": \"two\"}, "
        "\"prompt\": 3}\n{\"question\": {}}\n");
    char recipe[SCRATCH_PATH_MAX + 64];
    (void)snprintf(
        recipe, sizeof(recipe), "jsonl:%s?prompt-field=question.text,max-tokens-field=n",
        scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct error err = {0};
    assert_int_equal(load_recipe(recipe, 3, 0, &set, &err), -ERROR_PARSE);
    char message[SCRATCH_PATH_MAX + 64];
    (void)snprintf(
        message, sizeof(message), "%s:3:1: the line has no field 'question.text'", scratch.path);
    assert_string_equal(err.text, message);
    (void)scratch_write(
        &scratch, "q.jsonl",
        "{\"question\": {\"text\": \"one\"}, \"n\": 5}\n{\"question\": {\"text\": \"two\"}, "
        "\"prompt\": 3}\n");
    load_good(recipe, 3, 0, &set);
    assert_string_equal(set.id, "jsonl:q.jsonl");
    assert_string_equal(set.recipe_again, recipe);
    assert_int_equal(set.n, 2);
    assert_string_equal(only_text(&set.prompts[0]), "one");
    assert_int_equal(set.prompts[0].max_tokens, 5);
    assert_string_equal(only_text(&set.prompts[1]), "two");
}

/* A packed file gives what its content gives. */
static void test_dataset_load__zstd(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    static const char lines[] = "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n";
    CLEANUP(bytes_done) struct bytes packed;
    bytes_init(&packed, BYTES_MAX_DEFAULT);
    CLEANUP(zstd_writer_freep) struct zstd_writer *writer = zstd_writer_new(&packed);
    struct error err = {0};
    assert_int_equal(zstd_writer_add(writer, lines, sizeof(lines) - 1, &err), 0);
    assert_int_equal(zstd_writer_finish(writer, &err), 0);
    (void)scratch_write_bytes(&scratch, "two.jsonl.zst", packed.data, packed.len);
    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "jsonl:%s", scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good(recipe, 3, 0, &set);
    assert_string_equal(set.id, "jsonl:two.jsonl.zst");
    assert_int_equal(set.n, 2);
    assert_string_equal(only_text(&set.prompts[1]), "b");
    /* Cut, and nothing in it. */
    (void)scratch_write_bytes(&scratch, "two.jsonl.zst", packed.data, packed.len - 3);
    CLEANUP(prompt_set_done) struct prompt_set none = {0};
    assert_int_equal(load_recipe(recipe, 3, 0, &none, &err), -ERROR_PARSE);
    assert_true(text_starts_with(err.text, scratch.path));
    bytes_clear(&packed);
    CLEANUP(zstd_writer_freep) struct zstd_writer *empty = zstd_writer_new(&packed);
    error_clear(&err);
    assert_int_equal(zstd_writer_finish(empty, &err), 0);
    (void)scratch_write_bytes(&scratch, "two.jsonl.zst", packed.data, packed.len);
    assert_int_equal(load_recipe(recipe, 3, 0, &none, &err), -ERROR_PARSE);
    assert_true(text_ends_with(err.text, ":1:1: the file is empty"));
}

/* A list of objects gives what its objects give as lines, and errors name their own lines. */
static void test_jsonl_read__a_list(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *message; /* NULL: two prompts */
    } rows[] = {
        {"[{\"prompt\": \"a\"}, {\"prompt\": \"b\"}]", NULL},
        {"\n [\n {\"prompt\":\n\"a\"},\n{\"messages\": [{\"role\": \"user\", \"content\": "
         "\"b\"}]}]\n",
         NULL},
        {"[]", "f:1:1: the file holds no prompts"},
        {"[{\"prompt\": \"a\"},\n {\"prompt\": 3}]", "f:2:13: 'prompt' must be a text"},
        {"[{\"prompt\": \"a\"},\n 3]", "f:2:2: a line must be an object"},
        {"[{\"prompt\": \"a\"}]\n{\"prompt\": \"b\"}", "f:2:1: "},
        {"[{\"prompt\": \"a\"}", "f:1:"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(prompt_list_done) struct prompt_list list = {.arena = &arena};
        struct error err = {0};
        const struct reader_input input = {"f", rows[i].text, strlen(rows[i].text), NULL};
        const int rc = jsonl_read(&input, &list, &err);
        if (rows[i].message == NULL) {
            assert_int_equal(rc, 0);
            assert_int_equal(list.n, 2);
            assert_string_equal(only_text(&list.items[0]), "a");
            assert_string_equal(only_text(&list.items[1]), "b");
        } else if (rc != -ERROR_PARSE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%s: %d '%s'\n", rows[i].text, rc, err.text);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset_load__jsonl_with_fields_of_its_own),
        cmocka_unit_test(test_dataset_load__zstd),
        cmocka_unit_test(test_jsonl_read__a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
