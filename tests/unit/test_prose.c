#include "base/mem.h"
#include "base/text.h"
#include "suite/prose_text.h"
#include "support/test.h"

#include <string.h>

static void test_prose_tokens__words_and_marks(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        uint32_t n;
    } rows[] = {
        {"", 0},
        {"word", 1},
        {"Work continued.", 3},
        {"In 1998, forty came.", 6},
        {"\"We had to,\" said Anna Hill.", 10},
        {"Type\n\nThe press", 3},
        {"one;two:three", 5},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(prose_tokens(rows[i].text), rows[i].n);
    }
}

/* Items of a kind for a subject: its own and the common ones. */
static uint32_t n_items(const struct prose *prose, uint32_t subject, uint32_t kind)
{
    return prose->subjects[subject].lists[kind].n + prose->common.lists[kind].n;
}

static uint32_t kind_named(const struct prose *prose, const char *name)
{
    uint32_t kind = 0;
    while (kind < prose->n_kinds && !text_equal(prose->kinds[kind], name)) {
        kind++;
    }
    if (kind == prose->n_kinds) {
        print_error("no kind '%s'\n", name);
        fail();
    }
    return kind;
}

/* Every subject has what any sentence may ask for, and no more than drawing without repetition can hold. */
static void test_prose_init__every_subject_is_complete(void **state)
{
    (void)state;

    static const struct {
        const char *kind;
        uint32_t min;
    } wanted[] = {
        {"subject", 1}, {"title", 3},   {"place", 6},   {"part", 6},    {"crew", 5},
        {"role", 4},    {"goods", 6},   {"did", 6},     {"todo", 6},    {"trouble", 6},
        {"measure", 5}, {"cause", 6},   {"aim", 4},     {"open", 16},   {"detail", 16},
        {"figure", 12}, {"mishap", 10}, {"reason", 10}, {"action", 11}, {"result", 11},
        {"voice", 11},  {"compare", 8}, {"doubt", 9},   {"close", 8},   {"heading", 10},
        {"fact", 8},
    };
    struct prose prose;
    prose_init(&prose);
    assert_true(prose.n_subjects >= 10);
    for (uint32_t subject = 0; subject < prose.n_subjects; subject++) {
        for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
            const uint32_t n = n_items(&prose, subject, kind_named(&prose, wanted[i].kind));
            assert_in_range(n, wanted[i].min, PROSE_ITEMS_MAX);
        }
    }
    prose_done(&prose);
}

static bool is_sentence_kind(const char *kind)
{
    static const char *const kinds[] = {"open",   "detail", "figure", "mishap",  "reason",
                                        "action", "result", "voice",  "compare", "doubt",
                                        "close",  "ask",    "follow", "lead"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_equal(kind, kinds[i])) {
            return true;
        }
    }
    return text_starts_with(kind, "fill");
}

/* No slot is left, and a sentence looks like one. */
static void check_item(struct prose_scene *scene, const char *kind, struct bytes *text)
{
    prose_draw(scene, kind, true, text);
    assert_null(strpbrk(text->data, "{}|\n\t"));
    assert_null(strstr(text->data, "  "));
    const char last = text->data[text->len - 1];
    const bool is_whole = strchr(".?\"", last) != NULL && strchr(" a", text->data[0]) == NULL;
    if (is_sentence_kind(kind) && !is_whole) {
        print_error("%s: %s\n", kind, text->data);
        fail();
    }
}

static void test_prose_draw__every_slot_has_a_list(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    struct rng rng;
    rng_init(&rng, 42, RNG_STREAM_TEST);
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 1 << 16);
    for (uint32_t subject = 0; subject < prose.n_subjects; subject++) {
        struct prose_scene scene;
        prose_scene_init(&scene, &prose, &rng, "Ashby");
        prose_scene_turn_to(&scene, subject);
        for (uint32_t kind = 0; kind < prose.n_kinds; kind++) {
            const uint32_t n = n_items(&prose, subject, kind);
            for (uint32_t i = 0; i < n && n <= PROSE_ITEMS_MAX; i++) {
                check_item(&scene, prose.kinds[kind], &text);
            }
        }
    }
    prose_done(&prose);
}

/* No list is left out because it is too long, but for the names, which are drawn another way. */
static void test_prose_init__only_names_are_many(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    for (uint32_t kind = 0; kind < prose.n_kinds; kind++) {
        const bool name = text_equal(prose.kinds[kind], "first") ||
                          text_equal(prose.kinds[kind], "last") ||
                          text_equal(prose.kinds[kind], "town");
        assert_true(name || prose.common.lists[kind].n <= PROSE_ITEMS_MAX);
        /* Names tell texts apart: none twice. */
        const struct prose_list *list = &prose.common.lists[kind];
        for (uint32_t i = 0; i < list->n; i++) {
            for (uint32_t k = 0; k < i; k++) {
                assert_string_not_equal(list->items[i], list->items[k]);
            }
        }
    }
    prose_done(&prose);
}

static void expect_nowhere(const struct prose *prose, uint32_t own_kind, const char *name)
{
    for (uint32_t subject = 0; subject <= prose->n_subjects; subject++) {
        const struct prose_subject *lists =
            subject < prose->n_subjects ? &prose->subjects[subject] : &prose->common;
        for (uint32_t kind = 0; kind < prose->n_kinds; kind++) {
            for (uint32_t i = 0; kind != own_kind && i < lists->lists[kind].n; i++) {
                assert_null(strstr(lists->lists[kind].items[i], name));
            }
        }
    }
}

/* What facts are about is spoken of nowhere else. */
static void test_prose_init__things_of_facts_stand_nowhere_else(void **state)
{
    (void)state;
    static const char *const kinds[] = {"vault", "relic", "giver", "password"};
    struct prose prose;
    prose_init(&prose);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct prose_list *list = prose_common(&prose, kinds[i]);
        assert_true(list->n >= 8);
        for (uint32_t k = 0; k < list->n; k++) {
            expect_nowhere(&prose, kind_named(&prose, kinds[i]), list->items[k]);
        }
    }
    prose_done(&prose);
}

static void test_prose_fill__sentences_of_known_length(void **state)
{
    (void)state;
    struct prose prose;
    prose_init(&prose);
    for (uint32_t n = 3; n <= 9; n++) {
        char kind[8];
        (void)snprintf(kind, sizeof(kind), "fill%u", n);
        const struct prose_list *list = prose_common(&prose, kind);
        assert_true(list->n > 0);
        for (uint32_t i = 0; i < list->n; i++) {
            assert_int_equal(prose_tokens(list->items[i]), n);
        }
    }
    prose_done(&prose);
}

static void write_text(uint64_t seed, const struct prose_outline *outline, struct bytes *out)
{
    struct prose prose;
    prose_init(&prose);
    struct rng rng;
    rng_init(&rng, seed, RNG_STREAM_TEST);
    struct prose_scene scene;
    prose_scene_init(&scene, &prose, &rng, "Ashby");
    prose_scene_turn_to(&scene, (uint32_t)(seed % prose.n_subjects));
    prose_text_write(&scene, outline, out);
    prose_done(&prose);
}

static void test_prose_text_write__lengths_are_exact(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 1 << 24);
    for (uint32_t n = PROSE_TEXT_MIN; n < 600; n++) {
        bytes_clear(&text);
        write_text(n, &(struct prose_outline){.n_tokens = n, .headings = n % 2 == 0}, &text);
        assert_int_equal(prose_tokens(text.data), n);
    }
    bytes_clear(&text);
    write_text(1, &(struct prose_outline){.n_tokens = 100000, .headings = true}, &text);
    assert_int_equal(prose_tokens(text.data), 100000);
    assert_non_null(strstr(text.data, "\n\nChapter 12: The "));
}

/* A planted sentence stands once, where it was asked for, whatever its place. */
static void test_prose_text_write__facts_are_planted_in_their_places(void **state)
{
    (void)state;
    const struct prose_fact facts[] = {
        {"First secret.", "", "", 3}, {"Second secret.", "", "", 3}, {"Third secret.", "", "", 3}};
    static const double depths[][3] = {{0.0, 0.0, 0.0}, {0.1, 0.5, 0.9}, {1.0, 1.0, 1.0}};
    for (size_t i = 0; i < ARRAY_LEN(depths); i++) {
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, 1 << 24);
        write_text(
            i,
            &(struct prose_outline){
                .n_tokens = 5000, .facts = facts, .depths = depths[i], .n_facts = 3},
            &text);
        assert_int_equal(prose_tokens(text.data), 5000);
        for (size_t k = 0; k < ARRAY_LEN(facts); k++) {
            const char *at = strstr(text.data, facts[k].sentence);
            assert_non_null(at);
            assert_null(strstr(at + 1, facts[k].sentence));
            assert_near((double)(at - text.data) / (double)text.len, depths[i][k], 0.02);
        }
    }
}

/* Texts are made of sentences that come back as late as they can: in a long text no paragraph twice. */
static void test_prose_text_write__no_paragraph_twice(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, 1 << 24);
    write_text(3, &(struct prose_outline){.n_tokens = 32000}, &text);
    char *rest = text.data;
    const char *paragraphs[2000];
    size_t n = 0;
    while (rest != NULL) {
        char *end = strstr(rest, "\n\n");
        paragraphs[n++] = rest;
        if (end != NULL) {
            *end = '\0';
        }
        rest = end != NULL ? end + 2 : NULL;
    }
    assert_in_range(n, 200, 1000);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(paragraphs[i], paragraphs[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prose_tokens__words_and_marks),
        cmocka_unit_test(test_prose_init__every_subject_is_complete),
        cmocka_unit_test(test_prose_init__only_names_are_many),
        cmocka_unit_test(test_prose_init__things_of_facts_stand_nowhere_else),
        cmocka_unit_test(test_prose_draw__every_slot_has_a_list),
        cmocka_unit_test(test_prose_fill__sentences_of_known_length),
        cmocka_unit_test(test_prose_text_write__lengths_are_exact),
        cmocka_unit_test(test_prose_text_write__facts_are_planted_in_their_places),
        cmocka_unit_test(test_prose_text_write__no_paragraph_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
