#include "base/text.h"
#include "suite/plugin_check.h"
#include "support/plugin_fixture.h"

#include <string.h>

/* The finding of a check, which is there. */
static const struct plugin_finding *find(const struct plugin_findings *findings, const char *check)
{
    for (size_t i = 0; i < findings->n; i++) {
        if (strcmp(findings->items[i].check, check) == 0) {
            return &findings->items[i];
        }
    }
    fail_msg("no finding '%s'", check);
    return NULL;
}

static void test_plugin_check__a_good_object(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    CLEANUP(plugin_findings_done) struct plugin_findings findings = {0};
    plugin_check(&it.plugin, &findings);
    assert_true(findings.good);
    static const char *const checks[] = {"dataset", "order",    "seed",
                                         "score",   "validate", "metrics"};
    assert_int_equal(findings.n, ARRAY_LEN(checks));
    for (size_t i = 0; i < findings.n; i++) {
        assert_string_equal(findings.items[i].check, checks[i]);
        assert_int_equal(findings.items[i].verdict, PLUGIN_OK);
    }
    assert_string_equal(findings.items[0].about, "test.double.one");
    assert_string_equal(findings.items[4].about, "");
    /* Of 5 requests with 5 answers each, the empty ones are not judged. */
    assert_string_equal(find(&findings, "score")->text, "20 of 25 answers got one, 0.5 to 1");
}

static void test_plugin_check__what_fails_is_named(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *check;
        const char *text;
    } rows[] = {
        {"remembers", "order",
         "a request depends on those asked for before it, not on seed and index alone"},
        {"bad-score", "score", "score gave 1.5, which is not in 0 .. 1"},
        {"crashes-late", "dataset", "plugin test.double: it crashed: Aborted (signal 6)"},
        {"crashes-late", "metrics", "0 requests: it crashed: Segmentation fault (signal 11)"},
        {"bad-json", "order", "next_request(0):1:26: "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(plugin_fixture_done) struct plugin_fixture it;
        assert_int_equal(plugin_fixture_init(&it, rows[i].name), 0);
        CLEANUP(plugin_findings_done) struct plugin_findings findings = {0};
        plugin_check(&it.plugin, &findings);
        assert_false(findings.good);
        const struct plugin_finding *finding = find(&findings, rows[i].check);
        assert_int_equal(finding->verdict, PLUGIN_FAIL);
        if (!text_starts_with(finding->text, rows[i].text)) {
            fail_msg("%s: %s", rows[i].name, finding->text);
        }
    }
}

/* Data that is to be fetched is no fault of the pack; data that is broken is. */
static void test_plugin_check__packs(void **state)
{
    (void)state;
    static const char form[] = "id: a.%s\nplugin: a\nversion: 1.0.0\ntitle: T\nkind: perf\n"
                               "dataset: {recipe: '%s'}\nrequest: {shape: chat, max_tokens: 8}\n"
                               "load: {driver: closed, concurrency: [2]}\nslo_template: %s\n";
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    (void)folder_write(&folder, "plugin.yaml", "id: a\nversion: 1.0.0\ntitle: T\n");
    (void)folder_write(&folder, "data/bad.jsonl", "{\"prompt\": 3}\n");
    (void)folder_write(&folder, "slo/bad.yaml", "id: 3\n");
    char text[sizeof(form) + 128];
    (void)snprintf(text, sizeof(text), form, "1", "jsonl:data/bad.jsonl", "llm.standard");
    (void)folder_write(&folder, "specs/1.yaml", text);
    (void)snprintf(text, sizeof(text), form, "2", "chatbot-short", "slo/bad.yaml");
    (void)folder_write(&folder, "specs/2.yaml", text);
    (void)snprintf(text, sizeof(text), form, "3", "sharegpt-v3", "llm.standard");
    (void)folder_write(&folder, "specs/3.yaml", text);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(plugin_read(&arena, folder.path, &plugin, &err), 0);
    CLEANUP(plugin_findings_done) struct plugin_findings findings = {0};
    assert_int_equal(setenv("BENCH_DATA_DIR", folder.path, 1), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", folder.path, 1), 0);
    plugin_check(&plugin, &findings);
    assert_false(findings.good);
    assert_int_equal(findings.n, 4);
    assert_int_equal(findings.items[0].verdict, PLUGIN_FAIL);
    assert_true(text_ends_with(
        findings.items[0].text,
        "data/bad.jsonl:1:12: 'prompt' must be a text that is not empty and holds no NUL"));
    assert_int_equal(findings.items[1].verdict, PLUGIN_OK);
    assert_string_equal(findings.items[2].check, "slo");
    assert_int_equal(findings.items[2].verdict, PLUGIN_FAIL);
    assert_true(text_ends_with(findings.items[2].text, "slo/bad.yaml:1:5: 'id' must be a text"));
    assert_int_equal(findings.items[3].verdict, PLUGIN_NOTE);
    assert_true(text_starts_with(findings.items[3].text, "not tried: dataset 'sharegpt-v3'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_check__a_good_object),
        cmocka_unit_test(test_plugin_check__what_fails_is_named),
        cmocka_unit_test(test_plugin_check__packs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
