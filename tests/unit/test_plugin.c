#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "suite/dataset.h"
#include "suite/plugin.h"
#include "suite/plugin_files.h"
#include "support/folder.h"

#include <string.h>

#define HEAD "id: my.pack\nversion: 1.0.0\ntitle: Mine\nlicense: MIT\n"
#define SPEC(id, recipe)                                                                    \
    "id: " id                                                                               \
    "\nplugin: my.pack\nversion: 1.0.0\ntitle: One\nkind: perf\ndataset: {recipe: '" recipe \
    "'}\nrequest: {shape: chat, max_tokens: 8}\nload: {driver: closed, concurrency: [2]}\n" \
    "slo_template: slo/mine.yaml\n"

/* A pack that is right. */
static void write_pack(struct folder *folder)
{
    (void)folder_write(folder, "p/plugin.yaml", HEAD);
    (void)folder_write(folder, "p/specs/one.yaml", SPEC("my.pack.one", "jsonl:data/a.jsonl"));
    (void)folder_write(folder, "p/data/a.jsonl", "{\"prompt\": \"Hi\"}\n{\"prompt\": \"Ho\"}\n");
    (void)folder_write(folder, "p/slo/mine.yaml", "id: mine\nlimits: {ttft_ms: 100}\n");
}

/* Reads the pack of the folder. */
static int
read_pack(struct folder *folder, struct arena *arena, struct plugin *out, struct error *err)
{
    return plugin_read(arena, folder_name(folder, "p"), out, err);
}

static void test_plugin_read__a_pack(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    write_pack(&folder);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(read_pack(&folder, &arena, &plugin, &err), 0);
    assert_string_equal(plugin.id, "my.pack");
    assert_string_equal(plugin.version, "1.0.0");
    assert_string_equal(plugin.title, "Mine");
    assert_string_equal(plugin.license, "MIT");
    assert_string_equal(plugin_kind_name(plugin.kind), "pack");
    assert_string_equal(plugin.path, folder_name(&folder, "p"));
    assert_int_equal(plugin.n_specs, 1);
    assert_string_equal(plugin.specs[0].id, "my.pack.one");
    assert_ptr_equal(plugin.specs[0].provider, &plugin);
    assert_string_equal(plugin.specs[0].source, "specs/one.yaml");

    /* Its files are read from the pack, wherever this process stands. */
    const struct dataset_options options = {
        .recipe = plugin.specs[0].dataset, .provider = &plugin, .seed = 42};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    assert_int_equal(dataset_load(&options, &set, &err), 0);
    assert_int_equal(set.n, 2);
    assert_string_equal(set.id, "jsonl:a.jsonl");
    assert_string_equal(json_text(json_find(set.recipe, "recipe"), ""), "jsonl:data/a.jsonl");
    assert_null(set.lines);
}

/* Source, for the pack of write_pack: find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum |
 * sha256sum */
static void test_plugin_read__the_hash_is_that_of_sha256sum(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    write_pack(&folder);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(read_pack(&folder, &arena, &plugin, &err), 0);
    assert_string_equal(
        plugin.sha256, "7b8fb77c33b1aedda9145b1b9ecce44f875860b766c2c5b96039438f5ab267c6");
    /* What is hidden is not part of a pack; everything else is. */
    (void)folder_write(&folder, "p/.git/config", "mine");
    struct plugin again = {0};
    assert_int_equal(read_pack(&folder, &arena, &again, &err), 0);
    assert_string_equal(again.sha256, plugin.sha256);
    (void)folder_write(&folder, "p/README", "Read me");
    assert_int_equal(read_pack(&folder, &arena, &again, &err), 0);
    assert_string_not_equal(again.sha256, plugin.sha256);
}

static void test_plugin_read__broken_packs(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *text;
        const char *reason; /* behind the folder, where it begins with '/' */
    } rows[] = {
        {"p/plugin.yaml", "id: [", "plugin.yaml:2:1: "},
        {"p/plugin.yaml", "id: my.pack\nversion: 1.0.0\ntitel: x\n",
         "plugin.yaml:3:8: unknown key 'titel': did you mean 'title'?"},
        {"p/plugin.yaml", "id: my.pack\nversion: 1.0.0\n",
         "plugin.yaml:1:1: key 'title' is missing"},
        {"p/plugin.yaml", "id: My_Pack\nversion: 1.0.0\ntitle: x\n",
         "plugin.yaml: 'id' must be words of a-z, 0-9 and '-' joined by dots, not 'My_Pack'"},
        {"p/plugin.yaml", "id: my.pack\nversion: '1'\ntitle: x\n",
         "plugin.yaml: 'version' must be a version like 1.0.0, not '1'"},
        {"p/plugin.yaml", "id: my.pack\nversion: 1.0.0\ntitle: \"a\\nb\"\n",
         "plugin.yaml: 'title' must be one line of text without blanks at its ends"},
        {"p/plugin.yaml", HEAD "min_bench_version: 99.0.0\n",
         "it needs bench 99.0.0 or later, and this is "},
        {"p/plugin.yaml", HEAD "min_bench_version: new\n",
         "plugin.yaml: 'min_bench_version' must be a version like 1.0.0, not 'new'"},
        {"p/specs/one.yaml", "id: 3\n", "specs/one.yaml:1:5: 'id' must be a text"},
        {"p/specs/two.yaml", SPEC("my.pack.one", "jsonl:data/a.jsonl"),
         "specs/two.yaml: benchmark 'my.pack.one' is already defined by specs/one.yaml"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "jsonl:data/b.jsonl"),
         "specs/one.yaml: data/b.jsonl is not in the pack"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "jsonl:../a.jsonl"),
         "specs/one.yaml: dataset ../a.jsonl is not a file of the pack: give its name inside the pack"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "jsonl:data/../../a.jsonl"),
         "specs/one.yaml: dataset data/../../a.jsonl is not a file of the pack"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "jsonl:/etc/passwd"),
         "specs/one.yaml: dataset /etc/passwd is not a file of the pack"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "trace:data/none.csv"),
         "specs/one.yaml: data/none.csv is not in the pack"},
        {"p/specs/one.yaml",
         "id: my.pack.one\nplugin: my.pack\nversion: 1.0.0\ntitle: T\nkind: quality\nscoring: plugin\n"
         "dataset: {recipe: 'jsonl:data/a.jsonl'}\nrequest: {shape: chat, max_tokens: 8}\n"
         "load: {driver: closed, concurrency: [2]}\nslo_template: llm.standard\n",
         "specs/one.yaml: scoring 'plugin' needs code, and a pack has none"},
        {"p/specs/one.yaml", SPEC("my.pack.one", "plugin:n=3"),
         "specs/one.yaml: dataset plugin:n=3 needs code, and a pack has none: give a file of it"},
        {"p/specs/one.yaml",
         "id: a.b\nplugin: a\nversion: 1.0.0\ntitle: T\nkind: perf\ndataset: {recipe: chatbot-short}\n"
         "request: {shape: chat, max_tokens: 8}\nload: {driver: closed, concurrency: [2]}\n"
         "slo_template: llm.standard\n",
         "specs/one.yaml: its plugin is 'a' and not 'my.pack'"},
        {"p/data/a\\b", "",
         "file name 'data/a\\b' has control characters, a backslash or no UTF-8"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(folder_done) struct folder folder;
        folder_init(&folder);
        write_pack(&folder);
        (void)folder_write(&folder, rows[i].name, rows[i].text);
        CLEANUP(arena_done) struct arena arena = {0};
        struct plugin plugin = {0};
        struct error err = {0};
        assert_true(read_pack(&folder, &arena, &plugin, &err) < 0);
        if (!text_starts_with(err.text, rows[i].reason)) {
            fail_msg("row %zu: %s", i, err.text);
        }
        assert_null(plugin.id);
    }
}

static void test_plugin_read__a_pack_without_benchmarks(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    (void)folder_write(&folder, "p/plugin.yaml", HEAD);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(read_pack(&folder, &arena, &plugin, &err), -ERROR_USAGE);
    assert_string_equal(err.text, "it has no benchmarks: specs/*.yaml");
}

static void test_plugin_read__unsafe_permissions(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        unsigned mode;
    } rows[] = {{"p", 0777}, {"p/specs", 0775}, {"p/plugin.yaml", 0664}, {"p/data/a.jsonl", 0646}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(folder_done) struct folder folder;
        folder_init(&folder);
        write_pack(&folder);
        CLEANUP(mem_freep) char *path = mem_copy_text(folder_name(&folder, rows[i].name));
        assert_int_equal(chmod(path, rows[i].mode), 0);
        CLEANUP(arena_done) struct arena arena = {0};
        struct plugin plugin = {0};
        struct error err = {0};
        assert_int_equal(read_pack(&folder, &arena, &plugin, &err), -ERROR_KEY);
        CLEANUP(mem_freep)
        char *text = mem_format(
            "unsafe permissions: others can write %s (mode %04o): chmod go-w %s", path,
            rows[i].mode, path);
        assert_string_equal(err.text, text);
    }
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    write_pack(&folder);
    CLEANUP(mem_freep) char *link = mem_copy_text(folder_name(&folder, "p/data/link"));
    assert_int_equal(symlink("/etc/passwd", link), 0);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(read_pack(&folder, &arena, &plugin, &err), -ERROR_KEY);
    CLEANUP(mem_freep)
    char *text = mem_format("%s is a link: a plugin holds files and folders only", link);
    assert_string_equal(err.text, text);
}

/* Only root can give a file away. */
static void test_plugin_check_safe__files_of_others(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    const char *path = folder_write(&folder, "a", "");
    struct error err = {0};
    assert_int_equal(plugin_check_safe(path, &err), 0);
    if (geteuid() != 0) {
        assert_int_equal(plugin_check_safe("/etc/passwd", &err), 0); /* root's */
        return;
    }
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_int_equal(plugin_check_safe(path, &err), -ERROR_KEY);
    CLEANUP(mem_freep)
    char *text = mem_format(
        "unsafe permissions: %s belongs to user 12345, neither to root nor to user 0", path);
    assert_string_equal(err.text, text);
}

static const struct spec_table *built_in(void)
{
    static struct spec_table table;
    struct error err = {0};
    if (table.n == 0) {
        assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    }
    return &table;
}

static void load(const struct plugin_search *search, struct plugin_registry *out)
{
    struct error err = {0};
    assert_int_equal(plugin_registry_load(search, built_in(), out, &err), 0);
}

static void test_plugin_registry_load__order_of_the_folders(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    static const char *const places[] = {"named", "list-a", "list-b", "user", "library"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char name[64];
        char text[1024];
        (void)snprintf(name, sizeof(name), "%s/b/plugin.yaml", places[i]);
        (void)snprintf(text, sizeof(text), "id: p%zu\nversion: 1.0.0\ntitle: T\n", i);
        (void)folder_write(&folder, name, text);
        (void)snprintf(name, sizeof(name), "%s/b/specs/s.yaml", places[i]);
        (void)snprintf(
            text, sizeof(text),
            "id: p%zu.s\nplugin: p%zu\nversion: 1.0.0\ntitle: T\nkind: perf\n"
            "dataset: {recipe: chatbot-short}\nrequest: {shape: chat, max_tokens: 8}\n"
            "load: {driver: closed, concurrency: [2]}\nslo_template: llm.standard\n",
            i, i);
        (void)folder_write(&folder, name, text);
    }
    /* Neither a pack nor an object: passed over without a word. */
    (void)folder_write(&folder, "named/notes.txt", "");
    (void)folder_write(&folder, "named/other/notes.txt", "");
    (void)folder_write(&folder, "named/.hidden/plugin.yaml", "");
    CLEANUP(mem_freep) char *named = mem_copy_text(folder_name(&folder, "named"));
    CLEANUP(mem_freep) char *user = mem_copy_text(folder_name(&folder, "user"));
    CLEANUP(mem_freep) char *library = mem_copy_text(folder_name(&folder, "library"));
    CLEANUP(mem_freep)
    char *list = mem_format(
        "%s/list-a::%s/list-b:%s/named/b:%s/none", folder.path, folder.path, folder.path,
        folder.path);
    const char *folders[] = {named};
    CLEANUP(plugin_registry_done) struct plugin_registry registry = {0};
    load(&(struct plugin_search){folders, 1, list, user, library}, &registry);
    assert_int_equal(registry.n, 5);
    for (size_t i = 0; i < registry.n; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "p%zu", i);
        assert_string_equal(registry.plugins[i]->id, id);
        assert_ptr_equal(plugin_find(&registry, id), registry.plugins[i]);
    }
    assert_null(plugin_find(&registry, "p5"));
    /* What was found twice is one plugin; a folder of the list that is not there is told. */
    assert_int_equal(registry.n_refusals, 1);
    assert_string_equal(registry.refusals[0].path, folder_name(&folder, "none"));
    assert_string_equal(registry.refusals[0].reason, "cannot be listed: No such file or directory");
    assert_int_equal(registry.n_folders, 7);

    CLEANUP(spec_table_done) struct spec_table table = {0};
    struct error err = {0};
    assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    const size_t n = table.n;
    plugin_registry_add_specs(&registry, &table);
    assert_int_equal(table.n, n + 5);
    const struct spec *spec = NULL;
    assert_int_equal(spec_find(&table, "p3", &spec, &err), 0);
    assert_string_equal(spec->id, "p3.s");
    assert_ptr_equal(spec->provider, registry.plugins[3]);
}

/* Names of files come from anybody, and go to a terminal. */
static void test_plugin_registry_load__names_with_control_characters(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    (void)folder_write(&folder, "a\x1b[31mb.so", "");
    const char *folders[] = {folder.path};
    CLEANUP(plugin_registry_done) struct plugin_registry registry = {0};
    load(&(struct plugin_search){.folders = folders, .n_folders = 1}, &registry);
    assert_int_equal(registry.n, 0);
    assert_int_equal(registry.n_refusals, 1);
    assert_string_equal(registry.refusals[0].path, folder_name(&folder, "a?[31mb.so"));
    assert_string_equal(registry.refusals[0].reason, "its path has control characters");
}

static void test_plugin_registry_load__a_named_folder_must_be_there(void **state)
{
    (void)state;
    const char *folders[] = {"/no/such/folder"};
    struct plugin_registry registry = {0};
    struct error err = {0};
    assert_int_equal(
        plugin_registry_load(
            &(struct plugin_search){.folders = folders, .n_folders = 1}, built_in(), &registry,
            &err),
        -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "/no/such/folder does not exist");
    assert_int_equal(registry.n, 0);
    load(&(struct plugin_search){.user_folder = "/no/such/folder"}, &registry);
    assert_int_equal(registry.n + registry.n_refusals, 0);
    plugin_registry_done(&registry);
}

/* Of two with one id the first is taken; the second and all that is broken is named, and the rest works. */
static void test_plugin_registry_load__clashes_and_broken_ones_are_refused(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    write_pack(&folder);
    (void)folder_write(&folder, "q/plugin.yaml", HEAD);
    (void)folder_write(&folder, "q/specs/two.yaml", SPEC("my.pack.two", "jsonl:data/a.jsonl"));
    (void)folder_write(&folder, "q/data/a.jsonl", "{\"prompt\": \"Hi\"}\n");
    (void)folder_write(&folder, "q/slo/mine.yaml", "id: mine\nlimits: {ttft_ms: 100}\n");
    (void)folder_write(&folder, "a/plugin.yaml", "id: [\n");
    (void)folder_write(&folder, "c/plugin.yaml", "id: llm.inference\nversion: 1.0.0\ntitle: T\n");
    (void)folder_write(
        &folder, "c/specs/s.yaml",
        "id: llm.inference.mine\nplugin: llm.inference\nversion: 1.0.0\ntitle: T\nkind: perf\n"
        "dataset: {recipe: chatbot-short}\nrequest: {shape: chat, max_tokens: 8}\n"
        "load: {driver: closed, concurrency: [2]}\nslo_template: llm.standard\n");
    const char *folders[] = {folder.path};
    CLEANUP(plugin_registry_done) struct plugin_registry registry = {0};
    load(&(struct plugin_search){.folders = folders, .n_folders = 1}, &registry);
    assert_int_equal(registry.n, 1);
    assert_string_equal(registry.plugins[0]->path, folder_name(&folder, "p"));
    assert_int_equal(registry.n_refusals, 3);
    assert_string_equal(registry.refusals[0].path, folder_name(&folder, "a"));
    assert_true(text_starts_with(registry.refusals[0].reason, "plugin.yaml:2:1: "));
    assert_string_equal(registry.refusals[1].path, folder_name(&folder, "c"));
    assert_string_equal(registry.refusals[1].reason, "id 'llm.inference' is taken: built in");
    assert_string_equal(registry.refusals[2].path, folder_name(&folder, "q"));
    CLEANUP(mem_freep)
    char *text = mem_format("id 'my.pack' is taken: it is that of %s/p", folder.path);
    assert_string_equal(registry.refusals[2].reason, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_read__a_pack),
        cmocka_unit_test(test_plugin_read__the_hash_is_that_of_sha256sum),
        cmocka_unit_test(test_plugin_read__broken_packs),
        cmocka_unit_test(test_plugin_read__a_pack_without_benchmarks),
        cmocka_unit_test(test_plugin_read__unsafe_permissions),
        cmocka_unit_test(test_plugin_check_safe__files_of_others),
        cmocka_unit_test(test_plugin_registry_load__order_of_the_folders),
        cmocka_unit_test(test_plugin_registry_load__names_with_control_characters),
        cmocka_unit_test(test_plugin_registry_load__a_named_folder_must_be_there),
        cmocka_unit_test(test_plugin_registry_load__clashes_and_broken_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
