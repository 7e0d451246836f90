#include "base/text.h"
#include "cli/option.h"
#include "support/test.h"

#include <string.h>

struct values {
    struct option_given given;
    bool flag;
    const char *text;
    const char *named;
    int64_t i64;
    uint32_t u32;
    double f64;
    int choice;
    struct option_u32_list levels;
    struct option_f64_list rates;
    struct option_texts texts;
};

#define AT(member) .offset = offsetof(struct values, member)

static const char *const colors[] = {"red", "green", "blue", NULL};

static const struct option_row rows[] = {
    {.name = "flag", .letter = 'f', .type = OPTION_FLAG, AT(flag), .excludes = "rates text"},
    {.name = "text",
     .letter = 't',
     .value_name = "TEXT",
     .type = OPTION_TEXT,
     AT(text),
     .excludes = "flag"},
    {.name = "named",
     .value_name = "NAME",
     .type = OPTION_TEXT,
     AT(named),
     .default_text = "n",
     .not_empty = true},
    {.name = "i64",
     .letter = 'i',
     .value_name = "N",
     .type = OPTION_I64,
     AT(i64),
     .default_text = "42",
     .min = -10},
    {.name = "u32", .value_name = "N", .type = OPTION_U32, AT(u32), .min = 1},
    {.name = "f64",
     .value_name = "X",
     .type = OPTION_F64,
     AT(f64),
     .default_text = "1.5",
     .above_min = true,
     .max = 10},
    {.name = "choice",
     .value_name = "COLOR",
     .type = OPTION_CHOICE,
     AT(choice),
     .default_text = "green",
     .choices = colors},
    {.name = "levels",
     .value_name = "N,...",
     .type = OPTION_U32_LIST,
     AT(levels),
     .min = 1,
     .keyword = "spec"},
    {.name = "rates",
     .value_name = "X,...",
     .type = OPTION_F64_LIST,
     AT(rates),
     .excludes = "flag"},
    {.name = "texts", .value_name = "TEXT", .type = OPTION_TEXTS, AT(texts), .not_empty = true},
    {.name = "later", .value_name = "X", .type = OPTION_TEXT, AT(text), .unbuilt = true},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct values)};

enum {
    ARGS_MAX = 80
};

/* Splits `line` at blanks ("''" is an empty word) and parses it. */
static int parse(const char *line, struct values *out, int *n_operands, struct error *err)
{
    static char text[2048];
    static char *argv[ARGS_MAX];
    int argc = 0;
    (void)snprintf(text, sizeof(text), "%s", line);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < ARGS_MAX);
        argv[argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
    }
    const int result = option_parse(&table, argc, argv, out, n_operands, err);
    for (int i = 0; result == 0 && i < *n_operands; i++) {
        assert_int_equal(argv[i][0], 'o'); /* every operand in these tests is called o... */
    }
    return result;
}

static struct values parse_good(const char *line, int n_operands)
{
    struct values out;
    struct error err = {0};
    int n = -1;
    if (parse(line, &out, &n, &err) != 0) {
        print_error("%s: %s\n", line, err.text);
        fail();
    }
    assert_int_equal(n, n_operands);
    return out;
}

static void test_option_parse__defaults(void **state)
{
    (void)state;
    const struct values out = parse_good("", 0);
    assert_false(out.flag);
    assert_string_equal(out.text, "");
    assert_string_equal(out.named, "n");
    assert_int_equal(out.i64, 42);
    assert_int_equal(out.u32, 0);
    assert_near(out.f64, 1.5, 0.0);
    assert_int_equal(out.choice, 1);
    assert_int_equal(out.levels.n, 0);
    assert_int_equal(out.texts.n, 0);
    for (size_t i = 0; i < table.n; i++) {
        assert_false(option_is_given(&table, &out, rows[i].name));
    }
}

static void test_option_parse__every_type_and_form(void **state)
{
    (void)state;
    const struct values out = parse_good(
        "o1 --text=a=b --i64 -7 o2 --u32 4294967295 --f64 1e1 --choice blue --levels 1,4,16 "
        "--rates 0.5,2e3 --texts x --texts=y -- o3",
        3);
    assert_string_equal(out.text, "a=b");
    assert_int_equal(out.i64, -7);
    assert_int_equal(out.u32, UINT32_MAX);
    assert_near(out.f64, 10.0, 0.0);
    assert_int_equal(out.choice, 2);
    assert_int_equal(out.levels.n, 3);
    assert_int_equal(out.levels.values[2], 16);
    assert_int_equal(out.rates.n, 2);
    assert_near(out.rates.values[1], 2000.0, 0.0);
    assert_int_equal(out.texts.n, 2);
    assert_string_equal(out.texts.values[1], "y");
    assert_true(option_is_given(&table, &out, "levels"));
    assert_false(option_is_given(&table, &out, "named"));
}

static void test_option_parse__letters(void **state)
{
    (void)state;
    assert_true(parse_good("-f", 0).flag);
    assert_int_equal(parse_good("-i 5", 0).i64, 5);
    assert_int_equal(parse_good("-i5 o", 1).i64, 5);
    assert_string_equal(parse_good("-t-", 0).text, "-");
}

static void test_option_parse__dashes_and_operands(void **state)
{
    (void)state;
    struct values out;
    struct error err = {0};
    int n = 0;
    char dash[] = "-";
    char end[] = "--";
    char like_option[] = "--flag";
    char *argv[] = {dash, end, like_option, end};
    assert_int_equal(option_parse(&table, 4, argv, &out, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(argv[0], "-");
    assert_string_equal(argv[1], "--flag");
    assert_string_equal(argv[2], "--");
    assert_false(out.flag);
}

static void test_option_parse__a_value_equal_to_the_default_is_given(void **state)
{
    (void)state;
    const struct values out = parse_good("--i64 42", 0);
    assert_int_equal(out.i64, 42);
    assert_true(option_is_given(&table, &out, "i64"));
}

static void test_option_parse__keyword_in_place_of_a_list(void **state)
{
    (void)state;
    const struct values out = parse_good("--levels spec", 0);
    assert_true(out.levels.keyword);
    assert_int_equal(out.levels.n, 0);
    assert_false(parse_good("--levels 3", 0).levels.keyword);
}

static void test_option_parse__help_and_version_end_the_walk(void **state)
{
    (void)state;
    struct values out;
    struct error err = {0};
    int n = 0;
    assert_int_equal(parse("o --help --nonsense", &out, &n, &err), OPTION_ASKS_HELP);
    assert_int_equal(parse("-h", &out, &n, &err), OPTION_ASKS_HELP);
    assert_int_equal(parse("--version", &out, &n, &err), OPTION_ASKS_VERSION);
    assert_int_equal(parse("-V", &out, &n, &err), OPTION_ASKS_VERSION);
    assert_int_equal(err.code, ERROR_NONE);
}

static const struct {
    const char *line;
    const char *text;
} wrong[] = {
    {"--flagg", "unknown option '--flagg': did you mean '--flag'?"},
    {"--hepl", "unknown option '--hepl': did you mean '--help'?"},
    {"--nothing-like-it", "unknown option '--nothing-like-it': see --help"},
    {"--help=yes", "unknown option '--help': did you mean '--help'?"},
    {"-x", "unknown option '-x': see --help"},
    {"--flag=1", "--flag takes no value: '1'"},
    {"-f1", "--flag takes no value: '1'"},
    {"--flag --flag", "--flag is given twice"},
    {"--i64 1 --i64=1", "--i64 is given twice: '1'"},
    {"--text", "--text needs a value: TEXT"},
    {"--text --flag", "--text needs a value: TEXT"},
    {"--later x", "--later: not built yet"},
    {"--later", "--later: not built yet"},
    {"--named ''", "--named: '' is empty"},
    {"--texts ''", "--texts: '' is empty"},
    {"--i64 ''", "--i64: '' is not a whole number"},
    {"--i64 -1x", "--i64: '-1x' is not a whole number"},
    {"--i64 -", "--i64: '-' is not a whole number"},
    {"--i64 9223372036854775808", "--i64: '9223372036854775808' must be at most 9.223372037e+18"},
    {"--u32 0", "--u32: '0' must be at least 1"},
    {"--u32 4294967296", "--u32: '4294967296' must be at most 4294967295"},
    {"--u32 -99999999999999999999", "--u32: '-99999999999999999999' must be at least 1"},
    {"--f64 0", "--f64: '0' must be above 0"},
    {"--f64 -0.0", "--f64: '-0.0' must be above 0"},
    {"--f64 10.01", "--f64: '10.01' must be at most 10"},
    {"--f64 1e999", "--f64: '1e999' must be at most 10"},
    {"--f64 nan", "--f64: 'nan' is not a number"},
    {"--f64 inf", "--f64: 'inf' is not a number"},
    {"--f64 0x1", "--f64: '0x1' is not a number"},
    {"--choice gren", "--choice: unknown 'gren': did you mean 'green'? (one of red, green, blue)"},
    {"--choice yellow", "--choice: unknown 'yellow': it is one of red, green, blue"},
    {"--levels ''", "--levels: '' is an empty list"},
    {"--levels 1,", "--levels: '' is not a whole number"},
    {"--levels ,1", "--levels: '' is not a whole number"},
    {"--levels 1,x,2", "--levels: 'x' is not a whole number"},
    {"--levels 4,1,4", "--levels: '4' stands twice in the list"},
    {"--levels 1,spec", "--levels: 'spec' is not a whole number"},
    {"--rates spec", "--rates: 'spec' is not a number"},
    {"--rates 1,1.0", "--rates: '1.0' stands twice in the list"},
    {"--rates 1,-1", "--rates: '-1' must be at least 0"},
    {"--flag --rates 1", "--flag and --rates exclude each other: give one of them"},
    {"--rates wrong --flag", "--flag and --rates exclude each other: give one of them"},
    {"--text '' --flag", "--flag and --text exclude each other: give one of them"},
};

static void test_option_parse__one_line_names_option_and_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct values out;
        struct error err = {0};
        int n = 0;
        const int result = parse(wrong[i].line, &out, &n, &err);
        if (result != -(int)ERROR_USAGE || strcmp(err.text, wrong[i].text) != 0) {
            print_error("%s: %d '%s'\n", wrong[i].line, result, err.text);
        }
        assert_int_equal(result, -(int)ERROR_USAGE);
        assert_string_equal(err.text, wrong[i].text);
    }
}

static void test_option_parse__a_list_has_a_maximum(void **state)
{
    (void)state;
    char line[1024] = "--levels 1";
    for (int i = 2; i <= OPTION_LIST_MAX; i++) {
        (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), ",%d", i);
    }
    assert_int_equal(parse_good(line, 0).levels.n, OPTION_LIST_MAX);
    (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), ",99");
    struct values out;
    struct error err = {0};
    int n = 0;
    assert_int_equal(parse(line, &out, &n, &err), -(int)ERROR_USAGE);
    assert_string_equal(err.text, "--levels: more than 32 values");
}

static void test_option_parse__a_repeated_text_has_a_maximum(void **state)
{
    (void)state;
    char line[1024] = "";
    for (int i = 0; i <= OPTION_LIST_MAX; i++) {
        (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), "--texts=%d ", i);
    }
    struct values out;
    struct error err = {0};
    int n = 0;
    assert_int_equal(parse(line, &out, &n, &err), -(int)ERROR_USAGE);
    assert_string_equal(err.text, "--texts: given more than 32 times");
}

/* A member longer than any number must not read past its buffer, nor be taken for a shorter one. */
static void test_option_parse__long_members_are_no_numbers(void **state)
{
    (void)state;
    char line[512] = "--levels ";
    memset(line + strlen(line), '0', 300);
    line[309] = '1';
    line[310] = '\0';
    struct values out;
    struct error err = {0};
    int n = 0;
    assert_int_equal(parse(line, &out, &n, &err), -(int)ERROR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_option_parse__defaults),
        cmocka_unit_test(test_option_parse__every_type_and_form),
        cmocka_unit_test(test_option_parse__letters),
        cmocka_unit_test(test_option_parse__dashes_and_operands),
        cmocka_unit_test(test_option_parse__a_value_equal_to_the_default_is_given),
        cmocka_unit_test(test_option_parse__keyword_in_place_of_a_list),
        cmocka_unit_test(test_option_parse__help_and_version_end_the_walk),
        cmocka_unit_test(test_option_parse__one_line_names_option_and_value),
        cmocka_unit_test(test_option_parse__a_list_has_a_maximum),
        cmocka_unit_test(test_option_parse__a_repeated_text_has_a_maximum),
        cmocka_unit_test(test_option_parse__long_members_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
