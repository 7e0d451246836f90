/* Python environments of processes, from the recorded trees that tests/oracle/process_trees.py writes.  The
 * list and its hash were written by hand; tests/cli/run-site holds a real environment against `pip freeze`. */
#include "hardware/python_env.h"
#include "support/test.h"

#include <string.h>

#define PYTHONS "tests/data/processes/pythons"

struct found {
    struct arena arena;
    struct json *warnings;
    struct python_env env;
};

static void found_make(struct found *self, int32_t pid)
{
    *self = (struct found){0};
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    const struct reader reader = {
        .arena = &self->arena, .root = PYTHONS, .warnings = self->warnings};
    python_env_read(&reader, pid, process_link(&reader, pid, "exe"), &self->env);
}

static void found_done(struct found *self)
{
    arena_done(&self->arena);
}

static void assert_json(const struct json *value, const char *what, const char *expected)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    assert_non_null(value);
    json_write_compact(value, &text);
    if (strcmp(text.data, expected) != 0) {
        fail_msg("%s: %s, not %s", what, text.data, expected);
    }
    bytes_done(&text);
}

static void test_read__lists_packages_as_pip_does(void **state)
{
    (void)state;
    struct found found;
    found_make(&found, 100);
    assert_int_equal(found.env.found, PYTHON_READ);
    assert_json(
        json_find(found.env.facts, "packages"), "packages",
        "[\"archive @ https://(hidden)@host/archive-1.0.whl#sha256=00ff\","
        "\"both @ https://host/b.zip#sha256=01&subdirectory=b\","
        "\"cut==1.0\","
        "\"# Editable install with no version control (edit==1.0)\\n-e /src/edit\","
        "\"folder @ file:///src/folder\","
        "\"idna==3.7\","
        "\"Jinja2==3.1.4\","
        "\"old==1.0\","
        "\"older==0.9\","
        "\"torch==2.13.0+cu130\","
        "\"vcs @ git+https://host/r.git@c0ffee#subdirectory=py\","
        "\"zope.interface==6.0\"]");
    /* Python: sha256("".join(line + "\n" for line in lines)) */
    assert_string_equal(
        found.env.freeze_sha256,
        "028b7d69e622a96c01c7ce7054af411259b5d49cf3e6e618f071696215d26313");
    assert_string_equal(
        json_text(json_find(found.env.facts, "freeze_sha256"), ""), found.env.freeze_sha256);
    assert_string_equal(json_text(json_find(found.env.facts, "version"), ""), "3.11");
    assert_int_equal(found.warnings->len, 1);
    assert_non_null(
        strstr(found.warnings->first->text, "nameless-1.dist-info/METADATA names no package"));
    found_done(&found);
}

#define VENV "\"/opt/venv/lib/python3.11/site-packages\""

static void test_read__finds_the_folders(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int32_t pid;
        const char *folders;
        const char *last; /* a package, the last of them */
    } rows[] = {
        {"the environment of the interpreter's name", 100, "[" VENV "]", "zope.interface==6.0"},
        {"PATH, PYTHONPATH, the user's, and Debian's folders", 101,
         "[\"/extra\",\"/home/me/.local/lib/python3.11/site-packages\","
         "\"/usr/local/lib/python3.11/dist-packages\",\"/usr/lib/python3/dist-packages\"]",
         "PyYAML==6.0"},
        {"mapped libraries, where the title was changed", 102, "[" VENV "]", "zope.interface==6.0"},
        {"an interpreter inside another program", 105,
         "[\"/opt/conda/lib/python3.12/site-packages\"]", "setuptools==70.0"},
        {"an environment that sees the system's packages, by a relative name", 107,
         "[\"/opt/both/lib/python3.11/site-packages\",\"/usr/local/lib/python3.11/dist-packages\","
         "\"/usr/lib/python3/dist-packages\"]",
         "PyYAML==6.0"},
        {"an interpreter with a prefix of its own", 108,
         "[\"/opt/conda/lib/python3.12/site-packages\"]", "setuptools==70.0"},
        {"the version of the library, where the name has none", 109, "[" VENV "]",
         "zope.interface==6.0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct found found;
        found_make(&found, rows[i].pid);
        assert_int_equal(found.env.found, PYTHON_READ);
        assert_json(json_find(found.env.facts, "folders"), rows[i].what, rows[i].folders);
        assert_string_equal(json_find(found.env.facts, "packages")->last->text, rows[i].last);
        found_done(&found);
    }
}

static void test_read__an_empty_environment_is_known(void **state)
{
    (void)state;
    struct found found;
    found_make(&found, 110);
    assert_int_equal(found.env.found, PYTHON_READ);
    assert_json(json_find(found.env.facts, "packages"), "packages", "[]");
    assert_string_equal(
        found.env.freeze_sha256,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    found_done(&found);
}

static void test_read__says_what_it_does_not_know(void **state)
{
    (void)state;

    static const struct {
        int32_t pid;
        enum python_found found;
        const char *why;
    } rows[] = {
        {103, PYTHON_UNKNOWN, "nothing tells which environment it runs in"},
        {104, PYTHON_NONE, ""},
        {106, PYTHON_UNKNOWN, "the interpreter's version is not known"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct found found;
        found_make(&found, rows[i].pid);
        assert_int_equal(found.env.found, rows[i].found);
        assert_string_equal(found.env.why, rows[i].why);
        assert_null(found.env.facts);
        found_done(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__lists_packages_as_pip_does),
        cmocka_unit_test(test_read__finds_the_folders),
        cmocka_unit_test(test_read__an_empty_environment_is_known),
        cmocka_unit_test(test_read__says_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
