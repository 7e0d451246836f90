#include "base/text.h"
#include "suite/dataset_readers.h"
#include "support/prompts.h"
#include "support/scratch.h"

#include <string.h>

enum {
    HASH_SIZE = 65
};

/* The row `name` of tests/data/suite/dataset_hashes.tsv, made by tests/oracle/dataset_oracle.py. */
static void oracle_hash(const char *name, char out[HASH_SIZE])
{
    FILE *file = fopen("tests/data/suite/dataset_hashes.tsv", "r");
    assert_non_null(file);
    char row[64];
    bool found = false;
    while (!found && fscanf(file, "%63s %64s", row, out) == 2) {
        found = strcmp(row, name) == 0;
    }
    (void)fclose(file);
    assert_true(found);
}

static void test_dataset_load__chatbot_short_is_built_in(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("chatbot-short", 42, 0, &set);
    assert_string_equal(set.id, "chatbot-short");
    assert_true(set.n >= 200);
    char hash[HASH_SIZE];
    oracle_hash("chatbot-short", hash);
    assert_string_equal(set.hash, hash);
    assert_string_equal(fact_text(&set, "recipe"), "chatbot-short");
    assert_string_equal(fact_text(&set, "source"), "built in");
    assert_int_equal(fact_i64(&set, "n_prompts"), set.n);
    assert_int_equal(fact_i64(&set, "n_available"), set.n);
    assert_int_equal(fact_i64(&set, "seed"), 42);
    assert_null(json_find(set.recipe, "max_tokens_hash"));
}

static unsigned count_words(const char *text)
{
    unsigned n = 0;
    for (const char *p = text; *p != '\0'; p += strspn(p, " \n")) {
        p += strcspn(p, " \n");
        n++;
    }
    return n;
}

/* PROMISES.md 19: a workload of its own, and what it says it is: short chats of all kinds. */
static void test_dataset_load__promise_19_chatbot_short_is_varied(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("chatbot-short", 42, 0, &set);
    unsigned n_system = 0;
    unsigned n_two_turns = 0;
    for (uint32_t i = 0; i < set.n; i++) {
        const struct prompt *prompt = &set.prompts[i];
        unsigned words = 0;
        for (uint32_t m = 0; m < prompt->n_messages; m++) {
            words += count_words(prompt->messages[m].content);
        }
        assert_in_range(words, 10, 80);
        n_system += strcmp(prompt->messages[0].role, "system") == 0 ? 1 : 0;
        n_two_turns += prompt->n_messages >= 3 ? 1 : 0;
        const char *last = prompt->messages[prompt->n_messages - 1].content;
        for (uint32_t k = 0; k < i; k++) {
            const struct prompt *other = &set.prompts[k];
            assert_string_not_equal(last, other->messages[other->n_messages - 1].content);
        }
    }
    assert_in_range(n_system, 10, set.n / 4);
    assert_in_range(n_two_turns, 10, set.n / 4);
}

static void test_dataset_load__part_is_drawn_by_the_seed(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set all = {0};
    CLEANUP(prompt_set_done) struct prompt_set some = {0};
    CLEANUP(prompt_set_done) struct prompt_set again = {0};
    CLEANUP(prompt_set_done) struct prompt_set other = {0};
    load_good("chatbot-short", 1, 0, &all);
    load_good("chatbot-short", 1, 50, &some);
    load_good("chatbot-short", 1, 50, &again);
    load_good("chatbot-short", 2, 50, &other);
    assert_int_equal(some.n, 50);
    assert_int_equal(fact_i64(&some, "n_available"), all.n);
    assert_string_equal(some.hash, again.hash);
    assert_string_not_equal(some.hash, other.hash);
    /* In the file's order, none twice. */
    uint32_t at = 0;
    for (uint32_t i = 0; i < some.n; i++) {
        const struct prompt *prompt = &some.prompts[i];
        while (at < all.n && strcmp(
                                 all.prompts[at].messages[all.prompts[at].n_messages - 1].content,
                                 prompt->messages[prompt->n_messages - 1].content) != 0) {
            at++;
        }
        assert_true(at < all.n);
        at++;
    }
}

static void test_dataset_load__more_than_there_are_gives_all(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set all = {0};
    CLEANUP(prompt_set_done) struct prompt_set more = {0};
    load_good("chatbot-short", 1, 0, &all);
    load_good("chatbot-short", 99, 100000, &more);
    assert_string_equal(all.hash, more.hash);
}

/* Every subset is equally likely: over many seeds each number comes up as often as the others. */
static void test_prompt_sample__is_fair(void **state)
{
    (void)state;

    enum {
        N = 12,
        KEPT = 5,
        SEEDS = 6000
    };

    unsigned seen[N] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint32_t n = 0;
        uint32_t *kept = prompt_sample(seed, N, KEPT, &n);
        assert_int_equal(n, KEPT);
        for (uint32_t i = 0; i < n; i++) {
            assert_true(kept[i] < N && (i == 0 || kept[i] > kept[i - 1]));
            seen[kept[i]]++;
        }
        free(kept);
    }
    /* 2500 expected, standard deviation 38. */
    for (size_t i = 0; i < N; i++) {
        assert_in_range(seen[i], 2300, 2700);
    }
}

static const char mixed_lines[] =
    "{\"prompt\": \"one\", \"max_tokens\": 5, \"id\": 7, \"answer\": null}\n"
    "\n"
    " {\"messages\": [{\"role\": \"user\", \"content\": \"tw\\u00f6\"}]} \r\n"
    "{\"messages\": [{\"role\": \"system\", \"content\": \"S\"}, "
    "{\"role\": \"user\", \"content\": \"\\ud83d\\ude00\", \"name\": \"x\"}]}\n"
    "\t\n"
    "{\"messages\": [{\"content\": \"a\", \"role\": \"user\"}, {\"role\": \"assistant\", "
    "\"content\": \"b\"}, {\"role\": \"user\", \"content\": \"c\\n\"}], \"max_tokens\": 1000000}";

static void test_dataset_load__jsonl(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    (void)scratch_write(&scratch, "mixed.jsonl", mixed_lines);
    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "jsonl:%s", scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good(recipe, 3, 0, &set);
    assert_string_equal(set.id, "jsonl:mixed.jsonl");
    assert_int_equal(set.n, 4);
    char hash[HASH_SIZE];
    oracle_hash("mixed", hash);
    assert_string_equal(set.hash, hash);
    assert_string_equal(only_text(&set.prompts[0]), "one");
    assert_string_equal(only_text(&set.prompts[1]), "tw\xc3\xb6");
    assert_int_equal(set.prompts[2].n_messages, 2);
    assert_string_equal(set.prompts[2].messages[0].role, "system");
    assert_int_equal(set.prompts[3].n_messages, 3);
    assert_string_equal(set.prompts[3].messages[1].role, "assistant");
    assert_int_equal(set.prompts[0].max_tokens, 5);
    assert_int_equal(set.prompts[1].max_tokens, 0);
    assert_int_equal(set.prompts[3].max_tokens, 1000000);
    assert_int_equal(fact_i64(&set, "max_tokens_total"), 1000005);
    assert_string_not_equal(fact_text(&set, "max_tokens_hash"), "(absent)");
    assert_string_equal(fact_text(&set, "recipe"), recipe);
}

static void test_dataset_load__lengths_have_a_hash_of_their_own(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    (void)scratch_write(
        &scratch, "l.jsonl",
        "{\"prompt\":\"a\",\"max_tokens\":5}\n{\"prompt\":\"b\"}\n"
        "{\"prompt\":\"c\",\"max_tokens\":1000000}\n");
    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "jsonl:%s", scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good(recipe, 3, 0, &set);
    char hash[HASH_SIZE];
    oracle_hash("max_tokens", hash);
    assert_string_equal(fact_text(&set, "max_tokens_hash"), hash);
}

static void test_jsonl_read__bad_lines(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        const char *message;
    } rows[] = {
        {"nothing", "", "f:1:1: the file holds no prompts"},
        {"blank lines", "\n \r\n\t\n", "f:1:1: the file holds no prompts"},
        {"no JSON", "{\"prompt\":\"a\"}\n{\"prompt\":}\n", "f:2:11: "},
        {"cut line", "\n\n{\"prompt\":\"a", "f:3:13: "},
        {"byte order mark", "\xef\xbb\xbf{\"prompt\":\"a\"}", "f:1:1: "},
        {"key twice", "{\"prompt\":\"a\",\"prompt\":\"b\"}", "f:1:"},
        {"lone surrogate", "{\"prompt\":\"\\ud800\"}", "f:1:12: "},
        {"two values", "{\"prompt\":\"a\"} {\"prompt\":\"b\"}", "f:1:16: "},
        {"plain text", "\"a\"",
         "f:1:1: a line must be an object with either 'prompt' or 'messages'"},
        {"neither", " {\"text\":\"a\"}",
         "f:1:2: a line must be an object with either 'prompt' or 'messages'"},
        {"both", "{\"prompt\":\"a\",\"messages\":[]}",
         "f:1:1: a line must be an object with either 'prompt' or 'messages'"},
        {"empty prompt", "{\"prompt\":\"\"}",
         "f:1:11: 'prompt' must be a text that is not empty and holds no NUL"},
        {"prompt is a number", "{\"prompt\":4}",
         "f:1:11: 'prompt' must be a text that is not empty and holds no NUL"},
        {"prompt with a NUL", "{\"prompt\":\"a\\u0000b\"}",
         "f:1:11: 'prompt' must be a text that is not empty and holds no NUL"},
        {"no messages", "{\"messages\":[]}",
         "f:1:13: 'messages' must be a list of 1 to 1000 messages"},
        {"messages is a text", "{\"messages\":\"a\"}",
         "f:1:13: 'messages' must be a list of 1 to 1000 messages"},
        {"no role", "{\"messages\":[{\"content\":\"a\"}]}",
         "f:1:14: a message must have 'role' and 'content'"},
        {"no content", "{\"messages\":[{\"role\":\"user\"}]}",
         "f:1:14: a message must have 'role' and 'content'"},
        {"message is a text", "{\"messages\":[\"a\"]}",
         "f:1:14: a message must have 'role' and 'content'"},
        {"unknown role", "{\"messages\":[{\"role\":\"human\",\"content\":\"a\"}]}",
         "f:1:22: 'role' must be system, user or assistant"},
        {"role is a number", "{\"messages\":[{\"role\":1,\"content\":\"a\"}]}",
         "f:1:22: 'role' must be system, user or assistant"},
        {"content is a list", "{\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
         "f:1:39: 'content' must be a text that is not empty and holds no NUL"},
        {"last is the assistant",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
         "{\"role\":\"assistant\",\"content\":\"b\"}]}",
         "f:1:44: the last message must be the user's"},
        {"max_tokens 0", "{\"prompt\":\"a\",\"max_tokens\":0}",
         "f:1:28: 'max_tokens' must be a whole number between 1 and 1000000"},
        {"max_tokens is a fraction", "{\"prompt\":\"a\",\"max_tokens\":1.5}",
         "f:1:28: 'max_tokens' must be a whole number between 1 and 1000000"},
        {"max_tokens is null", "{\"prompt\":\"a\",\"max_tokens\":null}",
         "f:1:28: 'max_tokens' must be a whole number between 1 and 1000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        CLEANUP(prompt_list_done) struct prompt_list list = {.arena = &arena};
        struct error err = {0};
        const struct reader_input input = {"f", rows[i].text, strlen(rows[i].text), NULL};
        const int rc = jsonl_read(&input, &list, &err);
        if (rc != -ERROR_PARSE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%s: %d '%s' is not '%s'\n", rows[i].what, rc, err.text, rows[i].message);
            fail();
        }
    }
}

static void test_jsonl_read__too_many(void **state)
{
    (void)state;
    static const char line[] = "{\"prompt\":\"a\"}\n";
    const size_t line_len = sizeof(line) - 1;
    const size_t n = (size_t)DATASET_PROMPTS_MAX + 1;
    char *text = malloc(n * line_len);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        memcpy(text + i * line_len, line, line_len);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(prompt_list_done) struct prompt_list list = {.arena = &arena};
    struct error err = {0};
    struct reader_input input = {"f", text, n * line_len, NULL};
    assert_int_equal(jsonl_read(&input, &list, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "f:1000001:1: more than 1000000 prompts");
    free(text);
}

static void test_jsonl_read__depth_is_limited(void **state)
{
    (void)state;
    char text[1024] = "{\"prompt\":\"a\",\"x\":";
    memset(text + strlen(text), '[', 300);
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(prompt_list_done) struct prompt_list list = {.arena = &arena};
    struct error err = {0};
    const struct reader_input input = {"f", text, strlen(text), NULL};
    assert_int_equal(jsonl_read(&input, &list, &err), -ERROR_LIMIT);
    assert_true(text_starts_with(err.text, "f:1:"));
}

static void test_dataset_load__bad_files(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    struct prompt_set set = {0};
    struct error err = {0};
    assert_int_equal(load_recipe("jsonl:/no/such.jsonl", 1, 0, &set, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "cannot open /no/such.jsonl: No such file or directory");
    error_clear(&err);
    assert_int_equal(load_recipe("sharegpt:/no/such.json", 1, 0, &set, &err), -ERROR_NOT_FOUND);
    error_clear(&err);
    assert_int_equal(load_recipe("jsonl:/tmp", 1, 0, &set, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "/tmp is not a file");

    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "jsonl:%s", scratch_write(&scratch, "empty", ""));
    error_clear(&err);
    assert_int_equal(load_recipe(recipe, 1, 0, &set, &err), -ERROR_PARSE);
    assert_non_null(strstr(err.text, "empty:1:1: the file is empty"));

    assert_int_equal(truncate(scratch.path, (off_t)DATASET_FILE_MAX + 1), 0);
    error_clear(&err);
    assert_int_equal(load_recipe(recipe, 1, 0, &set, &err), -ERROR_LIMIT);
    assert_non_null(strstr(err.text, "empty is larger than 1073741824 bytes"));
    assert_null(set.prompts);
}

/* PROMISES.md 2: an unknown dataset is refused, with the nearest. */
static void test_dataset_check__promise_2_bad_recipes(void **state)
{
    (void)state;

    static const struct {
        const char *recipe;
        const char *message;
    } rows[] = {
        {"", "the dataset is empty"},
        {"chatbot-shrot", "unknown dataset 'chatbot-shrot': did you mean 'chatbot-short'?"},
        {"sharegpt-v4", "unknown dataset 'sharegpt-v4': did you mean 'sharegpt-v3'?"},
        {"jsnol:x", "unknown dataset 'jsnol:x': did you mean 'jsonl:'?"},
        {"imagenet", "unknown dataset 'imagenet': give chatbot-short, sharegpt-v3, synthetic:"},
        {"file:///x", "unknown dataset 'file:///x': give chatbot-short, sharegpt-v3, synthetic:"},
        {"hf://a/b", "dataset 'hf://a/b': only datasets are read: the form is hf://datasets/"},
        {"hf:", "dataset 'hf:' is not complete: the form is hf://datasets/OWNER/NAME/FILE"},
        {"hf://datasets/a/b/c.parquet",
         "dataset 'c.parquet': .parquet files are not read; what is read is .jsonl"},
        {"hf://datasets/a/b/c.jsonl.gz", "dataset 'c.jsonl.gz': .gz files are not read"},
        {"hf://datasets/a/b/c.zst", "dataset 'c.zst': its ending says not how to read it"},
        {"hf://datasets/a/b/c", "dataset 'c': its ending says not how to read it: add ?format="},
        {"hf://datasets/a/b/c.json?prompt-field=q,format=sharegpt",
         "dataset: the fields of a ShareGPT file cannot be chosen: they are for jsonl"},
        {"sharegpt:c.json?prompt-field=q",
         "dataset: the fields of a ShareGPT file cannot be chosen: they are for jsonl"},
        {"jsonl:a?promt-field=q", "dataset: unknown key 'promt-field': did you mean 'prompt-"},
        {"jsonl:?prompt-field=q", "dataset '?prompt-field=q': the file's name is missing"},
        {"jsonl:a?format=jsonl", "dataset 'a?format=jsonl': format is for hf://"},
        {"jsonl:", "dataset 'jsonl:' is not complete: the form is jsonl:FILE"},
        {"sharegpt:", "dataset 'sharegpt:' is not complete: the form is sharegpt:FILE"},
        {"synthetic:", "dataset 'synthetic:' is not complete: the form is synthetic:input=512"},
        {" chatbot-short", "dataset ' chatbot-short' begins or ends with white space"},
        {"jsonl:x\n", "dataset 'jsonl:x?' begins or ends with white space"},
        {"jsonl:\xff", "dataset 'jsonl:\xff' is not UTF-8"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct prompt_set set = {0};
        const int rc = dataset_check(rows[i].recipe, &err);
        if (rc != -ERROR_USAGE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%d '%s' is not '%s'\n", rc, err.text, rows[i].message);
            fail();
        }
        error_clear(&err);
        assert_int_equal(load_recipe(rows[i].recipe, 1, 0, &set, &err), -ERROR_USAGE);
        assert_true(text_starts_with(err.text, rows[i].message));
    }
}

static void test_dataset_check__form_only(void **state)
{
    (void)state;
    static const char *const good[] = {
        "chatbot-short",
        "sharegpt-v3",
        "jsonl:no/such/file",
        "sharegpt:x",
        "synthetic:input=4,output=1",
        "jsonl:x?prompt-field=q",
        "jsonl:what?.jsonl",
        "hf://datasets/a/b/c.jsonl@v1?prompt-field=q",
        "hf://datasets/a/b/c.json",
        "hf://datasets/a/b/c.json?prompt-field=q",
        "hf://datasets/a/b/c.parquet?format=jsonl",
        "hf://datasets/a/b/c.ndjson",
        "hf://datasets/a/b/c.jsonl.zst",
        "hf://datasets/a/b/c.json.zst"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct error err = {0};
        assert_int_equal(dataset_check(good[i], &err), 0);
    }
}

/* A folder that was named on purpose may replace what is built in, and that is recorded. */
static void test_dataset_load__override_of_a_built_in(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    set_variable("BENCH_DATA_DIR", scratch.folder);
    CLEANUP(prompt_set_done) struct prompt_set plain = {0};
    load_good("chatbot-short", 1, 0, &plain);
    assert_string_equal(fact_text(&plain, "source"), "built in");

    (void)scratch_write(&scratch, "chatbot-short.jsonl", "{\"prompt\":\"mine\"}\n");
    CLEANUP(prompt_set_done) struct prompt_set own = {0};
    load_good("chatbot-short", 1, 0, &own);
    set_variable("BENCH_DATA_DIR", NULL);
    assert_int_equal(own.n, 1);
    assert_string_equal(own.id, "chatbot-short");
    assert_string_equal(fact_text(&own, "source"), scratch.path);
    assert_string_not_equal(own.hash, plain.hash);
}

/* The rows of the fixtures that are lists of texts, as the Python suite hashes them. */
static void test_dataset_hash__agrees_with_the_python_suite(void **state)
{
    (void)state;
    if (shared_folder() == NULL) {
        print_message("skipped: no shared fixtures\n");
        skip();
    }
    FILE *file = fopen("../shared/fixtures/canonical/canonical_cases.jsonl", "r");
    assert_non_null(file);
    char *line = NULL;
    size_t cap = 0;
    int n_rows = 0;
    for (ssize_t len = getline(&line, &cap, file); len > 0; len = getline(&line, &cap, file)) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = {0};
        struct json *row = NULL;
        struct json *list = NULL;
        assert_int_equal(json_parse(&arena, "row", line, (size_t)len, &row, &err), 0);
        if (strcmp(json_text(json_find(row, "kind"), ""), "dataset") != 0) {
            continue;
        }
        const char *input = json_text(json_find(row, "input"), "");
        assert_int_equal(json_parse(&arena, "input", input, strlen(input), &list, &err), 0);
        CLEANUP(prompt_list_done) struct prompt_list prompts = {.arena = &arena};
        for (const struct json *value = list->first; value != NULL; value = value->next) {
            const struct prompt prompt = prompt_of_text(&arena, value->text, 0);
            prompt_list_add(&prompts, &prompt);
        }
        char hash[HASH_SIZE];
        dataset_hash(prompts.items, prompts.n, hash);
        assert_string_equal(hash, json_text(json_find(row, "sha256"), ""));
        n_rows++;
    }
    free(line);
    (void)fclose(file);
    assert_true(n_rows >= 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset_load__chatbot_short_is_built_in),
        cmocka_unit_test(test_dataset_load__promise_19_chatbot_short_is_varied),
        cmocka_unit_test(test_dataset_load__part_is_drawn_by_the_seed),
        cmocka_unit_test(test_dataset_load__more_than_there_are_gives_all),
        cmocka_unit_test(test_prompt_sample__is_fair),
        cmocka_unit_test(test_dataset_load__jsonl),
        cmocka_unit_test(test_dataset_load__lengths_have_a_hash_of_their_own),
        cmocka_unit_test(test_jsonl_read__bad_lines),
        cmocka_unit_test(test_jsonl_read__too_many),
        cmocka_unit_test(test_jsonl_read__depth_is_limited),
        cmocka_unit_test(test_dataset_load__bad_files),
        cmocka_unit_test(test_dataset_check__promise_2_bad_recipes),
        cmocka_unit_test(test_dataset_check__form_only),
        cmocka_unit_test(test_dataset_load__override_of_a_built_in),
        cmocka_unit_test(test_dataset_hash__agrees_with_the_python_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
