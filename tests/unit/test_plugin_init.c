#include "base/file.h"
#include "base/mem.h"
#include "suite/plugin_check.h"
#include "suite/plugin_init.h"
#include "support/folder.h"

#include <string.h>

static const struct spec_table *built_in(void)
{
    static struct spec_table table;
    struct error err = {0};
    if (table.n == 0) {
        assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    }
    return &table;
}

/* A new pack is right as it is, also where a umask lets the group write. */
static void test_plugin_init__a_pack_that_passes(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    struct error err = {0};
    const mode_t mask = umask(0);
    assert_int_equal(plugin_init(folder.path, "my.words", PLUGIN_PACK, built_in(), &err), 0);
    (void)umask(mask);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    assert_int_equal(plugin_read(&arena, folder_name(&folder, "my.words"), &plugin, &err), 0);
    assert_string_equal(plugin.id, "my.words");
    assert_string_equal(plugin.specs[0].id, "my.words.example");
    CLEANUP(plugin_findings_done) struct plugin_findings findings = {0};
    plugin_check(&plugin, &findings);
    assert_true(findings.good);
    assert_int_equal(
        plugin_init(folder.path, "my.words", PLUGIN_PACK, built_in(), &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "/my.words exists already and nothing in it is changed"));
}

/* What is written for a shared object is built by tests/cli/run-plugins; here that nothing is missing. */
static void test_plugin_init__files_of_a_shared_object(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    struct error err = {0};
    assert_int_equal(
        plugin_init(folder.path, "my.words", PLUGIN_SHARED_OBJECT, built_in(), &err), 0);
    static const char *const names[] = {"plugin.c", "Makefile", "README.md"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(mem_freep) char *name = mem_format("my.words/%s", names[i]);
        CLEANUP(mem_freep) char *text = NULL;
        size_t len = 0;
        assert_int_equal(file_read(folder_name(&folder, name), 1 << 20, &text, &len, &err), 0);
        assert_non_null(strstr(text, "my.words"));
        assert_null(strstr(text, "@ID@"));
    }
    CLEANUP(mem_freep) char *copy = NULL;
    CLEANUP(mem_freep) char *header = NULL;
    size_t len = 0;
    assert_int_equal(
        file_read(
            folder_name(&folder, "my.words/inferencebench/plugin.h"), 1 << 20, &copy, &len, &err),
        0);
    assert_int_equal(file_read("include/inferencebench/plugin.h", 1 << 20, &header, &len, &err), 0);
    assert_string_equal(copy, header);
}

static void test_plugin_init__bad_ids(void **state)
{
    (void)state;

    static const struct {
        const char *id;
        const char *text;
    } rows[] = {
        {"My", "'My' is no id: words of a-z, 0-9 and '-' joined by dots, like my.words"},
        {"../up", "'../up' is no id: words of a-z, 0-9 and '-' joined by dots, like my.words"},
        {"", "'' is no id: words of a-z, 0-9 and '-' joined by dots, like my.words"},
        {"llm.inference", "'llm.inference' is built in: choose another id"},
        {"llm.inference.chatbot-short",
         "'llm.inference.chatbot-short' is built in: choose another id"},
    };

    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        assert_int_equal(
            plugin_init(folder.path, rows[i].id, PLUGIN_PACK, built_in(), &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_init__a_pack_that_passes),
        cmocka_unit_test(test_plugin_init__files_of_a_shared_object),
        cmocka_unit_test(test_plugin_init__bad_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
