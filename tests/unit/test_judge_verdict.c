#include "base/text.h"
#include "suite/judge_verdict.h"
#include "support/test.h"

#include <string.h>

enum read {
    RIGHT,
    WRONG,
    NONE
};

struct row {
    const char *what;
    enum judge_method method;
    const char *text;
    size_t len; /* 0: up to the NUL */
    enum read read;
    const char *error; /* a part of the message */
};

/* clang-format off */
static const struct row rows[] = {
    {"correct", JUDGE_LLM, "{\"reason\": \"Same city.\", \"verdict\": \"correct\"}", 0, RIGHT, ""},
    {"incorrect", JUDGE_LLM, "{\"reason\": \"Another city.\", \"verdict\": \"incorrect\"}", 0, WRONG, ""},
    {"the other order", JUDGE_LLM, "{\"verdict\":\"correct\",\"reason\":\"\"}", 0, RIGHT, ""},
    {"consistent", JUDGE_LLM_PERSONA, "{\"reason\":\"r\",\"verdict\":\"consistent\"}", 0, RIGHT, ""},
    {"inconsistent", JUDGE_LLM_PERSONA, "{\"reason\":\"r\",\"verdict\":\"inconsistent\"}", 0, WRONG, ""},
    {"white space around it", JUDGE_LLM, "\n \t{\"reason\":\"r\",\"verdict\":\"correct\"}\r\n\n", 0, RIGHT, ""},
    {"a fence", JUDGE_LLM, "```json\n{\"reason\":\"r\",\"verdict\":\"incorrect\"}\n```", 0, WRONG, ""},
    {"a fence without a word", JUDGE_LLM, "```\r\n{\"reason\":\"r\",\"verdict\":\"correct\"}\r\n```\n", 0, RIGHT, ""},
    {"braces in the reason", JUDGE_LLM, "{\"reason\":\"} {\\\"verdict\\\": \\\"incorrect\\\"}\",\"verdict\":\"correct\"}", 0, RIGHT, ""},
    {"nothing", JUDGE_LLM, "", 0, NONE, "is empty"},
    {"blanks", JUDGE_LLM, "  \n", 0, NONE, "is empty"},
    {"an empty fence", JUDGE_LLM, "```json\n\n```", 0, NONE, "is empty"},
    {"the bare word", JUDGE_LLM, "correct", 0, NONE, "one JSON object"},
    {"text before it", JUDGE_LLM, "Verdict: {\"reason\":\"r\",\"verdict\":\"correct\"}", 0, NONE, "one JSON object"},
    {"text behind it", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\"} I am sure.", 0, NONE, "one JSON object"},
    {"two objects", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\"}{\"reason\":\"r\",\"verdict\":\"incorrect\"}", 0, NONE, "one JSON object"},
    {"two verdicts", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\",\"verdict\":\"incorrect\"}", 0, NONE, "repeated"},
    {"two verdicts, one escaped", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\",\"ver\\u0064ict\":\"incorrect\"}", 0, NONE, "repeated"},
    {"two verdicts, one with a NUL", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\",\"verdict\\u0000\":\"incorrect\"}", 0, NONE, "not asked for"},
    {"a verdict with a NUL", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\\u0000\"}", 0, NONE, "neither"},
    {"upper case", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"Correct\"}", 0, NONE, "neither 'correct' nor 'incorrect'"},
    {"the other method's word", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"consistent\"}", 0, NONE, "neither"},
    {"the other method's word, persona", JUDGE_LLM_PERSONA, "{\"reason\":\"r\",\"verdict\":\"correct\"}", 0, NONE, "neither 'consistent' nor 'inconsistent'"},
    {"the form copied", JUDGE_LLM, "{\"reason\": \"...\", \"verdict\": \"...\"}", 0, NONE, "neither"},
    {"a grade", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":1}", 0, NONE, "no string"},
    {"true", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":true}", 0, NONE, "no string"},
    {"null", JUDGE_LLM, "{\"reason\":null,\"verdict\":\"correct\"}", 0, NONE, "no string"},
    {"no reason", JUDGE_LLM, "{\"verdict\":\"correct\"}", 0, NONE, "no 'reason'"},
    {"no verdict", JUDGE_LLM, "{\"reason\":\"correct\"}", 0, NONE, "no 'verdict'"},
    {"one member too many", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\",\"confidence\":\"high\"}", 0, NONE, "'confidence'"},
    {"a list", JUDGE_LLM, "[{\"reason\":\"r\",\"verdict\":\"correct\"}]", 0, NONE, "no object"},
    {"a string", JUDGE_LLM, "\"correct\"", 0, NONE, "no object"},
    {"cut", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"corr", 0, NONE, "one JSON object"},
    {"single quotes", JUDGE_LLM, "{'reason':'r','verdict':'correct'}", 0, NONE, "one JSON object"},
    {"a fence that does not end", JUDGE_LLM, "```json\n{\"reason\":\"r\",\"verdict\":\"correct\"}", 0, NONE, "one JSON object"},
    {"a fence within a fence", JUDGE_LLM, "```\n```json\n{\"reason\":\"r\",\"verdict\":\"correct\"}\n```\n```", 0, NONE, "one JSON object"},
    {"thinking aloud", JUDGE_LLM, "<think>It is correct.</think>\n{\"reason\":\"r\",\"verdict\":\"correct\"}", 0, NONE, "one JSON object"},
    {"a NUL behind it", JUDGE_LLM, "{\"reason\":\"r\",\"verdict\":\"correct\"}\0", 36, NONE, "one JSON object"},
    {"half a character", JUDGE_LLM, "{\"reason\":\"\\ud800\",\"verdict\":\"correct\"}", 0, NONE, "one JSON object"},
};

/* clang-format on */

static void test_judge_verdict_read__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct error err = {0};
        bool right = row->read == WRONG; /* the opposite */
        const size_t len = row->len > 0 ? row->len : strlen(row->text);
        const int status = judge_verdict_read(row->method, row->text, len, &right, &err);
        const bool ok = row->read == NONE
                            ? status == -ERROR_PARSE && strstr(err.text, row->error) != NULL
                            : status == 0 && right == (row->read == RIGHT);
        if (!ok) {
            print_error("%s: %d, '%s'\n", row->what, status, err.text);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_verdict_read__table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
