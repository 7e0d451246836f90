/* Oracles: Python's json module (tests/oracle/codec_oracle.py), and, where the shared folder is
 * there, cases made with the public Python suite. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "support/test.h"

#include <locale.h>
#include <string.h>

enum {
    ORACLE_SIZE_MAX = 16 << 20
};

/* The lines of a file, without their ends.  NULL when the file is not there. */
struct lines {
    char *text;
    char *next;
};

static bool lines_open(struct lines *self, const char *path)
{
    size_t len = 0;
    struct error err = {0};
    *self = (struct lines){0};
    if (file_read(path, ORACLE_SIZE_MAX, &self->text, &len, &err) < 0) {
        return false;
    }
    self->next = self->text;
    return true;
}

static char *lines_next(struct lines *self)
{
    if (*self->next == '\0') {
        free(self->text);
        return NULL;
    }
    char *line = self->next;
    char *end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    self->next = end + 1;
    return line;
}

static void check_float(uint64_t bits, const char *expected)
{
    double value = 0.0;
    memcpy(&value, &bits, sizeof(value));
    char text[CANONICAL_FLOAT_SIZE];
    const size_t len = canonical_float(value, text);
    if (strcmp(text, expected) != 0 || len != strlen(text)) {
        print_error("%016llx: %s, not %s\n", (unsigned long long)bits, text, expected);
        fail();
    }
}

static unsigned check_float_file(const char *path)
{
    struct lines lines;
    if (!lines_open(&lines, path)) {
        return 0;
    }
    unsigned n = 0;
    for (char *line = lines_next(&lines); line != NULL; line = lines_next(&lines)) {
        if (*line == '#') {
            continue;
        }
        char *tab = NULL;
        const uint64_t bits = strtoull(line, &tab, 16);
        assert_int_equal(*tab, '\t');
        check_float(bits, tab + 1);
        n++;
    }
    return n;
}

static void test_canonical_float__equals_python_repr(void **state)
{
    (void)state;
    assert_int_equal(check_float_file("tests/oracle/codec_floats.tsv"), 2706);
}

static void test_canonical_float__equals_the_fixture(void **state)
{
    (void)state;
    if (shared_folder() == NULL) {
        print_message("skipped: no shared folder\n");
        skip();
    }
    assert_int_equal(check_float_file("../shared/fixtures/canonical/floats.tsv"), 6912);
}

/* One thread: changing the locale is safe. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */
static void test_canonical_float__ignores_the_locale(void **state)
{
    (void)state;
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "fr_FR.UTF-8") == NULL) {
        print_message("skipped: no locale with a decimal comma on this machine\n");
        skip();
    }
    const unsigned n = check_float_file("tests/oracle/codec_floats.tsv");
    (void)setlocale(LC_ALL, "C");
    assert_int_equal(n, 2706);
}

/* NOLINTEND(concurrency-mt-unsafe) */

/* Canonical form of a text, or NULL when it is refused; the caller's to free. */
static char *canonical_of(const char *text, size_t len)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    struct json *root = NULL;
    struct error err = {0};
    if (json_parse(&arena, "case", text, len, &root, &err) < 0) {
        return NULL;
    }
    canonical_write(root, NULL, &out);
    char hex[65];
    char hex_of_text[65];
    canonical_sha256(root, NULL, hex);
    digest_sha256_hex(out.data, out.len, hex_of_text);
    assert_string_equal(hex, hex_of_text);
    return bytes_take(&out);
}

static size_t decode_hex(char *text)
{
    size_t n = 0;
    for (const char *p = text; p[0] != '\0' && p[0] != '-'; p += 2) {
        const char pair[3] = {p[0], p[1], '\0'};
        text[n] = (char)strtoul(pair, NULL, 16);
        n++;
    }
    return n;
}

static void test_canonical_write__equals_python_json(void **state)
{
    (void)state;
    struct lines lines;
    assert_true(lines_open(&lines, "tests/oracle/codec_json.tsv"));
    unsigned n = 0;
    for (char *line = lines_next(&lines); line != NULL; line = lines_next(&lines)) {
        char *tab = strchr(line, '\t');
        assert_non_null(tab);
        *tab = '\0';
        const char *expected = tab + 1;
        CLEANUP(mem_freep) char *hex = mem_copy_text(line);
        const size_t len = decode_hex(line);
        CLEANUP(mem_freep) char *canonical = canonical_of(line, len);
        const char *got = canonical != NULL ? canonical : "reject";
        if (strcmp(got, expected) != 0) {
            print_error("%s: %s, not %s\n", hex, got, expected);
            fail();
        }
        n++;
    }
    assert_int_equal(n, 959);
}

static void test_canonical_write__is_its_own_canonical_form(void **state)
{
    (void)state;
    struct lines lines;
    assert_true(lines_open(&lines, "tests/oracle/codec_json.tsv"));
    for (char *line = lines_next(&lines); line != NULL; line = lines_next(&lines)) {
        const char *canonical = strchr(line, '\t') + 1;
        if (strcmp(canonical, "reject") != 0) {
            CLEANUP(mem_freep) char *again = canonical_of(canonical, strlen(canonical));
            assert_non_null(again);
            assert_string_equal(again, canonical);
        }
    }
}

/* What the other side accepts and we refuse: not finite, lone surrogates, repeated keys. */
static bool is_refused_here(const char *input)
{
    static const char *const inputs[] = {
        "1.7976931348623159e308",
        "1e309",
        "1e400",
        "Infinity",
        "{\"x\":-1e309}",
        "{\"x\":NaN}",
        "{\"x\":-Infinity}",
        "\"\\ud800\"",
        "\"\\ude00\\ud83d\"",
        "\"\\ud83d\\u0041\"",
        "{\"\\ud800\":1,\"\\ue000\":2,\"\\ud7ff\":3,\"\\udfff\":4,\"\\ud83d\\ude00\":5}",
        "{\"a\":{\"x\":1},\"a\":{\"y\":2}}",
        "{\"a\":1,\"\\u0061\":2}",
    };
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        if (strcmp(input, inputs[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *gpu_id(const struct json *gpus, size_t index)
{
    return json_text(json_find(json_at(gpus, index), "pci_id"), "");
}

/* The first GPU in order of PCI ids, then of writing, whose bit in `taken` is clear. */
static size_t first_gpu(const struct json *gpus, uint64_t taken)
{
    size_t best = gpus->len;
    for (size_t i = 0; i < gpus->len; i++) {
        const bool is_free = (taken >> i & 1) == 0;
        if (is_free && (best == gpus->len || strcmp(gpu_id(gpus, i), gpu_id(gpus, best)) < 0)) {
            best = i;
        }
    }
    return best;
}

/* A fingerprint is hashed without its own hash and with the GPUs in order of their PCI ids. */
static struct json *fingerprint_body(struct arena *arena, struct json *root)
{
    assert_non_null(json_remove(root, "fingerprint_sha256"));
    struct json *given = json_remove(root, "gpus");
    struct json *sorted = json_add(arena, root, "gpus", json_new(arena, JSON_ARRAY));
    uint64_t taken = 0;
    for (size_t n = 0; n < given->len; n++) {
        const size_t first = first_gpu(given, taken);
        taken |= UINT64_C(1) << first;
        (void)json_append(sorted, json_copy(arena, json_at(given, first)));
    }
    return root;
}

static void check_case(struct arena *arena, const struct json *row)
{
    const struct json *input = json_find(row, "input");
    const char *canonical = json_text(json_find(row, "canonical"), NULL);
    struct json *root = NULL;
    struct error err = {0};
    if (json_parse(arena, "case", input->text, input->len, &root, &err) < 0) {
        if (!is_refused_here(input->text)) {
            print_error("%s: %s\n", input->text, err.text);
            fail();
        }
        return;
    }
    assert_false(is_refused_here(input->text));
    if (text_equal(json_text(json_find(row, "kind"), ""), "fingerprint")) {
        root = fingerprint_body(arena, root);
    }
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    canonical_write(root, NULL, &out);
    if (text_equal(json_text(json_find(row, "note"), ""), "strip")) {
        /* The other side strips white space around strings; the canonical form does not. */
        assert_string_not_equal(out.data, canonical);
        return;
    }
    assert_string_equal(out.data, canonical);
    char hex[65];
    canonical_sha256(root, NULL, hex);
    assert_string_equal(hex, json_text(json_find(row, "sha256"), ""));
}

static void test_canonical_write__equals_the_fixture(void **state)
{
    (void)state;
    if (shared_folder() == NULL) {
        print_message("skipped: no shared folder\n");
        skip();
    }
    struct lines lines;
    assert_true(lines_open(&lines, "../shared/fixtures/canonical/canonical_cases.jsonl"));
    unsigned n = 0;
    for (char *line = lines_next(&lines); line != NULL; line = lines_next(&lines)) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct json *row = NULL;
        struct error err = {0};
        assert_int_equal(json_parse(&arena, "row", line, strlen(line), &row, &err), 0);
        check_case(&arena, row);
        n++;
    }
    assert_int_equal(n, 245);
}

static void test_json_parse__refuses_the_fixture(void **state)
{
    (void)state;
    if (shared_folder() == NULL) {
        print_message("skipped: no shared folder\n");
        skip();
    }
    struct lines lines;
    assert_true(lines_open(&lines, "../shared/fixtures/canonical/reader_rejects.jsonl"));
    unsigned n = 0;
    for (char *line = lines_next(&lines); line != NULL; line = lines_next(&lines)) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct json *row = NULL;
        struct error err = {0};
        assert_int_equal(json_parse(&arena, "row", line, strlen(line), &row, &err), 0);
        const struct json *input = json_find(row, "input");
        struct json *root = NULL;
        if (json_parse(&arena, "case", input->text, input->len, &root, &err) != -ERROR_PARSE) {
            print_error("accepted: %s\n", input->text);
            fail();
        }
        n++;
    }
    assert_int_equal(n, 23);
}

static void test_canonical_write__leaves_one_top_level_key_out(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};

    static const struct {
        const char *text;
        const char *canonical;
    } rows[] = {
        {"{\"signature\":{\"a\":1},\"b\":{\"signature\":2}}", "{\"b\":{\"signature\":2}}"},
        {"{\"a\":1,\"signature\":null}", "{\"a\":1}"},
        {"{\"signature\":1}", "{}"},
        {"{\"signature\\u0000\":1}", "{\"signature\\u0000\":1}"},
        {"{}", "{}"},
        {"[\"signature\"]", "[\"signature\"]"},
        {"\"signature\"", "\"signature\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_done) struct bytes out;
        bytes_init(&out, 1000);
        struct json *root = NULL;
        struct error err = {0};
        print_message("  %s\n", rows[i].text);
        assert_int_equal(
            json_parse(&arena, "row", rows[i].text, strlen(rows[i].text), &root, &err), 0);
        canonical_write(root, "signature", &out);
        assert_string_equal(out.data, rows[i].canonical);
        char hex[65];
        char expected[65];
        canonical_sha256(root, "signature", hex);
        digest_sha256_hex(rows[i].canonical, strlen(rows[i].canonical), expected);
        assert_string_equal(hex, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_float__equals_python_repr),
        cmocka_unit_test(test_canonical_float__equals_the_fixture),
        cmocka_unit_test(test_canonical_float__ignores_the_locale),
        cmocka_unit_test(test_canonical_write__equals_python_json),
        cmocka_unit_test(test_canonical_write__is_its_own_canonical_form),
        cmocka_unit_test(test_canonical_write__equals_the_fixture),
        cmocka_unit_test(test_json_parse__refuses_the_fixture),
        cmocka_unit_test(test_canonical_write__leaves_one_top_level_key_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
