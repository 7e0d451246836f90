/* Items of JSON Lines: what is read, what each method needs, what is refused where, and the hash. */
#include "base/text.h"
#include "codec/digest.h"
#include "suite/dataset.h"
#include "suite/dataset_readers.h"
#include "support/test.h"

#include <string.h>

#define Q "\"prompt\":\"q\""

static int
read_all(const char *text, enum scoring scoring, struct prompt_list *out, struct error *err)
{
    out->wanted = (struct item_options){.scoring = scoring, .tolerance = 0.25};
    const struct reader_input input = {"f", text, strlen(text), NULL};
    return jsonl_read(&input, out, err);
}

static void test_read__every_key(void **state)
{
    (void)state;
    static const char text[] =
        "{" Q ",\"id\":\"add-1\",\"category\":\"add-2\",\"answer\":\"4\",\"tolerance\":0.5}\n"
        "{" Q ",\"answer\":-4.50}\n"
        "\n"
        "{" Q
        ",\"scoring\":\"multiple_choice\",\"choices\":[\"x\",\"y\"],\"answers\":[\"A\",\"B\"],"
        "\"other\":7}\n"
        "{" Q ",\"scoring\":\"regex\",\"pattern\":\"^a$\"}\n"
        "{" Q ",\"scoring\":\"persona_markers\",\"markers\":[\"m\"],\"forbidden\":[\"f\",\"g\"]}\n"
        "{" Q ",\"scoring\":\"judge_llm\",\"reference\":\"r\",\"rubric\":\"u\"}\n"
        "{" Q ",\"scoring\":\"plugin\"}\n";
    struct arena arena = {0};
    struct prompt_list list = {.arena = &arena};
    struct error err = {0};
    assert_int_equal(read_all(text, SCORING_NUMERIC, &list, &err), 0);
    assert_int_equal(list.n, 7);
    const struct item *item = list.scored;
    assert_string_equal(item[0].id, "add-1");
    assert_string_equal(item[0].category, "add-2");
    assert_int_equal(item[0].scoring, SCORING_NUMERIC);
    assert_int_equal(item[0].answers.n, 1);
    assert_string_equal(item[0].answers.texts[0], "4");
    assert_near(item[0].tolerance, 0.5, 0.0);
    assert_int_equal(item[0].line, 1);
    assert_string_equal(item[1].id, "2");
    assert_null(item[1].category);
    assert_string_equal(item[1].answers.texts[0], "-4.50");
    assert_near(item[1].tolerance, 0.25, 0.0);
    assert_int_equal(item[2].scoring, SCORING_MULTIPLE_CHOICE);
    assert_int_equal(item[2].line, 4);
    assert_int_equal(item[2].choices.n, 2);
    assert_string_equal(item[2].choices.texts[1], "y");
    assert_int_equal(item[2].answers.n, 2);
    assert_string_equal(item[3].pattern, "^a$");
    assert_string_equal(item[4].markers.texts[0], "m");
    assert_int_equal(item[4].forbidden.n, 2);
    assert_string_equal(item[5].reference, "r");
    assert_string_equal(item[5].rubric, "u");
    assert_int_equal(item[6].scoring, SCORING_PLUGIN);
    prompt_list_done(&list);
    arena_done(&arena);
}

/* Where nobody wants items, their keys are labels like any other. */
static void test_read__leaves_labels_alone(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct prompt_list list = {.arena = &arena};
    struct error err = {0};
    assert_int_equal(
        read_all("{" Q ",\"answer\":[],\"id\":{},\"pattern\":\"(\"}", SCORING_NONE, &list, &err),
        0);
    assert_null(list.scored);
    prompt_list_done(&list);
    arena_done(&arena);
}

static void test_read__refuses(void **state)
{
    (void)state;

    static const struct {
        enum scoring scoring;
        const char *text;
        const char *message;
    } rows[] = {
        {SCORING_EXACT_MATCH, "{" Q "}",
         "f:1:1: an item needs 'answer' or 'answers' to be scored by exact_match"},
        {SCORING_REGEX, "{" Q "}", "f:1:1: an item needs 'pattern' to be scored by regex"},
        {SCORING_MULTIPLE_CHOICE, "{" Q ",\"answer\":\"A\"}",
         "f:1:1: an item needs 'choices' to be scored by multiple_choice"},
        {SCORING_PERSONA_MARKERS, "{" Q "}",
         "f:1:1: an item needs 'markers' or 'forbidden' to be scored by persona_markers"},
        {SCORING_JUDGE_LLM, "{" Q "}",
         "f:1:1: an item needs 'reference' or 'answer' to be scored by judge_llm"},
        {SCORING_NUMERIC, "{" Q ",\"answer\":\"four\"}",
         "f:1:24: there is no number in the answer 'four'"},
        {SCORING_NUMERIC, "{" Q ",\"answers\":[\"4\",\"four\"]}",
         "f:1:25: there is no number in the answer 'four'"},
        {SCORING_REGEX, "{" Q ",\"pattern\":\"(\"}", "f:1:25: 'pattern' is no POSIX extended"},
        {SCORING_MULTIPLE_CHOICE, "{" Q ",\"choices\":[\"x\",\"y\"],\"answer\":\"C\"}",
         "f:1:44: the answer 'C' is no letter of a choice: it must be one of A to B"},
        {SCORING_MULTIPLE_CHOICE, "{" Q ",\"choices\":[\"x\"],\"answer\":\"A\"}",
         "f:1:25: 'choices' must be a list of 2 to 26 texts"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"\"}",
         "f:1:24: 'answer' must be a text that is not empty, or a number"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":true}", "f:1:24: 'answer' must be a text"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answers\":[]}",
         "f:1:25: 'answers' must be a list of 1 to 1000 texts"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answers\":[\"a\",7]}",
         "f:1:30: 'answers' must hold texts of 1 to 65536 bytes"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answers\":[\"a\"],\"answer\":\"a\"}",
         "f:1:40: 'answer' and 'answers' exclude each other"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"scoring\":\"exact\"}",
         "f:1:38: 'scoring' is no method: 'bench list scorers' names those that are"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"tolerance\":-1}",
         "f:1:40: 'tolerance' must be a number, 0 or more"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"id\":7}",
         "f:1:33: 'id' must be a text of 1 to 65536 bytes"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"id\":\" x\"}",
         "f:1:33: 'id' must have 1 to 128 bytes, without white space at its ends"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"category\":\"Add\"}",
         "f:1:39: 'category' must be 1 to 64 of a-z, 0-9 and '-'"},
        {SCORING_EXACT_MATCH,
         "{" Q ",\"answer\":\"a\",\"id\":\"x\"}\n{" Q ",\"answer\":\"a\"}\n{" Q
         ",\"answer\":\"a\",\"id\":\"x\"}",
         "f:3:1: the id 'x' is that of line 1 too"},
        {SCORING_EXACT_MATCH, "{" Q ",\"answer\":\"a\",\"id\":\"2\"}\n{" Q ",\"answer\":\"a\"}",
         "f:2:1: the id '2' is that of line 1 too"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct prompt_list list = {.arena = &arena};
        struct error err = {0};
        const int rc = read_all(rows[i].text, rows[i].scoring, &list, &err);
        if (rc != -ERROR_PARSE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%s: %d %s\n", rows[i].text, rc, err.text);
            fail();
        }
        prompt_list_done(&list);
        arena_done(&arena);
    }
}

static void test_hash__is_that_of_the_canonical_list(void **state)
{
    (void)state;
    static const char text[] =
        "{" Q ",\"id\":\"b\",\"category\":\"c\",\"answer\":\"4\",\"tolerance\":0.5}\n"
        "{" Q ",\"scoring\":\"multiple_choice\",\"choices\":[\"x\",\"y\"],\"answer\":\"B\"}\n";
    static const char list[] =
        "[{\"answers\":[\"4\"],\"category\":\"c\",\"id\":\"b\",\"scoring\":\"numeric\",\"tolerance\":0.5},"
        "{\"answers\":[\"B\"],\"choices\":[\"x\",\"y\"],\"id\":\"2\",\"scoring\":\"multiple_choice\"}]";
    char expected[DIGEST_HEX_SIZE];
    digest_sha256_hex(list, strlen(list), expected);
    struct arena arena = {0};
    struct prompt_list prompts = {.arena = &arena};
    struct error err = {0};
    assert_int_equal(read_all(text, SCORING_NUMERIC, &prompts, &err), 0);
    char hash[65];
    items_hash(prompts.scored, prompts.n, hash);
    assert_string_equal(hash, expected);
    prompt_list_done(&prompts);
    arena_done(&arena);
}

static void test_dataset__has_items_or_fails(void **state)
{
    (void)state;
    const struct dataset_options options = {
        .recipe = "synthetic:input=9,output=3,n=2", .items = {.scoring = SCORING_NUMERIC}};
    struct prompt_set set;
    struct error err = {0};
    assert_int_equal(dataset_load(&options, &set, &err), -ERROR_USAGE);
    assert_string_equal(
        err.text, "dataset 'synthetic:input=9,output=3,n=2' has no right answers to score by: give "
                  "jsonl:FILE with items as docs/scoring.md has them");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__every_key),
        cmocka_unit_test(test_read__leaves_labels_alone),
        cmocka_unit_test(test_read__refuses),
        cmocka_unit_test(test_hash__is_that_of_the_canonical_list),
        cmocka_unit_test(test_dataset__has_items_or_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
