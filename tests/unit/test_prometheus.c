/* The metrics of real servers against what Python's prometheus_client reads in them (tests/oracle/
 * metrics_oracle.py wrote metrics.tsv); the format's faults; every cut of a text. */
#include "base/attr.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "codec/prometheus.h"
#include "support/test.h"

#include <string.h>

enum {
    TEXT_MAX = 1 << 20,
    FILES = 5
};

static char *read_text(const char *folder, const char *name, size_t *out_len)
{
    char *text = NULL;
    struct error err = {0};
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, name);
    assert_int_equal(file_read(path, TEXT_MAX, &text, out_len, &err), 0);
    return text;
}

/* As the oracle escapes a text. */
static void add_escaped(struct bytes *out, const char *raw, size_t len)
{
    CLEANUP(mem_freep) char *text = mem_alloc(len + 1, 1);
    const size_t n = prometheus_unescape(raw, len, text);
    for (size_t i = 0; i < n; i++) {
        const char *special = strchr("\\\\\nn\tt", text[i]);
        if (special != NULL && text[i] != 'n' && text[i] != 't' && text[i] != '\0') {
            bytes_add_char(out, '\\');
            bytes_add_char(out, special[1]);
        } else {
            bytes_add_char(out, text[i]);
        }
    }
}

static void add_bits(struct bytes *out, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    if (isnan(value)) {
        bytes_add_text(out, "nan");
    } else {
        bytes_add_format(out, "%016llx", (unsigned long long)bits);
    }
}

/* The sample that was just read, as a row of the oracle with the labels that this row names. */
static void
add_row(const struct prometheus *reader, const char *file, const char *expected, struct bytes *out)
{
    bytes_add_format(out, "%s\t", file);
    add_escaped(out, reader->name, reader->name_len);
    bytes_add_char(out, '\t');
    add_bits(out, reader->value);
    const char *at = expected;
    for (int column = 0; at != NULL; column++) {
        at = strchr(at, '\t');
        at = at == NULL ? NULL : at + 1;
        if (at == NULL || column < 2 || column % 2 == 1) {
            continue;
        }
        CLEANUP(mem_freep) char *label = mem_copy_bytes(at, strcspn(at, "\t"));
        const char *value = "no such label";
        size_t len = strlen(value);
        (void)prometheus_label(reader, label, &value, &len);
        bytes_add_format(out, "\t%s\t", label);
        add_escaped(out, value, len);
    }
}

static void test_next__reads_what_prometheus_client_reads(void **state)
{
    (void)state;
    size_t len = 0;
    CLEANUP(mem_freep) char *rows = read_text("tests/oracle", "metrics.tsv", &len);
    CLEANUP(mem_freep) char *text = NULL;
    char file[64] = "";
    struct prometheus reader = {0};
    unsigned n_files = 0;
    char *next = NULL;
    for (char *row = rows; *row != '\0'; row = next) {
        next = row + strcspn(row, "\n");
        *next++ = '\0';
        const size_t name_len = strcspn(row, "\t");
        assert_true(name_len < sizeof(file) - 4);
        if (strncmp(file, row, name_len) != 0 || file[name_len] != '\0') {
            assert_true(n_files == 0 || prometheus_next(&reader) == PROMETHEUS_END);
            (void)snprintf(file, sizeof(file), "%.*s.txt", (int)name_len, row);
            mem_freep(&text);
            text = read_text("tests/data/metrics", file, &len);
            file[name_len] = '\0';
            prometheus_init(&reader, text, len);
            n_files++;
        }
        assert_int_equal(prometheus_next(&reader), PROMETHEUS_SAMPLE);
        CLEANUP(bytes_done) struct bytes got;
        bytes_init(&got, TEXT_MAX);
        add_row(&reader, file, row, &got);
        assert_string_equal(got.data, row);
    }
    assert_int_equal(prometheus_next(&reader), PROMETHEUS_END);
    assert_int_equal(n_files, FILES);
}

static void test_next__refuses_what_is_broken(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        unsigned line;
        const char *fault;
    } rows[] = {
        {"a 1", 1, "the last line does not end: the text was cut"},
        {"a 1\nb 1", 2, "the last line does not end: the text was cut"},
        {"a 1\n# cut", 2, "the last line does not end: the text was cut"},
        {"9a 1\n", 1, "the name of a metric is expected"},
        {"<html>\n", 1, "the name of a metric is expected"},
        {"{\"error\":\"no\"}\n", 1, "labels are name=\"value\", with commas between them"},
        {"{a=\"b\"} 1\n", 1, "the name of a metric is expected"},
        {"{} 1\n", 1, "the name of a metric is expected"},
        {"{\"\"} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{\"b\"} 1\n", 1, "a sample has two names"},
        {"{\"a\",\"b\"} 1\n", 1, "a sample has two names"},
        {"a\n", 1, "a number is expected"},
        {"\n\na b\n", 3, "a number is expected"},
        {"a 0x10\n", 1, "a number is expected"},
        {"a 1_0\n", 1, "a number is expected"},
        {"a 1.2.3\n", 1, "a number is expected"},
        {"a 1e\n", 1, "a number is expected"},
        {"a 1e+\n", 1, "a number is expected"},
        {"a e5\n", 1, "a number is expected"},
        {"a .\n", 1, "a number is expected"},
        {"a +\n", 1, "a number is expected"},
        {"a +NaN\n", 1, "a number is expected"},
        {"a infinit\n", 1, "a number is expected"},
        {"a{b=\"c\"\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"c\"}\n", 1, "a number is expected"},
        {"a{b=c} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"c} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"c\" d=\"e\"} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"c\",,d=\"e\"} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{,} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b:c=\"d\"} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"\\t\"} 1\n", 1, "labels are name=\"value\", with commas between them"},
        {"a{b=\"\\", 1, "the last line does not end: the text was cut"},
        {"a{b=\"\\\n", 1, "labels are name=\"value\", with commas between them"},
        {"a 1 x\n", 1, "a timestamp is expected behind the value"},
        {"a 1 2 3\n", 1, "more than a value and a timestamp"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct prometheus reader;
        int outcome = PROMETHEUS_SAMPLE;
        prometheus_init(&reader, rows[i].text, strlen(rows[i].text));
        while (outcome == PROMETHEUS_SAMPLE) {
            outcome = prometheus_next(&reader);
        }
        if (outcome != PROMETHEUS_BROKEN || strcmp(reader.fault, rows[i].fault) != 0) {
            print_error("%s: %s\n", rows[i].text, reader.fault);
        }
        assert_int_equal(outcome, PROMETHEUS_BROKEN);
        assert_string_equal(reader.fault, rows[i].fault);
        assert_int_equal(reader.line, rows[i].line);
        assert_int_equal(prometheus_next(&reader), PROMETHEUS_BROKEN);
    }
}

static void test_next__takes_line_ends_of_both_kinds_and_nothing(void **state)
{
    (void)state;
    static const char text[] = "a 1\r\n\r\n# x\r\nb{c=\"d\"} 2\r\n";
    struct prometheus reader;
    prometheus_init(&reader, text, sizeof(text) - 1);
    assert_int_equal(prometheus_next(&reader), PROMETHEUS_SAMPLE);
    assert_true(prometheus_is(&reader, "a"));
    assert_false(prometheus_is(&reader, "ab"));
    assert_int_equal(prometheus_next(&reader), PROMETHEUS_SAMPLE);
    assert_true(prometheus_is(&reader, "b"));
    assert_int_equal(reader.line, 4);
    assert_near(reader.value, 2.0, 0.0);
    assert_int_equal(prometheus_next(&reader), PROMETHEUS_END);
    prometheus_init(&reader, text, 0);
    assert_int_equal(prometheus_next(&reader), PROMETHEUS_END);
}

/* A text that was cut anywhere but behind a line's end is broken, and never gives another sample than the
 * whole does: no half number passes for a number. */
static void test_next__a_cut_text_gives_no_wrong_sample(void **state)
{
    (void)state;
    size_t len = 0;
    CLEANUP(mem_freep) char *text = read_text("tests/data/metrics", "edges.txt", &len);
    for (size_t cut = 0; cut < len; cut++) {
        struct prometheus whole;
        struct prometheus part;
        CLEANUP(mem_freep) char *copy = mem_copy_bytes(text, cut);
        prometheus_init(&whole, text, len);
        prometheus_init(&part, copy, cut);
        int outcome = PROMETHEUS_SAMPLE;
        while ((outcome = prometheus_next(&part)) == PROMETHEUS_SAMPLE) {
            assert_int_equal(prometheus_next(&whole), PROMETHEUS_SAMPLE);
            assert_int_equal(part.line, whole.line);
            assert_true(isnan(part.value) == isnan(whole.value));
            assert_true(
                isnan(part.value) || !(part.value < whole.value || part.value > whole.value));
        }
        assert_int_equal(
            outcome, cut == 0 || text[cut - 1] == '\n' ? PROMETHEUS_END : PROMETHEUS_BROKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next__reads_what_prometheus_client_reads),
        cmocka_unit_test(test_next__refuses_what_is_broken),
        cmocka_unit_test(test_next__takes_line_ends_of_both_kinds_and_nothing),
        cmocka_unit_test(test_next__a_cut_text_gives_no_wrong_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
