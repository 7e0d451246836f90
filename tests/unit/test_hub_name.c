#include "base/text.h"
#include "suite/hub_name.h"
#include "support/test.h"

#include <string.h>

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

struct good_row {
    const char *text;
    const char *owner;
    const char *dataset;
    const char *file;
    const char *revision;
};

static const struct good_row good_rows[] = {
    {"hf://datasets/o/n/f.jsonl", "o", "n", "f.jsonl", "main"},
    {"hf://datasets/my-org_1/My.Data/a b/c.json", "my-org_1", "My.Data", "a b/c.json", "main"},
    {"hf://datasets/o/n/f@v1.0", "o", "n", "f", "v1.0"},
    {"hf://datasets/o/n/f@" COMMIT, "o", "n", "f", COMMIT},
    {"hf://datasets/o/n/f@refs/pr/3", "o", "n", "f", "refs/pr/3"},
    {"hf://datasets/o/n@v2/d/f", "o", "n", "d/f", "v2"},
    {"hf://datasets/o/n@refs/convert/parquet/d/f", "o", "n", "d/f", "refs/convert/parquet"},
    {"hf://datasets/o/n@refs/pr/12/f", "o", "n", "f", "refs/pr/12"},
    /* Only the last one is a revision. */
    {"hf://datasets/o/n/a@b.jsonl@main", "o", "n", "a@b.jsonl", "main"},
    {"hf://datasets/o/n/\xc3\xa4.jsonl", "o", "n", "\xc3\xa4.jsonl", "main"},
};

static void test_hub_name_parse__good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
        const struct good_row *row = &good_rows[i];
        struct hub_name name;
        struct error err = {0};
        if (hub_name_parse(row->text, strlen(row->text), &name, &err) != 0) {
            print_error("%s: %s\n", row->text, err.text);
            fail();
        }
        assert_string_equal(name.owner, row->owner);
        assert_string_equal(name.dataset, row->dataset);
        assert_string_equal(name.file, row->file);
        assert_string_equal(name.revision, row->revision);
        /* What is written is read as the same. */
        char text[HUB_TEXT_SIZE];
        struct hub_name again;
        hub_name_write(&name, name.revision, text);
        assert_int_equal(hub_name_parse(text, strlen(text), &again, &err), 0);
        assert_string_equal(again.file, name.file);
        assert_string_equal(again.revision, name.revision);
    }
}

static void test_hub_name_parse__only_the_first_bytes(void **state)
{
    (void)state;
    struct hub_name name;
    struct error err = {0};
    const char text[] = "hf://datasets/o/n/f.jsonl?prompt-field=a@b/c";
    assert_int_equal(hub_name_parse(text, strcspn(text, "?"), &name, &err), 0);
    assert_string_equal(name.file, "f.jsonl");
    assert_string_equal(name.revision, "main");
}

#define NOT_COMPLETE "it is not complete: the form is hf://datasets/OWNER/NAME/FILE[@REVISION]"
#define NAMES        "owner and name have at most 96 letters, digits, '-', '_' and '.' each"
#define PATH         "its file is no path inside a dataset"
#define REVISION     "its revision is no branch, tag or commit"
#define TEN          "0123456789"

static void test_hub_name_parse__bad(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *what;
    } rows[] = {
        {"hf:", "only datasets are read: the form is hf://datasets/OWNER/NAME/FILE[@REVISION]"},
        {"hf://", "only datasets are read"},
        {"hf://o/n/f", "only datasets are read"},
        {"hf://models/o/n/f", "only datasets are read"},
        {"hf://datasets/", NOT_COMPLETE},
        {"hf://datasets/o", NOT_COMPLETE},
        {"hf://datasets/o/n", NOT_COMPLETE},
        {"hf://datasets/o/n/", NOT_COMPLETE},
        {"hf://datasets/o/n@main", NOT_COMPLETE},
        {"hf://datasets/o/n/@main", NOT_COMPLETE},
        {"hf://datasets//n/f", NOT_COMPLETE},
        {"hf://datasets/o//f", NOT_COMPLETE},
        {"hf://datasets/o/@main/f", NOT_COMPLETE},
        {"hf://datasets/o o/n/f", NAMES},
        {"hf://datasets/../n/f", NAMES},
        {"hf://datasets/o/.n/f", NAMES},
        {"hf://datasets/o/n--m/f", NAMES},
        {"hf://datasets/o/n%2e/f", NAMES},
        {"hf://datasets/o/" TEN TEN TEN TEN TEN TEN TEN TEN TEN "1234567/f", NAMES},
        {"hf://datasets/o/n//f", PATH},
        {"hf://datasets/o/n/a//f", PATH},
        {"hf://datasets/o/n/f/", PATH},
        {"hf://datasets/o/n/../f", PATH},
        {"hf://datasets/o/n/a/../f", PATH},
        {"hf://datasets/o/n/./f", PATH},
        {"hf://datasets/o/n/..", PATH},
        {"hf://datasets/o/n/a\nb", PATH},
        {"hf://datasets/o/n/f@", REVISION},
        {"hf://datasets/o/n/f@a b", REVISION},
        {"hf://datasets/o/n/f@a/../b", REVISION},
        {"hf://datasets/o/n/f@a:b", REVISION},
        {"hf://datasets/o/n@/f", REVISION},
        {"hf://datasets/o/n@a/f@b", "it has two revisions"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct hub_name name;
        struct error err = {0};
        const int rc = hub_name_parse(rows[i].text, strlen(rows[i].text), &name, &err);
        if (rc != -ERROR_USAGE || strstr(err.text, rows[i].what) == NULL) {
            print_error("%s: %d '%s' is not '%s'\n", rows[i].text, rc, err.text, rows[i].what);
            fail();
        }
        assert_true(text_starts_with(err.text, "dataset 'hf:"));
    }
}

static void test_hub_name_parse__lengths(void **state)
{
    (void)state;
    static const char prefix[] = "hf://datasets/o/n/";
    char text[HUB_TEXT_SIZE + 64];
    for (size_t extra = 0; extra < 2; extra++) {
        const size_t len = HUB_FILE_SIZE - 1 + extra;
        memcpy(text, prefix, sizeof(prefix));
        memset(text + strlen(prefix), 'f', len);
        text[strlen(prefix) + len] = '\0';
        struct hub_name name;
        struct error err = {0};
        const int rc = hub_name_parse(text, strlen(text), &name, &err);
        assert_int_equal(rc, extra == 0 ? 0 : -ERROR_USAGE);
    }
}

static void test_hub_is_commit(void **state)
{
    (void)state;
    assert_true(hub_is_commit(COMMIT));
    assert_false(hub_is_commit("main"));
    assert_false(hub_is_commit(""));
    assert_false(hub_is_commit("0123456789abcdef0123456789abcdef0123456"));
    assert_false(hub_is_commit(COMMIT "8"));
    assert_false(hub_is_commit("0123456789ABCDEF0123456789abcdef01234567"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hub_name_parse__good),
        cmocka_unit_test(test_hub_name_parse__only_the_first_bytes),
        cmocka_unit_test(test_hub_name_parse__bad),
        cmocka_unit_test(test_hub_name_parse__lengths),
        cmocka_unit_test(test_hub_is_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
