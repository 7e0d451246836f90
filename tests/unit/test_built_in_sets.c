/* What every built-in dataset keeps: as many prompts as promised, all different, of sane lengths, and
 * the hash that another implementation computes.  What the texts say is held by tests/datasets. */
#include "base/text.h"
#include "suite/embedded.h"
#include "suite/recipe.h"
#include "support/prompts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One row for each dataset that the binary carries. */
static const struct built_in_set {
    const char *id;
    uint32_t n_min; /* prompts */
    size_t len_min; /* bytes of all messages of one prompt */
    size_t len_max;
    uint32_t max_tokens_min; /* of its own; 0: none */
    uint32_t max_tokens_max;
    enum scoring scoring; /* of its benchmark; SCORING_NONE: it has no items */
} sets[] = {
    {"chatbot-short", 200, 40, 600, 0, 0, SCORING_NONE},
    {"code-completion", 120, 500, 4000, 48, 256, SCORING_NONE},
    {"arithmetic-mini", 60, 40, 400, 0, 0, SCORING_NUMERIC},
    {"factual-mini", 60, 40, 400, 0, 0, SCORING_SUBSTRING_MATCH},
    {"instruction-following-mini", 60, 40, 400, 0, 0, SCORING_REGEX},
    {"reasoning-mini", 60, 40, 700, 0, 0, SCORING_MULTIPLE_CHOICE},
    {"persona-consistency-mini", 60, 200, 700, 0, 0, SCORING_PERSONA_MARKERS},
    {"factual-judged", 60, 40, 400, 0, 0, SCORING_JUDGE_LLM},
};

static const struct built_in_set *find_row(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (strcmp(sets[i].id, id) == 0) {
            return &sets[i];
        }
    }
    fail_msg("%s has no row in this test", id);
    return NULL;
}

static void test_known_dataset_table__every_built_in_set_is_tested(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < known_dataset_table_len; i++) {
        const struct known_dataset *known = &known_dataset_table[i];
        if (known->embedded != NULL) {
            assert_non_null(embedded_find(known->embedded));
            assert_non_null(find_row(known->id));
            n++;
        }
    }
    assert_int_equal(n, ARRAY_LEN(sets));
}

/* The line `id` of tests/data/suite/dataset_hashes.tsv, made by tests/oracle/dataset_oracle.py. */
static void oracle_hash(const char *id, char out[65])
{
    FILE *file = fopen("tests/data/suite/dataset_hashes.tsv", "r");
    assert_non_null(file);
    char row[64];
    bool found = false;
    while (!found && fscanf(file, "%63s %64s", row, out) == 2) {
        found = strcmp(row, id) == 0;
    }
    (void)fclose(file);
    assert_true(found);
}

static void check_text(const struct built_in_set *row, uint32_t index, const char *text)
{
    const size_t len = strlen(text);
    if (!text_is_utf8(text, len) || isspace((unsigned char)text[0]) ||
        isspace((unsigned char)text[len - 1])) {
        fail_msg("%s, prompt %u: not UTF-8, or white space at an end", row->id, index + 1);
    }
}

static void
check_prompt(const struct built_in_set *row, uint32_t index, const struct prompt *prompt)
{
    size_t len = 0;
    for (uint32_t m = 0; m < prompt->n_messages; m++) {
        check_text(row, index, prompt->messages[m].content);
        len += strlen(prompt->messages[m].content);
    }
    if (len < row->len_min || len > row->len_max) {
        fail_msg("%s, prompt %u: %zu bytes", row->id, index + 1, len);
    }
    if (prompt->max_tokens < row->max_tokens_min || prompt->max_tokens > row->max_tokens_max) {
        fail_msg("%s, prompt %u: max_tokens %u", row->id, index + 1, prompt->max_tokens);
    }
}

/* Two prompts are different by what the person says last. */
static const char *last_text(const struct prompt *prompt)
{
    return prompt->messages[prompt->n_messages - 1].content;
}

static void check_distinct(const struct prompt_set *set, uint32_t index)
{
    const char *text = last_text(&set->prompts[index]);
    for (uint32_t before = 0; before < index; before++) {
        assert_string_not_equal(text, last_text(&set->prompts[before]));
    }
}

static void check_set(const struct built_in_set *row)
{
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    const struct dataset_options options = {
        .recipe = row->id, .seed = 42, .items = {.scoring = row->scoring}};
    struct error err = {0};
    if (dataset_load(&options, &set, &err) != 0) {
        fail_msg("%s", err.text);
    }
    assert_true(set.n >= row->n_min);
    assert_true((set.items != NULL) == (row->scoring != SCORING_NONE));
    char hash[65];
    oracle_hash(row->id, hash);
    assert_string_equal(set.hash, hash);
    for (uint32_t at = 0; at < set.n; at++) {
        check_prompt(row, at, &set.prompts[at]);
        check_distinct(&set, at);
    }
}

static void test_dataset_load__built_in_sets_keep_their_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        check_set(&sets[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_dataset_table__every_built_in_set_is_tested),
        cmocka_unit_test(test_dataset_load__built_in_sets_keep_their_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
