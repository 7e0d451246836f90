#include "base/text.h"
#include "suite/synthetic.h"
#include "support/prompts.h"

#include <string.h>

/* Words and full stops: what the lengths are counted in. */
static uint32_t nominal_tokens(const char *text)
{
    uint32_t n = 1;
    for (const char *p = text; *p != '\0'; p++) {
        n += *p == ' ' || *p == '.' ? 1 : 0;
    }
    return n;
}

/* Texts made by another program.  Source: tests/oracle/dataset_oracle.py. */
static void test_synthetic_make__agrees_with_the_oracle(void **state)
{
    (void)state;
    FILE *file = fopen("tests/data/suite/synthetic.tsv", "r");
    assert_non_null(file);
    char seed[32];
    char recipe[128];
    char index[32];
    char output[32];
    char text[1024];
    int n = 0;
    while (fscanf(file, "%31s %127s %31s %31s %1023[^\n]", seed, recipe, index, output, text) ==
           5) {
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        load_good(recipe, strtoul(seed, NULL, 10), 0, &set);
        const struct prompt *prompt = &set.prompts[strtoul(index, NULL, 10)];
        assert_string_equal(only_text(prompt), text);
        assert_int_equal(prompt->max_tokens, strtoul(output, NULL, 10));
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, 24);
}

static void test_synthetic_make__constant_lengths_are_exact(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {4, 5, 6, 7, 8, 9, 10, 11, 17, 64, 512, 5000};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char recipe[128];
        (void)snprintf(recipe, sizeof(recipe), "synthetic:input=%u,output=7,n=40", lengths[i]);
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        load_good(recipe, 42 + i, 0, &set);
        assert_int_equal(set.n, 40);
        for (uint32_t k = 0; k < set.n; k++) {
            const char *text = only_text(&set.prompts[k]);
            assert_int_equal(nominal_tokens(text), lengths[i]);
            assert_true(text[0] >= 'A' && text[0] <= 'Z');
            assert_int_equal(text[strlen(text) - 1], '.');
            assert_null(strstr(text, ".."));
            assert_int_equal(set.prompts[k].max_tokens, 7);
        }
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Bytes up to the end of the third word. */
static size_t prefix_len(const char *text)
{
    size_t len = 0;
    for (int i = 0; i < SYNTHETIC_PREFIX; i++) {
        len += strcspn(text + len, " .") + 1;
    }
    return len - 1;
}

static void test_synthetic_make__no_shared_prefix(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("synthetic:input=8,output=2,n=100000", 42, 0, &set);
    const char **texts = malloc(set.n * sizeof(*texts));
    assert_non_null(texts);
    for (uint32_t i = 0; i < set.n; i++) {
        texts[i] = only_text(&set.prompts[i]);
    }
    qsort(texts, set.n, sizeof(*texts), compare_texts);
    for (uint32_t i = 1; i < set.n; i++) {
        const size_t len = prefix_len(texts[i]);
        const bool same =
            prefix_len(texts[i - 1]) == len && memcmp(texts[i - 1], texts[i], len) == 0;
        assert_false(same);
    }
    free(texts);
}

static void test_synthetic_make__a_prompt_does_not_depend_on_their_number(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set few = {0};
    CLEANUP(prompt_set_done) struct prompt_set many = {0};
    CLEANUP(prompt_set_done) struct prompt_set other = {0};
    load_good("synthetic:input=20,output=9,input-stddev=4", 5, 3, &few);
    load_good("synthetic:input=20,output=9,input-stddev=4,n=77", 5, 0, &many);
    load_good("synthetic:input=20,output=9,input-stddev=4,n=77", 6, 0, &other);
    assert_int_equal(few.n, 3);
    assert_int_equal(many.n, 77);
    for (uint32_t i = 0; i < few.n; i++) {
        assert_string_equal(only_text(&few.prompts[i]), only_text(&many.prompts[i]));
        assert_string_not_equal(only_text(&few.prompts[i]), only_text(&other.prompts[i]));
    }
}

struct moments {
    double mean;
    double stddev;
    uint32_t min;
    uint32_t max;
};

static struct moments moments_of(const struct prompt_set *set, bool output)
{
    struct moments self = {.min = UINT32_MAX};
    double squares = 0.0;
    for (uint32_t i = 0; i < set->n; i++) {
        const uint32_t length =
            output ? set->prompts[i].max_tokens : nominal_tokens(only_text(&set->prompts[i]));
        self.mean += (double)length;
        squares += (double)length * (double)length;
        self.min = length < self.min ? length : self.min;
        self.max = length > self.max ? length : self.max;
    }
    self.mean /= (double)set->n;
    self.stddev = sqrt(squares / (double)set->n - self.mean * self.mean);
    return self;
}

static void check_moments(const char *what, struct moments have, struct moments want)
{
    if (fabs(have.mean - want.mean) > 1.0 || fabs(have.stddev - want.stddev) > 0.7 ||
        have.min < want.min || have.max > want.max) {
        print_error(
            "%s: mean %g stddev %g min %u max %u\n", what, have.mean, have.stddev, have.min,
            have.max);
        fail();
    }
}

static void test_synthetic_make__distributions(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *recipe;
        struct moments input;
        struct moments output;
    } rows[] = {
        /* A normal cut at three deviations has 0.9866 of its standard deviation (clamped: 0.995). */
        {"normal by default",
         "synthetic:input=200,output=100,input-stddev=20,output-stddev=10,n=4000",
         {200.0, 20.0, 140, 260},
         {100.0, 10.0, 70, 130}},
        {"uniform",
         "synthetic:input=200,output=100,input-stddev=20,output-stddev=10,n=4000,"
         "distribution=uniform",
         {200.0, 20.0, 165, 235},
         {100.0, 10.0, 82, 118}},
        {"only the output",
         "synthetic:input=50,output=100,output-stddev=10,n=4000",
         {50.0, 0.0, 50, 50},
         {100.0, 10.0, 70, 130}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        load_good(rows[i].recipe, 42, 0, &set);
        check_moments(rows[i].what, moments_of(&set, false), rows[i].input);
        check_moments(rows[i].what, moments_of(&set, true), rows[i].output);
    }
}

static void test_synthetic_make__short_draws_are_lifted(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("synthetic:input=6,output=2,input-stddev=5,output-stddev=5,n=500", 1, 0, &set);
    const struct moments input = moments_of(&set, false);
    const struct moments output = moments_of(&set, true);
    assert_int_equal(input.min, SYNTHETIC_INPUT_MIN);
    assert_int_equal(output.min, 1);
    assert_true(input.max <= 21 && output.max <= 17);
}

static void test_dataset_load__synthetic_facts(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("synthetic:output=9,input=20,input-stddev=4.5", UINT64_MAX, 0, &set);
    assert_string_equal(set.id, "synthetic:output=9,input=20,input-stddev=4.5");
    assert_int_equal(set.n, SYNTHETIC_PROMPTS);
    assert_string_equal(fact_text(&set, "distribution"), "normal");
    assert_int_equal(fact_i64(&set, "input_tokens"), 20);
    assert_int_equal(fact_i64(&set, "output_tokens"), 9);
    assert_int_equal(fact_i64(&set, "n_prompts"), SYNTHETIC_PROMPTS);
    assert_int_equal(fact_i64(&set, "max_tokens_total"), 9 * SYNTHETIC_PROMPTS);
    double stddev = 0.0;
    assert_true(json_f64(json_find(set.recipe, "input_stddev_tokens"), &stddev));
    assert_near(stddev, 4.5, 0.0);
    assert_string_equal(fact_text(&set, "lengths"), "nominal: 1 word or full stop a token");
    assert_string_equal(json_find(set.recipe, "seed")->text, "18446744073709551615");
}

static void test_dataset_check__bad_synthetic(void **state)
{
    (void)state;

    static const struct {
        const char *rest;
        const char *message;
    } rows[] = {
        {"input=4", "'output' is missing; the form is synthetic:input=512,output=128"},
        {"output=4", "'input' is missing; the form is synthetic:input=512,output=128"},
        {"input=4,output=4,exact=maybe", "exact: 'maybe' is not auto, off or require"},
        {"512,128", "unknown key '512'; the form is synthetic:input=N,output=N"},
        {"inptu=4,output=4", "unknown key 'inptu': did you mean 'input'?"},
        {"input=4,output=4,input-stdev=1",
         "unknown key 'input-stdev': did you mean 'input-stddev'?"},
        {"input=4,output=4,", "unknown key ''; the form is synthetic:input=N,output=N"},
        {"input,output=4", "'input' has no value"},
        {"input=,output=4", "'input' has no value"},
        {"input=4,input=5,output=4", "'input' is given twice"},
        {"input=many,output=4", "input: 'many' is not a whole number"},
        {"input=3,output=4", "input: '3' is not between 4 and 1000000"},
        {"input=4,output=0", "output: '0' is not between 1 and 1000000"},
        {"input=1000001,output=4", "input: '1000001' is not between 4 and 1000000"},
        {"input=4.5,output=4", "input: '4.5' is not a whole number"},
        {"input=4,output=4,n=0", "n: '0' is not between 1 and 1000000"},
        {"input=4,output=4,n=1000001", "n: '1000001' is not between 1 and 1000000"},
        {"input=4,output=4,input-stddev=-1", "input-stddev: '-1' is not between 0 and 1e+06"},
        {"input=4,output=4,output-stddev=nan", "output-stddev: 'nan' is not a number"},
        {"input=4,output=4,distribution=zipf",
         "distribution 'zipf' is not constant, normal or uniform"},
        {"input=4,output=4,distribution=normal",
         "distribution normal needs input-stddev or output-stddev above 0"},
        {"input=4,output=4,distribution=uniform,input-stddev=0",
         "distribution uniform needs input-stddev or output-stddev above 0"},
        {"input=4,output=4,distribution=constant,output-stddev=1",
         "distribution constant cannot have a stddev"},
        {"input=1000000,output=4,n=101",
         "101 prompts of up to 1000000 tokens are more than 100000000 tokens in all; lower n or "
         "input"},
        {"input=100,output=4,n=1000000,input-stddev=1",
         "1000000 prompts of up to 103 tokens are more than 100000000 tokens in all; lower n or "
         "input"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char recipe[256];
        char message[256];
        (void)snprintf(recipe, sizeof(recipe), "synthetic:%s", rows[i].rest);
        (void)snprintf(message, sizeof(message), "dataset synthetic: %s", rows[i].message);
        struct error err = {0};
        assert_int_equal(dataset_check(recipe, &err), -ERROR_USAGE);
        assert_string_equal(err.text, message);
    }
}

static void test_dataset_load__wanted_number_is_checked_too(void **state)
{
    (void)state;
    struct prompt_set set = {0};
    struct error err = {0};
    assert_int_equal(
        load_recipe("synthetic:input=1000000,output=4,n=1", 1, 101, &set, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "more than 100000000 tokens in all"));
    error_clear(&err);
    assert_int_equal(
        load_recipe("synthetic:input=4,output=4", 1, 1000001, &set, &err), -ERROR_USAGE);
    assert_string_equal(err.text, "dataset synthetic: 1000001 prompts are more than 1000000");
    assert_null(set.prompts);
}

static bool is_word(const char *text)
{
    for (uint32_t i = 0; i < synthetic_words_len; i++) {
        if (strcmp(synthetic_words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* The salt's words are one token each because these are (tests/oracle/word_tokens.mjs). */
static void test_synthetic_words__hold_those_of_the_salt(void **state)
{
    (void)state;
    for (size_t i = 0; i < SALT_WORD_COUNT; i++) {
        assert_true(is_word(prompt_salt_words[i]));
    }
}

static void test_synthetic_words__are_plain_and_distinct(void **state)
{
    (void)state;
    assert_true(synthetic_words_len >= 500);
    for (uint32_t i = 0; i < synthetic_words_len; i++) {
        const char *word = synthetic_words[i];
        assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), strlen(word));
        for (uint32_t k = 0; k < i; k++) {
            assert_string_not_equal(word, synthetic_words[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synthetic_make__agrees_with_the_oracle),
        cmocka_unit_test(test_synthetic_make__constant_lengths_are_exact),
        cmocka_unit_test(test_synthetic_make__no_shared_prefix),
        cmocka_unit_test(test_synthetic_make__a_prompt_does_not_depend_on_their_number),
        cmocka_unit_test(test_synthetic_make__distributions),
        cmocka_unit_test(test_synthetic_make__short_draws_are_lifted),
        cmocka_unit_test(test_dataset_load__synthetic_facts),
        cmocka_unit_test(test_dataset_check__bad_synthetic),
        cmocka_unit_test(test_dataset_load__wanted_number_is_checked_too),
        cmocka_unit_test(test_synthetic_words__are_plain_and_distinct),
        cmocka_unit_test(test_synthetic_words__hold_those_of_the_salt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
