#include "base/text.h"
#include "suite/composed.h"
#include "suite/prose.h"
#include "support/prompts.h"

#include <string.h>

/* Nominal tokens of all messages. */
static uint32_t prompt_tokens(const struct prompt *prompt)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        n += prose_tokens(prompt->messages[i].content);
    }
    return n;
}

static void expect_lengths(const struct prompt_set *set, uint32_t low, uint32_t high)
{
    for (uint32_t i = 0; i < set->n; i++) {
        const uint32_t n = prompt_tokens(&set->prompts[i]);
        assert_int_equal(set->prompts[i].n_nominal, n);
        assert_in_range(n, low, high);
    }
}

static void test_composed_make__lengths_are_exact(void **state)
{
    (void)state;

    static const struct {
        const char *recipe;
        uint32_t n;
        uint32_t low;
        uint32_t high;
    } rows[] = {
        {"documents:tokens=400,n=200", 200, 400, 400},
        {"documents:tokens=8000,n=5,question=summary", 5, 8000, 8000},
        {"documents:tokens=400/700/1000,n=90", 90, 400, 1000},
        {"documents:tokens=500..2000,n=90", 90, 500, 2000},
        /* Passages are exact; question and instruction come on top. */
        {"rag:chunks=8,chunk-tokens=256,n=50", 50, 8 * 256 + 40, 8 * 256 + 90},
        {"rag:chunks=1,chunk-tokens=80,n=50", 50, 80 + 40, 80 + 90},
        {"multi-turn:turns=3,conversations=20,user=60,answer=20", 60, 60, 3 * 60 + 2 * 20},
        {"multi-turn:turns=1,conversations=20", 20, 100, 100},
        {"shared-prefix:prefix=200,suffix=60,n=50", 50, 260, 260},
        {"shared-prefix:prefix=3000,groups=3", 1000, 3100, 3100},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        load_good(rows[i].recipe, 42 + i, 0, &set);
        assert_int_equal(set.n, rows[i].n);
        expect_lengths(&set, rows[i].low, rows[i].high);
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Bytes of the first four words. */
static size_t beginning_len(const char *text)
{
    size_t len = 0;
    for (int i = 0; i < 4; i++) {
        len += strspn(text + len, " ,");
        len += strcspn(text + len, " ,:");
    }
    return len;
}

static void expect_no_shared_beginning(const char **texts, size_t n)
{
    qsort(texts, n, sizeof(*texts), compare_texts);
    for (size_t i = 1; i < n; i++) {
        const size_t len = beginning_len(texts[i]);
        if (beginning_len(texts[i - 1]) == len && memcmp(texts[i - 1], texts[i], len) == 0) {
            print_error("both begin with '%.*s'\n", (int)len, texts[i]);
            fail();
        }
    }
}

static void test_composed_make__no_two_prompts_share_a_prefix(void **state)
{
    (void)state;

    static const struct {
        const char *recipe;
        uint32_t message; /* what differs */
        uint32_t n;       /* prompts looked at: of conversations the first turns */
    } rows[] = {
        {"documents:tokens=400,n=3000", 0, 3000},
        {"rag:chunks=1,chunk-tokens=80,n=20000", 0, 20000},
        {"multi-turn:turns=2,conversations=5000", 0, 5000},
        {"shared-prefix:prefix=200,groups=3000,n=3000", 0, 3000},
        {"shared-prefix:prefix=200,groups=2,n=20000", 1, 20000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        load_good(rows[i].recipe, 7, 0, &set);
        const char **texts = malloc(rows[i].n * sizeof(*texts));
        assert_non_null(texts);
        for (uint32_t k = 0; k < rows[i].n; k++) {
            texts[k] = set.prompts[k].messages[rows[i].message].content;
        }
        expect_no_shared_beginning(texts, rows[i].n);
        free(texts);
    }
}

static void expect_same_messages(const struct prompt *a, const struct prompt *b, bool same)
{
    assert_int_equal(a->n_messages, b->n_messages);
    for (uint32_t i = 0; i < a->n_messages; i++) {
        assert_int_equal(strcmp(a->messages[i].content, b->messages[i].content) == 0, same);
    }
}

static void test_composed_make__a_prompt_depends_on_seed_and_index_alone(void **state)
{
    (void)state;
    static const char *const recipes[] = {
        "documents:tokens=400..900", "rag:chunks=3,chunk-tokens=90",
        "multi-turn:turns=1,conversations=9", "shared-prefix:prefix=300,groups=2"};
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        CLEANUP(prompt_set_done) struct prompt_set few = {0};
        CLEANUP(prompt_set_done) struct prompt_set many = {0};
        CLEANUP(prompt_set_done) struct prompt_set other = {0};
        load_good(recipes[i], 5, 3, &few);
        load_good(recipes[i], 5, 40, &many);
        load_good(recipes[i], 6, 3, &other);
        assert_int_equal(few.n, 3);
        assert_int_equal(many.n, 40);
        for (uint32_t k = 0; k < few.n; k++) {
            expect_same_messages(&few.prompts[k], &many.prompts[k], true);
            expect_same_messages(&few.prompts[k], &other.prompts[k], false);
        }
    }
}

/* The thing that a question is about: the only relic or vault of the corpus in it. */
static const char *asked_thing(const struct prose *prose, const char *question)
{
    static const char *const kinds[] = {"relic", "vault"};
    const char *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct prose_list *list = prose_common(prose, kinds[i]);
        for (uint32_t k = 0; k < list->n; k++) {
            if (strstr(question, list->items[k]) != NULL) {
                assert_null(found);
                found = list->items[k];
            }
        }
    }
    assert_non_null(found);
    return found;
}

static unsigned count_text(const char *text, const char *end, const char *wanted)
{
    unsigned n = 0;
    for (const char *at = strstr(text, wanted); at != NULL && at < end;
         at = strstr(at + 1, wanted)) {
        n++;
    }
    return n;
}

/* What is asked for is said exactly once, anywhere in the document. */
static void test_composed_make__documents_hold_the_fact_that_is_asked(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("documents:tokens=2000,n=300", 11, 0, &set);
    double depth = 0.0;
    for (uint32_t i = 0; i < set.n; i++) {
        const char *text = only_text(&set.prompts[i]);
        const char *question = strstr(text, "\n\nThis is the end of the document. ");
        assert_non_null(question);
        const char *thing = asked_thing(&prose, question);
        assert_int_equal(count_text(text, question, thing), 1);
        depth += (double)(strstr(text, thing) - text) / (double)(question - text);
    }
    /* Uniform over the document: mean 1/2, standard deviation of the mean 0.017. */
    assert_near(depth / set.n, 0.5, 0.06);
    prose_done(&prose);
}

static void test_composed_make__one_passage_holds_the_answer(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("rag:chunks=8,chunk-tokens=100,n=400", 11, 0, &set);
    unsigned n_at[9] = {0};
    for (uint32_t i = 0; i < set.n; i++) {
        const char *text = only_text(&set.prompts[i]);
        const char *passages = strstr(text, "\n\nSource 1: ");
        const char *end = strstr(text, "\n\nAnswer the question");
        assert_true(passages != NULL && end != NULL);
        char question[400];
        (void)snprintf(question, sizeof(question), "%.*s", (int)(passages - text), text);
        const char *thing = asked_thing(&prose, question);
        if (count_text(passages, end, thing) != 1) {
            print_error("%s: %s\n", thing, text);
            fail();
        }
        assert_int_equal(count_text(passages, strstr(passages, thing), "\n\nSource ") > 0, 1);
        n_at[count_text(passages, strstr(passages, thing), "\n\nSource ")]++;
        assert_int_equal(count_text(passages, end, "\n\nSource "), 8);
    }
    /* In any place: 50 expected of each, standard deviation 6.6. */
    for (int i = 1; i <= 8; i++) {
        assert_in_range(n_at[i], 24, 76);
    }
    prose_done(&prose);
}

/* Half of a log-uniform set is below the geometric mean; lists go round. */
static void test_composed_make__document_lengths(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set range = {0};
    load_good("documents:tokens=500..8000,n=400", 3, 0, &range);
    unsigned n_below = 0;
    for (uint32_t i = 0; i < range.n; i++) {
        n_below += range.prompts[i].n_nominal < 2000 ? 1 : 0;
    }
    assert_in_range(n_below, 160, 240); /* 200 expected, standard deviation 10 */
    CLEANUP(prompt_set_done) struct prompt_set list = {0};
    load_good("documents:tokens=400/800/600,n=30", 3, 0, &list);
    static const uint32_t lengths[] = {400, 800, 600};
    for (uint32_t i = 0; i < list.n; i++) {
        assert_int_equal(list.prompts[i].n_nominal, lengths[i % 3]);
    }
}

static void test_composed_make__a_turn_holds_those_before_it(void **state)
{
    (void)state;

    enum {
        TURNS = 4,
        CONVERSATIONS = 25
    };
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("multi-turn:turns=4,conversations=25,output=33", 3, 0, &set);
    assert_int_equal(set.n, TURNS * CONVERSATIONS);
    assert_int_equal(set.n_rounds, TURNS);
    for (uint32_t i = 0; i < set.n; i++) {
        const struct prompt *prompt = &set.prompts[i];
        assert_int_equal(prompt->n_messages, 2 * (i / CONVERSATIONS) + 1);
        assert_int_equal(prompt->max_tokens, 33);
        assert_int_equal(prompt->salt_message, 0);
        const struct prompt *last = &set.prompts[i % CONVERSATIONS + (TURNS - 1) * CONVERSATIONS];
        for (uint32_t k = 0; k < prompt->n_messages; k++) {
            assert_string_equal(prompt->messages[k].role, k % 2 == 0 ? "user" : "assistant");
            assert_string_equal(prompt->messages[k].content, last->messages[k].content);
        }
    }
}

static void test_composed_make__groups_share_their_system_prompt(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("shared-prefix:prefix=900,groups=3,suffix=80,n=30", 3, 0, &set);
    assert_int_equal(set.n_rounds, 1);
    for (uint32_t i = 0; i < set.n; i++) {
        const struct prompt *prompt = &set.prompts[i];
        assert_int_equal(prompt->n_messages, 2);
        assert_string_equal(prompt->messages[0].role, "system");
        assert_string_equal(prompt->messages[1].role, "user");
        assert_int_equal(prompt->salt_message, 1);
        const struct prompt *before = &set.prompts[i < 3 ? i : i - 3];
        assert_string_equal(prompt->messages[0].content, before->messages[0].content);
        /* The letter asks for something that the system prompt says. */
        const char *asked = strstr(prompt->messages[1].content, "But tell me: ");
        assert_non_null(asked);
        const char *system = prompt->messages[0].content;
        assert_int_equal(
            count_text(system, system + strlen(system), asked_thing(&prose, asked)), 1);
    }
    assert_string_not_equal(set.prompts[0].messages[0].content, set.prompts[1].messages[0].content);
    prose_done(&prose);
}

static void test_dataset_load__composed_facts(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set documents = {0};
    load_good("documents:tokens=400..900,n=7,output=12", 3, 0, &documents);
    assert_string_equal(documents.id, "documents:tokens=400..900,n=7,output=12");
    assert_string_equal(fact_text(&documents, "tokens"), "400..900");
    assert_string_equal(fact_text(&documents, "question"), "fact");
    assert_string_equal(fact_text(&documents, "lengths"), "nominal: 1 word or mark a token");
    assert_int_equal(fact_i64(&documents, "n_prompts"), 7);
    assert_int_equal(fact_i64(&documents, "max_tokens_total"), 7 * 12);
    assert_in_range(fact_i64(&documents, "nominal_tokens_min"), 400, 900);
    assert_in_range(
        fact_i64(&documents, "nominal_tokens_max"), fact_i64(&documents, "nominal_tokens_min"),
        900);
    CLEANUP(prompt_set_done) struct prompt_set shared = {0};
    load_good("shared-prefix:prefix=300,n=5", 3, 0, &shared);
    assert_int_equal(fact_i64(&shared, "prefix"), 300);
    assert_int_equal(fact_i64(&shared, "groups"), 1);
    assert_int_equal(fact_i64(&shared, "suffix"), 100);
    CLEANUP(prompt_set_done) struct prompt_set rag = {0};
    load_good("rag:n=5", 3, 0, &rag);
    assert_int_equal(fact_i64(&rag, "chunks"), 8);
    assert_int_equal(fact_i64(&rag, "chunk_tokens"), 256);
}

static void test_dataset_check__bad_composed(void **state)
{
    (void)state;

    static const struct {
        const char *recipe;
        const char *message;
    } rows[] = {
        {"documents:",
         "dataset 'documents:' is not complete: the form is documents:tokens=4000..32000"},
        {"documents:n=4",
         "dataset documents: 'tokens' is missing; the form is documents:tokens=4000..32000"},
        {"documents:token=4000", "dataset documents: unknown key 'token': did you mean 'tokens'?"},
        {"documents:4000",
         "dataset documents: unknown key '4000'; the form is documents:tokens=4000..32000"},
        {"documents:tokens=", "dataset documents: 'tokens' has no value"},
        {"documents:tokens", "dataset documents: 'tokens' has no value"},
        {"documents:tokens=400,tokens=500", "dataset documents: 'tokens' is given twice"},
        {"documents:tokens=399", "dataset documents: tokens: '399' is not between 400 and 1000000"},
        {"documents:tokens=4k", "dataset documents: tokens: '4k' is not a whole number"},
        {"documents:tokens=400..", "dataset documents: tokens: '' is not a whole number"},
        {"documents:tokens=900..500", "dataset documents: tokens: 900 is above 500"},
        {"documents:tokens=400/x", "dataset documents: tokens: 'x' is not a whole number"},
        {"documents:tokens=400/400/400/400/400/400/400/400/400/400/400/400/400/400/400/400/400",
         "dataset documents: tokens: more than 16 lengths"},
        {"documents:tokens=400,question=why",
         "dataset documents: question 'why' is not fact or summary"},
        {"documents:tokens=1000000,n=101",
         "dataset documents: 101 prompts of up to 1000000 tokens are more than 100000000 tokens in "
         "all; lower their number or length"},
        {"rag:chunks=0", "dataset rag: chunks: '0' is not between 1 and 1000"},
        {"rag:chunk=8", "dataset rag: unknown key 'chunk': did you mean 'chunks'?"},
        {"rag:chunk-tokens=79", "dataset rag: chunk-tokens: '79' is not between 80 and 1000000"},
        {"multi-turn:turns=101", "dataset multi-turn: turns: '101' is not between 1 and 100"},
        {"multi-turn:user=59", "dataset multi-turn: user: '59' is not between 60 and 1000000"},
        {"multi-turn:turns=100,conversations=100",
         "dataset multi-turn: 100 conversations of up to 1515000 tokens are more than 100000000 "
         "tokens in all; lower their number or length"},
        {"shared-prefix:suffix=100", "dataset shared-prefix: 'prefix' is missing; the form is "
                                     "shared-prefix:prefix=2000,suffix=100"},
        {"shared-prefix:prefix=199",
         "dataset shared-prefix: prefix: '199' is not between 200 and 1000000"},
        {"shared-prefix:prefix=200,groups=5,n=4",
         "dataset shared-prefix: 5 groups are more than 4 prompts"},
        {"document:tokens=4000",
         "unknown dataset 'document:tokens=4000': did you mean 'documents:'?"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        assert_int_equal(dataset_check(rows[i].recipe, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].message);
    }
}

static void test_dataset_load__composed_wanted_number_is_checked_too(void **state)
{
    (void)state;
    struct prompt_set set = {0};
    struct error err = {0};
    assert_int_equal(
        load_recipe("rag:chunks=8,chunk-tokens=1000", 1, 20000, &set, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "more than 100000000 tokens in all"));
    error_clear(&err);
    assert_int_equal(
        load_recipe("rag:chunks=1,chunk-tokens=80", 1, 500000, &set, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "that begin differently"));
    assert_null(set.prompts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_composed_make__lengths_are_exact),
        cmocka_unit_test(test_composed_make__no_two_prompts_share_a_prefix),
        cmocka_unit_test(test_composed_make__a_prompt_depends_on_seed_and_index_alone),
        cmocka_unit_test(test_composed_make__documents_hold_the_fact_that_is_asked),
        cmocka_unit_test(test_composed_make__one_passage_holds_the_answer),
        cmocka_unit_test(test_composed_make__document_lengths),
        cmocka_unit_test(test_composed_make__a_turn_holds_those_before_it),
        cmocka_unit_test(test_composed_make__groups_share_their_system_prompt),
        cmocka_unit_test(test_dataset_load__composed_facts),
        cmocka_unit_test(test_dataset_check__bad_composed),
        cmocka_unit_test(test_dataset_load__composed_wanted_number_is_checked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
