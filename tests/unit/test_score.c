/* Every scorer over answers as models give them, worked by hand; tests/interop/scoring.py holds them against
 * a second implementation. */
#include "base/text.h"
#include "suite/score.h"
#include "suite/score_rules.h"
#include "suite/score_text.h"
#include "support/test.h"

#include <string.h>

/* The words of a text with '|' between them. */
static const char *words_of(const char *text)
{
    static char out[512];
    size_t used = 0;
    struct score_words words;
    score_words_init(&words, text);
    out[0] = '\0';
    for (uint32_t i = 0; i < words.n; i++) {
        used += (size_t)snprintf(
            out + used, sizeof(out) - used, "%s%s", i > 0 ? "|" : "", score_word(&words, i));
        assert_true(used < sizeof(out));
    }
    score_words_done(&words);
    return out;
}

static void test_words__rules(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", ""},
        {" \t\r\n", ""},
        {"Paris", "paris"},
        {"**Paris**.", "paris"},
        {"`The` _Answer_: (Paris)!", "the|answer|paris"},
        {"It's Peru's capital", "it|peru|capital"},
        {"don't", "don't"},
        {"rock 'n' roll", "rock|n|roll"},
        {"\xe2\x80\x9cParis\xe2\x80\x9d it\xe2\x80\x99s", "paris|it"},
        {"mother-in-law", "mother|in|law"},
        {"North/South and/or", "north|south|and|or"},
        {"-5 and 10-5 and x -3.5", "-5|and|10|5|and|x|-3.5"},
        {"\xe2\x88\x92"
         "5, --5, -.5",
         "-5|-5|-.5"},
        {"3.14. .5 0.5", "3.14|.5|0.5"},
        {"1,000 1,000,000 1,00 12,34 1,2,3", "1000|1000000|1|00|12|34|1|2|3"},
        {"12:30 1/2 a:b", "12:30|1/2|a|b"},
        {"50% 50 % 100%.", "50%|50|100%"},
        {"$5 $ 5 \xe2\x82\xac"
         "5",
         "$5|5|\xe2\x82\xac"
         "5"},
        {"C++ C# 5+3 + #", "c++|c#|5|3"},
        {"foo_bar _foo_ __x__", "foo_bar|foo|x"},
        {"U.S.A. e.g. end. Next", "u.s.a|e.g|end|next"},
        {"\xc3\x84pfel \xc3\x89t\xc3\xa9 \xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
         "\xc3\xa4pfel|\xc3\xa9t\xc3\xa9|\xcf\x83\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x83"},
        {"\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0",
         "\xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0"},
        {"\xef\xbc\xa1\xef\xbc\x92", "a2"}, /* full width */
        {"so\xc2\xad"
         "ft",
         "soft"}, /* soft hyphen */
        {"a\xc2\xa0"
         "b\xe2\x80\xa6"
         "c\xe3\x80\x82"
         "d",
         "a|b|c|d"}, /* blank, dots, full stop */
        {"3\xc3\x97"
         "4",
         "3|4"},
        {"a\xff"
         "b",
         "a|b"},
        {"\xf0\x9f\x98\x80 ok", "\xf0\x9f\x98\x80|ok"},
        {"& @ ~", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!text_equal(words_of(rows[i].text), rows[i].words)) {
            print_error("'%s': %s, not %s\n", rows[i].text, words_of(rows[i].text), rows[i].words);
            fail();
        }
    }
}

static void test_strip_reasoning(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *left;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"<think>7? no, 8</think>9", "9"},
        {"a<think>b</think>c<THINK>d</Think>e", "ace"},
        {"all of this was thought</think> 9", " 9"},
        {"x</think>y</think>z", "z"},
        {"9 <think>but wait", "9 "},
        {"<think>", ""},
        {"<think>a<think>b</think>c", "c"},
        {"<thin>a</thin>", "<thin>a</thin>"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes out;
        bytes_init(&out, BYTES_MAX_DEFAULT);
        score_strip_reasoning(rows[i].text, &out);
        assert_string_equal(out.data, rows[i].left);
        bytes_done(&out);
    }
}

/* An item of this method; `list` are its answers (patterns: the first), split at '|'. */
static double
score_list(enum scoring scoring, const char *list, double tolerance, const char *answer)
{
    char copy[256];
    const char *texts[8];
    uint32_t n = 0;
    (void)snprintf(copy, sizeof(copy), "%s", list);
    char *rest = copy;
    for (char *text = strsep(&rest, "|"); text != NULL; text = strsep(&rest, "|")) {
        texts[n++] = text;
    }
    static const char *const choices[] = {"Lima", "Cusco", "La Paz", "Quito"};
    struct item item = {
        .id = "1",
        .scoring = scoring,
        .answers = {texts, n},
        .tolerance = tolerance,
        .pattern = list,
        .choices = {choices, ARRAY_LEN(choices)},
    };
    return item_score(&item, answer);
}

struct score_row {
    const char *expected;
    const char *answer;
    double score;
};

static void check_rows(enum scoring scoring, const struct score_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double score = score_list(scoring, rows[i].expected, 0.0, rows[i].answer);
        if (!(fabs(score - rows[i].score) < 1e-12)) {
            print_error(
                "%s: '%s' for '%s': %g, not %g\n", scorer_of(scoring)->name, rows[i].answer,
                rows[i].expected, score, rows[i].score);
            fail();
        }
    }
}

static void test_exact_match(void **state)
{
    (void)state;
    static const struct score_row rows[] = {
        {"Paris", "paris", 1},
        {"Paris", " **Paris**.\n", 1},
        {"Paris", "The answer is Paris", 0},
        {"Paris", "", 0},
        {"Lyon|Paris", "paris!", 1},
        {"the Netherlands", "Netherlands", 1},
        {"Netherlands", "The Netherlands.", 1},
        {"A", "a", 1},
        {"The", "the", 1},
        {"Hepatitis A", "hepatitis", 0},
        {"3.14", "314", 0},
        {"1000", "1,000", 1},
        {"-5", "5", 0},
        {"-5",
         "\xe2\x88\x92"
         "5",
         1},
        {"C", "C++", 0},
        {"+", " + ", 1},
        {"+", "-", 0},
        {"!", "", 0},
        {"yes", "<think>no no</think>Yes.", 1},
        {"New York", "new\n\nyork", 1},
        {"\xc3\x89"
         "clair",
         "\xc3\xa9"
         "clair",
         1},
    };
    check_rows(SCORING_EXACT_MATCH, rows, ARRAY_LEN(rows));
}

static void test_substring_match(void **state)
{
    (void)state;
    static const struct score_row rows[] = {
        {"Paris", "The capital of France is **Paris**.", 1},
        {"art", "a party", 0},
        {"7", "17", 0},
        {"7", "It is 7.", 1},
        {"Jupiter", "Jupiter's moons", 1},
        {"New York", "in York, New Jersey", 0},
        {"New York", "in New\nYork, NY", 1},
        {"Lima|Quito", "I would say Quito", 1},
        {"Lima", "<think>Lima</think>Quito", 0},
        {"?!", "What?!", 1},
        {"?!", "What!?", 0},
        {"the cat", "cat", 0},
    };
    check_rows(SCORING_SUBSTRING_MATCH, rows, ARRAY_LEN(rows));
}

static void test_f1_token(void **state)
{
    (void)state;
    static const struct score_row rows[] = {
        {"the quick brown fox", "quick brown fox", 1},
        {"quick brown fox", "a slow brown fox", 2.0 * 2 / (3 + 3)},
        {"red red blue", "red", 2.0 * 1 / (3 + 1)},
        {"red", "red red red", 2.0 * 1 / (1 + 3)},
        {"x", "", 0},
        {"blue|green", "green", 1},
        {"the", "the", 1},
        {"...", "...", 1},
    };
    check_rows(SCORING_F1_TOKEN, rows, ARRAY_LEN(rows));
}

static void test_numeric(void **state)
{
    (void)state;
    static const struct score_row rows[] = {
        {"56", "56", 1},
        {"56", "7 times 8 is **56**.", 1},
        {"56", "56 is 7 times 8", 0},
        {"56", "fifty-six", 0},
        {"1234567", "1,234,567 people", 1},
        {"-3",
         "The result is \xe2\x88\x92"
         "3.",
         1},
        {"5", "10-5", 1},
        {"-5", "10 -5", 1},
        {"-5", "-$5", 1},
        {"5", "$5.00", 1},
        {"0.5", ".5", 1},
        {"0.5", "1/2", 1},
        {"0.5", "\xc2\xbd", 1},
        {"1.5", "1 1/2 cups", 1},
        {"1.5", "1\xc2\xbd", 1},
        {"0.75", "\\frac{3}{4}", 1},
        {"0.3333333333333333", "1/3", 1},
        {"0.002", "2e-3", 1},
        {"2000", "2E3 m", 1},
        {"42", "\\boxed{42} in 7 boxes", 1},
        {"1000", "$1{,}000$", 1},
        {"50", "50%", 1},
        {"2024", "on 3/4/2024", 1},
        {"3", "H2O has 3 atoms", 1},
        {"3", "3 atoms are in H2O", 1},
        {"7", "7 (see version 1.2.3)", 1},
        {"12", "<think>13</think>12", 1},
        {"3", "1st, 2nd, 3rd", 1},
        {"12", "12.", 1},
        {"12", "12,", 1},
        {"4", "1/0, so 4", 1},
        {"6", "2x3=6", 1},
        {"1|2", "2", 1},
    };
    check_rows(SCORING_NUMERIC, rows, ARRAY_LEN(rows));
    assert_near(score_list(SCORING_NUMERIC, "3.14", 0.01, "3.1459"), 1.0, 0.0);
    assert_near(score_list(SCORING_NUMERIC, "3.14", 0.001, "3.1459"), 0.0, 0.0);
    assert_near(score_list(SCORING_NUMERIC, "100", 5.0, "95"), 1.0, 0.0);
    assert_near(score_list(SCORING_NUMERIC, "100", 5.0, "94.9"), 0.0, 0.0);
}

static void test_multiple_choice(void **state)
{
    (void)state;
    /* A) Lima  B) Cusco  C) La Paz  D) Quito */
    static const struct score_row rows[] = {
        {"B", "B", 1},
        {"B", "b", 1},
        {"B", "(B)", 1},
        {"B", "**B**", 1},
        {"B", "B) Cusco", 1},
        {"B", "B. Cusco", 1},
        {"B", "B: Cusco", 1},
        {"B", "B - Cusco", 1},
        {"B", "B\nbecause", 1},
        {"B", "The answer is B.", 1},
        {"B", "The correct answer is: (B) Cusco", 1},
        {"B", "Answer: B", 1},
        {"B", "A) is wrong. The answer is B", 1},
        {"B", "I would choose option B, not option C... so the answer is B", 1},
        {"B", "I think it is (B).", 1},
        {"B", "It must be D or B", 0},
        {"B", "A good guess would be B", 1},
        {"A", "A good guess", 0},
        {"A", "The answer is A", 1},
        {"B", "Cusco", 1},
        {"B", "Cusco or Quito", 0},
        {"C", "la paz, of course", 1},
        {"B", "E", 0},
        {"B", "", 0},
        {"B", "\\boxed{B}", 1},
        {"B", "$\\boxed{B}$", 1},
        {"B", "the answer is a cusco thing", 1},
        {"B|C", "C", 1},
        {"B", "<think>C</think>B", 1},
        {"B",
         "B\xe2\x80\x93"
         "Cusco",
         1},
        {"D",
         "The answer is \xe2\x80\x9c"
         "D\xe2\x80\x9d",
         1},
        {"D", "AD", 0},
    };
    check_rows(SCORING_MULTIPLE_CHOICE, rows, ARRAY_LEN(rows));
}

static void test_regex(void **state)
{
    (void)state;
    static const struct score_row rows[] = {
        {"^[A-Z ]+$", "  ALL CAPS\n", 1},   {"^[A-Z ]+$", "Not all", 0},
        {"(yes|no)", "I say yes", 1},       {"^([^,]+,){2}[^,]+$", "a, b, c", 1},
        {"^([^,]+,){2}[^,]+$", "a, b", 0},  {"[[:digit:]]{4}", "in 1999", 1},
        {"^ok$", "<think>ok</think>no", 0}, {"a.b", "a\nb", 1},
    };
    check_rows(SCORING_REGEX, rows, ARRAY_LEN(rows));
}

static void test_regex_check__refuses_what_could_take_for_ever(void **state)
{
    (void)state;

    static const struct {
        const char *pattern;
        const char *what; /* NULL: good */
    } rows[] = {
        {"^a{2,3}$", NULL},
        {"[\\1]", NULL},
        {"[]{999}]", NULL},
        {"[[:alpha:]{999}]", NULL},
        {"\\{999\\}", NULL},
        {"(a)\\1", "'pattern' has a back reference"},
        {"a{1000}", NULL},
        {"a{1001}", "'pattern' has more than 1000 elements"},
        {"a{500,}b{499}", NULL},
        {"a{500,}b{500}", "'pattern' has more than 1000 elements"},
        {"((a{16}){16}){2}", NULL},
        {"((a{16}){16}){4}", "'pattern' has more than 1000 elements"},
        {"a{99999999999999999999}", "'pattern' has more than 1000 elements"},
        {"a+b+c+d+e+f+g+h+i+j+k+l+m+", NULL},
        {"a+++++++++++", "'pattern' has more than 1000 elements"},
        {"((((((((((((a)+)+)+)+)+)+)+)+)+)+)+)+", "'pattern' has more than 1000 elements"},
        {"((((((((((((a)*)*)*)*)?)?)?)?)*)*)*)*", NULL},
        {"(a{30})*{40}", "'pattern' has more than 1000 elements"},
        {"(a{600}|b{600})", "'pattern' has more than 1000 elements"},
        {"((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))",
         NULL},
        {"(((((((((((((((((((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))))))))))))))))))",
         "'pattern' has more than 50 groups inside each other"},
        {"(a", "'pattern' is no POSIX extended regular expression: "},
        {"[a", "'pattern' is no POSIX extended regular expression: "},
        {"*a{", "'pattern' is no POSIX"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        const struct item item = {.pattern = rows[i].pattern};
        const char *what = score_regex_check(&item, &arena);
        if ((what == NULL) != (rows[i].what == NULL) ||
            (what != NULL && !text_starts_with(what, rows[i].what))) {
            print_error("%s: %s\n", rows[i].pattern, what != NULL ? what : "good");
            fail();
        }
        arena_done(&arena);
    }
    char pattern[SCORE_PATTERN_MAX + 2];
    memset(pattern, 'a', sizeof(pattern) - 1);
    pattern[sizeof(pattern) - 1] = '\0';
    const struct item item = {.pattern = pattern};
    struct arena arena = {0};
    assert_string_equal(score_regex_check(&item, &arena), "'pattern' is longer than 1000 bytes");
    pattern[SCORE_PATTERN_MAX] = '\0';
    assert_null(score_regex_check(&item, &arena));
    arena_done(&arena);
}

static void test_regex__looks_at_the_first_bytes(void **state)
{
    (void)state;
    char text[SCORE_REGEX_TEXT_MAX + 2];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    text[SCORE_REGEX_TEXT_MAX - 1] = 'b';
    assert_near(score_list(SCORING_REGEX, "b", 0.0, text), 1.0, 0.0);
    text[SCORE_REGEX_TEXT_MAX - 1] = 'a';
    text[SCORE_REGEX_TEXT_MAX] = 'b';
    assert_near(score_list(SCORING_REGEX, "b", 0.0, text), 0.0, 0.0);
}

static void test_persona_markers(void **state)
{
    (void)state;
    static const char *const markers[] = {"arr", "matey"};
    static const char *const forbidden[] = {"as an AI", "language model"};

    static const struct {
        uint32_t n_markers;
        uint32_t n_forbidden;
        const char *answer;
        double score;
    } rows[] = {
        {2, 2, "Arr! The sea is rough.", 1},
        {2, 2, "The sea is rough, matey", 1},
        {2, 2, "I am sorry", 0},
        {2, 2, "arrow", 0},
        {2, 2, "Arr, as an AI I cannot sail", 0},
        {0, 2, "Anything else", 1},
        {0, 2, "I am a language-model", 0},
        {2, 0, "arr, as an AI", 1},
        {2, 2, "", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct item item = {
            .scoring = SCORING_PERSONA_MARKERS,
            .markers = {markers, rows[i].n_markers},
            .forbidden = {forbidden, rows[i].n_forbidden},
        };
        assert_near(item_score(&item, rows[i].answer), rows[i].score, 0.0);
    }
}

static void test_table__is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < scorer_table_len; i++) {
        const struct scorer *row = &scorer_table[i];
        assert_ptr_equal(scorer_find(row->name), row);
        assert_ptr_equal(scorer_of(row->scoring), row);
        const bool judged = scoring_needs_judge(row->scoring);
        assert_int_equal(row->score == NULL, judged || row->scoring == SCORING_PLUGIN);
    }
    assert_int_equal(scorer_table_len, SCORING_PLUGIN);
    assert_null(scorer_of(SCORING_NONE));
    assert_null(scorer_find("exact"));
    const struct item judged = {.scoring = SCORING_JUDGE_LLM};
    assert_true(isnan(item_score(&judged, "x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words__rules),
        cmocka_unit_test(test_strip_reasoning),
        cmocka_unit_test(test_exact_match),
        cmocka_unit_test(test_substring_match),
        cmocka_unit_test(test_f1_token),
        cmocka_unit_test(test_numeric),
        cmocka_unit_test(test_multiple_choice),
        cmocka_unit_test(test_regex),
        cmocka_unit_test(test_regex_check__refuses_what_could_take_for_ever),
        cmocka_unit_test(test_regex__looks_at_the_first_bytes),
        cmocka_unit_test(test_persona_markers),
        cmocka_unit_test(test_table__is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
