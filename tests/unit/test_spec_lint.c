/* Every rule finds what it is for at its line, and nothing in a spec that is as it should be. */
#include "base/text.h"
#include "suite/spec_lint.h"
#include "support/test.h"

#include <string.h>

enum {
    TEXT_MAX = 4096
};

static const char *const good_lines[] = {
    "id: my.pack.one",
    "plugin: my.pack",
    "version: 1.2.3",
    "title: One",
    "kind: perf",
    "dataset: {recipe: chatbot-short}",
    "request: {shape: chat, max_tokens: 7}",
    "load: {driver: closed, concurrency: [1, 2]}",
    "slo_template: llm.relaxed",
};

/* The good spec with line `at` (from 1) replaced. */
static void lint(unsigned at, const char *line, const char *source, struct spec_findings *out)
{
    char text[TEXT_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < ARRAY_LEN(good_lines); i++) {
        len += (size_t)snprintf(
            text + len, sizeof(text) - len, "%s\n", i + 1 == at ? line : good_lines[i]);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    const struct spec_text given = {"s.yaml", source, text, len};
    if (spec_read(&arena, &given, &spec, &err) < 0) {
        fail_msg("%s", err.text);
    }
    spec_lint(&spec, out);
}

static void test_spec_lint__nothing_in_a_good_spec(void **state)
{
    (void)state;
    struct spec_findings findings;
    lint(0, "", "specs/my.pack.one.yaml", &findings);
    assert_int_equal(findings.n, 0);
    lint(0, "", "built in", &findings);
    assert_int_equal(findings.n, 0);
}

static void test_spec_lint__each_rule(void **state)
{
    (void)state;

    static const struct {
        const char *rule;
        unsigned line;
        const char *text;
    } cases[] = {
        {"version", 3, "version: 0.9.0"},
        {"title", 4, "title: One benchmark."},
        {"title", 4,
         "title: A title that goes on and on and on until no list of benchmarks has room for it on "
         "a terminal"},
        {"points", 8, "load: {driver: closed, concurrency: [1, 4, 4]}"},
        {"points", 8, "load: {driver: open, rates_rps: [4, 1]}"},
        {"warm-up", 9, "slo_template: llm.relaxed\nwarmup: {requests_per_stream: 0}"},
        {"one-token", 7, "request: {shape: chat, max_tokens: 1}"},
        {"temperature", 7, "request: {shape: chat, max_tokens: 7, temperature: 0.7}"},
        {"answer-length", 7, "request: {shape: chat, max_tokens: 7}"},
        {"path", 6, "dataset: {recipe: 'jsonl:/data/x.jsonl', help: ask}"},
        {"help", 6, "dataset: {recipe: 'sharegpt:x.json'}"},
        {"help", 6, "dataset: {recipe: 'trace:x.csv'}"},
        {"slo-of-stream", 7, "request: {shape: chat, stream: false, max_tokens: 7}"},
        {"extra-body", 7, "request: {shape: chat, max_tokens: 7, extra_body: {temperature: 1}}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct spec_findings findings;
        const bool of_answers = text_equal(cases[i].rule, "answer-length");
        lint(
            of_answers ? 6 : cases[i].line,
            of_answers ? "dataset: {recipe: 'synthetic:input=9,output=3'}" : cases[i].text,
            "my.pack.one.yaml", &findings);
        assert_int_equal(findings.n, 1);
        assert_string_equal(findings.items[0].rule, cases[i].rule);
        const unsigned line = text_equal(cases[i].rule, "warm-up")         ? 10
                              : text_equal(cases[i].rule, "slo-of-stream") ? 9
                                                                           : cases[i].line;
        assert_int_equal(findings.items[0].line, line);
    }
}

static void test_spec_lint__the_name_of_the_file(void **state)
{
    (void)state;
    struct spec_findings findings;
    lint(0, "", "specs/other.yaml", &findings);
    assert_int_equal(findings.n, 1);
    assert_string_equal(findings.items[0].rule, "file-name");
    assert_string_equal(
        findings.items[0].text, "the file is called other.yaml, not my.pack.one.yaml");
    assert_int_equal(findings.items[0].line, 1);
}

static void test_spec_lint__a_quality_benchmark_at_a_rate(void **state)
{
    (void)state;
    static const char text[] =
        "id: a.b\nplugin: a\nversion: 1.0.0\ntitle: T\nkind: quality\n"
        "dataset: {recipe: chatbot-short}\nrequest: {shape: chat, max_tokens: 9}\n"
        "load: {driver: open, rates_rps: [1]}\nslo_template: llm.relaxed\n"
        "scoring: exact_match\n";
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    const struct spec_text given = {"a.b.yaml", "a.b.yaml", text, strlen(text)};
    assert_int_equal(spec_read(&arena, &given, &spec, &err), 0);
    struct spec_findings findings;
    spec_lint(&spec, &findings);
    assert_int_equal(findings.n, 1);
    assert_string_equal(findings.items[0].rule, "quality-load");
    assert_int_equal(findings.items[0].line, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_lint__nothing_in_a_good_spec),
        cmocka_unit_test(test_spec_lint__each_rule),
        cmocka_unit_test(test_spec_lint__the_name_of_the_file),
        cmocka_unit_test(test_spec_lint__a_quality_benchmark_at_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
