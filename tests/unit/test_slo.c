#include "suite/slo.h"
#include "support/scratch.h"

#include <string.h>

static void test_slo_load__built_in_and_scaled(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *hardware;
        const char *class;
        const char *resolved;
    } rows[] = {
        {"llm.standard", "h100", "h100", "ttft<200ms, tpot<50ms, total<3000ms"},
        {"llm.standard", "H200", "h200", "ttft<120ms, tpot<30ms, total<1800ms"},
        {"llm.standard", "a100", "a100", "ttft<300ms, tpot<75ms, total<4500ms"},
        {"llm.standard", "rtx-4090", "rtx-4090", "ttft<360ms, tpot<90ms, total<5400ms"},
        {"llm.relaxed", "cpu", "cpu", "ttft<20000ms, total<200000ms"},
        {"llm.relaxed", "h100", "h100", "ttft<1000ms, total<10000ms"},
        {"llm.standard", "abacus", "unknown", "ttft<200ms, tpot<50ms, total<3000ms"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct slo slo = {0};
        assert_int_equal(slo_load(rows[i].name, rows[i].hardware, &slo, &err), 0);
        assert_string_equal(slo.id, rows[i].name);
        assert_string_equal(slo.hardware_class, rows[i].class);
        assert_string_equal(slo.resolved, rows[i].resolved);
    }
}

/* Every template on every class that the Python suite has.  Source: tests/oracle/slo_oracle.py. */
static void test_slo_load__agrees_with_the_python_suite(void **state)
{
    (void)state;
    FILE *file = fopen("tests/oracle/slo_resolved.tsv", "r");
    assert_non_null(file);
    char name[64];
    char class[64];
    char multiplier[64];
    char resolved[SLO_TEXT_MAX];
    int n = 0;
    while (fscanf(file, "%63s %63s %63s %127[^\n]", name, class, multiplier, resolved) == 4) {
        struct error err = {0};
        struct slo slo = {0};
        assert_int_equal(slo_load(name, class, &slo, &err), 0);
        assert_string_equal(slo.hardware_class, class);
        assert_string_equal(slo.resolved, resolved);
        assert_true(
            fabs(hardware_class_find(class)->multiplier - strtod(multiplier, NULL)) < 1e-12);
        n++;
    }
    (void)fclose(file);
    assert_int_equal(n, 28);
}

static void test_slo_load__absent_limit_is_infinite(void **state)
{
    (void)state;
    struct error err = {0};
    struct slo slo = {0};
    assert_int_equal(slo_load("llm.relaxed", "a100", &slo, &err), 0);
    assert_near(slo.limits.ttft_ms, 1500.0, 1e-9);
    assert_true(isinf(slo.limits.tpot_ms));
    assert_near(slo.limits.total_ms, 15000.0, 1e-9);
}

static void test_slo_load__file(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    struct error err = {0};
    struct slo slo = {0};
    const char *path =
        scratch_write(&scratch, "my.yaml", "id: my.own\nlimits:\n  tpot_ms: 12.25\n");
    assert_int_equal(slo_load(path, "h200", &slo, &err), 0);
    assert_string_equal(slo.id, "my.own");
    assert_near(slo.limits.tpot_ms, 7.35, 1e-12);
    assert_true(isinf(slo.limits.ttft_ms));
    assert_string_equal(slo.resolved, "tpot<7.35ms");
}

static void test_slo_load__widest_text_fits(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    struct error err = {0};
    struct slo slo = {0};
    const char *path = scratch_write(
        &scratch, "wide.yml",
        "id: wide\nlimits: {ttft_ms: 1e9, tpot_ms: 1000000000, total_ms: 1000000000.0}\n");
    assert_int_equal(slo_load(path, "cpu", &slo, &err), 0);
    assert_string_equal(
        slo.resolved, "ttft<20000000000ms, tpot<20000000000ms, total<20000000000ms");
}

static void test_slo_load__unknown_template(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"llm.standart", "unknown SLO template 'llm.standart': did you mean 'llm.standard'?"},
        {"llm.relax", "unknown SLO template 'llm.relax': did you mean 'llm.relaxed'?"},
        {"gold",
         "unknown SLO template 'gold': give llm.standard, llm.relaxed, llm.quality or a .yaml file"},
        {"",
         "unknown SLO template '': give llm.standard, llm.relaxed, llm.quality or a .yaml file"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct slo slo = {.id = "untouched"};
        assert_int_equal(slo_load(rows[i].name, "h100", &slo, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].text);
        assert_string_equal(slo.id, "untouched");
        error_clear(&err);
        assert_int_equal(slo_check(rows[i].name, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].text);
    }
}

static void test_slo_check__form_only(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(slo_check("llm.relaxed", &err), 0);
    assert_int_equal(slo_check("not/there/at-all", &err), 0);
    assert_int_equal(slo_check("not-there.yml", &err), 0);
}

static void test_slo_load__missing_file(void **state)
{
    (void)state;
    struct error err = {0};
    struct slo slo = {0};
    assert_int_equal(slo_load("./no-such-template.yaml", "h100", &slo, &err), -ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "./no-such-template.yaml"));
}

static void test_slo_load__bad_files(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        const char *message; /* behind the file's name */
    } rows[] = {
        {"no mapping", "- 1\n", ":1:1: a mapping of keys to values is expected"},
        {"no YAML", "id: [\n", ":2:1: "},
        {"no id", "limits: {ttft_ms: 1}\n", ":1:1: key 'id' is missing"},
        {"no limits", "id: a\n", ":1:1: key 'limits' is missing"},
        {"typing error", "id: a\nlimit: {}\n", ":2:8: unknown key 'limit': did you mean 'limits'?"},
        {"typing error inside", "id: a\nlimits:\n  tttf_ms: 4\n",
         ":3:12: unknown key 'tttf_ms': did you mean 'ttft_ms'?"},
        {"foreign key", "id: a\nlimits:\n  goodput: 4\n", ":3:12: unknown key 'goodput'"},
        {"limits as a list", "id: a\nlimits: [1]\n",
         ":2:9: 'limits' must be a mapping of keys to values"},
        {"nothing limited", "id: a\nlimits: {}\n", ":2:9: 'limits' must hold at least one limit"},
        {"zero", "id: a\nlimits: {ttft_ms: 0}\n",
         ":2:19: 'ttft_ms' must be a number between 0.001 and 1e+09"},
        {"negative", "id: a\nlimits: {tpot_ms: -5}\n",
         ":2:19: 'tpot_ms' must be a number between 0.001 and 1e+09"},
        {"a text", "id: a\nlimits: {total_ms: fast}\n",
         ":2:20: 'total_ms' must be a number between 0.001 and 1e+09"},
        {"id is a number", "id: 3\nlimits: {ttft_ms: 1}\n", ":1:5: 'id' must be a text"},
        {"id is empty", "id: \"\"\nlimits: {ttft_ms: 1}\n",
         ":1:5: 'id' must be a text that is not empty and holds no NUL"},
        {"id with blanks", "id: \" a\"\nlimits: {ttft_ms: 1}\n",
         ":1:5: 'id' must be a text without white space at its ends"},
        {"id is too long",
         "id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
         "limits: {ttft_ms: 1}\n",
         ":1:5: 'id' is longer than 63 bytes"},
    };
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        struct slo slo = {.id = "untouched"};
        const char *path = scratch_write(&scratch, "bad.yaml", rows[i].text);
        const int rc = slo_load(path, "h100", &slo, &err);
        const char *message = err.text + strlen(path);
        if (rc != -ERROR_PARSE || strncmp(message, rows[i].message, strlen(rows[i].message)) != 0) {
            print_error("%s: %d %s\n", rows[i].what, rc, err.text);
            fail();
        }
        assert_string_equal(slo.id, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slo_load__built_in_and_scaled),
        cmocka_unit_test(test_slo_load__agrees_with_the_python_suite),
        cmocka_unit_test(test_slo_load__absent_limit_is_infinite),
        cmocka_unit_test(test_slo_load__file),
        cmocka_unit_test(test_slo_load__widest_text_fits),
        cmocka_unit_test(test_slo_load__unknown_template),
        cmocka_unit_test(test_slo_check__form_only),
        cmocka_unit_test(test_slo_load__missing_file),
        cmocka_unit_test(test_slo_load__bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
