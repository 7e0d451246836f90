/* One value a line: blank lines, line ends, and where a mistake is said to be. */
#include "codec/json_lines.h"
#include "support/test.h"

#include <string.h>

/* Kinds of the values as they come, then how it ended. */
static const char *kinds(const char *text)
{
    static char out[256];
    size_t used = 0;
    struct arena arena = {0};
    struct json_lines lines;
    json_lines_init(&lines, "f", text, strlen(text));
    int rc = 1;
    struct error err = {0};
    while (rc > 0) {
        struct json *value = NULL;
        rc = json_lines_next(&lines, &arena, &value, &err);
        if (rc > 0) {
            used += (size_t)snprintf(
                out + used, sizeof(out) - used, "%llu:%d ", (unsigned long long)lines.number,
                (int)value->kind);
        }
    }
    (void)snprintf(out + used, sizeof(out) - used, "%s", rc == 0 ? "end" : err.text);
    arena_done(&arena);
    return out;
}

static void test_next__reads_a_value_a_line(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *kinds;
    } rows[] = {
        {"", "end"},
        {"\n", "end"},
        {" \t\r\n\r\n", "end"},
        {"1", "1:2 end"},
        {"1\n", "1:2 end"},
        {"1\r\n\"a\"\r\n", "1:2 2:4 end"},
        {"\n\n[1]\n\n{}", "3:5 5:6 end"},
        {"1\n2 3\n", "1:2 f:2:3: the text goes on after its value"},
        {"1\n\n  x", "1:2 f:3:3: a value is expected"},
        {"{\n}", "f:1:2: a key in double quotes is expected"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(kinds(rows[i].text), rows[i].kinds);
    }
}

static void test_fail__names_line_and_column(void **state)
{
    (void)state;
    static const char text[] = "\n{\"a\": [7]}";
    struct arena arena = {0};
    struct json_lines lines;
    struct json *value = NULL;
    struct error err = {0};
    json_lines_init(&lines, "data.jsonl", text, sizeof(text) - 1);
    assert_int_equal(json_lines_next(&lines, &arena, &value, &err), 1);
    const struct json *seven = json_at(json_find(value, "a"), 0);
    assert_int_equal(json_lines_fail(&lines, seven, "is odd", &err), -ERROR_PARSE);
    assert_string_equal(err.text, "data.jsonl:2:8: is odd");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next__reads_a_value_a_line),
        cmocka_unit_test(test_fail__names_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
