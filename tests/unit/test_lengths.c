/* Fitting against counting rules of our own: what the fitted texts have is counted again here. */
#include "sim/sim_ask.h"
#include "suite/lengths.h"
#include "suite/synthetic.h"
#include "support/prompts.h"

#include <stdatomic.h>

enum {
    TEMPLATE = 23
};

/* An engine as these tests want it. */
struct engine {
    uint32_t (*count)(const char *text);
    bool no_tokenizer;
    int tokenizer_off; /* counts so many tokens too many in long texts */
    uint32_t context;  /* longer requests are refused; 0: none */
    atomic_uint n_usage;
    atomic_uint n_tokenize;
};

/* Words and full stops: the vocabulary that the lengths are nominal in, brackets included. */
static uint32_t count_words(const char *text)
{
    uint32_t n = text[0] != '\0';
    for (const char *p = text; *p != '\0'; p++) {
        n += *p == ' ' || *p == '.' ? 1 : 0;
    }
    return n;
}

/* Words of several tokens, full stops that join the word before them: nothing is nominal. */
static uint32_t count_pieces(const char *text)
{
    return sim_ask_count(text, strlen(text));
}

/* Vowels apart: salts differ. */
static uint32_t count_vowels(const char *text)
{
    uint32_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        n += strchr("aeiou ", *p) != NULL ? 1 : 0;
    }
    return n;
}

static int tokenize(void *context, const char *text, uint32_t *out, struct error *err)
{
    struct engine *self = context;
    (void)atomic_fetch_add(&self->n_tokenize, 1);
    if (self->no_tokenizer) {
        return error_set(err, ERROR_UNAVAILABLE, "no such path");
    }
    *out = self->count(text);
    *out += *out > 100 ? (uint32_t)self->tokenizer_off : 0;
    return 0;
}

static int usage(void *context, const char *text, uint32_t *out, struct error *err)
{
    struct engine *self = context;
    (void)atomic_fetch_add(&self->n_usage, 1);
    *out = self->count(text) + TEMPLATE;
    if (self->context > 0 && *out > self->context) {
        return error_set(err, ERROR_UNAVAILABLE, "too long");
    }
    return 0;
}

/* Fits a recipe's prompts; asserts that all succeeded when `err` is NULL. */
static void
fit(const char *recipe,
    struct engine *engine,
    bool salt,
    struct prompt_set *set,
    struct lengths *out)
{
    const struct length_source source = {
        .context = engine, .tokenize = tokenize, .usage = usage, .salt = salt};
    struct error err = {0};
    load_good(recipe, 42, 0, set);
    if (lengths_fit(set, &source, out, &err) != 0) {
        print_error("%s: %s\n", recipe, err.text);
        fail();
    }
}

/* What the engine would count for a prompt behind one group of salts. */
static uint32_t
count_prompt(const struct engine *engine, const struct prompt *prompt, bool salt, unsigned group)
{
    char text[20000];
    char front[SALT_LEN + 1] = "";
    if (salt) {
        prompt_salt_sample(group, front);
    }
    (void)snprintf(text, sizeof(text), "%s%s", front, only_text(prompt));
    return engine->count(text) + TEMPLATE;
}

/* Every prompt, behind each group of salts, has the length that it wants. */
static void check_exact(const struct prompt_set *set, const struct engine *engine, bool salt)
{
    const unsigned n_groups = SALT_WORD_COUNT / SALT_WORDS;
    for (uint32_t i = 0; i < set->n * n_groups; i++) {
        const struct prompt *prompt = &set->prompts[i / n_groups];
        assert_int_equal(count_prompt(engine, prompt, salt, i % n_groups), prompt->input_tokens);
    }
}

static void test_lengths_fit__by_the_tokenizer(void **state)
{
    (void)state;
    static uint32_t (*const rules[])(const char *) = {count_words, count_pieces};
    static const char *const recipes[] = {
        "synthetic:input=512,output=128,n=60",
        "synthetic:input=60,output=9,n=60",
        "synthetic:input=200,output=9,input-stddev=30,n=200",
    };
    for (size_t i = 0; i < ARRAY_LEN(rules) * ARRAY_LEN(recipes) * 2; i++) {
        const bool salt = i % 2 == 0;
        struct engine engine = {.count = rules[i / 2 % ARRAY_LEN(rules)]};
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        struct lengths lengths;
        fit(recipes[i / 2 / ARRAY_LEN(rules)], &engine, salt, &set, &lengths);
        check_exact(&set, &engine, salt);
        assert_int_equal(lengths.method, LENGTHS_TOKENIZE);
        assert_int_equal(lengths.n_prompts, set.n);
        assert_int_equal(lengths.n_counted, set.n);
        assert_int_equal(lengths.n_exact, set.n);
        assert_int_equal(lengths.template_tokens, TEMPLATE);
        assert_int_equal(lengths.salt_tokens, salt ? SALT_TOKENS : 0);
        assert_int_equal(lengths.reached.min, lengths.wanted.min);
        assert_int_equal(lengths.reached.max, lengths.wanted.max);
        assert_int_equal(atomic_load(&engine.n_usage), 3); /* however many prompts */
        assert_int_equal(lengths.n_requests, 3);
    }
}

/* Without a tokenizer, one request with all words proves the vocabulary: no prompt costs a request. */
static void test_lengths_fit__by_usage_of_a_few_requests(void **state)
{
    (void)state;
    struct engine engine = {.count = count_words, .no_tokenizer = true};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct lengths lengths;
    fit("synthetic:input=200,output=9,input-stddev=30,n=300", &engine, true, &set, &lengths);
    check_exact(&set, &engine, true);
    assert_int_equal(lengths.method, LENGTHS_USAGE);
    assert_int_equal(lengths.n_exact, 300);
    assert_int_equal(lengths.n_counted, 0);
    assert_int_equal(lengths.template_tokens + (int)lengths.salt_tokens, TEMPLATE + SALT_TOKENS);
    /* The failed calibration by the tokenizer sent none; 3 texts, 8 salts, 1 with all words. */
    assert_int_equal(atomic_load(&engine.n_usage), 12);
    assert_string_equal(lengths.why, "no such path");
}

/* One word of two tokens in a vocabulary that is nominal otherwise. */
static uint32_t count_but_one(const char *text)
{
    uint32_t n = count_words(text);
    for (const char *p = strstr(text, " network"); p != NULL; p = strstr(p + 1, " network")) {
        n++;
    }
    return n;
}

/* The short texts do not have the word, and lie on the line; the text of all words has it. */
static void test_lengths_fit__by_usage_of_nearly_the_vocabulary(void **state)
{
    (void)state;
    struct engine engine = {.count = count_but_one, .no_tokenizer = true};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct lengths lengths;
    fit("synthetic:input=200,output=9,n=300", &engine, true, &set, &lengths);
    assert_int_equal(lengths.n_counted, LENGTHS_SAMPLE);
    assert_true(lengths.n_exact <= LENGTHS_SAMPLE);
}

/* Another vocabulary: the lengths are near on average, a sample says how near, nothing is claimed. */
static void test_lengths_fit__by_usage_of_another_vocabulary(void **state)
{
    (void)state;
    struct engine engine = {.count = count_pieces, .no_tokenizer = true};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct lengths lengths;
    fit("synthetic:input=512,output=9,n=300", &engine, true, &set, &lengths);
    double mean = 0.0;
    for (uint32_t i = 0; i < set.n; i++) {
        mean += (double)(engine.count(only_text(&set.prompts[i])) + SALT_TOKENS + TEMPLATE) / set.n;
    }
    assert_near(mean, 512.0, 15.0);
    assert_int_equal(lengths.method, LENGTHS_USAGE);
    assert_int_equal(lengths.n_counted, LENGTHS_SAMPLE);
    assert_true(lengths.n_exact < 300);
    assert_near(lengths.reached.mean, mean, 15.0);
    assert_true(lengths.reached.min < lengths.reached.max);
    assert_int_equal(lengths.n_requests, 3 + 8 + LENGTHS_SAMPLE); /* 3 texts, 8 salts */
}

/* exact=require counts each of them. */
static void test_lengths_fit__by_usage_of_every_prompt(void **state)
{
    (void)state;
    for (int salt = 0; salt < 2; salt++) {
        struct engine engine = {.count = count_pieces, .no_tokenizer = true};
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        struct lengths lengths;
        fit("synthetic:input=90,output=9,n=30,exact=require", &engine, salt != 0, &set, &lengths);
        check_exact(&set, &engine, salt != 0);
        assert_int_equal(lengths.method, LENGTHS_USAGE);
        assert_int_equal(lengths.n_counted, 30);
        assert_int_equal(lengths.n_exact, 30);
    }
}

/* A tokenizer that is not what usage counts by is not believed. */
static void test_lengths_fit__a_tokenizer_that_disagrees(void **state)
{
    (void)state;
    struct engine engine = {.count = count_words, .tokenizer_off = 2};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct lengths lengths;
    fit("synthetic:input=120,output=9,n=20", &engine, true, &set, &lengths);
    check_exact(&set, &engine, true);
    assert_int_equal(lengths.method, LENGTHS_USAGE);
    assert_non_null(strstr(lengths.why, "does not count as its usage does"));
}

static void test_lengths_fit__is_a_function_of_seed_and_engine(void **state)
{
    (void)state;
    struct engine engine = {.count = count_pieces};
    CLEANUP(prompt_set_done) struct prompt_set one = {0};
    CLEANUP(prompt_set_done) struct prompt_set two = {0};
    CLEANUP(prompt_set_done) struct prompt_set nominal = {0};
    struct lengths lengths;
    fit("synthetic:input=100,output=9,n=100", &engine, true, &one, &lengths);
    fit("synthetic:input=100,output=9,n=100", &engine, true, &two, &lengths);
    load_good("synthetic:input=100,output=9,n=100", 42, 0, &nominal);
    assert_string_equal(one.hash, two.hash);
    assert_string_not_equal(one.hash, nominal.hash);
    char hash[65];
    dataset_hash(one.prompts, one.n, hash);
    assert_string_equal(one.hash, hash); /* of what is really sent */
    for (uint32_t i = 0; i < one.n; i++) {
        assert_int_equal(one.prompts[i].max_tokens, 9);
    }
}

static void test_lengths_fit__off_asks_nobody(void **state)
{
    (void)state;
    struct engine engine = {.count = count_pieces};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    CLEANUP(prompt_set_done) struct prompt_set plain = {0};
    struct lengths lengths;
    fit("synthetic:input=100,output=9,n=10,exact=off", &engine, true, &set, &lengths);
    load_good("synthetic:input=100,output=9,n=10", 42, 0, &plain);
    assert_string_equal(set.hash, plain.hash);
    assert_int_equal(lengths.n_prompts, 0);
    assert_int_equal(atomic_load(&engine.n_usage) + atomic_load(&engine.n_tokenize), 0);
    CLEANUP(prompt_set_done) struct prompt_set chats = {0};
    fit("chatbot-short", &engine, true, &chats, &lengths);
    assert_int_equal(atomic_load(&engine.n_usage) + atomic_load(&engine.n_tokenize), 0);
}

/* What auto says and require ends with. */
static void test_lengths_fit__what_cannot_be(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        struct engine engine;
        const char *recipe;
        enum length_method method;
        const char *message;
    } rows[] = {
        {"no room for any text",
         {.count = count_words},
         "synthetic:input=30,output=9,n=5",
         LENGTHS_TOKENIZE,
         "exact=require: 5 of 5 prompts cannot have the length asked for (template and salt take 33 tokens)"},
        {"salts that differ",
         {.count = count_vowels},
         "synthetic:input=300,output=9,n=5",
         LENGTHS_TOKENIZE,
         "exact=require: salts differ in their number of tokens for this engine: add --cache-policy as-is"},
        {"an engine that refuses everything",
         {.count = count_words, .context = 1},
         "synthetic:input=300,output=9,n=5",
         LENGTHS_NOMINAL,
         "exact=require: the engine's tokens could not be counted: too long"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("%s\n", rows[i].what);
        struct engine engine = rows[i].engine;
        CLEANUP(prompt_set_done) struct prompt_set set = {0};
        struct lengths lengths;
        fit(rows[i].recipe, &engine, true, &set, &lengths);
        assert_int_equal(lengths.method, rows[i].method);
        assert_int_equal(lengths.n_exact, 0);
        char recipe[128];
        (void)snprintf(recipe, sizeof(recipe), "%s,exact=require", rows[i].recipe);
        CLEANUP(prompt_set_done) struct prompt_set strict = {0};
        load_good(recipe, 42, 0, &strict);
        const struct length_source source = {
            .context = &engine, .tokenize = tokenize, .usage = usage, .salt = true};
        struct error err = {0};
        assert_int_equal(lengths_fit(&strict, &source, &lengths, &err), -ERROR_UNAVAILABLE);
        assert_string_equal(err.text, rows[i].message);
    }
}

static void test_lengths_fit__is_recorded(void **state)
{
    (void)state;
    struct engine engine = {.count = count_words};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    struct lengths lengths;
    fit("synthetic:input=64,output=9,n=5", &engine, true, &set, &lengths);
    const struct json *facts = json_find(set.recipe, "exact_lengths");
    assert_string_equal(json_text(json_find(facts, "method"), ""), "tokenize");

    static const struct {
        const char *path;
        int64_t value;
    } rows[] = {
        {"requested_tokens.min", 64},  {"reached_tokens.max", 64},   {"n_exact", 5},
        {"template_tokens", TEMPLATE}, {"salt_tokens", SALT_TOKENS}, {"one_token_requests", 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t value = 0;
        assert_true(json_i64(json_path(facts, rows[i].path), &value));
        assert_int_equal(value, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_fit__by_the_tokenizer),
        cmocka_unit_test(test_lengths_fit__by_usage_of_a_few_requests),
        cmocka_unit_test(test_lengths_fit__by_usage_of_nearly_the_vocabulary),
        cmocka_unit_test(test_lengths_fit__by_usage_of_another_vocabulary),
        cmocka_unit_test(test_lengths_fit__by_usage_of_every_prompt),
        cmocka_unit_test(test_lengths_fit__a_tokenizer_that_disagrees),
        cmocka_unit_test(test_lengths_fit__is_a_function_of_seed_and_engine),
        cmocka_unit_test(test_lengths_fit__off_asks_nobody),
        cmocka_unit_test(test_lengths_fit__what_cannot_be),
        cmocka_unit_test(test_lengths_fit__is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
